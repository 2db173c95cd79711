variable "timeout" {
  type = number
}

locals {
  body = jsonencode({
    Parameters = { "AWS::IoT::Certificate::Id" = { Type = "String" } }
    Resources  = { certificate = { Type = "AWS::IoT::Certificate", Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" } } } }
  })
}

resource "aws_lambda_function" "pass_default" {
  function_name = "pass-default"
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
}

resource "aws_iot_provisioning_template" "default" {
  name                  = "default"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = local.body

  pre_provisioning_hook {
    target_arn = aws_lambda_function.pass_default.arn
  }
}

resource "aws_lambda_function" "fail_direct" {
  function_name = "fail-direct"
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
  timeout       = 6
}

resource "aws_iot_provisioning_template" "direct" {
  name                  = "direct"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = local.body

  pre_provisioning_hook {
    target_arn = aws_lambda_function.fail_direct.arn
  }
}

resource "aws_lambda_function" "fail_alias" {
  function_name = "fail-alias"
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
  timeout       = 60
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.fail_alias.function_name
  function_version = "1"
}

resource "aws_iot_provisioning_template" "alias" {
  name                  = "alias"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = local.body

  pre_provisioning_hook {
    target_arn = aws_lambda_alias.live.arn
  }
}

# Between modules.
module "hook" {
  source  = "./modules/hook"
  name    = "module"
  timeout = 60
}

module "helper" {
  source = "./modules/helper"
}

module "template" {
  source     = "./modules/template"
  hook_arn   = module.hook.arn
  helper_arn = module.helper.arn
}

# Known by its permission only: the template is elsewhere.
resource "aws_lambda_function" "fail_permission" {
  function_name = "fail-permission"
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
  timeout       = 60
}

resource "aws_lambda_permission" "permission" {
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.fail_permission.function_name
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = "arn:aws:iot:eu-west-1:111122223333:provisioningtemplate/fleet"
}

# Known by its name only.
resource "aws_lambda_function" "plan_fail_named" {
  function_name = "plan-fail-named"
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
  timeout       = 60
}

resource "aws_lambda_permission" "named" {
  action         = "lambda:InvokeFunction"
  function_name  = "plan-fail-named"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = "arn:aws:iot:eu-west-1:111122223333:provisioningtemplate/fleet"
}

# Left alone: functions that AWS IoT calls for rules, that somebody else calls, and what is not known.
resource "aws_lambda_function" "unknown_rule" {
  function_name = "rule"
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
  timeout       = 60
}

resource "aws_lambda_permission" "rule" {
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.unknown_rule.function_name
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = "arn:aws:iot:eu-west-1:111122223333:rule/registered"
}

resource "aws_lambda_function" "unknown_tester" {
  function_name = "tester"
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
  timeout       = 60
}

resource "aws_lambda_permission" "tester" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.unknown_tester.function_name
  principal     = "arn:aws:iam::111122223333:root"
  source_arn    = "arn:aws:iot:eu-west-1:111122223333:provisioningtemplate/fleet"
}

resource "aws_lambda_function" "plan_pass_timeout" {
  function_name = "plan-pass-timeout"
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
  timeout       = var.timeout
}

resource "aws_iot_provisioning_template" "timeout" {
  name                  = "timeout"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = local.body

  pre_provisioning_hook {
    target_arn = aws_lambda_function.plan_pass_timeout.arn
  }
}

# Two names that are not known yet are not the same name.
resource "terraform_data" "name" {
}

resource "aws_lambda_function" "unknown_name" {
  function_name = terraform_data.name.id
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
  timeout       = 60
}

resource "terraform_data" "permitted_name" {
}

resource "aws_lambda_permission" "unknown_name" {
  action         = "lambda:InvokeFunction"
  function_name  = terraform_data.permitted_name.id
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = "arn:aws:iot:eu-west-1:111122223333:provisioningtemplate/fleet"
}

resource "aws_lambda_function" "plan_fail_product" {
  function_name = "plan-fail-product"
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
  timeout       = var.timeout * 4
}

resource "aws_iot_provisioning_template" "plan_fail_product" {
  name                  = "plan_fail_product"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = local.body

  pre_provisioning_hook {
    target_arn = aws_lambda_function.plan_fail_product.arn
  }
}

resource "aws_lambda_function" "plan_fail_sum" {
  function_name = "plan-fail-sum"
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
  timeout       = 1 + var.timeout
}

resource "aws_iot_provisioning_template" "plan_fail_sum" {
  name                  = "plan_fail_sum"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = local.body

  pre_provisioning_hook {
    target_arn = aws_lambda_function.plan_fail_sum.arn
  }
}
