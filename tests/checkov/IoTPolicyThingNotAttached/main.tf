# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = string
}
locals {
  iot = "arn:aws:iot:eu-west-1:111122223333"
}

resource "aws_iot_policy" "pass_attached" {
  name = "pass_attached"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}", Condition = { Bool = { "iot:Connection.Thing.IsAttached" = "true" } } },
    ]
  })
}

resource "aws_iot_policy" "pass_list" {
  name = "pass_list"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Connect", "iot:Publish"], Resource = ["${local.iot}:topic/$${iot:Connection.Thing.ThingName}", "${local.iot}:client/$${iot:Connection.Thing.ThingName}"], Condition = { Bool = { "iot:connection.thing.isAttached" = ["true"] } } },
    ]
  })
}

resource "aws_iot_policy" "pass_both" {
  name = "pass_both"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}", Condition = { Bool = { "iot:Connection.Thing.IsAttached" = "true" }, BoolIfExists = { "iot:Connection.Thing.IsAttached" = "false" } } },
    ]
  })
}

resource "aws_iot_policy" "fail_no_condition" {
  name = "fail_no_condition"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}" },
    ]
  })
}

resource "aws_iot_policy" "fail_other_condition" {
  name = "fail_other_condition"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}", Condition = { Bool = { "aws:SecureTransport" = "true" } } },
    ]
  })
}

resource "aws_iot_policy" "fail_if_exists" {
  name = "fail_if_exists"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}", Condition = { BoolIfExists = { "iot:Connection.Thing.IsAttached" = "true" } } },
    ]
  })
}

resource "aws_iot_policy" "fail_false" {
  name = "fail_false"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}", Condition = { Bool = { "iot:Connection.Thing.IsAttached" = "false" } } },
    ]
  })
}

resource "aws_iot_policy" "fail_either" {
  name = "fail_either"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}", Condition = { Bool = { "iot:Connection.Thing.IsAttached" = ["true", "false"] } } },
    ]
  })
}

resource "aws_iot_policy" "fail_attribute" {
  name = "fail_attribute"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/line-$${iot:Connection.Thing.Attributes[line]}" },
    ]
  })
}

resource "aws_iot_policy" "fail_second" {
  name = "fail_second"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}", Condition = { Bool = { "iot:Connection.Thing.IsAttached" = "true" } } },
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}-log" },
    ]
  })
}

# Left alone: a client id that is no thing's, and no connection at all.
resource "aws_iot_policy" "unknown_fixed" {
  name = "unknown_fixed"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/line-1" },
    ]
  })
}

resource "aws_iot_policy" "unknown_common_name" {
  name = "unknown_common_name"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Certificate.Subject.CommonName}" },
    ]
  })
}

resource "aws_iot_policy" "unknown_publish" {
  name = "unknown_publish"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}" },
    ]
  })
}

resource "aws_iot_policy" "unknown_topic" {
  name = "unknown_topic"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:topic/$${iot:Connection.Thing.ThingName}" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass" {
  name = "plan_pass"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}", Condition = { Bool = { "iot:Connection.Thing.IsAttached" = var.unknown } } },
    ]
  })
}
