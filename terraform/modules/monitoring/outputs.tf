output "topic_arn" {
  description = "ARN of the topic that alarms publish to: the one made here, or the given one."
  value       = var.create ? local.topic_arn : null
}

output "topic_kms_key_arn" {
  description = "ARN of the key that encrypts the topic made here; null when one is given."
  value       = one(aws_sns_topic.this[*].kms_master_key_id)
}

output "alarms" {
  description = "Per alarm, by <kind> or <kind>/<key>: its name, ARN, kind, and the section of the runbook that is about it."
  value = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => {
    name    = alarm.alarm_name
    arn     = alarm.arn
    kind    = local.alarms[key].kind
    runbook = "${var.runbook}#${local.alarms[key].kind}"
  } }
}

output "thresholds" {
  description = "Per alarm, what it compares its metric with; null for a band."
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.threshold_metric_id == null ? alarm.threshold : null }
}

output "periods" {
  description = "Per alarm on one metric and a number, the seconds of a period; null for the others."
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => local.alarms[key].form == "metric" ? alarm.period : null }
}

output "dashboard_name" {
  description = "Name of the dashboard; null without one."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}

output "dashboard_arn" {
  description = "ARN of the dashboard; null without one."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_arn)
}
