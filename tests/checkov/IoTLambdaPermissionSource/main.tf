variable "account" {
  type = string
}

variable "template" {
  type = string
}

variable "principal" {
  type = string
}

variable "partition" {
  type = string
}

resource "aws_lambda_permission" "pass_template" {
  action         = "lambda:InvokeFunction"
  function_name  = "hook"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = "arn:aws:iot:eu-west-1:111122223333:provisioningtemplate/fleet"
}

# The parts of the ARN that are not known are not those that matter.
resource "aws_lambda_permission" "pass_rule" {
  action         = "lambda:InvokeFunction"
  function_name  = "gate"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = "arn:${var.partition}:iot:eu-west-1:${var.account}:rule/registered"
}

resource "aws_lambda_permission" "fail_no_source" {
  action        = "lambda:InvokeFunction"
  function_name = "hook"
  principal     = "iot.amazonaws.com"
}

resource "aws_lambda_permission" "fail_no_arn" {
  action         = "lambda:InvokeFunction"
  function_name  = "hook"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
}

resource "aws_lambda_permission" "fail_no_account" {
  action        = "lambda:InvokeFunction"
  function_name = "hook"
  principal     = "iot.amazonaws.com"
  source_arn    = "arn:aws:iot:eu-west-1:111122223333:provisioningtemplate/fleet"
}

resource "aws_lambda_permission" "fail_any_template" {
  action         = "lambda:InvokeFunction"
  function_name  = "hook"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = "arn:aws:iot:eu-west-1:111122223333:provisioningtemplate/*"
}

resource "aws_lambda_permission" "fail_one_letter" {
  action         = "lambda:InvokeFunction"
  function_name  = "hook"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = "arn:aws:iot:eu-west-1:111122223333:provisioningtemplate/fleet?"
}

resource "aws_lambda_permission" "fail_other_service" {
  action         = "lambda:InvokeFunction"
  function_name  = "hook"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = "arn:aws:events:eu-west-1:111122223333:rule/fleet"
}

# Left alone: another principal, and what is not known.
resource "aws_lambda_permission" "unknown_events" {
  action        = "lambda:InvokeFunction"
  function_name = "hook"
  principal     = "events.amazonaws.com"
}

resource "aws_lambda_permission" "unknown_arn" {
  action         = "lambda:InvokeFunction"
  function_name  = "hook"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = aws_iot_provisioning_template.later.arn
}

resource "aws_lambda_permission" "plan_fail_principal" {
  action        = "lambda:InvokeFunction"
  function_name = "hook"
  principal     = var.principal
}

resource "aws_lambda_permission" "plan_pass" {
  action         = "lambda:InvokeFunction"
  function_name  = "hook"
  principal      = "iot.amazonaws.com"
  source_account = var.account
  source_arn     = var.template
}

resource "aws_iot_provisioning_template" "later" {
  name                  = "later"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = jsonencode({})
}

variable "templates" {
  type = map(string)
}

variable "staging" {
  type = bool
}

locals {
  later = aws_iot_provisioning_template.later.arn
}

resource "aws_lambda_permission" "unknown_local" {
  action         = "lambda:InvokeFunction"
  function_name  = "hook"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = local.later
}

resource "aws_lambda_permission" "plan_pass_each" {
  for_each = var.templates

  action         = "lambda:InvokeFunction"
  function_name  = "hook"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = each.value
}

resource "aws_lambda_permission" "plan_pass_call" {
  action         = "lambda:InvokeFunction"
  function_name  = "hook"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = trimspace(var.template)
}

resource "aws_lambda_permission" "plan_pass_conditional" {
  action         = "lambda:InvokeFunction"
  function_name  = "hook"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = var.staging ? var.template : "arn:aws:iot:eu-west-1:111122223333:provisioningtemplate/fleet"
}

resource "aws_lambda_permission" "plan_pass_conditional_part" {
  action         = "lambda:InvokeFunction"
  function_name  = "hook"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = "arn:aws:iot:${var.staging ? "eu-west-1" : "eu-central-1"}:111122223333:provisioningtemplate/fleet"
}
