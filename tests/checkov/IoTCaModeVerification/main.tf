# The provider refuses a plan of what fails in DEFAULT mode: such a resource is not made there.
variable "hcl_only" {
  type = number
}

variable "mode" {
  type = string
}

variable "pem" {
  type     = string
  nullable = true
}


resource "terraform_data" "verification" {
}

resource "aws_iot_ca_certificate" "pass_default" {
  active                       = true
  allow_auto_registration      = false
  ca_certificate_pem           = "pem"
  verification_certificate_pem = "pem"
}

resource "aws_iot_ca_certificate" "pass_file" {
  active                       = true
  allow_auto_registration      = false
  ca_certificate_pem           = "pem"
  certificate_mode             = "DEFAULT"
  verification_certificate_pem = file("${path.module}/verification.txt")
}

resource "aws_iot_ca_certificate" "pass_resource" {
  active                       = true
  allow_auto_registration      = false
  ca_certificate_pem           = "pem"
  verification_certificate_pem = terraform_data.verification.id
}

resource "aws_iot_ca_certificate" "pass_sni" {
  active                  = true
  allow_auto_registration = false
  ca_certificate_pem      = "pem"
  certificate_mode        = "SNI_ONLY"
}

resource "aws_iot_ca_certificate" "fail_default" {
  count = var.hcl_only

  active                  = true
  allow_auto_registration = false
  ca_certificate_pem      = "pem"
}

resource "aws_iot_ca_certificate" "fail_sni" {
  active                       = true
  allow_auto_registration      = false
  ca_certificate_pem           = "pem"
  certificate_mode             = "SNI_ONLY"
  verification_certificate_pem = "pem"
}

resource "aws_iot_ca_certificate" "fail_sni_resource" {
  active                       = true
  allow_auto_registration      = false
  ca_certificate_pem           = "pem"
  certificate_mode             = "SNI_ONLY"
  verification_certificate_pem = terraform_data.verification.id
}

# Left alone: what is not known.
resource "aws_iot_ca_certificate" "plan_pass_mode" {
  active                  = true
  allow_auto_registration = false
  ca_certificate_pem      = "pem"
  certificate_mode        = var.mode
}

resource "aws_iot_ca_certificate" "plan_pass_pem" {
  active                       = true
  allow_auto_registration      = false
  ca_certificate_pem           = "pem"
  certificate_mode             = "SNI_ONLY"
  verification_certificate_pem = var.pem
}
