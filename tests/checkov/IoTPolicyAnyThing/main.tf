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
      { Effect = "Allow", Action = ["iot:GetThingShadow", "iot:UpdateThingShadow"], Resource = "${local.iot}:thing/$${iot:Certificate.Subject.CommonName}" },
    ]
  })
}

resource "aws_iot_policy" "fail_own_named" {
  name = "fail_own_named"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:GetThingShadow", Resource = "${local.iot}:thing/$${iot:Connection.Thing.ThingName}/*" },
    ]
  })
}

resource "aws_iot_policy" "pass_fixed" {
  name = "pass_fixed"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:GetThingShadow", Resource = "${local.iot}:thing/line-1" },
    ]
  })
}

resource "aws_iot_policy" "fail_GetThingShadow" {
  name = "fail_GetThingShadow"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:GetThingShadow", Resource = "${local.iot}:thing/sensor-*" },
    ]
  })
}

resource "aws_iot_policy" "fail_UpdateThingShadow" {
  name = "fail_UpdateThingShadow"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:UpdateThingShadow", Resource = "${local.iot}:thing/sensor-*" },
    ]
  })
}

resource "aws_iot_policy" "fail_DeleteThingShadow" {
  name = "fail_DeleteThingShadow"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:DeleteThingShadow", Resource = "${local.iot}:thing/sensor-*" },
    ]
  })
}

resource "aws_iot_policy" "fail_ListNamedShadowsForThing" {
  name = "fail_ListNamedShadowsForThing"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:ListNamedShadowsForThing", Resource = "${local.iot}:thing/sensor-*" },
    ]
  })
}

resource "aws_iot_policy" "fail_DescribeJobExecution" {
  name = "fail_DescribeJobExecution"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:DescribeJobExecution", Resource = "${local.iot}:thing/sensor-*" },
    ]
  })
}

resource "aws_iot_policy" "fail_GetPendingJobExecutions" {
  name = "fail_GetPendingJobExecutions"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:GetPendingJobExecutions", Resource = "${local.iot}:thing/sensor-*" },
    ]
  })
}

resource "aws_iot_policy" "fail_StartNextPendingJobExecution" {
  name = "fail_StartNextPendingJobExecution"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:StartNextPendingJobExecution", Resource = "${local.iot}:thing/sensor-*" },
    ]
  })
}

resource "aws_iot_policy" "fail_UpdateJobExecution" {
  name = "fail_UpdateJobExecution"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:UpdateJobExecution", Resource = "${local.iot}:thing/sensor-*" },
    ]
  })
}

resource "aws_iot_policy" "fail_everything" {
  name = "fail_everything"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Connect", "iot:GetThingShadow"], Resource = "*" },
    ]
  })
}

resource "aws_iot_policy" "fail_thing" {
  name = "fail_thing"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:GetThingShadow", Resource = ["${local.iot}:thing/line-1", "${local.iot}:thing/*"] },
    ]
  })
}

# Left alone: other actions, and what is not known.
resource "aws_iot_policy" "unknown_connect" {
  name = "unknown_connect"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "*" },
    ]
  })
}

resource "aws_iot_policy" "unknown_kind" {
  name = "unknown_kind"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:GetThingShadow", Resource = "${local.iot}:topic/*" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass" {
  name = "plan_pass"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:GetThingShadow", Resource = "${local.iot}:thing/${var.unknown}" },
    ]
  })
}

resource "aws_iot_policy" "plan_fail" {
  name = "plan_fail"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:GetThingShadow", Resource = "${local.iot}:thing/${var.unknown}-*" },
    ]
  })
}

resource "aws_iot_policy" "fail_part_of_kind" {
  name = "fail_part_of_kind"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:GetThingShadow", Resource = "${local.iot}:th*" },
    ]
  })
}
