data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  partition  = data.aws_partition.this.partition
  region     = data.aws_region.this.id
  account_id = data.aws_caller_identity.this.account_id

  # Without a claim there is nothing to guard.
  create = var.create && length(var.claims) > 0

  name       = "${var.name_prefix}-claim-guard"
  queue_name = "${local.name}-failures"
  queue_arn  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.queue_name}"
  policy_dir = "${path.module}/../../../policies/iam"

  timeout = 60

  # As modules/monitoring calls its alarms. Written out: each alarm names this function, and the function must know who
  # may call it before there is an alarm.
  alarm_arn_prefix = "arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:${var.name_prefix}-claim-budget-"
  alarm_arns       = { for key in keys(var.claims) : key => "${local.alarm_arn_prefix}${key}" if local.create }
}

module "function" {
  source = "../lambda-function"
  create = local.create

  name        = local.name
  description = "Switches a claim certificate off when its budget alarm goes off"
  handler     = "claim_guard.handler.lambda_handler"

  package_path            = coalesce(var.package_path, "${path.module}/../../../build/claim_guard.zip")
  package_sha256          = var.package_sha256
  code_signing_config_arn = var.code_signing_config_arn

  timeout     = local.timeout
  memory_size = 256
  tracing     = var.tracing
  logs        = var.logs

  dead_letter_target_arn = one(aws_sqs_queue.failures[*].arn)

  environment = { ALARM_ARN_PREFIX = local.alarm_arn_prefix }

  policies = {
    # Exactly the claims: whatever an event names, no device's certificate is ever touched.
    claims = templatefile("${local.policy_dir}/claim-guard.json.tftpl", {
      certificate_arns = [for key in sort(keys(var.claims)) : var.claims[key].certificate_arn]
    })
    failures = templatefile("${local.policy_dir}/dead-letter.json.tftpl", { queue_arn = local.queue_arn })
  }

  iam  = var.iam
  tags = var.tags
}

################################################################################
# Who may call it: the budget alarm of each claim, and no other
################################################################################

resource "aws_lambda_permission" "alarm" {
  for_each = local.alarm_arns

  # A key may hold what the id of a statement may not.
  statement_id   = "claim-budget-${substr(sha256(each.key), 0, 32)}"
  action         = "lambda:InvokeFunction"
  function_name  = module.function.function_name
  qualifier      = module.function.alias_name
  principal      = "lambda.alarms.cloudwatch.amazonaws.com"
  source_arn     = each.value
  source_account = local.account_id
}

################################################################################
# What failed for good
################################################################################

resource "aws_sqs_queue" "failures" {
  count = local.create ? 1 : 0

  name                      = local.queue_name
  message_retention_seconds = var.dead_letter_retention_days * 86400

  # Names and ids, no secret: the queue's own key is enough, and needs no policy for the service that writes.
  sqs_managed_sse_enabled = true

  tags = var.tags
}
