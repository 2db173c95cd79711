################################################################################
# Events that no attempt could deal with: the function's failures, and what the rule could not hand over
################################################################################

locals {
  queue_name = "${local.gate_name}-failures"
  queue_arn  = "arn:${data.aws_partition.this.partition}:sqs:${data.aws_region.this.id}:${data.aws_caller_identity.this.account_id}:${local.queue_name}"
}

resource "aws_sqs_queue" "failures" {
  count = local.gated ? 1 : 0

  name                      = local.queue_name
  message_retention_seconds = var.gate_settings.dead_letter_retention_days * 86400

  # Ids and times, no secret: the queue's own key is enough, and needs no policy for the two services that write.
  sqs_managed_sse_enabled = true

  tags = var.tags
}

################################################################################
# Role that the topic rule takes to write there
################################################################################

resource "aws_iam_role" "rule" {
  count = local.gated ? 1 : 0

  name        = "${var.name}-rule-${data.aws_region.this.id}"
  description = "AWS IoT writes events to ${local.queue_name} that it could not hand to ${local.gate_name}"
  path        = var.iam.path

  assume_role_policy = jsonencode(jsondecode(templatefile("${local.policy_dir}/topic-rule-trust.json.tftpl", {
    account_id = data.aws_caller_identity.this.account_id
    source_arn = "${local.iot_arn}:*"
  })))
  permissions_boundary = var.iam.permissions_boundary_arn

  tags = var.tags
}

resource "aws_iam_role_policy" "rule" {
  count = local.gated ? 1 : 0

  name = "failures"
  role = aws_iam_role.rule[0].name

  policy = jsonencode(jsondecode(templatefile("${local.policy_dir}/dead-letter.json.tftpl", { queue_arn = local.queue_arn })))
}
