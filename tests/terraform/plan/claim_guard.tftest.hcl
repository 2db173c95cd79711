# Claim guard: what it makes and who may call it, and every input of its own that would leave it deaf or too mighty.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name_prefix  = "acme"
  package_path = "./fixtures/package.zip"
  claims = {
    "factory/line-1" = { certificate_arn = "arn:aws:iot:eu-central-1:123456789012:cert/c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1" }
    "field/van.2"    = { certificate_arn = "arn:aws:iot:eu-central-1:123456789012:cert/c2a2c2a2c2a2c2a2c2a2c2a2c2a2c2a2c2a2c2a2c2a2c2a2c2a2c2a2c2a2c2a2" }
  }
}

run "guards_exactly_its_claims" {
  command = plan

  module {
    source = "../../../terraform/modules/claim-guard"
  }

  assert {
    condition     = output.function_name == "acme-claim-guard" && output.log_group_name == "/aws/lambda/acme-claim-guard" && output.dead_letter_queue_name == "acme-claim-guard-failures" && aws_sqs_queue.failures[0].message_retention_seconds == 1209600 && aws_sqs_queue.failures[0].sqs_managed_sse_enabled
    error_message = "The function or its queue is missing, or has another name."
  }

  assert {
    condition     = output.alarm_arns == { "factory/line-1" = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:acme-claim-budget-factory/line-1", "field/van.2" = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:acme-claim-budget-field/van.2" }
    error_message = "The alarms are others."
  }

  assert {
    condition     = alltrue([for key, permission in aws_lambda_permission.alarm : permission.principal == "lambda.alarms.cloudwatch.amazonaws.com" && permission.qualifier == "live" && permission.source_account == "123456789012" && permission.source_arn == output.alarm_arns[key] && can(regex("^[a-zA-Z0-9_-]{1,100}$", permission.statement_id))]) && length(distinct(values(aws_lambda_permission.alarm)[*].statement_id)) == 2
    error_message = "Somebody else may call the function, or an alarm may not."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/claim-guard"
  }

  variables {
    create = false
  }

  assert {
    condition     = alltrue([for value in [output.function_name, output.function_arn, output.role_arn, output.log_group_name, output.dead_letter_queue_name] : value == null]) && length(output.alarm_arns) == 0 && length(aws_lambda_permission.alarm) == 0
    error_message = "Something is made although create is false."
  }
}

run "makes_nothing_without_claims" {
  command = plan

  module {
    source = "../../../terraform/modules/claim-guard"
  }

  variables {
    claims = {}
  }

  assert {
    condition     = output.function_name == null && output.dead_letter_queue_name == null
    error_message = "A function is made that has nothing to do."
  }
}

run "refuses_every_certificate_there_is" {
  command = plan

  module {
    source = "../../../terraform/modules/claim-guard"
  }

  variables {
    name_prefix                = "Acme"
    claims                     = { line-1 = { certificate_arn = "arn:aws:iot:eu-central-1:123456789012:cert/*" } }
    dead_letter_retention_days = 15
  }

  expect_failures = [var.name_prefix, var.claims, var.dead_letter_retention_days]
}

run "refuses_a_key_that_stands_for_every_alarm" {
  command = plan

  module {
    source = "../../../terraform/modules/claim-guard"
  }

  variables {
    claims = { "*" = { certificate_arn = "arn:aws:iot:eu-central-1:123456789012:cert/c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1" } }
  }

  expect_failures = [var.claims]
}

run "refuses_more_claims_than_the_functions_policy_holds" {
  command = plan

  module {
    source = "../../../terraform/modules/claim-guard"
  }

  variables {
    claims = { for index in range(31) : "line-${index}" => { certificate_arn = "arn:aws:iot:eu-central-1:123456789012:cert/c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1c1a1" } }
  }

  expect_failures = [var.claims]
}
