# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = bool
}

resource "aws_dynamodb_table" "pass_on" {
  name         = "pass_on"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  deletion_protection_enabled = true
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

resource "aws_dynamodb_table" "fail_off" {
  name         = "fail_off"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  deletion_protection_enabled = false
}

resource "aws_dynamodb_table" "fail_null" {
  name         = "fail_null"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  deletion_protection_enabled = null
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

resource "aws_dynamodb_table" "unknown_later" {
  name         = "unknown_later"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  deletion_protection_enabled = local.later
}

locals {
  later = tobool(terraform_data.later.output)
}

resource "terraform_data" "later" {
  input = timestamp()
}

resource "aws_dynamodb_table" "plan_pass" {
  name         = "plan_pass"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  deletion_protection_enabled = var.unknown
}

# A part that is optional and not given: checkov hands over the object.
variable "options" {
  type    = object({ on = optional(bool, true) })
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

  deletion_protection_enabled = var.options.on
}
