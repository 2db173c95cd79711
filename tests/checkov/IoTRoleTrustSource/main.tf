# Without a default: a scan of HCL does not know them, the plan test sets them.
variable "account" {
  type = string
}

variable "service" {
  type = string
}

variable "condition" {
  type = any
}

variable "keys" {
  type = map(string)
}

variable "statement" {
  type = any
}

# Who asks is known online only: what needs it is not made in the plan test.
variable "hcl_only" {
  type = number
}

data "aws_caller_identity" "this" {
  count = var.hcl_only
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

# What a scan of HCL does not know and a plan does.
resource "aws_iam_role" "plan_pass" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account }
        ArnLike      = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:${var.account}:*" }
      }
    }]
  })
}

resource "aws_iam_role" "pass_arn_equals" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnEquals    = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:111122223333:provisioningtemplate/fleet" }
      }
    }]
  })
}

resource "aws_iam_role" "hcl_pass_caller" {
  count = var.hcl_only

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this[0].account_id }
        ArnLike      = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:${data.aws_caller_identity.this[0].account_id}:*" }
      }
    }]
  })
}

resource "aws_iam_role" "plan_pass_service" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:aws:${var.service}:eu-west-1:111122223333:*" }
      }
    }]
  })
}

resource "aws_iam_role" "plan_pass_condition" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = var.condition
    }]
  })
}

resource "aws_iam_role" "plan_pass_keys" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = { StringEquals = var.keys, ArnLike = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:111122223333:*" } }
    }]
  })
}

resource "aws_iam_role" "plan_pass_any_keys" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = var.condition.StringEquals
        ArnLike      = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:111122223333:*" }
      }
    }]
  })
}

resource "aws_iam_role" "plan_fail_statement" {
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
      var.statement,
    ]
  })
}

resource "aws_iam_role" "fail_no_arn_at_all" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "urn:aws:iot:eu-west-1:111122223333:*" }
      }
    }]
  })
}

resource "aws_iam_role" "fail_half_an_arn" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:aws:iot" }
      }
    }]
  })
}

resource "aws_iam_role" "fail_no_value" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = [] }
        ArnLike      = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:111122223333:*" }
      }
    }]
  })
}

resource "aws_iam_role" "fail_other_keys" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:PrincipalAccount" = local.account }
        ArnLike      = { "aws:PrincipalArn" = "arn:aws:iot:eu-west-1:111122223333:*" }
      }
    }]
  })
}

resource "aws_iam_role" "pass_string_like" {
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "iot.amazonaws.com" }
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          StringLike   = { "aws:SourceArn" = "arn:aws:iot:eu-west-1:111122223333:*" }
        }
      },
    ]
  })
}

resource "aws_iam_role" "hcl_pass_beside_account" {
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
      { Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = terraform_data.later.id } },
    ]
  })
}

resource "aws_iam_role" "fail_everybody" {
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
      { Effect = "Allow", Action = "sts:AssumeRole", Principal = "*" },
    ]
  })
}

resource "aws_iam_role" "plan_fail_service" {
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
      { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = var.trusted } },
    ]
  })
}

resource "aws_iam_role" "plan_fail_principal" {
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
      { Effect = "Allow", Action = "sts:AssumeRole", Principal = var.principal },
    ]
  })
}

resource "aws_iam_role" "plan_fail_effect" {
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
      { Effect = var.effect, Action = "sts:AssumeRole", Principal = { Service = "iot.amazonaws.com" } },
    ]
  })
}

resource "aws_iam_role" "plan_pass_other" {
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
      { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = var.other } },
    ]
  })
}

variable "trusted" {
  type = string
}

variable "other" {
  type = string
}

variable "principal" {
  type = map(string)
}

variable "effect" {
  type = string
}

resource "aws_iam_role" "pass_deny" {
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
      { Effect = "Deny", Action = "sts:AssumeRole", Principal = "*" },
    ]
  })
}
