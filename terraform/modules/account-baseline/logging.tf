################################################################################
# AWS IoT's own log: connections, provisioning and rules, as the service saw them
################################################################################

locals {
  # AWS IoT writes to this one and to no other.
  log_group_name = "AWSIotLogsV2"
}

resource "aws_cloudwatch_log_group" "iot" {
  # checkov:skip=CKV_AWS_158:CloudWatch encrypts every log group; whether with a key of the account's own is the caller's choice, by logging.kms_key_arn.
  count = local.manage_logging && try(var.logging.manage_log_group, false) ? 1 : 0

  name              = local.log_group_name
  retention_in_days = var.logging.retention_in_days
  kms_key_id        = var.logging.kms_key_arn

  tags = var.tags
}

resource "aws_iam_role" "logging" {
  count = local.manage_logging ? 1 : 0

  name        = "${var.name_prefix}-logging-${local.region}"
  description = "AWS IoT writes its log with it"
  path        = var.iam.path

  assume_role_policy = jsonencode(jsondecode(templatefile("${local.policies_dir}/iot-trust.json.tftpl", {
    account_id = local.account_id
    source_arn = "${local.iot_arn}:*"
  })))
  permissions_boundary = var.iam.permissions_boundary_arn

  tags = var.tags
}

resource "aws_iam_role_policy" "logging" {
  count = local.manage_logging ? 1 : 0

  name = "logs"
  role = aws_iam_role.logging[0].name

  policy = jsonencode(jsondecode(templatefile("${local.policies_dir}/iot-logging.json.tftpl", {
    log_group_arn = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.log_group_name}"
  })))
}

resource "aws_iot_logging_options" "this" {
  count = local.manage_logging ? 1 : 0

  default_log_level = var.logging.level
  disable_all_logs  = false
  role_arn          = aws_iam_role.logging[0].arn

  # With the group in place AWS IoT makes none of its own, which would have neither retention nor key.
  depends_on = [aws_cloudwatch_log_group.iot, aws_iam_role_policy.logging]
}
