data "aws_iam_policy_document" "pass" {
  statement {
    actions   = ["iot:AttachPolicy"]
    resources = ["*"]
  }

  statement {
    actions   = ["iot:CreatePolicy"]
    resources = ["arn:aws:iot:eu-west-1:111122223333:policy/acme-*"]
  }
}

data "aws_iam_policy_document" "fail_all" {
  statement {
    actions   = ["iot:*"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "fail_all_but" {
  statement {
    not_actions   = ["iam:*"]
    not_resources = ["arn:aws:iot:eu-west-1:111122223333:policy/admin"]
  }
}

# Left alone: nothing about AWS IoT, and statements from elsewhere.
data "aws_iam_policy_document" "unknown_other" {
  statement {
    actions   = ["s3:*"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "unknown_composed" {
  override_policy_documents = [data.aws_iam_policy_document.unknown_other.json]

  statement {
    actions   = ["iot:AttachPolicy"]
    resources = ["*"]
  }
}

variable "actions" {
  type = list(string)
}

data "aws_iam_policy_document" "unknown_dynamic" {
  statement {
    actions   = ["iot:AttachPolicy"]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = var.actions

    content {
      actions   = [statement.value]
      resources = ["*"]
    }
  }
}

# What is wrong stays wrong, whatever else there may be.
data "aws_iam_policy_document" "fail_composed" {
  override_policy_documents = [data.aws_iam_policy_document.unknown_other.json]

  statement {
    actions   = ["iot:*"]
    resources = ["*"]
  }
}
