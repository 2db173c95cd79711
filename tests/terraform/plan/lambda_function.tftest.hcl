# Lambda function: what it makes, and every input that AWS would refuse.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name         = "acme-function"
  handler      = "package.handler.lambda_handler"
  package_path = "./fixtures/package.zip"
  timeout      = 4
}

run "makes_an_arm_function_behind_an_alias" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  assert {
    condition     = aws_lambda_function.this[0].runtime == "python3.13" && aws_lambda_function.this[0].architectures == tolist(["arm64"]) && aws_lambda_function.this[0].publish
    error_message = "Runtime, architecture or publishing differ."
  }

  assert {
    condition     = aws_lambda_alias.this[0].name == "live"
    error_message = "The alias has another name."
  }

  assert {
    condition     = one(aws_lambda_function.this[0].tracing_config).mode == "Active" && one(aws_lambda_function.this[0].logging_config).log_format == "JSON"
    error_message = "It does not trace, or does not log JSON."
  }

  assert {
    condition     = length(aws_lambda_function.this[0].dead_letter_config) == 0
    error_message = "A function that is invoked synchronously has a dead letter queue."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this[0].name == "/aws/lambda/acme-function" && aws_cloudwatch_log_group.this[0].retention_in_days == 365
    error_message = "The log group differs."
  }

  assert {
    condition     = aws_iam_role.this[0].name == "acme-function-eu-central-1"
    error_message = "The role does not carry the region."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this[0].assume_role_policy).Statement[0].Condition == { StringEquals = { "aws:SourceAccount" = "123456789012" }, ArnLike = { "aws:SourceArn" = ["arn:aws:lambda:eu-central-1:123456789012:function:acme-function", "arn:aws:lambda:eu-central-1:123456789012:function:acme-function:*"] } }
    error_message = "Another function or account could take the role."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.this["logs"].policy).Statement[0].Resource == "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/acme-function:log-stream:*"
    error_message = "It may write to other log groups."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    create       = false
    package_path = "./no-such.zip"
  }

  assert {
    condition     = length(aws_lambda_function.this) + length(aws_iam_role.this) + length(aws_cloudwatch_log_group.this) + length(aws_lambda_alias.this) + length(aws_iam_role_policy.this) == 0
    error_message = "Something is made although create is false."
  }
}

run "runs_in_other_partitions" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  override_data {
    target = data.aws_partition.this
    values = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
  }

  override_data {
    target = data.aws_region.this
    values = { id = "cn-north-1" }
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.this["logs"].policy, "arn:aws-cn:logs:cn-north-1:")
    error_message = "An ARN names another partition."
  }
}

run "takes_provisioned_within_reserved_concurrency" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    concurrency = { reserved = 5, provisioned = 5 }
  }

  assert {
    condition     = aws_lambda_provisioned_concurrency_config.this[0].provisioned_concurrent_executions == 5
    error_message = "Provisioned concurrency is missing."
  }
}

run "takes_snap_start" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    concurrency = { snap_start = true }
  }

  assert {
    condition     = one(aws_lambda_function.this[0].snap_start).apply_on == "PublishedVersions"
    error_message = "SnapStart is missing."
  }
}

run "takes_the_expected_package" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    package_sha256 = "060580f46309421b11b6c13409c17007ae5654b85379eb2221af8b77f2b0b4e0"
  }

  assert {
    condition     = aws_lambda_function.this[0].source_code_hash == filebase64sha256("./fixtures/package.zip")
    error_message = "Another package is deployed."
  }
}

# AWS Signer puts its signature into the package: to Terraform a file like any other, with a sum of its own.
run "takes_a_signed_package" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    package_path            = "./fixtures/signed.zip"
    package_sha256          = "1e872560fe36e1db89fe89a58ce9326773e10a0240776c0fbc4720d8dcbd31e7"
    code_signing_config_arn = "arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0123456789abcdef0"
  }

  assert {
    condition     = aws_lambda_function.this[0].filename == "./fixtures/signed.zip" && aws_lambda_function.this[0].source_code_hash == filebase64sha256("./fixtures/signed.zip")
    error_message = "Another package is deployed."
  }

  assert {
    condition     = aws_lambda_function.this[0].code_signing_config_arn == "arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0123456789abcdef0"
    error_message = "AWS Lambda asks for no signature."
  }
}

run "refuses_a_signed_package_with_the_sum_of_the_unsigned" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    package_path            = "./fixtures/signed.zip"
    package_sha256          = "060580f46309421b11b6c13409c17007ae5654b85379eb2221af8b77f2b0b4e0"
    code_signing_config_arn = "arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0123456789abcdef0"
  }

  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_name_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    name = "a23456789b123456789c123456789d123456789e1234567"
  }

  expect_failures = [var.name]
}

run "refuses_a_name_with_a_dot" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    name = "a.b"
  }

  expect_failures = [var.name]
}

run "refuses_a_description_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    description = replace(format("%257s", ""), " ", "d")
  }

  expect_failures = [var.description]
}

run "refuses_a_handler_that_is_a_path" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    handler = "package/handler.py"
  }

  expect_failures = [var.handler]
}

run "refuses_a_package_that_is_no_zip" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    package_path = "./fixtures/package.tar"
  }

  expect_failures = [var.package_path]
}

run "refuses_a_package_that_is_missing" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    package_path = "./no-such.zip"
  }

  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_package_with_another_sum" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    package_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
  }

  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_sum_that_is_none" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    package_sha256 = "abc"
  }

  expect_failures = [var.package_sha256]
}

run "refuses_an_environment_that_is_too_large" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    environment = { LONG = replace(format("%4096s", ""), " ", "x") }
  }

  expect_failures = [var.environment]
}

run "refuses_an_environment_key_with_a_hyphen" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    environment = { A-B = "x" }
  }

  expect_failures = [var.environment]
}

run "refuses_a_timeout_of_901_seconds" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    timeout = 901
  }

  expect_failures = [var.timeout]
}

run "refuses_a_timeout_of_half_a_second" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    timeout = 0.5
  }

  expect_failures = [var.timeout]
}

run "refuses_memory_below_128" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    memory_size = 127
  }

  expect_failures = [var.memory_size]
}

run "refuses_memory_above_10240" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    memory_size = 10241
  }

  expect_failures = [var.memory_size]
}

run "refuses_a_policy_that_is_no_json" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    policies = { x = "no" }
  }

  expect_failures = [var.policies]
}

run "refuses_a_log_retention_that_aws_does_not_have" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    logs = { retention_in_days = 10 }
  }

  expect_failures = [var.logs]
}

run "refuses_a_log_key_that_is_an_alias" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    logs = { kms_key_arn = "alias/logs" }
  }

  expect_failures = [var.logs]
}

run "refuses_an_application_log_level_that_drops_decisions" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    logs = { application_level = "WARN" }
  }

  expect_failures = [var.logs]
}

run "refuses_a_system_log_level_that_is_none" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    logs = { system_level = "ERROR" }
  }

  expect_failures = [var.logs]
}

run "refuses_reserved_concurrency_of_zero" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    concurrency = { reserved = 0 }
  }

  expect_failures = [var.concurrency]
}

run "refuses_provisioned_concurrency_of_zero" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    concurrency = { provisioned = 0 }
  }

  expect_failures = [var.concurrency]
}

run "refuses_provisioned_concurrency_with_snap_start" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    concurrency = { provisioned = 1, snap_start = true }
  }

  expect_failures = [var.concurrency]
}

run "refuses_provisioned_above_reserved_concurrency" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    concurrency = { reserved = 1, provisioned = 2 }
  }

  expect_failures = [var.concurrency]
}

run "keeps_events_that_failed" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    dead_letter_target_arn = "arn:aws:sqs:eu-central-1:123456789012:acme-failures"
  }

  assert {
    condition     = one(aws_lambda_function.this[0].dead_letter_config).target_arn == "arn:aws:sqs:eu-central-1:123456789012:acme-failures"
    error_message = "Events that failed are lost."
  }
}

run "refuses_a_dead_letter_queue_that_is_fifo" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    dead_letter_target_arn = "arn:aws:sqs:eu-central-1:123456789012:acme-failures.fifo"
  }

  expect_failures = [var.dead_letter_target_arn]
}

run "refuses_a_code_signing_configuration_that_is_none" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    code_signing_config_arn = "arn:aws:lambda:eu-central-1:123456789012:function:x"
  }

  expect_failures = [var.code_signing_config_arn]
}

run "refuses_a_role_path_without_slashes" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    iam = { path = "iot" }
  }

  expect_failures = [var.iam]
}

run "refuses_a_permissions_boundary_that_is_no_policy" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    iam = { permissions_boundary_arn = "arn:aws:iam::123456789012:role/x" }
  }

  expect_failures = [var.iam]
}

run "refuses_too_many_tags" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    tags = { for i in range(51) : "key${i}" => "x" }
  }

  expect_failures = [var.tags]
}

run "refuses_a_tag_of_awss_own" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    tags = { "aws:owner" = "x" }
  }

  expect_failures = [var.tags]
}

run "refuses_a_tag_key_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    tags = { (replace(format("%129s", ""), " ", "k")) = "x" }
  }

  expect_failures = [var.tags]
}

run "refuses_a_tag_value_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    tags = { owner = replace(format("%257s", ""), " ", "v") }
  }

  expect_failures = [var.tags]
}

run "refuses_a_tag_with_a_character_that_aws_refuses" {
  command = plan

  module {
    source = "../../../terraform/modules/lambda-function"
  }

  variables {
    tags = { owner = "a;b" }
  }

  expect_failures = [var.tags]
}
