# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = string
}

resource "aws_iot_topic_rule" "pass_single" {
  name        = "pass_single"
  enabled     = true
  sql         = "SELECT * FROM 'devices/+/telemetry'"
  sql_version = "2016-03-23"

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }
}

resource "aws_iot_topic_rule" "pass_value_in_double" {
  name        = "pass_value_in_double"
  enabled     = true
  sql         = "SELECT \"on\" AS state from 'devices/+/telemetry'"
  sql_version = "2016-03-23"

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }
}

resource "aws_iot_topic_rule" "fail_double" {
  name        = "fail_double"
  enabled     = true
  sql         = "SELECT * FROM \"devices/+/telemetry\""
  sql_version = "2016-03-23"

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }
}

resource "aws_iot_topic_rule" "fail_lower_case" {
  name        = "fail_lower_case"
  enabled     = true
  sql         = "select * from  \"$aws/events/thing/+/created\" where operation = 'CREATED'"
  sql_version = "2016-03-23"

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }
}

# Not known before a plan, or never.
resource "aws_iot_topic_rule" "plan_pass" {
  name        = "plan_pass"
  enabled     = true
  sql         = var.unknown
  sql_version = "2016-03-23"

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }
}

resource "aws_iot_topic_rule" "unknown_topic" {
  name        = "unknown_topic"
  enabled     = true
  sql         = "SELECT 1"
  sql_version = "2016-03-23"

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }
}
