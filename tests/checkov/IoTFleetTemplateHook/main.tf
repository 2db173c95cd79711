variable "hooks" {
  type = list(string)
}

variable "type" {
  type = string
}

resource "aws_lambda_function" "hook" {
  function_name = "hook"
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
}

resource "aws_iot_provisioning_template" "pass" {
  name                  = "pass"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = jsonencode({})

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "aws_iot_provisioning_template" "pass_not_known_yet" {
  name                  = "later"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = jsonencode({})
  type                  = "FLEET_PROVISIONING"

  pre_provisioning_hook {
    target_arn = aws_lambda_function.hook.arn
  }
}

resource "aws_iot_provisioning_template" "fail_default" {
  name                  = "default"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = jsonencode({})
}

resource "aws_iot_provisioning_template" "fail_fleet" {
  name                  = "fleet"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = jsonencode({})
  type                  = "FLEET_PROVISIONING"
}

# Left alone: templates that cannot have a hook, and those that may have one.
resource "aws_iot_provisioning_template" "unknown_jitp" {
  name                  = "jitp"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = jsonencode({})
  type                  = "JITP"
}

resource "aws_iot_provisioning_template" "unknown_type" {
  name                  = "type"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = jsonencode({})
  type                  = var.type
}

resource "aws_iot_provisioning_template" "plan_fail_dynamic" {
  name                  = "dynamic"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = jsonencode({})

  dynamic "pre_provisioning_hook" {
    for_each = var.hooks

    content {
      target_arn = pre_provisioning_hook.value
    }
  }
}

# How many blocks there are is known after the apply only.
resource "terraform_data" "later" {
  input = ["arn:aws:lambda:eu-west-1:111122223333:function:hook"]
}

resource "aws_iot_provisioning_template" "unknown_dynamic" {
  name                  = "unknown"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = jsonencode({})

  dynamic "pre_provisioning_hook" {
    for_each = terraform_data.later.output

    content {
      target_arn = pre_provisioning_hook.value
    }
  }
}
