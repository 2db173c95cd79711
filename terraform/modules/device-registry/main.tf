data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  table_name  = "${var.name_prefix}-device-registry"
  create_key  = var.create && var.kms_key_arn == null
  kms_key_arn = local.create_key ? one(aws_kms_key.this[*].arn) : var.kms_key_arn

  indexed_attributes = {
    serialNumber       = "S"
    claimCertificateId = "S"
    claimedAt          = "N"
    certificateId      = "S"
    statusShard        = "S"
    statusChangedAt    = "N"
  }
}

################################################################################
# Key
################################################################################

resource "aws_kms_key" "this" {
  count = local.create_key ? 1 : 0

  description             = "Device registry ${local.table_name} and the log groups of its functions"
  enable_key_rotation     = true
  deletion_window_in_days = var.kms_deletion_window_in_days

  policy = jsonencode(jsondecode(templatefile("${path.module}/../../../policies/iam/registry-key.json.tftpl", {
    partition   = data.aws_partition.this.partition
    dns_suffix  = data.aws_partition.this.dns_suffix
    region      = data.aws_region.this.id
    account_id  = data.aws_caller_identity.this.account_id
    name_prefix = var.name_prefix
  })))

  tags = var.tags
}

resource "aws_kms_alias" "this" {
  count = local.create_key ? 1 : 0

  name          = "alias/${local.table_name}"
  target_key_id = aws_kms_key.this[0].key_id
}

################################################################################
# Table
################################################################################

resource "aws_dynamodb_table" "this" {
  count = var.create ? 1 : 0

  name         = local.table_name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "serialNumber"

  dynamic "attribute" {
    for_each = local.indexed_attributes

    content {
      name = attribute.key
      type = attribute.value
    }
  }

  # Whole records: the tools read them as records, and a record has no large attribute to leave out.

  # "Which devices hold a claim made with this claim certificate?": asked when one leaked.
  global_secondary_index {
    name            = "by-claim-certificate"
    hash_key        = "claimCertificateId"
    range_key       = "claimedAt"
    projection_type = "ALL"
  }

  # "Whose certificate is this?": asked with an id out of a log line or an event.
  global_secondary_index {
    name            = "by-certificate"
    hash_key        = "certificateId"
    projection_type = "ALL"
  }

  # "What is in this state, since when?" A state has few values: sixteen shards keep each from being one hot partition.
  global_secondary_index {
    name            = "by-status"
    hash_key        = "statusShard"
    range_key       = "statusChangedAt"
    projection_type = "ALL"
  }

  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  deletion_protection_enabled = var.deletion_protection_enabled

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = var.recovery_period_in_days
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.kms_key_arn
  }

  dynamic "replica" {
    for_each = var.replicas

    content {
      region_name            = replica.key
      kms_key_arn            = replica.value.kms_key_arn
      point_in_time_recovery = replica.value.point_in_time_recovery
      propagate_tags         = true
    }
  }

  tags = var.tags

  lifecycle {
    precondition {
      condition     = !contains(keys(var.replicas), data.aws_region.this.id)
      error_message = "replicas may not name ${data.aws_region.this.id}: the table itself is there. Take it out of replicas."
    }
  }
}
