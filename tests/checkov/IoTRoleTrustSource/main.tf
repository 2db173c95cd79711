# An id that no scan of HCL knows: it has no default. The plan test sets it.
variable "unknown" {
  type = string
}

locals {
  account = "111122223333"
}

resource "aws_iam_role" "pass_jsonencode" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:${local.account}:*" }
      }
    }]
  })
}

resource "aws_iam_role" "pass_text" {
  assume_role_policy = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": ["lambda.amazonaws.com", "iot.amazonaws.com"]},
        "Condition": {
          "StringEquals": {
            "AWS:sourceAccount": ["111122223333"],
            "aws:SourceArn": "arn:aws:iot:eu-west-1:111122223333:provisioningtemplate/fleet"
          }
        }
      }
    }
  EOT
}

resource "aws_iam_role" "fail_no_condition" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "iot.amazonaws.com" } }]
  })
}

resource "aws_iam_role" "fail_account_only" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role" "fail_arn_only" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:111122223333:*" } }
    }]
  })
}

resource "aws_iam_role" "fail_weak_operators" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEqualsIfExists = { "aws:SourceAccount" = local.account }
        ArnLikeIfExists      = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:111122223333:*" }
      }
    }]
  })
}

resource "aws_iam_role" "fail_any_account" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = "*" }
        ArnLike      = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:111122223333:*" }
      }
    }]
  })
}

resource "aws_iam_role" "fail_any_arn" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "*" }
      }
    }]
  })
}

resource "aws_iam_role" "fail_any_account_in_arn" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = ["arn:aws:iot:eu-west-1:111122223333:*", "arn:aws:iot:*:*:*"] }
      }
    }]
  })
}

resource "aws_iam_role" "fail_other_service" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:aws:lambda:eu-west-1:111122223333:function:hook" }
      }
    }]
  })
}

# The conditions stand in another statement, where they restrict nobody else.
resource "aws_iam_role" "fail_second_statement" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "iot.amazonaws.com" }
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnLike      = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:111122223333:*" }
        }
      },
      { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "iot.amazonaws.com" } },
    ]
  })
}

# Left alone: another service, a statement that allows nothing, and what is not known before the apply.
resource "aws_iam_role" "unknown_lambda" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role" "unknown_deny" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "sts:AssumeRole", Principal = { Service = "iot.amazonaws.com" } }]
  })
}

resource "aws_iam_role" "unknown_account" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = terraform_data.later.id }
        ArnLike      = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:111122223333:*" }
      }
    }]
  })
}

resource "terraform_data" "later" {}

# Another value each time it is planned: a scan of HCL does not know it, a plan does.
resource "aws_iam_role" "plan_pass" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.unknown }
        ArnLike      = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:${var.unknown}:*" }
      }
    }]
  })
}
