variable "body" {
  type = string
}

locals {
  policy_document = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:Connect", Resource = "*" }]
  })
}

resource "aws_iot_provisioning_template" "pass_name" {
  name                  = "pass"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Resources = {
      certificate = { Type = "AWS::IoT::Certificate", Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" } } }
      policy      = { Type = "AWS::IoT::Policy", Properties = { PolicyName = "sensor" } }
      # AWS IoT refuses these two, the check has nothing to say about them.
      bare  = { Type = "AWS::IoT::Policy" }
      thing = { Type = "AWS::IoT::Thing", Properties = { PolicyDocument = "{}" } }
    }
  })
}

resource "aws_iot_ca_certificate" "pass_authority" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"

  registration_config {
    role_arn = "arn:aws:iam::111122223333:role/provision"
    template_body = jsonencode({
      Resources = {
        policy = { Type = "AWS::IoT::Policy", Properties = { PolicyName = "sensor" } }
      }
    })
  }
}

resource "aws_iot_provisioning_template" "fail_document" {
  name                  = "fail"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Resources = {
      named  = { Type = "AWS::IoT::Policy", Properties = { PolicyName = "sensor" } }
      inline = { Type = "AWS::IoT::Policy", Properties = { PolicyDocument = { Statement = [] } } }
    }
  })
}

resource "aws_iot_provisioning_template" "fail_text" {
  name                  = "fail-text"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = <<-EOT
    {"Resources": {"policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": "{}"}}}}
  EOT
}

resource "aws_iot_ca_certificate" "fail_authority" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"

  registration_config {
    role_arn = "arn:aws:iam::111122223333:role/provision"
    template_body = jsonencode({
      Resources = {
        policy = { Type = "AWS::IoT::Policy", Properties = { PolicyDocument = local.policy_document } }
      }
    })
  }
}

# Left alone: no body to look at, one that is not known, and what is no body.
resource "aws_iot_ca_certificate" "unknown_by_name" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"

  registration_config {
    template_name = "jitp"
  }
}

resource "aws_iot_provisioning_template" "unknown_shape" {
  name                  = "shape"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = jsonencode({ Resources = ["policy"] })
}

resource "aws_iot_provisioning_template" "unknown_list" {
  name                  = "list"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = jsonencode(["policy"])
}

resource "terraform_data" "later" {
}

locals {
  later = jsonencode({ Resources = { policy = { Type = "AWS::IoT::Policy", Properties = { PolicyDocument = terraform_data.later.id } } } })
}

resource "aws_iot_provisioning_template" "hcl_fail_later" {
  name                  = "later"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = local.later
}

resource "aws_iot_provisioning_template" "plan_fail" {
  name                  = "plan-fail"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = var.body
}

resource "aws_iot_provisioning_template" "unknown_resource" {
  name                  = "unknown_resource"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { "AWS::IoT::Certificate::Id" = { Type = "String" } }
    Resources = {
      thing  = terraform_data.later.id
      policy = { Type = "AWS::IoT::Policy", Properties = { PolicyName = "sensor" } }

    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}
