# Values that no scan of HCL knows: they have no default. The plan test sets them.
variable "unknown" {
  type = string
}

variable "policies" {
  type = set(string)
}

resource "aws_iot_domain_configuration" "pass_default" {
  name = "pass_default"
}

resource "aws_iot_domain_configuration" "pass_tls13" {
  name = "pass_tls13"

  tls_config {
    security_policy = "IoTSecurityPolicy_TLS13_1_3_2022_10"
  }
}

resource "aws_iot_domain_configuration" "pass_tls12" {
  name = "pass_tls12"

  tls_config {
    security_policy = "IoTSecurityPolicy_TLS12_1_2_2022_10"
  }
}

resource "aws_iot_domain_configuration" "fail_2015" {
  name = "fail_2015"

  tls_config {
    security_policy = "IoTSecurityPolicy_TLS12_1_0_2015_01"
  }
}

resource "aws_iot_domain_configuration" "fail_2016" {
  name = "fail_2016"

  tls_config {
    security_policy = "IoTSecurityPolicy_TLS12_1_0_2016_01"
  }
}

# Not known before a plan.
resource "aws_iot_domain_configuration" "plan_pass" {
  name = "plan_pass"

  tls_config {
    security_policy = var.unknown
  }
}

resource "aws_iot_domain_configuration" "plan_fail" {
  name = "plan_fail"

  dynamic "tls_config" {
    for_each = var.policies

    content {
      security_policy = tls_config.value
    }
  }
}
