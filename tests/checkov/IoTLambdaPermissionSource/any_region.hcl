# Read by checkov and not by Terraform, whose provider refuses this ARN.
resource "aws_lambda_permission" "fail_any_region" {
  action         = "lambda:InvokeFunction"
  function_name  = "hook"
  principal      = "iot.amazonaws.com"
  source_account = "111122223333"
  source_arn     = "arn:aws:iot:*:111122223333:provisioningtemplate/fleet"
}
