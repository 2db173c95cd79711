variable "type" {
  type = string
}

variable "body" {
  type = string
}

resource "aws_iot_provisioning_template" "pass" {
  name                  = "pass"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  type                  = "JITP"
  template_body = jsonencode({
    Parameters = {
      "AWS::IoT::Certificate::Country"                    = { Type = "String" }
      "AWS::IoT::Certificate::Organization"               = { Type = "String" }
      "AWS::IoT::Certificate::OrganizationalUnit"         = { Type = "String" }
      "AWS::IoT::Certificate::DistinguishedNameQualifier" = { Type = "String" }
      "AWS::IoT::Certificate::StateName"                  = { Type = "String" }
      "AWS::IoT::Certificate::CommonName"                 = { Type = "String" }
      "AWS::IoT::Certificate::SerialNumber"               = { Type = "String" }
      "AWS::IoT::Certificate::Id"                         = { Type = "String" }
    }
    Resources = {
      thing       = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "AWS::IoT::Certificate::CommonName" } } }
      certificate = { Type = "AWS::IoT::Certificate", Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" } } }
    }
  })
}

resource "aws_iot_ca_certificate" "pass" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"

  registration_config {
    role_arn = "arn:aws:iam::111122223333:role/provision"
    template_body = jsonencode({
      Resources = {
        certificate = { Type = "AWS::IoT::Certificate", Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" } } }
      }
    })
  }
}

resource "aws_iot_provisioning_template" "fail_declared" {
  name                  = "declared"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  type                  = "JITP"
  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" } }
    Resources  = {}
  })
}

resource "aws_iot_provisioning_template" "fail_referred" {
  name                  = "referred"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  type                  = "JITP"
  template_body = jsonencode({
    Parameters = { "AWS::IoT::Certificate::Id" = { Type = "String" } }
    Resources = {
      thing = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "AWS::IoT::Certificate::Email" } } }
    }
  })
}

resource "aws_iot_provisioning_template" "fail_hook" {
  name                  = "hook"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  type                  = "JITP"
  template_body = jsonencode({
    Parameters = { "AWS::IoT::Certificate::Id" = { Type = "String" } }
    Resources  = {}
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "aws_iot_ca_certificate" "fail" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"

  registration_config {
    role_arn = "arn:aws:iam::111122223333:role/provision"
    template_body = jsonencode({
      Parameters = { DeviceType = { Type = "String" } }
      Resources  = {}
    })
  }
}

# Left alone: templates of fleet provisioning, and what is not known.
resource "aws_iot_provisioning_template" "unknown_fleet" {
  name                  = "fleet"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" } }
    Resources  = {}
  })
}

resource "aws_iot_provisioning_template" "plan_fail_type" {
  name                  = "type"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  type                  = var.type
  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" } }
    Resources  = {}
  })
}

resource "aws_iot_provisioning_template" "plan_pass_body" {
  name                  = "body"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  type                  = "JITP"
  template_body         = var.body
}

resource "terraform_data" "later" {
}

resource "aws_iot_provisioning_template" "unknown_resource" {
  name                  = "unknown_resource"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  type                  = "JITP"
  template_body = jsonencode({
    Parameters = { "AWS::IoT::Certificate::Id" = { Type = "String" } }
    Resources = {
      thing  = terraform_data.later.id
      policy = { Type = "AWS::IoT::Policy", Properties = { PolicyName = "sensor" } }

    }
  })
}
