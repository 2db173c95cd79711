# A BAD EXAMPLE, NEVER TO BE APPLIED: see registry.tf.

resource "aws_iam_role" "provisioning" {
  name = local.role_name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "iot.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })

  tags = { Project = "IoTProvisioning" }
}

resource "aws_iam_policy" "provisioning" {
  name = "${local.role_name}-policy"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = [
          "iot:CreateThing",
          "iot:DescribeThing",
          "iot:CreateKeysAndCertificate",
          "iot:AttachThingPrincipal",
          "iot:AttachPolicy",
          "iot:AddThingToThingGroup",
          "iot:UpdateThingShadow",
        ]
        Resource = "*"
      },
      {
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = "arn:aws:lambda:${var.region}:${var.account_id}:function:${local.hook_name}"
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "provisioning" {
  role       = aws_iam_role.provisioning.name
  policy_arn = aws_iam_policy.provisioning.arn
}

resource "aws_iot_provisioning_template" "devices" {
  name                  = local.template_name
  description           = "Template for automated device provisioning with validation"
  enabled               = true
  provisioning_role_arn = aws_iam_role.provisioning.arn

  pre_provisioning_hook {
    target_arn      = aws_lambda_function.hook.arn
    payload_version = "2020-04-01"
  }

  template_body = jsonencode({
    Parameters = {
      SerialNumber                 = { Type = "String" }
      DeviceType                   = { Type = "String" }
      FirmwareVersion              = { Type = "String" }
      Manufacturer                 = { Type = "String" }
      Location                     = { Type = "String" }
      "AWS::IoT::Certificate::Id"  = { Type = "String" }
      "AWS::IoT::Certificate::Arn" = { Type = "String" }
    }
    Resources = {
      thing = {
        Type = "AWS::IoT::Thing"
        Properties = {
          ThingName = { Ref = "ThingName" }
          AttributePayload = {
            serialNumber     = { Ref = "SerialNumber" }
            deviceType       = { Ref = "DeviceType" }
            firmwareVersion  = { Ref = "FirmwareVersion" }
            manufacturer     = { Ref = "Manufacturer" }
            location         = { Ref = "DeviceLocation" }
            provisioningTime = { Ref = "ProvisioningTime" }
          }
          ThingTypeName = "IoTDevice"
        }
      }
      certificate = {
        Type = "AWS::IoT::Certificate"
        Properties = {
          CertificateId = { Ref = "AWS::IoT::Certificate::Id" }
          Status        = "Active"
        }
      }
      policy = {
        Type       = "AWS::IoT::Policy"
        Properties = { PolicyName = { "Fn::Sub" = "$${DeviceType}Policy" } }
      }
    }
  })

  tags = { Project = "IoTProvisioning" }
}
