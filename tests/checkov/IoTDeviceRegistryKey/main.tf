# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = bool
}

locals {
  key = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
}

resource "aws_dynamodb_table" "pass_key" {
  name         = "pass_key"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.key
  }
}

resource "aws_dynamodb_table" "pass_made_here" {
  name         = "pass_made_here"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.registry.arn
  }
}

resource "aws_kms_key" "registry" {}

resource "aws_dynamodb_table" "pass_replica" {
  name         = "pass_replica"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.key
  }

  replica {
    region_name = "eu-central-1"
    kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  }
}

resource "aws_dynamodb_table" "fail_nothing" {
  name         = "fail_nothing"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }
}

resource "aws_dynamodb_table" "fail_deviceId" {
  name         = "fail_deviceId"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "deviceId"

  attribute {
    name = "deviceId"
    type = "S"
  }
}

resource "aws_dynamodb_table" "fail_thing_name" {
  name         = "fail_thing_name"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "thing_name"

  attribute {
    name = "thing_name"
    type = "S"
  }
}

resource "aws_dynamodb_table" "fail_device_serial" {
  name         = "fail_device_serial"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "device-serial"

  attribute {
    name = "device-serial"
    type = "S"
  }
}

resource "aws_dynamodb_table" "fail_deviceSerialNumber" {
  name         = "fail_deviceSerialNumber"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "deviceSerialNumber"

  attribute {
    name = "deviceSerialNumber"
    type = "S"
  }
}

resource "aws_dynamodb_table" "fail_hardwareId" {
  name         = "fail_hardwareId"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "hardwareId"

  attribute {
    name = "hardwareId"
    type = "S"
  }
}

resource "aws_dynamodb_table" "fail_thingId" {
  name         = "fail_thingId"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "thingId"

  attribute {
    name = "thingId"
    type = "S"
  }
}

resource "aws_dynamodb_table" "fail_deviceName" {
  name         = "fail_deviceName"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "deviceName"

  attribute {
    name = "deviceName"
    type = "S"
  }
}

resource "aws_dynamodb_table" "fail_by_name" {
  name         = "fleet-DeviceRegistry"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"

  attribute {
    name = "pk"
    type = "S"
  }
}

resource "aws_dynamodb_table" "fail_disabled" {
  name         = "fail_disabled"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  server_side_encryption {
    enabled     = false
    kms_key_arn = local.key
  }
}

resource "aws_dynamodb_table" "fail_key_of_aws" {
  name         = "fail_key_of_aws"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:alias/aws/dynamodb"
  }
}

resource "aws_dynamodb_table" "fail_replica_of_two" {
  name         = "fail_replica_of_two"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.key
  }

  replica {
    region_name = "eu-central-1"
    kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  }

  replica {
    region_name = "eu-west-3"
    kms_key_arn = "arn:aws:kms:eu-west-3:111122223333:alias/aws/dynamodb"
  }
}

# A plan leaves open whether the key is not set or not known yet.
resource "aws_dynamodb_table" "hcl_fail_no_key" {
  name         = "hcl_fail_no_key"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  server_side_encryption {
    enabled = true
  }
}

resource "aws_dynamodb_table" "hcl_fail_replica" {
  name         = "hcl_fail_replica"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.key
  }

  replica {
    region_name = "eu-central-1"
  }
}

# Left alone: a table that is no registry, and what is not known.
resource "aws_dynamodb_table" "unknown_orders" {
  name         = "unknown_orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "orderId"

  attribute {
    name = "orderId"
    type = "S"
  }
}

resource "aws_dynamodb_table" "plan_pass" {
  name         = "plan_pass"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  server_side_encryption {
    enabled     = var.unknown
    kms_key_arn = local.key
  }
}

resource "aws_dynamodb_table" "plan_fail" {
  name         = "plan_fail"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = var.key

  attribute {
    name = var.key
    type = "S"
  }
}

variable "key" {
  type = string
}

# A part that is optional and not given: checkov hands over the object.
variable "options" {
  type    = object({ key = optional(string, "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555") })
  default = {}
}

resource "aws_dynamodb_table" "plan_pass_option" {
  name         = "plan_pass_option"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.options.key
  }
}

resource "aws_dynamodb_table" "hcl_fail_empty" {
  name         = "hcl_fail_empty"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = ""
  }
}
