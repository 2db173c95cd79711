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

  point_in_time_recovery {
    enabled = true
  }
}

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

  point_in_time_recovery {
    enabled = true
  }

  replica {
    region_name            = "eu-central-1"
    point_in_time_recovery = true
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

resource "aws_dynamodb_table" "fail_off" {
  name         = "fail_off"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  point_in_time_recovery {
    enabled = false
  }
}

resource "aws_dynamodb_table" "fail_replica" {
  name         = "fail_replica"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  point_in_time_recovery {
    enabled = true
  }

  replica {
    region_name = "eu-central-1"
  }
}

resource "aws_dynamodb_table" "fail_replica_off" {
  name         = "fail_replica_off"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  point_in_time_recovery {
    enabled = true
  }

  replica {
    region_name            = "eu-central-1"
    point_in_time_recovery = false
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

  point_in_time_recovery {
    enabled = var.unknown
  }
}

resource "aws_dynamodb_table" "plan_pass_replica" {
  name         = "plan_pass_replica"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  attribute {
    name = "serialNumber"
    type = "S"
  }

  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  point_in_time_recovery {
    enabled = true
  }

  replica {
    region_name            = "eu-central-1"
    point_in_time_recovery = var.unknown
  }
}
