# Device registry: what it makes, and every input that AWS would refuse.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name_prefix = "acme"
}

run "makes_a_protected_table" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  assert {
    condition     = aws_dynamodb_table.this[0].name == "acme-device-registry" && aws_dynamodb_table.this[0].billing_mode == "PAY_PER_REQUEST"
    error_message = "The table has another name or is not on demand."
  }

  assert {
    condition     = aws_dynamodb_table.this[0].deletion_protection_enabled
    error_message = "The table may be deleted."
  }

  assert {
    condition     = one(aws_dynamodb_table.this[0].point_in_time_recovery).enabled
    error_message = "The table cannot be restored to a point in time."
  }

  assert {
    condition     = aws_dynamodb_table.this[0].stream_view_type == "NEW_AND_OLD_IMAGES"
    error_message = "The stream has not both images."
  }

  assert {
    condition     = toset(aws_dynamodb_table.this[0].global_secondary_index[*].name) == toset(["by-claim-certificate", "by-certificate", "by-status"])
    error_message = "The indexes are others."
  }

  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation
    error_message = "The key does not rotate."
  }

  assert {
    condition     = length(aws_dynamodb_table.this[0].ttl) == 0
    error_message = "Records may vanish by themselves."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this[0].policy).Statement[1].Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] == "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/acme-*"
    error_message = "CloudWatch Logs may use the key for other log groups."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    create = false
  }

  assert {
    condition     = length(aws_dynamodb_table.this) + length(aws_kms_key.this) + length(aws_kms_alias.this) == 0 && output.table_name == null && output.kms_key_arn == null
    error_message = "Something is made although create is false."
  }
}

run "takes_a_given_key" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && one(aws_dynamodb_table.this[0].server_side_encryption).kms_key_arn == var.kms_key_arn
    error_message = "The given key is not used."
  }
}

run "takes_replicas" {
  command = apply

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
    replicas = {
      eu-west-1      = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1" }
      ap-southeast-2 = { kms_key_arn = "arn:aws:kms:ap-southeast-2:123456789012:key/mrk-1", point_in_time_recovery = false }
    }
  }

  assert {
    condition     = length(aws_dynamodb_table.this[0].replica) == 2
    error_message = "A replica is missing."
  }
}

run "refuses_a_name_prefix_with_capitals" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    name_prefix = "Acme"
  }

  expect_failures = [var.name_prefix]
}

run "refuses_a_name_prefix_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    name_prefix = "abcdefghijklmnopqrstu"
  }

  expect_failures = [var.name_prefix]
}

run "refuses_a_name_prefix_that_is_too_short" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    name_prefix = "a"
  }

  expect_failures = [var.name_prefix]
}

run "refuses_a_name_prefix_that_ends_with_a_hyphen" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    name_prefix = "acme-"
  }

  expect_failures = [var.name_prefix]
}

run "refuses_a_name_prefix_that_begins_with_a_digit" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    name_prefix = "1acme"
  }

  expect_failures = [var.name_prefix]
}

run "refuses_an_alias_as_key" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:alias/x"
  }

  expect_failures = [var.kms_key_arn]
}

run "refuses_a_deletion_window_that_is_too_short" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    kms_deletion_window_in_days = 6
  }

  expect_failures = [var.kms_deletion_window_in_days]
}

run "refuses_a_deletion_window_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    kms_deletion_window_in_days = 31
  }

  expect_failures = [var.kms_deletion_window_in_days]
}

run "refuses_a_recovery_period_of_36_days" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    recovery_period_in_days = 36
  }

  expect_failures = [var.recovery_period_in_days]
}

run "refuses_a_replica_in_no_region" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    replicas = { europe = { kms_key_arn = "arn:aws:kms:europe:123456789012:key/1" } }
  }

  expect_failures = [var.replicas]
}

run "refuses_a_replica_with_the_key_of_another_region" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    replicas = { eu-west-1 = { kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000" } }
  }

  expect_failures = [var.replicas]
}

run "refuses_a_replica_where_the_table_is" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    replicas = { eu-central-1 = { kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000" } }
  }

  expect_failures = [aws_dynamodb_table.this]
}

run "refuses_a_tag_of_awss_own" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    tags = { "aws:owner" = "x" }
  }

  expect_failures = [var.tags]
}
