variable "resource" {
  type = string
}

resource "aws_iam_role_policy" "pass" {
  role = "provision"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["iot:AttachPolicy", "iot:GetPolicy"], Resource = "arn:aws:iot:eu-west-1:111122223333:cert/*" },
      { Effect = "Allow", Action = "iot:CreatePolicy", Resource = "arn:aws:iot:eu-west-1:111122223333:policy/acme-*" },
      { Effect = "Deny", Action = "iot:*", Resource = "*" },
    ]
  })
}

resource "aws_iam_policy" "pass_condition" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "iot:*"
      Resource  = "*"
      Condition = { StringEquals = { "aws:ResourceTag/fleet" = "acme" } }
    }]
  })
}

resource "aws_iam_policy" "pass_all_but" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", NotAction = ["IOT:createpolicy*"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "fail_all" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:*", Resource = "*" }]
  })
}

resource "aws_iam_policy" "fail_any_service" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "*", Resource = "*" }
  })
}

resource "aws_iam_policy" "fail_all_but" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", NotAction = "iam:*", Resource = "*" }]
  })
}

resource "aws_iam_policy" "fail_everywhere_but" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:*", NotResource = "arn:aws:iot:eu-west-1:111122223333:policy/admin" }]
  })
}

resource "aws_iam_role_policy" "fail_two_statements" {
  role = "gate"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:CreatePolicyVersion", Resource = "arn:aws:iot:eu-west-1:111122223333:policy/*" },
      { Effect = "Allow", Action = "iot:AttachPrincipalPolicy", Resource = ["arn:aws:iot:eu-west-1:111122223333:cert/*"] },
    ]
  })
}

resource "aws_iam_role_policy" "fail_text" {
  role   = "gate"
  policy = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": [
        {"Effect": "Allow", "Action": ["iot:Create*", "iot:Attach*"], "Resource": "arn:aws:iot:eu-west-1:111122223333:*"}
      ]
    }
  EOT
}

resource "aws_iam_policy" "fail_both" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["iot:CreatePolicy", "iot:AttachPolicy"], Resource = "*" }]
  })
}

# One of the two rights alone.
resource "aws_iam_policy" "pass_attach_only" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["iot:AttachPolicy", "iot:AttachPrincipalPolicy"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "pass_create_only" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["iot:CreatePolicy", "iot:CreatePolicyVersion"], Resource = "*" }]
  })
}

# Left alone: nothing about AWS IoT, and what is not known.
resource "aws_iam_policy" "unknown_other" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "*" }]
  })
}

resource "aws_iam_policy" "unknown_deny" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "iot:*", Resource = "*" }]
  })
}

resource "aws_iam_policy" "plan_fail" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:*", Resource = var.resource }]
  })
}

variable "action" {
  type = string
}

variable "statement" {
  type = any
}

resource "aws_iam_policy" "fail_among_others" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:GetObject", "iot:*"]
      Resource = ["arn:aws:iot:eu-west-1:111122223333:policy/acme-*", "*"]
    }]
  })
}

resource "aws_iam_policy" "pass_all_but_two" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", NotAction = ["iot:CreatePolicy*", "iam:*"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "plan_pass_action" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["iot:Publish", var.action], Resource = "*" }]
  })
}

resource "aws_iam_policy" "plan_fail_statement" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:Publish", Resource = "*" },
      var.statement,
    ]
  })
}

resource "terraform_data" "later" {
}

locals {
  later = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:*", Resource = terraform_data.later.id }]
  })
}

resource "aws_iam_policy" "unknown_later" {
  policy = local.later
}

resource "aws_iam_policy" "fail_wide_condition" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:*", Resource = "*", Condition = { Bool = { "aws:SecureTransport" = "true" } } }]
  })
}

resource "aws_iam_policy" "pass_iot_condition" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:*", Resource = "*", Condition = { StringEquals = { "iot:Delete" = "false" } } }]
  })
}

resource "aws_iam_policy" "fail_service" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:*", Resource = "arn:aws:iot:*" }]
  })
}

resource "aws_iam_policy" "fail_part_of_kind" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:*", Resource = "arn:aws:iot:eu-west-1:111122223333:policy*" }]
  })
}

resource "aws_iam_policy" "fail_letter_of_kind" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:*", Resource = "arn:aws:iot:*:*:c*" }]
  })
}

resource "aws_iam_policy" "pass_other_service" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:*", Resource = "arn:aws:s3:::*" }]
  })
}

resource "aws_iam_user_policy" "fail" {
  user = "operator"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:*", Resource = "*" }]
  })
}

resource "aws_iam_group_policy" "fail" {
  group = "operators"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:*", Resource = "*" }]
  })
}

resource "aws_iam_policy" "plan_fail_condition" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "iot:*", Resource = "*", Condition = var.condition }]
  })
}

variable "condition" {
  type = any
}

resource "aws_iam_role" "fail_inline" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })

  inline_policy {
    name = "inline"
    policy = jsonencode({
      Version   = "2012-10-17"
      Statement = [{ Effect = "Allow", Action = "iot:*", Resource = "*" }]
    })
  }
}

resource "aws_iam_role" "pass_inline" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })

  inline_policy {
    name = "inline"
    policy = jsonencode({
      Version   = "2012-10-17"
      Statement = [{ Effect = "Allow", Action = "iot:Publish", Resource = "*" }]
    })
  }
}

resource "aws_iam_role" "plan_fail_inline" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })

  inline_policy {
    name = "inline"
    policy = jsonencode({
      Version   = "2012-10-17"
      Statement = [{ Effect = "Allow", Action = "iot:Publish", Resource = "*" }]
    })
  }

  dynamic "inline_policy" {
    for_each = var.inline

    content {
      name   = "dynamic"
      policy = inline_policy.value
    }
  }
}

resource "aws_iam_role" "unknown_no_policy" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

variable "inline" {
  type = list(string)
}

resource "aws_iam_policy" "plan_fail_half_a_condition" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "iot:CreatePolicy", Resource = "*" },
      { Effect = "Allow", Action = "iot:AttachPolicy", Resource = "*", Condition = var.condition },
    ]
  })
}
