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
    condition     = local.create_key && length(aws_dynamodb_resource_policy.this) == 0 && output.replicas == {}
    error_message = "There is no key, or the table is shared."
  }

  assert {
    condition     = length(aws_dynamodb_table.this[0].ttl) == 0
    error_message = "Records may vanish by themselves."
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
    condition     = length(aws_dynamodb_table.this) + length(aws_dynamodb_resource_policy.this) == 0 && !local.create_key && output.table_name == null && output.table_arn == null && output.kms_key_arn == null
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
    condition     = !local.create_key && one(aws_dynamodb_table.this[0].server_side_encryption).kms_key_arn == var.kms_key_arn
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

  assert {
    condition     = { for region, replica in output.replicas : region => replica.kms_key_arn } == { for region, replica in var.replicas : region => replica.kms_key_arn } && output.replicas["eu-west-1"].arn == one([for replica in aws_dynamodb_table.this[0].replica : replica.arn if replica.region_name == "eu-west-1"]) && output.replicas["eu-west-1"].stream_arn == one([for replica in aws_dynamodb_table.this[0].replica : replica.stream_arn if replica.region_name == "eu-west-1"])
    error_message = "The other Regions are not told of their replicas."
  }
}

run "uses_the_replica_of_another_regions_table" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    existing_table = {
      arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
      stream_arn  = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry/stream/2026-11-22T00:00:00.000"
      kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
    }
  }

  assert {
    condition     = length(aws_dynamodb_table.this) == 0 && !local.create_key && output.replicas == {}
    error_message = "A table or a key is made beside the replica."
  }

  assert {
    condition     = output.table_name == "acme-device-registry" && output.table_arn == var.existing_table.arn && output.stream_arn == var.existing_table.stream_arn && output.kms_key_arn == var.existing_table.kms_key_arn
    error_message = "The replica is not what everything else is told of."
  }
}

run "uses_the_table_of_another_account_by_its_arn" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    existing_table = {
      arn         = "arn:aws:dynamodb:eu-central-1:210987654321:table/acme-device-registry"
      kms_key_arn = "arn:aws:kms:eu-central-1:210987654321:key/00000000-0000-4000-8000-000000000000"
    }
  }

  assert {
    condition     = output.table_name == var.existing_table.arn && output.table_arn == var.existing_table.arn && output.stream_arn == null
    error_message = "A request would go to a table of this account, or wait for a stream."
  }
}

run "shares_the_table_with_other_accounts_functions_alone" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    existing_table = {
      arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
      kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
    }
    shared_with = {
      "222222222222" = {}
      "111111111111" = { name_prefix = "plant", role_path = "/iot/" }
    }
  }

  assert {
    condition = [for statement in jsondecode(aws_dynamodb_resource_policy.this[0].policy).Statement : [statement.Principal, statement.Action, statement.Resource, statement.Condition]] == [
      [{ AWS = ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"] }, "dynamodb:UpdateItem", var.existing_table.arn, { ArnLike = { "aws:PrincipalArn" = [
        "arn:aws:iam::*:role/iot/plant-provisioning-hook-eu-central-1", "arn:aws:iam::*:role/iot/plant-*-gate-eu-central-1",
        "arn:aws:iam::*:role/acme-provisioning-hook-eu-central-1", "arn:aws:iam::*:role/acme-*-gate-eu-central-1",
        "arn:aws:iam::*:role/iot/plant-lifecycle-confirmation-eu-central-1", "arn:aws:iam::*:role/iot/plant-lifecycle-sweep-eu-central-1",
        "arn:aws:iam::*:role/acme-lifecycle-confirmation-eu-central-1", "arn:aws:iam::*:role/acme-lifecycle-sweep-eu-central-1",
      ] } }],
      [{ AWS = ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"] }, "dynamodb:GetItem", var.existing_table.arn, { ArnLike = { "aws:PrincipalArn" = [for role in local.roles.following : role] } }],
      [{ AWS = ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"] }, "dynamodb:Query", [for name in ["by-certificate", "by-status"] : "${var.existing_table.arn}/index/${name}"], { ArnLike = { "aws:PrincipalArn" = [for role in local.roles.following : role] } }],
    ]
    error_message = "Somebody else may use the table, or for something else."
  }

  assert {
    condition     = aws_dynamodb_resource_policy.this[0].resource_arn == var.existing_table.arn
    error_message = "The policy belongs to another table."
  }
}

run "refuses_to_share_another_accounts_table" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    existing_table = {
      arn         = "arn:aws:dynamodb:eu-central-1:210987654321:table/acme-device-registry"
      kms_key_arn = "arn:aws:kms:eu-central-1:210987654321:key/00000000-0000-4000-8000-000000000000"
    }
    shared_with = { "222222222222" = {} }
  }

  expect_failures = [aws_dynamodb_resource_policy.this]
}

run "refuses_to_share_with_the_own_account" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
    shared_with = { "123456789012" = {} }
  }

  expect_failures = [aws_dynamodb_resource_policy.this]
}

run "refuses_to_share_with_more_accounts_than_a_policy_holds" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    existing_table = {
      arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
      kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
    }
    shared_with = { for number in range(200) : format("2%011d", number) => {} }
  }

  expect_failures = [aws_dynamodb_resource_policy.this]
}

run "refuses_to_share_with_what_is_no_account" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    shared_with = { factory = {} }
  }

  expect_failures = [var.shared_with]
}

run "refuses_to_share_with_a_prefix_that_no_stack_has" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    shared_with = { "222222222222" = { name_prefix = "*" } }
  }

  expect_failures = [var.shared_with]
}

run "refuses_to_share_with_roles_of_any_path" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    shared_with = { "222222222222" = { role_path = "/*/" } }
  }

  expect_failures = [var.shared_with]
}

run "refuses_a_name_in_place_of_an_existing_tables_arn" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    existing_table = { arn = "acme-device-registry", kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000" }
  }

  expect_failures = [var.existing_table]
}

run "refuses_the_stream_of_another_table" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    existing_table = {
      arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
      stream_arn  = "arn:aws:dynamodb:eu-west-1:123456789012:table/acme-device-registry/stream/2026-11-22T00:00:00.000"
      kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
    }
  }

  expect_failures = [var.existing_table]
}

run "refuses_an_alias_as_an_existing_tables_key" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    existing_table = {
      arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
      kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:alias/x"
    }
  }

  expect_failures = [var.existing_table]
}

run "refuses_replicas_of_an_existing_table" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    replicas = { eu-west-1 = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1" } }
    existing_table = {
      arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
      kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
    }
  }

  expect_failures = [var.existing_table]
}

run "refuses_an_existing_table_of_another_region" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    existing_table = {
      arn         = "arn:aws:dynamodb:eu-west-1:123456789012:table/acme-device-registry"
      kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000000"
    }
  }

  expect_failures = [output.table_name]
}

run "refuses_the_stream_of_another_account" {
  command = plan

  module {
    source = "../../../terraform/modules/device-registry"
  }

  variables {
    existing_table = {
      arn         = "arn:aws:dynamodb:eu-central-1:210987654321:table/acme-device-registry"
      stream_arn  = "arn:aws:dynamodb:eu-central-1:210987654321:table/acme-device-registry/stream/2026-11-22T00:00:00.000"
      kms_key_arn = "arn:aws:kms:eu-central-1:210987654321:key/00000000-0000-4000-8000-000000000000"
    }
  }

  expect_failures = [output.stream_arn]
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
