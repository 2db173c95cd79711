data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  partition  = data.aws_partition.this.partition
  region     = data.aws_region.this.id
  account_id = data.aws_caller_identity.this.account_id

  iot_arn    = "arn:${local.partition}:iot:${local.region}:${local.account_id}"
  name       = "${var.name_prefix}-canary"
  policy_dir = "${path.module}/../../../policies/iam"

  metric_namespace = coalesce(var.metric_namespace, "IoTProvisioning/${var.name_prefix}")

  # What a run waits for at most (see lambda_src/canary/run.py), and as much again for calls that are repeated.
  timeout = 300
}

module "function" {
  source = "../lambda-function"
  create = var.create

  name        = local.name
  description = "Provisions a device of its own, looks at it and removes it"
  handler     = "canary.handler.lambda_handler"

  package_path            = coalesce(var.package_path, "${path.module}/../../../build/canary.zip")
  package_sha256          = var.package_sha256
  code_signing_config_arn = var.code_signing_config_arn

  timeout     = local.timeout
  memory_size = 256
  tracing     = var.tracing
  logs        = var.logs

  # With nothing to make there is no table and no template to name either.
  environment = !var.create ? {} : merge(
    {
      DEVICE_REGISTRY_TABLE  = var.table_name
      NAME_PREFIX            = var.name_prefix
      TEMPLATE_NAME          = var.template.name
      CLAIM_CLIENT_ID_PREFIX = var.template.claim_client_id_prefix
      DEVICE_TYPE            = var.device_type
      CONFIRMED              = tostring(var.confirmed)
    },
    var.first_shadow_parameter_name == null ? {} : { FIRST_SHADOW_PARAMETER = var.first_shadow_parameter_name },
  )

  policies = !var.create ? {} : merge(
    {
      canary = templatefile("${local.policy_dir}/canary.json.tftpl", {
        table_arn     = var.table_arn
        table_name    = var.table_name
        kms_key_arn   = var.table_kms_key_arn
        region        = local.region
        dns_suffix    = data.aws_partition.this.dns_suffix
        account_id    = local.account_id
        iot_arn       = local.iot_arn
        name_prefix   = var.name_prefix
        template_name = var.template.name
      })
    },
    var.first_shadow_parameter_name == null ? {} : {
      shadow = templatefile("${local.policy_dir}/canary-shadow.json.tftpl", {
        parameter_arn = "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter${var.first_shadow_parameter_name}"
      })
    },
  )

  iam  = var.iam
  tags = var.tags
}

################################################################################
# The schedule
################################################################################

resource "aws_cloudwatch_event_rule" "this" {
  count = var.create ? 1 : 0

  name                = local.name
  description         = "Tries whether devices of ${var.name_prefix} can be provisioned"
  schedule_expression = var.schedule

  tags = var.tags
}

# The rule's ARN names the account. Its id beside it would only be one more thing that EventBridge has to send along.
resource "aws_lambda_permission" "this" {
  count = var.create ? 1 : 0

  statement_id  = "schedule"
  action        = "lambda:InvokeFunction"
  function_name = module.function.function_name
  qualifier     = module.function.alias_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this[0].arn
}

resource "aws_cloudwatch_event_target" "this" {
  count = var.create ? 1 : 0

  rule      = aws_cloudwatch_event_rule.this[0].name
  target_id = "canary"
  arn       = module.function.alias_arn

  depends_on = [aws_lambda_permission.this]
}

################################################################################
# What its log counts, once for each run
################################################################################

locals {
  metric_filters = {
    runs = { metric = "CanaryRuns", pattern = "{ $.event = \"canary\" }", value = "1" }
    # The checks that did not pass: 0 where all was well.
    failures = { metric = "CanaryFailures", pattern = "{ $.event = \"canary\" }", value = "$.failed" }
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = { for key, filter in local.metric_filters : key => filter if var.create }

  name           = "${local.name}-${each.key}"
  log_group_name = module.function.log_group_name
  pattern        = each.value.pattern

  metric_transformation {
    namespace = local.metric_namespace
    name      = each.value.metric
    value     = each.value.value
    unit      = "Count"
  }
}
