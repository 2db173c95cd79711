data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  partition  = data.aws_partition.this.partition
  region     = data.aws_region.this.id
  account_id = data.aws_caller_identity.this.account_id

  iot_arn      = "arn:${local.partition}:iot:${local.region}:${local.account_id}"
  policies_dir = "${path.module}/../../../policies/iam"

  # AWS IoT always answers with all of these; the provider plans a change again and again for each that is not named.
  event_types = toset([
    "CA_CERTIFICATE",
    "CERTIFICATE",
    "JOB",
    "JOB_EXECUTION",
    "POLICY",
    "THING",
    "THING_GROUP",
    "THING_GROUP_HIERARCHY",
    "THING_GROUP_MEMBERSHIP",
    "THING_TYPE",
    "THING_TYPE_ASSOCIATION",
  ])

  manage_events   = var.create && var.event_configurations != null
  manage_indexing = var.create && var.indexing != null
  manage_logging  = var.create && var.logging != null
  manage_audit    = var.create && var.audit != null
}

################################################################################
# Registry events
################################################################################

resource "aws_iot_event_configurations" "this" {
  count = local.manage_events ? 1 : 0

  event_configurations = { for type in local.event_types : type => contains(var.event_configurations.enabled, type) }
}

################################################################################
# Fleet indexing
################################################################################

resource "aws_iot_indexing_configuration" "this" {
  count = local.manage_indexing ? 1 : 0

  thing_indexing_configuration {
    thing_indexing_mode              = var.indexing.things
    thing_connectivity_indexing_mode = var.indexing.connectivity ? "STATUS" : "OFF"
    named_shadow_indexing_mode       = length(var.indexing.named_shadows) > 0 ? "ON" : "OFF"
    # Violations are findings of Device Defender Detect, which this module leaves alone.
    device_defender_indexing_mode = "OFF"

    # AWS IoT indexes the named shadows that are listed, and refuses the mode without a list.
    dynamic "filter" {
      for_each = length(var.indexing.named_shadows) > 0 ? [var.indexing.named_shadows] : []

      content {
        named_shadow_names = filter.value
      }
    }

    dynamic "custom_field" {
      for_each = var.indexing.custom_fields

      content {
        name = custom_field.key
        type = custom_field.value
      }
    }
  }

  thing_group_indexing_configuration {
    thing_group_indexing_mode = var.indexing.thing_groups ? "ON" : "OFF"
  }
}
