variable "name" {
  type = string
}

variable "timeout" {
  type = number
}

resource "aws_lambda_function" "this" {
  function_name = var.name
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
  timeout       = var.timeout
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = "1"
}

output "arn" {
  value = aws_lambda_alias.live.arn
}

output "name" {
  value = aws_lambda_function.this.function_name
}
