# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = number
}

resource "aws_cloudwatch_log_group" "pass_function" {
  name              = "/aws/lambda/hook"
  retention_in_days = 90
}

resource "aws_cloudwatch_log_group" "fail_function" {
  name = "/aws/lambda/hook"
}

resource "aws_cloudwatch_log_group" "fail_prefix" {
  name_prefix = "/aws/lambda/hook-"
}

resource "aws_cloudwatch_log_group" "fail_of_aws_iot" {
  name              = "AWSIotLogsV2"
  retention_in_days = 0
}

resource "aws_cloudwatch_log_group" "fail_iot" {
  name              = "/fleet/IoT/audit"
  retention_in_days = null
}

resource "aws_cloudwatch_log_group" "fail_provisioning" {
  name = "/fleet/provisioning-audit"
}

# Left alone: other logs, and what is not known.
resource "aws_cloudwatch_log_group" "unknown_other" {
  name = "/riot/aws/lambda/shop"
}

resource "aws_cloudwatch_log_group" "unknown_later" {
  name              = "/aws/lambda/later"
  retention_in_days = local.later
}

locals {
  later = tonumber(terraform_data.later.output)
}

resource "terraform_data" "later" {
  input = timestamp()
}

resource "aws_cloudwatch_log_group" "plan_pass" {
  name              = "/aws/lambda/variable"
  retention_in_days = var.unknown
}
