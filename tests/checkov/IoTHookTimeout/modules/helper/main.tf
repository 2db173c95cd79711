resource "aws_lambda_function" "this" {
  function_name = "helper"
  role          = "arn:aws:iam::111122223333:role/hook"
  handler       = "hook.handler"
  runtime       = "python3.13"
  filename      = "hook.zip"
  timeout       = 60
}

output "arn" {
  value = aws_lambda_function.this.arn
}
