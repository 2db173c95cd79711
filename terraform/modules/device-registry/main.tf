data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  table_name = "${var.name_prefix}-device-registry"

  create_table = var.create && var.existing_table == null
  create_key   = local.create_table && var.kms_key_arn == null
  own_key_arn  = local.create_key ? module.key.kms_key_arn : var.kms_key_arn

  # What everything else works with: the own table, or the one made elsewhere.
  table_arn   = local.create_table ? one(aws_dynamodb_table.this[*].arn) : try(var.existing_table.arn, null)
  stream_arn  = local.create_table ? one(aws_dynamodb_table.this[*].stream_arn) : try(var.existing_table.stream_arn, null)
  kms_key_arn = local.create_table ? local.own_key_arn : try(var.existing_table.kms_key_arn, null)

  # arn:aws:dynamodb:REGION:ACCOUNT:table/NAME
  table_region  = try(split(":", local.table_arn)[3], null)
  table_account = try(split(":", local.table_arn)[4], null)
  foreign       = var.existing_table == null ? false : local.table_account != data.aws_caller_identity.this.account_id

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

module "key" {
  source = "../registry-key"
  create = local.create_key

  name_prefix             = var.name_prefix
  deletion_window_in_days = var.kms_deletion_window_in_days
  shared_with             = var.shared_with

  tags = var.tags
}

moved {
  from = aws_kms_key.this
  to   = module.key.aws_kms_key.this
}

moved {
  from = aws_kms_alias.this
  to   = module.key.aws_kms_alias.this
}

################################################################################
# Table
################################################################################

resource "aws_dynamodb_table" "this" {
  count = local.create_table ? 1 : 0

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

  # Whole records: the tools read them as records. The one large attribute is the certificate, some 1.2 KB, which
  # records have where devices provision in several Regions.

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
    kms_key_arn = local.own_key_arn
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

################################################################################
# Who else may use it: functions of other accounts' stacks, each by its role
################################################################################

locals {
  roles = {
    for kind, functions in {
      deciding  = ["provisioning-hook", "*-gate"]
      following = ["lifecycle-confirmation", "lifecycle-sweep"]
      } : kind => distinct(flatten([
        for stack in values(var.shared_with) : [
          for function in functions :
          "arn:${data.aws_partition.this.partition}:iam::*:role${stack.role_path}${coalesce(stack.name_prefix, var.name_prefix)}-${function}-${data.aws_region.this.id}"
        ]
    ]))
  }

  table_policy = !var.create || length(var.shared_with) == 0 ? null : jsonencode(jsondecode(templatefile("${path.module}/../../../policies/iam/registry-table.json.tftpl", {
    accounts        = [for account_id in sort(keys(var.shared_with)) : "arn:${data.aws_partition.this.partition}:iam::${account_id}:root"]
    deciding_roles  = local.roles.deciding
    following_roles = local.roles.following
    table_arn       = local.table_arn
  })))
}

resource "aws_dynamodb_resource_policy" "this" {
  count = var.create && length(var.shared_with) > 0 ? 1 : 0

  resource_arn = local.table_arn
  policy       = local.table_policy

  lifecycle {
    precondition {
      condition     = !local.foreign
      error_message = "shared_with is for the account that has the table: only there can its policy be written. Set shared_with where the table is made, and here existing_table alone."
    }

    precondition {
      condition     = !contains(keys(var.shared_with), data.aws_caller_identity.this.account_id)
      error_message = "shared_with may not name ${data.aws_caller_identity.this.account_id}: the table is that account's own, whose IAM policies apply. Take it out of shared_with."
    }

    precondition {
      condition     = length(coalesce(local.table_policy, " ")) <= 20480
      error_message = "shared_with: the table's policy has ${length(coalesce(local.table_policy, " "))} characters; DynamoDB takes 20480. Give the stacks of all accounts one name_prefix and one role_path, or share with fewer accounts."
    }
  }
}
