# No request is sent in a plan, so these need not be real.
locals {
  csr = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"
  pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
}

resource "aws_iot_certificate" "pass_csr" {
  active = true
  csr    = local.csr
}

resource "aws_iot_certificate" "pass_certificate" {
  active          = true
  certificate_pem = local.pem
}

resource "aws_iot_certificate" "pass_both" {
  active          = true
  certificate_pem = local.pem
  ca_pem          = local.pem
}

# Known after the apply, but not one that AWS IoT makes.
resource "aws_iot_certificate" "pass_later" {
  active = true
  csr    = terraform_data.later.id
}

resource "terraform_data" "later" {}

resource "aws_iot_certificate" "fail_neither" {
  active = true
}

resource "aws_iot_certificate" "fail_null" {
  active          = false
  csr             = null
  certificate_pem = null
}

resource "aws_iot_certificate" "fail_each" {
  for_each = toset(["factory"])

  active = true
}

resource "aws_iot_certificate" "fail_empty" {
  active = true
  csr    = ""
}

variable "csr" {
  type    = string
  default = ""
}

resource "aws_iot_certificate" "fail_empty_variable" {
  active = true
  csr    = var.csr
}
