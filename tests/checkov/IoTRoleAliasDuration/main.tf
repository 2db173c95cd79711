# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = number
}

resource "aws_iot_role_alias" "pass_default" {
  alias    = "pass_default"
  role_arn = "arn:aws:iam::111122223333:role/device"
}

resource "aws_iot_role_alias" "pass_hour" {
  alias               = "pass_hour"
  role_arn            = "arn:aws:iam::111122223333:role/device"
  credential_duration = 3600
}

resource "aws_iot_role_alias" "fail_more" {
  alias               = "fail_more"
  role_arn            = "arn:aws:iam::111122223333:role/device"
  credential_duration = 3601
}

resource "aws_iot_role_alias" "fail_longest" {
  alias               = "fail_longest"
  role_arn            = "arn:aws:iam::111122223333:role/device"
  credential_duration = 43200
}

# Not known before a plan.
resource "aws_iot_role_alias" "plan_pass" {
  alias               = "plan_pass"
  role_arn            = "arn:aws:iam::111122223333:role/device"
  credential_duration = var.unknown
}

resource "aws_iot_role_alias" "unknown_later" {
  alias               = "unknown_later"
  role_arn            = "arn:aws:iam::111122223333:role/device"
  credential_duration = local.later
}

locals {
  later = tonumber(terraform_data.later.output)
}

resource "terraform_data" "later" {
  input = timestamp()
}
