################################################################################
# Function: applies the registry's rules to each certificate that AWS IoT registers for this CA
################################################################################

locals {
  gate_name = "${var.name}-gate"

  iot_arn    = "arn:${data.aws_partition.this.partition}:iot:${data.aws_region.this.id}:${data.aws_caller_identity.this.account_id}"
  rule_name  = replace("${var.name}_registered", "-", "_")
  rule_arn   = "${local.iot_arn}:rule/${local.rule_name}"
  crl        = try(var.gate_settings.crl, null)
  crl_owner  = coalesce(try(local.crl.bucket_owner, null), data.aws_caller_identity.this.account_id)
  policy_dir = "${path.module}/../../../policies/iam"

  metric_namespace = coalesce(try(var.gate_settings.metric_namespace, null), "IoTProvisioning/${var.name_prefix}")

  # The optional ones apart: the CA's id is not known before there is a CA, and nothing could be left out of a map by it.
  environment = !local.gated ? {} : merge(
    {
      DEVICE_REGISTRY_TABLE      = var.table_name
      NAME_PREFIX                = var.name_prefix
      GATE_NAME                  = var.name
      CA_CERTIFICATE_ID          = aws_iot_ca_certificate.this[0].id
      CLAIM_LEASE_SECONDS        = var.gate_settings.claim_lease_seconds == null ? "never" : tostring(var.gate_settings.claim_lease_seconds)
      REFUSED_CERTIFICATE_STATUS = var.gate_settings.refused_certificate_status
      SERIAL_NUMBER_FIELD        = var.gate_settings.serial_number.parameter
    },
    { for name, value in {
      DEFAULT_HOME_REGION = var.default_home_region
      DEVICE_TYPE         = var.gate_settings.device_type.value
      DEVICE_TYPE_FIELD   = var.gate_settings.device_type.parameter
      MANUFACTURER        = var.gate_settings.manufacturer.value
      MANUFACTURER_FIELD  = var.gate_settings.manufacturer.parameter
      CRL_BUCKET          = try(local.crl.bucket, null)
      CRL_KEY             = try(local.crl.key, null)
      CRL_BUCKET_OWNER    = local.crl == null ? null : local.crl_owner
    } : name => value if value != null },
  )

  policies = !local.gated ? {} : merge(
    {
      registry = templatefile("${local.policy_dir}/registry-claim.json.tftpl", {
        table_arn   = var.table_arn
        kms_key_arn = var.table_kms_key_arn
        region      = data.aws_region.this.id
        dns_suffix  = data.aws_partition.this.dns_suffix
      })
      gate = templatefile("${local.policy_dir}/jitr-gate.json.tftpl", {
        iot_arn     = local.iot_arn
        name_prefix = var.name_prefix
        device_type = coalesce(var.gate_settings.device_type.value, "*")
      })
      failures = templatefile("${local.policy_dir}/dead-letter.json.tftpl", { queue_arn = local.queue_arn })
    },
    local.crl == null ? {} : {
      revocations = templatefile("${local.policy_dir}/jitr-crl.json.tftpl", {
        object_arn  = "arn:${data.aws_partition.this.partition}:s3:::${local.crl.bucket}/${local.crl.key}"
        kms_key_arn = local.crl.kms_key_arn
        region      = data.aws_region.this.id
        dns_suffix  = data.aws_partition.this.dns_suffix
      })
    },
  )
}

module "function" {
  source = "../lambda-function"
  count  = local.gated ? 1 : 0

  name        = local.gate_name
  description = "Decides whether a device of the CA ${var.name} comes in"
  handler     = "jitr_gate.handler.lambda_handler"

  package_path            = coalesce(var.gate_settings.package_path, "${path.module}/../../../build/jitr_gate.zip")
  package_sha256          = var.gate_settings.package_sha256
  code_signing_config_arn = var.gate_settings.code_signing_config_arn

  timeout     = var.gate_settings.timeout
  memory_size = var.gate_settings.memory_size
  concurrency = { reserved = var.gate_settings.reserved_concurrency }
  tracing     = var.tracing
  logs        = var.logs

  dead_letter_target_arn = aws_sqs_queue.failures[0].arn

  environment = local.environment
  policies    = local.policies

  iam  = var.iam
  tags = var.tags
}

################################################################################
# The event that starts it: published once a certificate is registered, and at each connection while it is pending
################################################################################

# Written out above: whatever the rule sends may be received.
resource "aws_lambda_permission" "rule" {
  count = local.gated ? 1 : 0

  statement_id   = "topic-rule-${local.rule_name}"
  action         = "lambda:InvokeFunction"
  function_name  = module.function[0].function_name
  qualifier      = module.function[0].alias_name
  principal      = "iot.amazonaws.com"
  source_arn     = local.rule_arn
  source_account = data.aws_caller_identity.this.account_id
}

resource "aws_iot_topic_rule" "registered" {
  count = local.gated ? 1 : 0

  name        = local.rule_name
  description = "Certificates of the CA ${var.name} that wait for a decision"

  # AWS IoT stops registering certificates of a CA that is switched off; those that wait already would still get in.
  enabled = var.active

  sql         = "SELECT * FROM '$aws/events/certificates/registered/${aws_iot_ca_certificate.this[0].id}' WHERE certificateStatus = 'PENDING_ACTIVATION'"
  sql_version = "2016-03-23"

  lambda {
    function_arn = module.function[0].alias_arn
  }

  # What could not even be handed over to the function.
  error_action {
    sqs {
      queue_url  = aws_sqs_queue.failures[0].url
      role_arn   = aws_iam_role.rule[0].arn
      use_base64 = false
    }
  }

  tags = var.tags

  depends_on = [aws_lambda_permission.rule, aws_iam_role_policy.rule]
}

################################################################################
# What the decision log counts, under the names that the provisioning hook uses
################################################################################

resource "aws_cloudwatch_log_metric_filter" "denials" {
  count = local.gated ? 1 : 0

  name           = "${local.gate_name}-denials"
  log_group_name = module.function[0].log_group_name
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
  count = local.gated ? 1 : 0

  name           = "${local.gate_name}-decisions"
  log_group_name = module.function[0].log_group_name
  pattern        = "{ $.event = \"provisioning-decision\" }"

  metric_transformation {
    namespace  = local.metric_namespace
    name       = "ProvisioningDecisions"
    value      = "1"
    unit       = "Count"
    dimensions = { Outcome = "$.outcome" }
  }
}
