# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = string
}
locals {
  iot = "arn:aws:iot:eu-west-1:111122223333"
}

resource "aws_iot_policy" "pass_each_its_own" {
  name = "pass_each_its_own"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Publish", "iot:Receive"], Resource = "${local.iot}:topic/a" },
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/a" },
    ]
  })
}

resource "aws_iot_policy" "pass_together" {
  name = "pass_together"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Subscribe", "iot:Receive"], Resource = ["${local.iot}:topic/a", "${local.iot}:topicfilter/a"] },
    ]
  })
}

resource "aws_iot_policy" "pass_everything" {
  name = "pass_everything"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "*" },
    ]
  })
}

resource "aws_iot_policy" "pass_with_client" {
  name = "pass_with_client"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Connect", "iot:Publish"], Resource = ["${local.iot}:client/a", "${local.iot}:topic/a"] },
    ]
  })
}

resource "aws_iot_policy" "fail_subscribe" {
  name = "fail_subscribe"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "fail_publish" {
  name = "fail_publish"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topicfilter/a" },
    ]
  })
}

resource "aws_iot_policy" "fail_receive" {
  name = "fail_receive"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Receive", Resource = ["${local.iot}:topicfilter/a"] },
    ]
  })
}

resource "aws_iot_policy" "fail_retain" {
  name = "fail_retain"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:RetainPublish", Resource = "${local.iot}:topicfilter/a" },
    ]
  })
}

resource "aws_iot_policy" "fail_retained" {
  name = "fail_retained"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:GetRetainedMessage", Resource = "${local.iot}:topicfilter/a" },
    ]
  })
}

resource "aws_iot_policy" "fail_one_of_two" {
  name = "fail_one_of_two"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = ["${local.iot}:topic/a", "${local.iot}:topicfilter/a"] },
    ]
  })
}

resource "aws_iot_policy" "fail_beside_everything" {
  name = "fail_beside_everything"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = ["${local.iot}:topic/a", "*"] },
    ]
  })
}

resource "aws_iot_policy" "fail_one_action" {
  name = "fail_one_action"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Subscribe", "iot:Publish"], Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "fail_client" {
  name = "fail_client"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:client/a" },
    ]
  })
}

resource "aws_iot_policy" "fail_connect" {
  name = "fail_connect"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "fail_second" {
  name = "fail_second"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/a" },
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topic/a" },
    ]
  })
}

# Left alone: no topics, actions that are none of one kind, what is not known.
resource "aws_iot_policy" "unknown_connect" {
  name = "unknown_connect"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/a" },
    ]
  })
}

resource "aws_iot_policy" "unknown_wildcard" {
  name = "unknown_wildcard"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:*", Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "unknown_all_but" {
  name = "unknown_all_but"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", NotAction = "iot:Connect", Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "unknown_deny" {
  name = "unknown_deny"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Deny", Action = "iot:Subscribe", Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass" {
  name = "plan_pass"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = var.unknown },
    ]
  })
}

resource "aws_iot_policy" "plan_fail" {
  name = "plan_fail"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = ["${local.iot}:topicfilter/a", var.unknown] },
    ]
  })
}

resource "aws_iot_policy" "plan_fail_action" {
  name = "plan_fail_action"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = var.action, Resource = "${local.iot}:topic/a" },
    ]
  })
}

variable "action" {
  type = string
}

resource "aws_iot_policy" "pass_retained" {
  name = "pass_retained"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:RetainPublish", "iot:GetRetainedMessage"], Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "pass_retain_alone" {
  name = "pass_retain_alone"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:RetainPublish", Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "pass_retained_alone" {
  name = "pass_retained_alone"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:GetRetainedMessage", Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "unknown_wildcard_among" {
  name = "unknown_wildcard_among"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Connect", "iot:*"], Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "plan_fail_among" {
  name = "plan_fail_among"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Connect", var.action], Resource = "${local.iot}:topic/a" },
    ]
  })
}
