module "account_baseline" {
  source = "./account-baseline"
}

# The directory says it where the call does not: a plan knows calls only.
module "settings" {
  source = "./account-baseline"
}

resource "aws_iot_event_configurations" "fail" {
  event_configurations = { THING = true }
}

resource "aws_iot_indexing_configuration" "fail" {
  thing_group_indexing_configuration {
    thing_group_indexing_mode = "ON"
  }
}

resource "aws_iot_logging_options" "fail" {
  default_log_level = "WARN"
  role_arn          = "arn:aws:iam::111122223333:role/logging"
}
