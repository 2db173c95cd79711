# Provisioning hook: what it makes, and every input of its own that AWS would refuse (the rest is in lambda_function).

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name_prefix       = "acme"
  table_name        = "acme-device-registry"
  table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
  table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  template_names    = ["acme-factory", "acme-field"]
  package_path      = "./fixtures/package.zip"
}

run "lets_each_template_call_it_and_nobody_else" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  assert {
    condition     = length(aws_lambda_permission.template) == 2 && aws_lambda_permission.template["acme-factory"].source_arn == "arn:aws:iot:eu-central-1:123456789012:provisioningtemplate/acme-factory"
    error_message = "The permission is not for exactly that template."
  }

  assert {
    condition     = alltrue([for permission in aws_lambda_permission.template : permission.qualifier == "live" && permission.source_account == "123456789012" && permission.principal == "iot.amazonaws.com"])
    error_message = "A permission lacks the alias or the account."
  }

  assert {
    condition     = one(aws_cloudwatch_log_metric_filter.denials[0].metric_transformation).dimensions == tomap({ Reason = "$.reason" })
    error_message = "Denials are not counted by reason."
  }

  assert {
    condition     = one(aws_cloudwatch_log_metric_filter.decisions[0].metric_transformation).dimensions == tomap({ Outcome = "$.outcome" })
    error_message = "Decisions are not counted by outcome."
  }

  assert {
    condition     = output.metrics.namespace == "IoTProvisioning/acme"
    error_message = "The namespace of the metrics differs."
  }

  assert {
    condition     = tomap(local.environment) == tomap({ DEVICE_REGISTRY_TABLE = "acme-device-registry", NAME_PREFIX = "acme", CLAIM_LEASE_SECONDS = "never" })
    error_message = "The function's environment differs."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    create            = false
    table_name        = null
    table_arn         = null
    table_kms_key_arn = null
  }

  assert {
    condition     = length(aws_lambda_permission.template) + length(aws_cloudwatch_log_metric_filter.denials) + length(aws_cloudwatch_log_metric_filter.decisions) == 0 && output.hook_arn == null && output.function_name == null && output.role_arn == null
    error_message = "Something is made although create is false."
  }
}

run "takes_the_widest_values" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    timeout             = 5
    claim_lease_seconds = 86400
    memory_size         = 10240
    concurrency         = { reserved = 50 }
  }
}

run "refuses_a_name_prefix_with_capitals" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    name_prefix = "Acme"
  }

  expect_failures = [var.name_prefix]
}

run "refuses_to_stand_alone_without_a_table" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    table_name = null
  }

  expect_failures = [var.table_name]
}

run "refuses_to_stand_alone_without_a_table_arn" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    table_arn = null
  }

  expect_failures = [var.table_arn]
}

run "refuses_to_stand_alone_without_the_tables_key" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    table_kms_key_arn = null
  }

  expect_failures = [var.table_kms_key_arn]
}

run "refuses_a_template_name_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    template_names = ["a23456789b123456789c123456789d1234567"]
  }

  expect_failures = [var.template_names]
}

run "refuses_a_timeout_above_the_services_five_seconds" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    timeout = 6
  }

  expect_failures = [var.timeout]
}

run "refuses_a_timeout_below_two_seconds" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    timeout = 1
  }

  expect_failures = [var.timeout]
}

run "refuses_a_broken_timeout" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    timeout = 2.5
  }

  expect_failures = [var.timeout]
}

run "refuses_a_lease_below_a_minute" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    claim_lease_seconds = 59
  }

  expect_failures = [var.claim_lease_seconds]
}

run "refuses_a_lease_above_a_day" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    claim_lease_seconds = 86401
  }

  expect_failures = [var.claim_lease_seconds]
}

run "refuses_awss_own_metric_namespace" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    metric_namespace = "AWS/IoT"
  }

  expect_failures = [var.metric_namespace]
}

run "refuses_a_metric_namespace_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    metric_namespace = "a b"
  }

  expect_failures = [var.metric_namespace]
}

run "is_told_which_region_decides" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    default_home_region = "eu-west-1"
  }

  assert {
    condition     = local.environment.DEFAULT_HOME_REGION == "eu-west-1"
    error_message = "A hook in the second Region would decide."
  }
}

run "refuses_a_default_home_that_is_no_region" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    default_home_region = "Ireland"
  }

  expect_failures = [var.default_home_region]
}

run "asks_another_accounts_table" {
  command = plan

  module {
    source = "../../../terraform/modules/provisioning-hook"
  }

  variables {
    table_name        = "arn:aws:dynamodb:eu-central-1:210987654321:table/devices"
    table_arn         = "arn:aws:dynamodb:eu-central-1:210987654321:table/devices"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:210987654321:key/00000000-0000-4000-8000-000000000000"
  }

  assert {
    condition     = local.environment.DEVICE_REGISTRY_TABLE == var.table_arn && jsondecode(local.policies.registry).Statement[0].Resource == var.table_arn
    error_message = "It may ask another table."
  }

  assert {
    condition = jsondecode(local.policies.registry).Statement[1] == {
      Sid      = "ReadTableKeyThroughDynamoDb"
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = var.table_kms_key_arn
      Condition = { StringEquals = {
        "kms:ViaService"                                  = "dynamodb.eu-central-1.amazonaws.com"
        "kms:EncryptionContext:aws:dynamodb:tableName"    = "devices"
        "kms:EncryptionContext:aws:dynamodb:subscriberId" = "210987654321"
      } }
    }
    error_message = "The key of the other account's table cannot be used."
  }
}
