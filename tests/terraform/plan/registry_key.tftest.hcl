# Key of the registry and of its functions' log groups: who may use it, and every input that AWS would refuse.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name_prefix = "acme"
}

run "makes_a_key_for_the_own_account_and_its_log_groups" {
  command = plan

  module {
    source = "../../../terraform/modules/registry-key"
  }

  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation && aws_kms_key.this[0].deletion_window_in_days == 30 && aws_kms_alias.this[0].name == "alias/acme-device-registry"
    error_message = "The key does not rotate, ends early or is called otherwise."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this[0].policy).Statement[*].Sid == ["AccountAdministersThroughIam", "LogGroupsOfTheFunctions"] && jsondecode(aws_kms_key.this[0].policy).Statement[0].Principal == { AWS = "arn:aws:iam::123456789012:root" }
    error_message = "Another account may use the key."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this[0].policy).Statement[1].Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] == "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/acme-*"
    error_message = "CloudWatch Logs may use the key for other log groups."
  }
}

run "lets_other_accounts_functions_decrypt_through_the_table" {
  command = plan

  module {
    source = "../../../terraform/modules/registry-key"
  }

  variables {
    shared_with = { "222222222222" = { name_prefix = "plant", role_path = "/iot/" } }
  }

  assert {
    condition = jsondecode(aws_kms_key.this[0].policy).Statement[1] == {
      Sid       = "TableForOtherAccounts"
      Effect    = "Allow"
      Principal = { AWS = ["arn:aws:iam::222222222222:root"] }
      Action    = "kms:Decrypt"
      Resource  = "*"
      Condition = {
        ArnLike = { "aws:PrincipalArn" = [for function in ["provisioning-hook", "*-gate", "lifecycle-confirmation", "lifecycle-sweep"] : "arn:aws:iam::*:role/iot/plant-${function}-eu-central-1"] }
        StringEquals = {
          "kms:ViaService"                                  = "dynamodb.eu-central-1.amazonaws.com"
          "kms:EncryptionContext:aws:dynamodb:tableName"    = "acme-device-registry"
          "kms:EncryptionContext:aws:dynamodb:subscriberId" = "123456789012"
        }
      }
    }
    error_message = "Another account may use the key for something else, or not for the table."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/registry-key"
  }

  variables {
    create = false
  }

  assert {
    condition     = length(aws_kms_key.this) + length(aws_kms_alias.this) == 0 && output.kms_key_arn == null
    error_message = "Something is made although create is false."
  }
}

run "refuses_a_name_prefix_with_capitals" {
  command = plan

  module {
    source = "../../../terraform/modules/registry-key"
  }

  variables {
    name_prefix = "Acme"
  }

  expect_failures = [var.name_prefix]
}

run "refuses_a_deletion_window_that_is_too_short" {
  command = plan

  module {
    source = "../../../terraform/modules/registry-key"
  }

  variables {
    deletion_window_in_days = 6
  }

  expect_failures = [var.deletion_window_in_days]
}

run "refuses_what_is_no_account" {
  command = plan

  module {
    source = "../../../terraform/modules/registry-key"
  }

  variables {
    shared_with = { factory = {} }
  }

  expect_failures = [var.shared_with]
}

run "refuses_a_prefix_that_no_stack_has" {
  command = plan

  module {
    source = "../../../terraform/modules/registry-key"
  }

  variables {
    shared_with = { "222222222222" = { name_prefix = "*" } }
  }

  expect_failures = [var.shared_with]
}

run "refuses_roles_of_any_path" {
  command = plan

  module {
    source = "../../../terraform/modules/registry-key"
  }

  variables {
    shared_with = { "222222222222" = { role_path = "/*/" } }
  }

  expect_failures = [var.shared_with]
}

run "refuses_to_share_with_the_own_account" {
  command = plan

  module {
    source = "../../../terraform/modules/registry-key"
  }

  variables {
    shared_with = { "123456789012" = {} }
  }

  expect_failures = [aws_kms_key.this]
}

run "refuses_a_tag_of_awss_own" {
  command = plan

  module {
    source = "../../../terraform/modules/registry-key"
  }

  variables {
    tags = { "aws:owner" = "x" }
  }

  expect_failures = [var.tags]
}
