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
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}" },
    ]
  })
}

resource "aws_iot_policy" "fail_thing_and_more" {
  name = "fail_thing_and_more"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}-*" },
    ]
  })
}

resource "aws_iot_policy" "pass_fixed" {
  name = "pass_fixed"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:Publish", "iot:Connect"], Resource = ["${local.iot}:topic/*", "${local.iot}:client/line-1"] },
    ]
  })
}

resource "aws_iot_policy" "pass_claim" {
  name = "pass_claim"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/claim-*" },
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/certificates/create-from-csr/json" },
    ]
  })
}

resource "aws_iot_policy" "fail_everything" {
  name = "fail_everything"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "*" },
    ]
  })
}

resource "aws_iot_policy" "fail_every_arn" {
  name = "fail_every_arn"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "arn:aws:iot:eu-west-1:111122223333:*" },
    ]
  })
}

resource "aws_iot_policy" "fail_client" {
  name = "fail_client"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_prefix" {
  name = "fail_prefix"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/temperature-sensor-*" },
    ]
  })
}

resource "aws_iot_policy" "fail_one_letter" {
  name = "fail_one_letter"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/sensor-?" },
    ]
  })
}

resource "aws_iot_policy" "fail_all_but_one" {
  name = "fail_all_but_one"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", NotResource = "${local.iot}:client/a" },
    ]
  })
}

resource "aws_iot_policy" "fail_every_action" {
  name = "fail_every_action"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:*", Resource = ["${local.iot}:client/$${iot:Connection.Thing.ThingName}", "${local.iot}:client/*"] },
    ]
  })
}

resource "aws_iot_policy" "fail_all_but_publish" {
  name = "fail_all_but_publish"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", NotAction = "iot:Publish", Resource = "${local.iot}:client/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_claim_any" {
  name = "fail_claim_any"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/*" },
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/provisioning-templates/fleet/provision/json" },
    ]
  })
}

# Publishing is what makes a claim policy.
resource "aws_iot_policy" "fail_reader_of_answers" {
  name = "fail_reader_of_answers"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/claim-*" },
      { Effect = "Allow", Action = "iot:Receive", Resource = "${local.iot}:topic/$aws/certificates/create/json/accepted" },
    ]
  })
}

# Left alone: no connection, or what is allowed is known to nobody yet.
resource "aws_iot_policy" "unknown_no_connect" {
  name = "unknown_no_connect"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:client/*" },
    ]
  })
}

resource "aws_iot_policy" "unknown_other_kind" {
  name = "unknown_other_kind"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:topic/*" },
    ]
  })
}

resource "aws_iot_policy" "unknown_deny" {
  name = "unknown_deny"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Deny", Action = "iot:Connect", Resource = "${local.iot}:client/*" },
    ]
  })
}

resource "aws_iot_policy" "unknown_later" {
  name = "unknown_later"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = terraform_data.later.id },
    ]
  })
}

resource "terraform_data" "later" {}

resource "aws_iot_policy" "unknown_document" {
  name   = "unknown_document"
  policy = terraform_data.later.id
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

resource "aws_iot_policy" "plan_fail" {
  name = "plan_fail"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/${var.unknown}-*" },
    ]
  })
}

resource "aws_iot_policy" "plan_pass_statement" {
  name = "plan_pass_statement"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for each in [var.unknown] : { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/$${iot:Connection.Thing.ThingName}" }
    ]
  })
}

resource "aws_iot_policy" "plan_pass_format" {
  name = "plan_pass_format"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = format("%s:client/$%s", local.iot, "{iot:Connection.Thing.ThingName}") },
    ]
  })
}

resource "aws_iot_policy" "fail_claim_everything" {
  name = "fail_claim_everything"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "*" },
      { Effect = "Allow", Action = "iot:Publish", Resource = "${local.iot}:topic/$aws/certificates/create/json" },
    ]
  })
}

resource "aws_iot_policy" "fail_no_arn" {
  name = "fail_no_arn"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = ["client/a", "client/*"] },
    ]
  })
}

resource "aws_iot_policy" "plan_pass_beside" {
  name = "plan_pass_beside"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = ["${local.iot}:client/line-1", var.arn] },
    ]
  })
}

resource "aws_iot_policy" "plan_pass_statement_beside" {
  name = "plan_pass_statement_beside"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/line-1" },
      var.statement,
    ]
  })
}

resource "aws_iot_policy" "plan_fail_effect" {
  name = "plan_fail_effect"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/line-1" },
      { Effect = var.effect, Action = "iot:Connect", Resource = "${local.iot}:client/*" },
    ]
  })
}

resource "aws_iot_policy" "plan_fail_action" {
  name = "plan_fail_action"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/line-1" },
      { Effect = "Allow", Action = [var.action, "iot:Publish"], Resource = "${local.iot}:client/*" },
    ]
  })
}

resource "aws_iot_policy" "pass_deny_unknown" {
  name = "pass_deny_unknown"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client/line-1" },
      { Effect = "Deny", Action = var.action, Resource = "${local.iot}:client/*" },
    ]
  })
}

variable "arn" {
  type = string
}

variable "statement" {
  type = any
}

variable "effect" {
  type = string
}

variable "action" {
  type = string
}

resource "aws_iot_policy" "fail_part_of_kind" {
  name = "fail_part_of_kind"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:client*" },
    ]
  })
}

resource "aws_iot_policy" "fail_letter_of_kind" {
  name = "fail_letter_of_kind"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "arn:aws:iot:*:*:?lient/line-1" },
    ]
  })
}

resource "aws_iot_policy" "fail_any_kind" {
  name = "fail_any_kind"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "arn:aws:iot:*:*:*/*" },
    ]
  })
}

resource "aws_iot_policy" "fail_any_service" {
  name = "fail_any_service"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "**" },
    ]
  })
}

resource "aws_iot_policy" "fail_kind_by_variable" {
  name = "fail_kind_by_variable"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:$${iot:ClientId}/a" },
    ]
  })
}

resource "aws_iot_policy" "pass_any_region" {
  name = "pass_any_region"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "arn:aws:iot:*:*:client/line-1" },
    ]
  })
}

resource "aws_iot_policy" "unknown_shape" {
  name = "unknown_shape"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:Client" },
    ]
  })
}

resource "aws_iot_policy" "fail_across_kind" {
  name = "fail_across_kind"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Connect", Resource = "${local.iot}:cli*-1/x" },
    ]
  })
}
