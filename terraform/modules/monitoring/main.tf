data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  partition  = data.aws_partition.this.partition
  region     = data.aws_region.this.id
  account_id = data.aws_caller_identity.this.account_id

  decision_namespace  = coalesce(var.metric_namespaces.decisions, "IoTProvisioning/${var.name_prefix}")
  lifecycle_namespace = coalesce(var.metric_namespaces.lifecycle, "IoTProvisioning/${var.name_prefix}")
  canary_namespace    = coalesce(var.metric_namespaces.canary, "IoTProvisioning/${var.name_prefix}")

  topic_name     = "${var.name_prefix}-alarms"
  create_topic   = var.create && var.notifications.topic == null
  create_key     = local.create_topic && var.notifications.kms_key == null
  topic_arn      = local.create_topic ? one(aws_sns_topic.this[*].arn) : try(var.notifications.topic.arn, null)
  dashboard_name = coalesce(var.dashboard.name, "${var.name_prefix}-provisioning")

  # Only this account's alarms, and of those only the ones of this prefix.
  publishers = {
    partition  = local.partition
    region     = local.region
    account_id = local.account_id
    alarm_arn  = "arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:${var.name_prefix}-*"
  }
}

################################################################################
# Where alarms go: a topic and its key, unless one is given
################################################################################

# CloudWatch cannot publish to a topic that the AWS managed key of SNS encrypts: its policy does not let alarms use it.
resource "aws_kms_key" "this" {
  count = local.create_key ? 1 : 0

  description             = "Topic ${local.topic_name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.notifications.kms_deletion_window_in_days

  policy = jsonencode(jsondecode(templatefile("${path.module}/../../../policies/iam/alarm-topic-key.json.tftpl", local.publishers)))

  tags = var.tags
}

resource "aws_kms_alias" "this" {
  count = local.create_key ? 1 : 0

  name          = "alias/${local.topic_name}"
  target_key_id = aws_kms_key.this[0].key_id
}

resource "aws_sns_topic" "this" {
  count = local.create_topic ? 1 : 0

  name              = local.topic_name
  display_name      = "${var.name_prefix} provisioning"
  kms_master_key_id = local.create_key ? aws_kms_key.this[0].arn : var.notifications.kms_key.arn

  tags = var.tags
}

resource "aws_sns_topic_policy" "this" {
  count = local.create_topic ? 1 : 0

  arn    = aws_sns_topic.this[0].arn
  policy = jsonencode(jsondecode(templatefile("${path.module}/../../../policies/iam/alarm-topic.json.tftpl", merge(local.publishers, { topic_arn = aws_sns_topic.this[0].arn }))))
}

resource "aws_sns_topic_subscription" "this" {
  for_each = { for key, subscription in var.notifications.subscriptions : key => subscription if var.create }

  topic_arn            = local.topic_arn
  protocol             = each.value.protocol
  endpoint             = each.value.endpoint
  raw_message_delivery = each.value.raw_message_delivery

  depends_on = [aws_sns_topic_policy.this]
}
