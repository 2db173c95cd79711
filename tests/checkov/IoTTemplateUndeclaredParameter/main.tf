# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = string
}

resource "aws_iot_provisioning_template" "pass_declared" {
  name                  = "pass_declared"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provisioning"

  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" } }
    Resources = {
      thing       = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "SerialNumber" } } }
      certificate = { Type = "AWS::IoT::Certificate", Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" } } }
    }
  })
}

resource "aws_iot_provisioning_template" "pass_certificate_id_declared" {
  name                  = "pass_certificate_id_declared"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provisioning"
  type                  = "FLEET_PROVISIONING"
  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" }, "AWS::IoT::Certificate::Id" = { Type = "String" } }
    Resources = {
      thing       = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "SerialNumber" } } }
      certificate = { Type = "AWS::IoT::Certificate", Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" } } }
    }
  })
}

resource "aws_iot_provisioning_template" "fail_undeclared" {
  name                  = "fail_undeclared"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provisioning"

  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" } }
    Resources = {
      thing       = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "ThingName" } } }
      certificate = { Type = "AWS::IoT::Certificate", Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" } } }
    }
  })
}

resource "aws_iot_provisioning_template" "fail_attribute" {
  name                  = "fail_attribute"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provisioning"

  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" } }
    Resources = {
      thing       = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "SerialNumber" }, AttributePayload = { site = { Ref = "Site" } } } }
      certificate = { Type = "AWS::IoT::Certificate", Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" } } }
    }
  })
}

resource "aws_iot_provisioning_template" "fail_certificate_arn" {
  name                  = "fail_certificate_arn"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provisioning"

  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" }, "AWS::IoT::Certificate::Arn" = { Type = "String" } }
    Resources = {
      thing       = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "SerialNumber" } } }
      certificate = { Type = "AWS::IoT::Certificate", Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" } } }
    }
  })
}

# Left alone: CKV_AWSIOT_8 judges these, and what is not known.
resource "aws_iot_provisioning_template" "unknown_just_in_time" {
  name                  = "unknown_just_in_time"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provisioning"
  type                  = "JITP"
  template_body = jsonencode({
    Parameters = { "AWS::IoT::Certificate::CommonName" = { Type = "String" } }
    Resources = {
      thing       = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "AWS::IoT::Certificate::CommonName" } } }
      certificate = { Type = "AWS::IoT::Certificate", Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" } } }
    }
  })
}

resource "aws_iot_provisioning_template" "plan_fail" {
  name                  = "plan_fail"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provisioning"
  type                  = var.unknown
  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" } }
    Resources = {
      thing       = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "ThingName" } } }
      certificate = { Type = "AWS::IoT::Certificate", Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" } } }
    }
  })
}

resource "aws_iot_provisioning_template" "unknown_later" {
  name                  = "unknown_later"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provisioning"
  template_body         = jsonencode({ Resources = { thing = terraform_data.later.id, policy = { Type = "AWS::IoT::Policy", Properties = { PolicyName = "device" } } } })
}

resource "terraform_data" "later" {}
