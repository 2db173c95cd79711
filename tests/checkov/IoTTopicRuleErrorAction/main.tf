# A value that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = set(string)
}

resource "aws_iot_topic_rule" "pass_error_action" {
  name        = "pass_error_action"
  enabled     = true
  sql         = "SELECT * FROM 'devices/+/telemetry'"
  sql_version = "2016-03-23"

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }

  error_action {
    sns {
      target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
      role_arn   = "arn:aws:iam::111122223333:role/rule"
    }
  }
}

resource "aws_iot_topic_rule" "fail_none" {
  name        = "fail_none"
  enabled     = true
  sql         = "SELECT * FROM 'devices/+/telemetry'"
  sql_version = "2016-03-23"

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }
}

resource "aws_iot_topic_rule" "fail_action_twice" {
  name        = "fail_action_twice"
  enabled     = true
  sql         = "SELECT * FROM 'devices/+/telemetry'"
  sql_version = "2016-03-23"

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }
}

# Not known before a plan.
resource "aws_iot_topic_rule" "plan_pass" {
  name        = "plan_pass"
  enabled     = true
  sql         = "SELECT * FROM 'devices/+/telemetry'"
  sql_version = "2016-03-23"

  sns {
    target_arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    role_arn   = "arn:aws:iam::111122223333:role/rule"
  }

  dynamic "error_action" {
    for_each = var.unknown

    content {
      sns {
        target_arn = error_action.value
        role_arn   = "arn:aws:iam::111122223333:role/rule"
      }
    }
  }
}
