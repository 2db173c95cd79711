# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = bool
}

locals {
  function = "arn:aws:lambda:eu-west-1:111122223333:function:authorizer"
}

resource "aws_iot_authorizer" "pass_signed" {
  name                      = "pass_signed"
  authorizer_function_arn   = local.function
  signing_disabled          = false
  token_key_name            = "token"
  token_signing_public_keys = { first = "-----BEGIN PUBLIC KEY-----" }
}

resource "aws_iot_authorizer" "pass_default" {
  name                      = "pass_default"
  authorizer_function_arn   = local.function
  token_key_name            = "token"
  token_signing_public_keys = { first = "-----BEGIN PUBLIC KEY-----" }
}

resource "aws_iot_authorizer" "fail_disabled" {
  name                    = "fail_disabled"
  authorizer_function_arn = local.function
  signing_disabled        = true
}

resource "aws_iot_authorizer" "fail_inactive" {
  name                    = "fail_inactive"
  authorizer_function_arn = local.function
  signing_disabled        = true
  status                  = "INACTIVE"
}

# Not known before a plan.
resource "aws_iot_authorizer" "plan_fail" {
  name                    = "plan_fail"
  authorizer_function_arn = local.function
  signing_disabled        = var.unknown
}
