# A BAD EXAMPLE, NEVER TO BE APPLIED: see registry.tf.

resource "aws_cloudwatch_log_group" "provisioning" {
  name = "/aws/iot/provisioning"
  tags = { Project = "IoTProvisioning" }
}

resource "aws_cloudwatch_metric_alarm" "failures" {
  alarm_name          = "IoTProvisioningFailures"
  alarm_description   = "Monitor failed device provisioning attempts"
  metric_name         = "Errors"
  namespace           = "AWS/Lambda"
  dimensions          = { FunctionName = local.hook_name }
  statistic           = "Sum"
  period              = 300
  threshold           = 5
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
}

# Nothing publishes to this topic. The recipe names no version either; 2015-10-08 is what a rule then has.
resource "aws_iot_topic_rule" "audit" {
  name        = "ProvisioningAuditRule"
  description = "Log all provisioning events for audit"
  enabled     = true
  sql         = "SELECT * FROM \"$aws/events/provisioning/template/+/+\""
  sql_version = "2015-10-08"

  cloudwatch_logs {
    log_group_name = aws_cloudwatch_log_group.provisioning.name
    role_arn       = aws_iam_role.provisioning.arn
  }
}
