variable "policy" {
  type = string
}

locals {
  trust = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy_attachment" "pass" {
  role       = "provision"
  policy_arn = "arn:aws:iam::111122223333:policy/register-devices"
}

resource "aws_iam_role" "pass" {
  assume_role_policy  = local.trust
  managed_policy_arns = ["arn:aws:iam::111122223333:policy/register-devices"]
}

resource "aws_iam_role_policy_attachment" "fail" {
  role       = "provision"
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration"
}

resource "aws_iam_role_policy_attachment" "fail_other_partition" {
  role       = "provision"
  policy_arn = "arn:aws-cn:iam::aws:policy/service-role/AWSIoTThingsRegistration"
}

resource "aws_iam_role" "fail" {
  assume_role_policy = local.trust
  managed_policy_arns = [
    "arn:aws:iam::111122223333:policy/register-devices",
    "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration",
  ]
}

resource "aws_iam_policy_attachment" "fail" {
  name       = "everybody"
  roles      = ["provision"]
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration"
}

resource "aws_iam_role_policy_attachments_exclusive" "fail" {
  role_name   = "provision"
  policy_arns = ["arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration"]
}

# Left alone: a role that has no managed policy, and what is not known.
resource "aws_iam_role" "unknown_none" {
  assume_role_policy = local.trust
}

resource "aws_iam_policy" "later" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:ListBucket", Resource = "*" }]
  })
}

resource "aws_iam_role_policy_attachment" "unknown_later" {
  role       = "provision"
  policy_arn = aws_iam_policy.later.arn
}

resource "aws_iam_role_policy_attachment" "plan_fail" {
  role       = "provision"
  policy_arn = var.policy
}
