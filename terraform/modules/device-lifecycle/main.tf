data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  partition  = data.aws_partition.this.partition
  dns_suffix = data.aws_partition.this.dns_suffix
  region     = data.aws_region.this.id
  account_id = data.aws_caller_identity.this.account_id

  iot_arn  = "arn:${local.partition}:iot:${local.region}:${local.account_id}"
  sqs_arn  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}"
  logs_arn = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group"

  name       = "${var.name_prefix}-lifecycle"
  policy_dir = "${path.module}/../../../policies/iam"

  metric_namespace = coalesce(var.metric_namespace, "IoTProvisioning/${var.name_prefix}")

  quarantine        = var.unexpected_things == "quarantine"
  quarantine_group  = "${var.name_prefix}-quarantine"
  shadow_parameters = "/iot-provisioning/${var.name_prefix}/device-types"
}

################################################################################
# Functions: one package, four handlers, each with a role of its own
################################################################################

locals {
  several_regions = var.default_home_region != null

  registry_environment = merge(
    { DEVICE_REGISTRY_TABLE = var.table_name, NAME_PREFIX = var.name_prefix },
    local.several_regions ? { DEFAULT_HOME_REGION = var.default_home_region } : {},
  )

  # Of the two that confirm a device: at the event that came for it, or, when that was lost, at the next sweep.
  confirming_environment = merge(
    local.registry_environment,
    {
      CONFIRM_BY        = var.confirm_by
      UNEXPECTED_THINGS = var.unexpected_things
      SHADOW_PARAMETERS = local.shadow_parameters
    },
    local.quarantine ? { QUARANTINE_GROUP = local.quarantine_group } : {},
  )

  # A device may be given its certificate in the factory and connect much later; its thing is made at once.
  stuck_seconds = var.sweep.stuck_after_seconds != null ? var.sweep.stuck_after_seconds : var.confirm_by == "THING_EVENT" ? 3600 : 86400

  functions = { for key, function in local.every_function : key => function if key != "enforcement" || var.stream.enabled }

  every_function = {
    confirmation = {
      description = "Turns records ACTIVE when their devices came up, and finds things without a record"
      handler     = "device_lifecycle.handler.confirm"
      timeout     = 60
      environment = merge(
        local.confirming_environment,
        length(var.ignored_thing_name_prefixes) == 0 ? {} : { IGNORED_THING_PREFIXES = join(",", sort(var.ignored_thing_name_prefixes)) },
      )
    }
    enforcement = {
      description = "Makes AWS IoT follow the registry: certificates and connections of devices whose record changed"
      handler     = "device_lifecycle.handler.enforce"
      timeout     = 120
      # Where a device is registered because another Region let it in, its first shadow is written too.
      environment = merge(local.registry_environment, local.several_regions ? { SHADOW_PARAMETERS = local.shadow_parameters } : {})
    }
    audit = {
      description = "Writes the audit trail"
      handler     = "device_lifecycle.handler.audit"
      timeout     = 60
      environment = merge(
        { AUDIT_LOG_GROUP = local.audit_log_group_name },
        local.archive ? { ARCHIVE_BUCKET = local.bucket_name, ARCHIVE_BUCKET_OWNER = local.account_id } : {},
      )
    }
    sweep = {
      description = "Finishes what went half way"
      handler     = "device_lifecycle.handler.sweep"
      timeout     = var.sweep.timeout
      environment = merge(local.confirming_environment, { STUCK_SECONDS = tostring(local.stuck_seconds) })
    }
  }
}

module "function" {
  source   = "../lambda-function"
  for_each = local.functions
  create   = var.create

  name        = "${local.name}-${each.key}"
  description = each.value.description
  handler     = each.value.handler

  package_path            = coalesce(var.package_path, "${path.module}/../../../build/device_lifecycle.zip")
  package_sha256          = var.package_sha256
  code_signing_config_arn = var.code_signing_config_arn

  timeout     = each.value.timeout
  memory_size = var.memory_size
  tracing     = var.tracing
  logs        = var.logs

  # Not enforcement, whose batches have a destination of their own, nor the sweep: the next one does what this one did not.
  dead_letter_target_arn = contains(["confirmation", "audit"], each.key) ? try(aws_sqs_queue.failures[each.key].arn, null) : null

  # With nothing to make there is no table to name either.
  environment = var.create ? each.value.environment : {}
  policies    = local.policies[each.key]

  iam  = var.iam
  tags = var.tags
}

################################################################################
# What failed for good, kept apart by where it is put in again
################################################################################

locals {
  queue_names = { for key in ["confirmation", "enforcement", "audit"] : key => "${local.name}-${key}-failures" if contains(keys(local.functions), key) }
}

resource "aws_sqs_queue" "failures" {
  for_each = { for key, name in local.queue_names : key => name if var.create }

  name                      = each.value
  message_retention_seconds = var.dead_letter_retention_days * 86400

  # Ids and times, no secret: the queue's own key is enough, and needs no policy for the services that write.
  sqs_managed_sse_enabled = true

  tags = var.tags
}

################################################################################
# Where unexpected things go, and what operators quarantine
################################################################################

# Below no other group: AWS IoT takes no thing into two groups of one hierarchy.
resource "aws_iot_thing_group" "quarantine" {
  count = var.create ? 1 : 0

  name = local.quarantine_group

  properties {
    description = "Devices of ${var.name_prefix} that were cut off"

    attribute_payload {
      attributes = { namePrefix = var.name_prefix }
    }
  }

  tags = var.tags
}

# At once, and for a certificate that somebody attaches later: switching certificates off takes AWS IoT minutes.
resource "aws_iot_policy" "quarantine" {
  count = var.create ? 1 : 0

  name   = local.quarantine_group
  policy = jsonencode(jsondecode(templatefile("${path.module}/../../../policies/iot/quarantine.json.tftpl", {})))

  tags = var.tags
}

resource "aws_iot_policy_attachment" "quarantine" {
  count = var.create ? 1 : 0

  policy = aws_iot_policy.quarantine[0].name
  target = aws_iot_thing_group.quarantine[0].arn
}
