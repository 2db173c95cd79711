data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  table_name = "${var.name_prefix}-device-registry"

  # The functions of the other accounts' stacks in this Region. Which accounts these are, the principals say.
  roles = distinct(flatten([
    for stack in values(var.shared_with) : [
      for function in ["provisioning-hook", "*-gate", "lifecycle-confirmation", "lifecycle-sweep"] :
      "arn:${data.aws_partition.this.partition}:iam::*:role${stack.role_path}${coalesce(stack.name_prefix, var.name_prefix)}-${function}-${data.aws_region.this.id}"
    ]
  ]))
}

resource "aws_kms_key" "this" {
  count = var.create ? 1 : 0

  description             = "Device registry ${local.table_name} and the log groups of its functions"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_in_days

  policy = jsonencode(jsondecode(templatefile("${path.module}/../../../policies/iam/registry-key.json.tftpl", {
    partition   = data.aws_partition.this.partition
    dns_suffix  = data.aws_partition.this.dns_suffix
    region      = data.aws_region.this.id
    account_id  = data.aws_caller_identity.this.account_id
    name_prefix = var.name_prefix
    table_name  = local.table_name
    accounts    = [for account_id in sort(keys(var.shared_with)) : "arn:${data.aws_partition.this.partition}:iam::${account_id}:root"]
    roles       = local.roles
  })))

  tags = var.tags

  lifecycle {
    precondition {
      condition     = !contains(keys(var.shared_with), data.aws_caller_identity.this.account_id)
      error_message = "shared_with may not name ${data.aws_caller_identity.this.account_id}: the key is that account's own, whose IAM policies apply. Take it out of shared_with."
    }
  }
}

resource "aws_kms_alias" "this" {
  count = var.create ? 1 : 0

  name          = "alias/${local.table_name}"
  target_key_id = aws_kms_key.this[0].key_id
}
