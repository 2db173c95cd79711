# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = string
}

resource "aws_iot_topic_rule" "pass_recommended" {
  name        = "pass_recommended"
  enabled     = true
  sql         = "SELECT * FROM 'devices/+/telemetry'"
  sql_version = "2016-03-23"

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }
}

resource "aws_iot_topic_rule" "fail_first" {
  name        = "fail_first"
  enabled     = true
  sql         = "SELECT * FROM 'devices/+/telemetry'"
  sql_version = "2015-10-08"

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }
}

resource "aws_iot_topic_rule" "fail_beta" {
  name        = "fail_beta"
  enabled     = true
  sql         = "SELECT * FROM 'devices/+/telemetry'"
  sql_version = "beta"

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }
}

# Not known before a plan.
resource "aws_iot_topic_rule" "plan_fail" {
  name        = "plan_fail"
  enabled     = true
  sql         = "SELECT * FROM 'devices/+/telemetry'"
  sql_version = var.unknown

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }
}

# A part that is optional and not given: checkov hands over the object.
variable "options" {
  type    = object({ version = optional(string, "2016-03-23") })
  default = {}
}

resource "aws_iot_topic_rule" "plan_pass_option" {
  name        = "plan_pass_option"
  enabled     = true
  sql         = "SELECT * FROM 'devices/+/telemetry'"
  sql_version = var.options.version

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }
}
