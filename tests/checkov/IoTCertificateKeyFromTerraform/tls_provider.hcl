# Read by checkov and not by Terraform: a plan would need the tls provider.
resource "tls_private_key" "claim" {
  algorithm = "ECDSA"
}

resource "tls_cert_request" "claim" {
  private_key_pem = tls_private_key.claim.private_key_pem
}

resource "aws_iot_certificate" "fail_request" {
  active = true
  csr    = tls_cert_request.claim.cert_request_pem
}

resource "aws_iot_certificate" "fail_trimmed_request" {
  active = true
  csr    = "${trimspace(tls_cert_request.claim.cert_request_pem)}\n"
}

resource "aws_iot_certificate" "fail_signed" {
  active          = true
  certificate_pem = tls_locally_signed_cert.device.cert_pem
}

resource "aws_iot_ca_certificate" "fail_ca" {
  active                       = true
  allow_auto_registration      = true
  ca_certificate_pem           = tls_self_signed_cert.ca.cert_pem
  verification_certificate_pem = file("${path.module}/verification.pem")
}

resource "aws_iot_ca_certificate" "fail_verification" {
  active                       = true
  allow_auto_registration      = true
  ca_certificate_pem           = file("${path.module}/ca.pem")
  verification_certificate_pem = tls_locally_signed_cert.verification.cert_pem
}
