# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = string
}
locals {
  iot = "arn:aws:iot:eu-west-1:111122223333"
}

resource "aws_iot_policy" "pass_policy_wildcard" {
  name = "pass_policy_wildcard"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/devices/$${iot:Connection.Thing.ThingName}/*" },
    ]
  })
}

# No level of its own, so no wildcard in MQTT either.
resource "aws_iot_policy" "pass_in_a_level" {
  name = "pass_in_a_level"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/a+b/c#d" },
    ]
  })
}

resource "aws_iot_policy" "fail_hash" {
  name = "fail_hash"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/devices/#" },
    ]
  })
}

resource "aws_iot_policy" "fail_plus" {
  name = "fail_plus"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Receive", Resource = ["${local.iot}:topic/a", "${local.iot}:topic/devices/+/telemetry"] },
    ]
  })
}

resource "aws_iot_policy" "fail_first" {
  name = "fail_first"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:RetainPublish", Resource = "${local.iot}:topic/+/telemetry" },
    ]
  })
}

resource "aws_iot_policy" "fail_only" {
  name = "fail_only"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/#" },
    ]
  })
}

# Left alone: in a filter it allows subscribing with exactly that filter.
resource "aws_iot_policy" "unknown_filter" {
  name = "unknown_filter"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/devices/#" },
    ]
  })
}

resource "aws_iot_policy" "unknown_publish_filter" {
  name = "unknown_publish_filter"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topicfilter/devices/#" },
    ]
  })
}

resource "aws_iot_policy" "unknown_connect" {
  name = "unknown_connect"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:topic/#" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass" {
  name = "plan_pass"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/${var.unknown}" },
    ]
  })
}
