# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = string
}
locals {
  iot = "arn:aws:iot:eu-west-1:111122223333"
}

resource "aws_iot_policy" "pass_thing" {
  name = "pass_thing"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}", Condition = { Bool = { "iot:Connection.Thing.IsAttached" = "true" } } },
    ]
  })
}

resource "aws_iot_policy" "pass_common_name" {
  name = "pass_common_name"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Certificate.Subject.CommonName}" },
    ]
  })
}

resource "aws_iot_policy" "fail_client_id" {
  name = "fail_client_id"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:ClientId}" },
    ]
  })
}

resource "aws_iot_policy" "fail_prefix" {
  name = "fail_prefix"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Connect", "iot:Publish"], Resource = ["${local.iot}:topic/a", "${local.iot}:client/line-$${iot:clientid}"] },
    ]
  })
}

# With a certificate that is exclusive to one thing the client id need not be the thing's name.
resource "aws_iot_policy" "fail_attached" {
  name = "fail_attached"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:ClientId}", Condition = { Bool = { "iot:Connection.Thing.IsAttached" = "true" } } },
    ]
  })
}

resource "aws_iot_policy" "fail_second" {
  name = "fail_second"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}" },
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:ClientId}" },
    ]
  })
}

# Left alone: in a topic the variable is as good as the client id is.
resource "aws_iot_policy" "unknown_topic" {
  name = "unknown_topic"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$${iot:ClientId}" },
    ]
  })
}

resource "aws_iot_policy" "unknown_connect_to_topic" {
  name = "unknown_connect_to_topic"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:topic/$${iot:ClientId}" },
    ]
  })
}

resource "aws_iot_policy" "unknown_not_connect" {
  name = "unknown_not_connect"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:client/$${iot:ClientId}" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass" {
  name = "plan_pass"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/${var.unknown}" },
    ]
  })
}
