resource "aws_iot_ca_certificate" "pass" {
  active                  = true
  allow_auto_registration = true
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"
}

resource "aws_iot_topic_rule" "gate" {
  name        = "every"
  enabled     = true
  sql         = "SELECT * FROM '$aws/events/certificates/registered/+'"
  sql_version = "2016-03-23"

  lambda {
    function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:gate"
  }
}
