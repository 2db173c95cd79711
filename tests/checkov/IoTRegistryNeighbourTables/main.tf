resource "aws_iam_policy" "pass_table" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["dynamodb:GetItem"], Resource = "arn:aws:dynamodb:eu-west-1:111122223333:table/registry" },
      { Effect = "Allow", Action = ["logs:PutLogEvents"], Resource = "*" },
      { Effect = "Deny", Action = ["dynamodb:PutItem"], Resource = "arn:aws:dynamodb:eu-west-1:111122223333:table/registry*" },
    ]
  })
}

resource "aws_iam_role_policy" "pass_index" {
  role = "function"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["dynamodb:Query"], Resource = ["arn:aws:dynamodb:eu-west-1:111122223333:table/registry", "arn:aws:dynamodb:eu-west-1:111122223333:table/registry/index/*", "arn:aws:dynamodb:eu-west-1:111122223333:table/registry/stream/*"] },
    ]
  })
}

resource "aws_iam_policy" "fail_prefix" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["dynamodb:GetItem"], Resource = "arn:aws:dynamodb:eu-west-1:111122223333:table/registry*" },
    ]
  })
}

resource "aws_iam_role_policy" "fail_letters" {
  role = "function"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["dynamodb:GetItem"], Resource = "arn:aws:dynamodb:eu-west-1:111122223333:table/registry-??" },
    ]
  })
}

resource "aws_iam_user_policy" "fail_second" {
  user = "operator"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["dynamodb:GetItem"], Resource = ["arn:aws:dynamodb:eu-west-1:111122223333:table/registry", "arn:aws:dynamodb:eu-west-1:111122223333:table/registry-*/index/*"] },
    ]
  })
}

# Left alone: no table, every table (a wildcard that hides from nobody), and what is not known.
resource "aws_iam_policy" "unknown_logs" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["logs:PutLogEvents"], Resource = "*" },
    ]
  })
}

resource "aws_iam_policy" "unknown_list" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["dynamodb:ListTables"], Resource = "arn:aws:dynamodb:eu-west-1:111122223333:table/*" },
    ]
  })
}

resource "aws_iam_policy" "unknown_later" {
  policy = terraform_data.later.id
}

resource "terraform_data" "later" {}

resource "aws_iam_policy" "fail_every" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:GetItem"], Resource = "arn:aws:dynamodb:eu-west-1:111122223333:table/*" }]
  })
}

resource "aws_iam_policy" "fail_all" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:Query"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "fail_service" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:Scan"], Resource = "arn:aws:dynamodb:*" }]
  })
}

resource "aws_iam_policy" "fail_write" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:PutItem"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "fail_letter" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:ListTables"], Resource = "arn:aws:dynamodb:eu-west-1:111122223333:table/?egistry" }]
  })
}

resource "aws_iam_policy" "unknown_log_group" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["logs:PutLogEvents"], Resource = "arn:aws:logs:eu-west-1:111122223333:log-group:hook" }]
  })
}

resource "aws_iam_policy" "fail_update" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:UpdateItem"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "fail_delete" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:DeleteItem"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "fail_batch_get" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:BatchGetItem"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "fail_batch_write" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:BatchWriteItem"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "fail_select" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:PartiQLSelect"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "fail_insert" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:PartiQLInsert"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "fail_partiql_update" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:PartiQLUpdate"], Resource = "*" }]
  })
}

resource "aws_iam_policy" "fail_partiql_delete" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["dynamodb:PartiQLDelete"], Resource = "*" }]
  })
}
