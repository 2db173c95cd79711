# A BAD EXAMPLE, NEVER TO BE APPLIED: see registry.tf.

resource "aws_iam_role" "hook" {
  name = "${local.hook_name}-execution-role"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_policy" "hook" {
  name = "${local.hook_name}-policy"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:${var.region}:${var.account_id}:*"
      },
      {
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"]
        Resource = "arn:aws:dynamodb:${var.region}:${var.account_id}:table/${local.table_name}*"
      },
      {
        Effect   = "Allow"
        Action   = ["iot:DescribeThing", "iot:ListThingTypes"]
        Resource = "*"
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "hook" {
  role       = aws_iam_role.hook.name
  policy_arn = aws_iam_policy.hook.arn
}

# Nobody allows AWS IoT to invoke it.
resource "aws_lambda_function" "hook" {
  function_name = local.hook_name
  runtime       = "python3.9"
  role          = aws_iam_role.hook.arn
  handler       = "lambda_function.lambda_handler"
  filename      = "device-provisioning-hook.zip"
  timeout       = 60
  memory_size   = 256

  environment {
    variables = { DEVICE_REGISTRY_TABLE = local.table_name }
  }

  tags = { Project = "IoTProvisioning" }
}

# Writes first shadows, or would, if anything invoked it.
resource "aws_lambda_function" "shadow" {
  function_name = "device-shadow-initializer-${var.suffix}"
  runtime       = "python3.9"
  role          = aws_iam_role.hook.arn
  handler       = "shadow-init-function.lambda_handler"
  filename      = "shadow-init-function.zip"
  timeout       = 30
}
