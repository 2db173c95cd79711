data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  account_id       = data.aws_caller_identity.this.account_id
  metric_namespace = coalesce(var.metric_namespace, "IoTProvisioning/${var.name_prefix}")

  # Written out: AWS IoT checks the permission when it makes the template, so the permission comes first.
  template_arns = {
    for name in var.template_names :
    name => "arn:${data.aws_partition.this.partition}:iot:${data.aws_region.this.id}:${local.account_id}:provisioningtemplate/${name}"
  }
}

locals {
  environment = merge(
    {
      DEVICE_REGISTRY_TABLE = var.table_name
      NAME_PREFIX           = var.name_prefix
      CLAIM_LEASE_SECONDS   = var.claim_lease_seconds == null ? "never" : tostring(var.claim_lease_seconds)
    },
    var.default_home_region == null ? {} : { DEFAULT_HOME_REGION = var.default_home_region },
  )

  # With nothing to make there is no table to name either.
  policies = !var.create ? {} : {
    registry = templatefile("${path.module}/../../../policies/iam/registry-claim.json.tftpl", {
      table_arn   = var.table_arn
      kms_key_arn = var.table_kms_key_arn
      region      = data.aws_region.this.id
      dns_suffix  = data.aws_partition.this.dns_suffix
    })
  }
}

module "function" {
  source = "../lambda-function"
  create = var.create

  name        = "${var.name_prefix}-provisioning-hook"
  description = "Decides whether a device may be provisioned"
  handler     = "provisioning_hook.handler.lambda_handler"

  package_path            = coalesce(var.package_path, "${path.module}/../../../build/provisioning_hook.zip")
  package_sha256          = var.package_sha256
  code_signing_config_arn = var.code_signing_config_arn

  timeout     = var.timeout
  memory_size = var.memory_size
  concurrency = var.concurrency
  tracing     = var.tracing
  logs        = var.logs

  environment = local.environment
  policies    = local.policies

  iam  = var.iam
  tags = var.tags
}

################################################################################
# Who may call it: AWS IoT, for these templates of this account, through the alias
################################################################################

resource "aws_lambda_permission" "template" {
  for_each = { for name, arn in local.template_arns : name => arn if var.create }

  statement_id   = "provisioning-template-${each.key}"
  action         = "lambda:InvokeFunction"
  function_name  = module.function.function_name
  qualifier      = module.function.alias_name
  principal      = "iot.amazonaws.com"
  source_arn     = each.value
  source_account = local.account_id
}

################################################################################
# What the decision log counts. A refusal is no error of the function: its Errors metric never shows one.
################################################################################

resource "aws_cloudwatch_log_metric_filter" "denials" {
  count = var.create ? 1 : 0

  name           = "${var.name_prefix}-provisioning-denials"
  log_group_name = module.function.log_group_name
  pattern        = "{ $.event = \"provisioning-decision\" && $.outcome = \"denied\" }"

  metric_transformation {
    namespace  = local.metric_namespace
    name       = "ProvisioningDenials"
    value      = "1"
    unit       = "Count"
    dimensions = { Reason = "$.reason" }
  }
}

resource "aws_cloudwatch_log_metric_filter" "decisions" {
  count = var.create ? 1 : 0

  name           = "${var.name_prefix}-provisioning-decisions"
  log_group_name = module.function.log_group_name
  pattern        = "{ $.event = \"provisioning-decision\" }"

  metric_transformation {
    namespace  = local.metric_namespace
    name       = "ProvisioningDecisions"
    value      = "1"
    unit       = "Count"
    dimensions = { Outcome = "$.outcome" }
  }
}
