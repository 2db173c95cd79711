resource "aws_iot_certificate" "pass_text" {
  active = true
  csr    = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"
}

resource "aws_iot_certificate" "pass_file" {
  active = true
  csr    = "${trimspace(file("${path.module}/claim.csr.pem"))}\n"
}

resource "aws_iot_ca_certificate" "pass_ca" {
  active                  = true
  allow_auto_registration = false
  ca_certificate_pem      = file("${path.module}/claim.csr.pem")
  certificate_mode        = "SNI_ONLY"
}

# Left alone: nothing to judge (CKV_AWSIOT_30 does), and what is not known.
resource "aws_iot_certificate" "unknown_neither" {
  active = true
}

resource "aws_iot_certificate" "unknown_later" {
  active = true
  csr    = terraform_data.later.id
}

resource "terraform_data" "later" {}

resource "aws_iot_certificate" "unknown_empty" {
  active = true
  csr    = ""
}
