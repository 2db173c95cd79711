# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = string
}
locals {
  iot = "arn:aws:iot:eu-west-1:111122223333"
}

resource "aws_iot_policy" "pass_own" {
  name = "pass_own"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = ["${local.iot}:topic/devices/$${iot:Connection.Thing.ThingName}/*", "${local.iot}:topic/$aws/things/$${iot:Connection.Thing.ThingName}/shadow/*"] },
      { Effect = "Allow", Action = "iot:Subscribe", Resource = ["${local.iot}:topicfilter/devices/$${iot:Connection.Thing.ThingName}/#", "${local.iot}:topicfilter/news/*"] },
    ]
  })
}

resource "aws_iot_policy" "pass_begins_with_own" {
  name = "pass_begins_with_own"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/$${iot:Connection.Thing.ThingName}/*" },
    ]
  })
}

resource "aws_iot_policy" "pass_rule" {
  name = "pass_rule"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/rules/ingest/*" },
    ]
  })
}

resource "aws_iot_policy" "pass_fixed" {
  name = "pass_fixed"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:RetainPublish", Resource = "${local.iot}:topic/news" },
      { Effect = "Allow", Action = "iot:GetRetainedMessage", Resource = "${local.iot}:topic/things/news/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_everything" {
  name = "fail_everything"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "*" },
    ]
  })
}

resource "aws_iot_policy" "fail_topic" {
  name = "fail_topic"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Receive", Resource = ["${local.iot}:topic/news", "${local.iot}:topic/*"] },
    ]
  })
}

resource "aws_iot_policy" "fail_filter" {
  name = "fail_filter"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_hash" {
  name = "fail_hash"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/#" },
    ]
  })
}

resource "aws_iot_policy" "fail_plus" {
  name = "fail_plus"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/+/telemetry" },
    ]
  })
}

resource "aws_iot_policy" "fail_first_level" {
  name = "fail_first_level"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/*/telemetry" },
    ]
  })
}

resource "aws_iot_policy" "fail_letters" {
  name = "fail_letters"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/???" },
    ]
  })
}

resource "aws_iot_policy" "fail_reserved" {
  name = "fail_reserved"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_things" {
  name = "fail_things"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/things/*/shadow/update" },
    ]
  })
}

resource "aws_iot_policy" "fail_things_filter" {
  name = "fail_things_filter"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/$aws/things/+/shadow/#" },
    ]
  })
}

resource "aws_iot_policy" "fail_retain" {
  name = "fail_retain"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:RetainPublish", Resource = "${local.iot}:topic/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_retained" {
  name = "fail_retained"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:GetRetainedMessage", Resource = "${local.iot}:topic/*" },
    ]
  })
}

# Left alone: another kind of resource, a character that is no wildcard in a topic, what is denied or not known.
resource "aws_iot_policy" "unknown_connect" {
  name = "unknown_connect"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "*" },
    ]
  })
}

resource "aws_iot_policy" "unknown_client" {
  name = "unknown_client"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:client/*" },
    ]
  })
}

# CKV_AWSIOT_26 says what is wrong with it.
resource "aws_iot_policy" "pass_literal" {
  name = "pass_literal"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/#" },
    ]
  })
}

resource "aws_iot_policy" "unknown_later" {
  name = "unknown_later"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = terraform_data.later.id },
    ]
  })
}

resource "terraform_data" "later" {}

resource "aws_iot_policy" "plan_pass" {
  name = "plan_pass"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/${var.unknown}/*" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass_arn" {
  name = "plan_pass_arn"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = var.arn },
    ]
  })
}

variable "arn" {
  type = string
}

resource "aws_iot_policy" "fail_no_arn" {
  name = "fail_no_arn"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "topic/*" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass_function" {
  name = "plan_pass_function"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/${lower(var.unknown)}/*" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass_condition" {
  name = "plan_pass_condition"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/${var.unknown == "" ? "none" : var.unknown}/*" },
    ]
  })
}

resource "aws_iot_policy" "unknown_partly" {
  name = "unknown_partly"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:${var.unknown}*" },
    ]
  })
}

resource "aws_iot_policy" "unknown_function" {
  name = "unknown_function"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/${timestamp()}/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_part_of_kind" {
  name = "fail_part_of_kind"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic*" },
    ]
  })
}

resource "aws_iot_policy" "fail_filter_by_part_of_kind" {
  name = "fail_filter_by_part_of_kind"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicf*" },
    ]
  })
}

resource "aws_iot_policy" "fail_any_end" {
  name = "fail_any_end"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:t*/telemetry" },
    ]
  })
}

resource "aws_iot_policy" "fail_part_of_reserved" {
  name = "fail_part_of_reserved"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/$aws*" },
    ]
  })
}

resource "aws_iot_policy" "fail_part_of_things" {
  name = "fail_part_of_things"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/$aws/thing*" },
    ]
  })
}

resource "aws_iot_policy" "fail_part_of_thing" {
  name = "fail_part_of_thing"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/$aws/things/sensor-*/shadow/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_beside_own" {
  name = "fail_beside_own"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/$aws/things/$${iot:Connection.Thing.ThingName}*" },
    ]
  })
}

resource "aws_iot_policy" "fail_shared" {
  name = "fail_shared"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/$share/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_shared_group" {
  name = "fail_shared_group"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/$share/group/#" },
    ]
  })
}

resource "aws_iot_policy" "fail_part_of_shared" {
  name = "fail_part_of_shared"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/$sh*" },
    ]
  })
}

resource "aws_iot_policy" "fail_shared_thing" {
  name = "fail_shared_thing"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/$share/group/$aws/things/+/shadow/update" },
    ]
  })
}

resource "aws_iot_policy" "pass_shared" {
  name = "pass_shared"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/$share/group/news/*" },
    ]
  })
}

resource "aws_iot_policy" "pass_part_of_level" {
  name = "pass_part_of_level"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/news-*" },
    ]
  })
}

resource "aws_iot_policy" "pass_rules" {
  name = "pass_rules"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/rules*" },
    ]
  })
}

resource "aws_iot_policy" "pass_one_thing" {
  name = "pass_one_thing"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/$aws/things/line-1/shadow/*" },
    ]
  })
}

resource "aws_iot_policy" "pass_hash_in_level" {
  name = "pass_hash_in_level"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Subscribe", Resource = "${local.iot}:topicfilter/a#" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass_thing" {
  name = "plan_pass_thing"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/$aws/things/${var.unknown}/shadow/*" },
    ]
  })
}
