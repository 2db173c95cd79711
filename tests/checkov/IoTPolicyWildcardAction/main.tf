# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = string
}
locals {
  iot = "arn:aws:iot:eu-west-1:111122223333"
}

resource "aws_iot_policy" "pass_named" {
  name = "pass_named"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Connect", "iot:Publish"], Resource = "${local.iot}:client/a" },
      { Effect = "Deny", Action = "iot:*", Resource = "*" },
    ]
  })
}

resource "aws_iot_policy" "pass_text" {
  name   = "pass_text"
  policy = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": {"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"}
    }
  EOT
}

resource "aws_iot_policy" "fail_all" {
  name = "fail_all"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "*", Resource = "*" },
    ]
  })
}

resource "aws_iot_policy" "fail_service" {
  name = "fail_service"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:*", Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "fail_prefix" {
  name = "fail_prefix"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Connect", "iot:Publish*"], Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "fail_one_letter" {
  name = "fail_one_letter"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publis?", Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "fail_all_but" {
  name = "fail_all_but"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", NotAction = "iot:Connect", Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "fail_second" {
  name = "fail_second"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/a" },
      { Effect = "Allow", Action = "iot:*", Resource = "${local.iot}:topic/a" },
    ]
  })
}

# Left alone: nothing is allowed, or what is allowed is known to nobody yet.
resource "aws_iot_policy" "unknown_deny" {
  name = "unknown_deny"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Deny", Action = "*", Resource = "*" },
    ]
  })
}

resource "aws_iot_policy" "unknown_later" {
  name = "unknown_later"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = terraform_data.later.id, Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "terraform_data" "later" {}

resource "aws_iot_policy" "plan_pass" {
  name = "plan_pass"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = var.unknown, Resource = "${local.iot}:topic/a" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass_effect" {
  name = "plan_pass_effect"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = var.effect, Action = "iot:Publish", Resource = "${local.iot}:topic/a" },
    ]
  })
}

variable "effect" {
  type = string
}

resource "aws_iot_policy" "plan_pass_list" {
  name = "plan_pass_list"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = var.actions[*], Resource = "${local.iot}:topic/a" },
    ]
  })
}

variable "actions" {
  type = list(string)
}
