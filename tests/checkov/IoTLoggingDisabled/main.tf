# Values that no scan of HCL knows: they have no default. The plan test sets them.
variable "unknown" {
  type = string
}

variable "off" {
  type = bool
}

resource "aws_iot_logging_options" "pass_warn" {
  default_log_level = "WARN"
  role_arn          = "arn:aws:iam::111122223333:role/logging"
}

resource "aws_iot_logging_options" "pass_on" {
  default_log_level = "ERROR"
  role_arn          = "arn:aws:iam::111122223333:role/logging"
  disable_all_logs  = false
}

resource "aws_iot_logging_options" "fail_level" {
  default_log_level = "DISABLED"
  role_arn          = "arn:aws:iam::111122223333:role/logging"
}

resource "aws_iot_logging_options" "fail_off" {
  default_log_level = "INFO"
  role_arn          = "arn:aws:iam::111122223333:role/logging"
  disable_all_logs  = true
}

# Not known before a plan.
resource "aws_iot_logging_options" "plan_pass_level" {
  default_log_level = var.unknown
  role_arn          = "arn:aws:iam::111122223333:role/logging"
}

resource "aws_iot_logging_options" "plan_fail_off" {
  default_log_level = "INFO"
  role_arn          = "arn:aws:iam::111122223333:role/logging"
  disable_all_logs  = var.off
}
