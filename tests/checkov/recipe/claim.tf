# A BAD EXAMPLE, NEVER TO BE APPLIED: see registry.tf.

# With neither a signing request nor a certificate AWS IoT makes the key: as create-keys-and-certificate does.
resource "aws_iot_certificate" "claim" {
  active = true
}

resource "aws_iot_policy" "claim" {
  name = "ClaimCertificatePolicy"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["iot:Connect"]
        Resource = "*"
      },
      {
        Effect   = "Allow"
        Action   = ["iot:Publish", "iot:Receive"]
        Resource = "${local.iot}:topic/$aws/provisioning-templates/${local.template_name}/provision/*"
      },
      {
        Effect   = "Allow"
        Action   = ["iot:Subscribe"]
        Resource = "${local.iot}:topicfilter/$aws/provisioning-templates/${local.template_name}/provision/*"
      },
    ]
  })
}

resource "aws_iot_policy_attachment" "claim" {
  policy = aws_iot_policy.claim.name
  target = aws_iot_certificate.claim.arn
}
