################################################################################
# Log group of the audit trail, with a key of its own: who may read what functions log is not yet who may read this
################################################################################

locals {
  audit_log_group_name = "/iot-provisioning/${var.name_prefix}/audit"
  create_audit_key     = var.create && var.audit.kms_key_arn == null
  audit_key_arn        = local.create_audit_key ? one(aws_kms_key.audit[*].arn) : var.audit.kms_key_arn
}

resource "aws_kms_key" "audit" {
  count = local.create_audit_key ? 1 : 0

  description             = "Audit trail of ${var.name_prefix}"
  enable_key_rotation     = true
  deletion_window_in_days = var.audit.kms_deletion_window_in_days

  policy = jsonencode(jsondecode(templatefile("${local.policy_dir}/lifecycle-audit-key.json.tftpl", {
    partition     = local.partition
    dns_suffix    = local.dns_suffix
    region        = local.region
    account_id    = local.account_id
    log_group_arn = "${local.logs_arn}:${local.audit_log_group_name}"
  })))

  tags = var.tags
}

resource "aws_kms_alias" "audit" {
  count = local.create_audit_key ? 1 : 0

  name          = "alias/${var.name_prefix}-audit"
  target_key_id = aws_kms_key.audit[0].key_id
}

resource "aws_cloudwatch_log_group" "audit" {
  count = var.create ? 1 : 0

  name              = local.audit_log_group_name
  retention_in_days = var.audit.retention_in_days
  kms_key_id        = local.audit_key_arn

  tags = var.tags
}

################################################################################
# What it is written from: the decisions of the hook, the gates and the claim guard, and what was done to devices since
################################################################################

locals {
  audited_decisions = ["provisioning-decision", "claim-disabled", "claim-guard-fault"]
  audited_events    = ["state-change", "certificate-switched", "unexpected-thing", "first-shadow"]

  audited = var.create ? merge(
    { for key, name in var.decision_log_group_names : "decisions-${key}" => {
      log_group_name = name
      pattern        = "{ ${join(" || ", [for event in local.audited_decisions : "($.event = \"${event}\")"])} }"
    } },
    { for key in ["confirmation", "enforcement", "sweep"] : key => {
      log_group_name = module.function[key].log_group_name
      pattern        = "{ ${join(" || ", [for event in local.audited_events : "($.event = \"${event}\")"])} }"
    } },
  ) : {}
}

resource "aws_lambda_permission" "audit" {
  for_each = local.audited

  statement_id   = "log-group-${each.key}"
  action         = "lambda:InvokeFunction"
  function_name  = module.function["audit"].function_name
  qualifier      = module.function["audit"].alias_name
  principal      = "logs.amazonaws.com"
  source_arn     = "${local.logs_arn}:${each.value.log_group_name}:*"
  source_account = local.account_id
}

resource "aws_cloudwatch_log_subscription_filter" "audit" {
  for_each = local.audited

  name            = "${var.name_prefix}-audit"
  log_group_name  = each.value.log_group_name
  filter_pattern  = each.value.pattern
  destination_arn = module.function["audit"].alias_arn

  # CloudWatch Logs calls the function once to see whether it may.
  depends_on = [aws_lambda_permission.audit]
}
