variable "hook_arn" {
  type = string
}

# Another function's, which is no hook.
variable "helper_arn" {
  type = string
}

locals {
  hook_arn = var.hook_arn
}

resource "aws_iot_provisioning_template" "this" {
  name                  = "module"
  description           = var.helper_arn
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = jsonencode({})

  pre_provisioning_hook {
    target_arn = local.hook_arn
  }
}
