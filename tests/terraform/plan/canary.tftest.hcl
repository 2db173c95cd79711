# Canary: what it makes, who may call it, and every input of its own that is refused.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name_prefix       = "acme"
  table_name        = "acme-device-registry"
  table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
  table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  template          = { name = "acme-factory", claim_client_id_prefix = "claim-acme-factory-" }
  device_type       = "sensor"
  package_path      = "./fixtures/package.zip"
}

run "makes_a_function_and_its_schedule" {
  command = plan

  module {
    source = "../../../terraform/modules/canary"
  }

  assert {
    condition     = output.function_name == "acme-canary" && output.log_group_name == "/aws/lambda/acme-canary" && output.rule_name == "acme-canary" && output.timeout == 300
    error_message = "The function or its rule is missing, or has another name."
  }

  assert {
    condition     = aws_cloudwatch_event_rule.this[0].schedule_expression == "rate(1 hour)" && aws_lambda_permission.this[0].principal == "events.amazonaws.com" && aws_lambda_permission.this[0].qualifier == "live"
    error_message = "The schedule is another, or somebody else may call the function."
  }

  assert {
    condition     = { for key, filter in aws_cloudwatch_log_metric_filter.this : filter.metric_transformation[0].name => filter.metric_transformation[0].value } == { CanaryRuns = "1", CanaryFailures = "$.failed" } && output.metrics == { namespace = "IoTProvisioning/acme", names = tolist(["CanaryFailures", "CanaryRuns"]) }
    error_message = "What a run comes to is not counted."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/canary"
  }

  variables {
    create            = false
    table_name        = null
    table_arn         = null
    table_kms_key_arn = null
    template          = null
    device_type       = null
  }

  assert {
    condition     = alltrue([for value in [output.function_name, output.role_arn, output.log_group_name, output.rule_name, output.metrics] : value == null])
    error_message = "Something is made although create is false."
  }
}

run "refuses_names_that_are_none" {
  command = plan

  module {
    source = "../../../terraform/modules/canary"
  }

  variables {
    name_prefix                 = "Acme"
    template                    = { name = "arn:aws:iot:eu-central-1:123456789012:provisioningtemplate/*", claim_client_id_prefix = "claim-" }
    device_type                 = "Sensor"
    first_shadow_parameter_name = "arn:aws:ssm:eu-central-1:123456789012:parameter/a"
    metric_namespace            = "AWS/IoT"
  }

  expect_failures = [var.name_prefix, var.template, var.device_type, var.first_shadow_parameter_name, var.metric_namespace]
}

run "refuses_a_run_each_minute" {
  command = plan

  module {
    source = "../../../terraform/modules/canary"
  }

  variables {
    schedule = "rate(1 minute)"
  }

  expect_failures = [var.schedule]
}

run "refuses_to_be_made_without_a_target" {
  command = plan

  module {
    source = "../../../terraform/modules/canary"
  }

  variables {
    table_name        = null
    table_arn         = null
    table_kms_key_arn = null
    template          = null
    device_type       = null
  }

  expect_failures = [var.table_name, var.table_arn, var.table_kms_key_arn, var.template, var.device_type]
}
