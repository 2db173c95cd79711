variable "automatic" {
  type = bool
}

variable "configurations" {
  type = list(string)
}

resource "aws_iot_ca_certificate" "pass_manual" {
  active                  = true
  allow_auto_registration = false
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"
}

resource "aws_iot_ca_certificate" "pass_template" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"

  registration_config {
    template_name = "jitp"
  }
}

resource "aws_iot_ca_certificate" "pass_gate" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"
}

resource "aws_iot_topic_rule" "gate" {
  name        = "registered"
  enabled     = true
  sql         = "SELECT * FROM '$aws/events/certificates/registered/${aws_iot_ca_certificate.pass_gate.id}'"
  sql_version = "2016-03-23"

  lambda {
    function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:gate"
  }
}

# A rule for all CAs stands beside these.
module "every" {
  source = "./modules/every"
}

resource "aws_iot_ca_certificate" "fail_alone" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"
}

resource "aws_iot_ca_certificate" "fail_gate_off" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"
}

resource "aws_iot_topic_rule" "off" {
  name        = "off"
  enabled     = false
  sql         = "SELECT * FROM '$aws/events/certificates/registered/${aws_iot_ca_certificate.fail_gate_off.id}'"
  sql_version = "2016-03-23"

  lambda {
    function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:gate"
  }
}

# Listens to the registered certificates of another CA, and to other events of all.
resource "aws_iot_topic_rule" "other" {
  name        = "other"
  enabled     = true
  sql         = "SELECT * FROM '$aws/events/certificates/registered/0123456789abcdef'"
  sql_version = "2016-03-23"

  lambda {
    function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:gate"
  }
}

resource "aws_iot_topic_rule" "presence" {
  name        = "presence"
  enabled     = true
  sql         = "SELECT * FROM '$aws/events/presence/connected/+'"
  sql_version = "2016-03-23"

  lambda {
    function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:gate"
  }
}

# Left alone: what is not known.
resource "aws_iot_ca_certificate" "plan_fail_automatic" {
  active                  = true
  allow_auto_registration = var.automatic
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"
}

resource "aws_iot_ca_certificate" "plan_pass_dynamic" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"

  dynamic "registration_config" {
    for_each = var.configurations

    content {
      template_name = registration_config.value
    }
  }
}

resource "terraform_data" "later" {
  input = ["jitp"]
}

resource "aws_iot_ca_certificate" "unknown_dynamic" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"

  dynamic "registration_config" {
    for_each = terraform_data.later.output

    content {
      template_name = registration_config.value
    }
  }
}

resource "terraform_data" "automatic" {
  input = true
}

locals {
  automatic = terraform_data.automatic.output
}

resource "aws_iot_ca_certificate" "unknown_automatic" {
  active                  = true
  allow_auto_registration = local.automatic
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"
}

# A gate, whatever else there may be.
resource "aws_iot_ca_certificate" "pass_gate_and_dynamic" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"

  dynamic "registration_config" {
    for_each = terraform_data.later.output

    content {
      template_name = registration_config.value
    }
  }
}

resource "aws_iot_topic_rule" "gate_and_dynamic" {
  name        = "gate_and_dynamic"
  enabled     = true
  sql         = "SELECT * FROM '$aws/events/certificates/registered/${aws_iot_ca_certificate.pass_gate_and_dynamic.id}'"
  sql_version = "2016-03-23"

  lambda {
    function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:gate"
  }
}

resource "aws_iot_ca_certificate" "fail_no_template" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"

  registration_config {
    role_arn = "arn:aws:iam::111122223333:role/provision"
  }
}

resource "aws_iot_ca_certificate" "pass_body" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"

  registration_config {
    template_body = jsonencode({ Resources = {} })
  }
}

resource "aws_iot_ca_certificate" "hcl_pass_later" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"

  registration_config {
    template_name = local.later
  }
}

resource "aws_iot_ca_certificate" "fail_log" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"
}

resource "aws_iot_topic_rule" "fail_log" {
  name        = "fail_log"
  enabled     = true
  sql         = "SELECT * FROM '$aws/events/certificates/registered/${aws_iot_ca_certificate.fail_log.id}'"
  sql_version = "2016-03-23"

  cloudwatch_logs {
    log_group_name = "registered"
    role_arn       = "arn:aws:iam::111122223333:role/log"
  }
}

resource "aws_iot_ca_certificate" "pass_queue" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"
}

resource "aws_iot_topic_rule" "pass_queue" {
  name        = "pass_queue"
  enabled     = true
  sql         = "SELECT * FROM '$aws/events/certificates/registered/${aws_iot_ca_certificate.pass_queue.id}'"
  sql_version = "2016-03-23"

  sqs {
    queue_url  = "https://sqs.eu-west-1.amazonaws.com/111122223333/registered"
    role_arn   = "arn:aws:iam::111122223333:role/queue"
    use_base64 = false
  }
}

resource "aws_iot_ca_certificate" "pass_steps" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"
}

resource "aws_iot_topic_rule" "pass_steps" {
  name        = "pass_steps"
  enabled     = true
  sql         = "SELECT * FROM '$aws/events/certificates/registered/${aws_iot_ca_certificate.pass_steps.id}'"
  sql_version = "2016-03-23"

  step_functions {
    state_machine_name = "registered"
    role_arn           = "arn:aws:iam::111122223333:role/steps"
  }
}

locals {
  later = terraform_data.later.id
}
