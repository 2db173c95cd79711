# A BAD EXAMPLE, NEVER TO BE APPLIED.
#
# A published recipe for device provisioning with AWS IoT Core, as close to its shell commands as Terraform
# comes, mistakes included. test_recipe.py shows what the check pack says about it, and README.md which
# mistake is which. Nothing here is a model for anything.

variable "account_id" {
  type    = string
  default = "111122223333"
}

variable "region" {
  type    = string
  default = "eu-west-1"
}

variable "suffix" {
  type    = string
  default = "a1b2c3"
}

locals {
  hook_name     = "device-provisioning-hook-${var.suffix}"
  role_name     = "iot-provisioning-role-${var.suffix}"
  template_name = "device-provisioning-template-${var.suffix}"
  table_name    = "device-registry-${var.suffix}"

  iot = "arn:aws:iot:${var.region}:${var.account_id}"
}

# The recipe also gives the index a throughput, which AWS refuses for a table that is paid per request.
resource "aws_dynamodb_table" "registry" {
  name         = local.table_name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  attribute {
    name = "deviceType"
    type = "S"
  }

  global_secondary_index {
    name            = "DeviceTypeIndex"
    hash_key        = "deviceType"
    projection_type = "ALL"
  }

  tags = { Project = "IoTProvisioning" }
}
