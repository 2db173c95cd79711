################################################################################
# What there is to watch: for each kind of alarm, one for each of these
################################################################################

locals {
  nowhere = { dimensions = {}, threshold = null }

  registering = length(var.templates) > 0
  lifecycle   = var.lifecycle_functions != null

  instances = {
    registration-failures      = local.templates
    registration-failure-ratio = local.templates
    key-creation-failures      = { for key in [""] : key => local.nowhere if local.registering }
    csr-signing-failures       = { for key in [""] : key => local.nowhere if local.registering }
    claim-budget = { for key, claim in var.claims : key => {
      dimensions = { ClaimCertificateId = claim.certificate_id }
      threshold  = claim.budget
    } }

    jitp-client-errors = { for key in [""] : key => local.nowhere if var.just_in_time }
    jitp-server-errors = { for key in [""] : key => local.nowhere if var.just_in_time }

    hook-errors    = local.hook
    hook-throttles = local.hook
    # A short timeout ends a call before the threshold does: then it is the same share of that timeout as of 4 s.
    hook-duration = { for function in var.hook[*] : "" => {
      dimensions = { FunctionName = function.name }
      threshold  = try(var.alarms["hook-duration"].threshold, null) == null ? min(local.catalogue.hook-duration.threshold, function.timeout_seconds * 750) : null
    } }
    function-errors    = local.functions
    function-throttles = local.functions
    function-duration = { for key, function in var.functions : key => {
      dimensions = { FunctionName = function.name }
      threshold  = function.timeout_seconds * 1000 * local.settings.function-duration.threshold
    } }

    denials = { for key in [""] : key => { dimensions = { Outcome = "denied" }, threshold = null } if local.deciding }
    denials-by-reason = { for reason, threshold in var.denial_thresholds : reason => {
      dimensions = { Reason = reason }
      threshold  = threshold
    } if local.deciding }

    registry-throttling    = local.operations
    registry-system-errors = local.operations
    registry-user-errors   = { for key in [""] : key => local.nowhere if var.registry != null }

    rule-failures = merge([for key, rule in var.topic_rules : { for type in rule.action_types : "${key}-${type}" => {
      dimensions = { RuleName = rule.name, ActionType = type }
      threshold  = null
    } }]...)
    rule-error-action-failures = merge([for key, rule in var.topic_rules : { for type in rule.error_action_types : "${key}-${type}" => {
      dimensions = { RuleName = rule.name, ActionType = type }
      threshold  = null
    } }]...)
    dead-letter-depth = local.queues
    dead-letter-age   = local.queues

    stuck-provisioning = { for key in [""] : key => local.nowhere if local.lifecycle }
    sweep-silent       = { for key in compact([try(var.lifecycle_functions.sweep, null)]) : "" => local.nowhere }
    stream-lag         = { for name in compact([try(var.lifecycle_functions.enforcement, null)]) : "" => { dimensions = { FunctionName = name }, threshold = null } }
    lifecycle-faults   = { for key in [""] : key => local.nowhere if local.lifecycle }
    sweep-failures     = { for key in [""] : key => local.nowhere if local.lifecycle }
    unexpected-things  = { for key in [""] : key => local.nowhere if local.lifecycle && var.unexpected_things }
    state-changes = { for state, threshold in var.state_change_thresholds : state => {
      dimensions = { To = state }
      threshold  = threshold
    } if local.lifecycle }

    canary-failed = { for key in [""] : key => local.nowhere if var.canary }
    canary-silent = { for key in [""] : key => local.nowhere if var.canary }
  }

  templates  = { for key, name in var.templates : key => { dimensions = { TemplateName = name }, threshold = null } }
  hook       = { for function in var.hook[*] : "" => { dimensions = { FunctionName = function.name }, threshold = null } }
  functions  = { for key, function in var.functions : key => { dimensions = { FunctionName = function.name }, threshold = null } }
  queues     = { for key, name in var.queues : key => { dimensions = { QueueName = name }, threshold = null } }
  operations = merge([for registry in var.registry[*] : { for operation in registry.operations : operation => { dimensions = { TableName = registry.table_name, Operation = operation }, threshold = null } }]...)

  # Something decides about devices, and counts what it decided.
  deciding = var.hook != null
}

################################################################################
# What is asked of each kind, and the alarms that come of both
################################################################################

locals {
  namespaces = {
    decisions = local.decision_namespace
    lifecycle = local.lifecycle_namespace
    canary    = local.canary_namespace
  }

  settings = { for kind, default in local.catalogue : kind => {
    enabled             = coalesce(try(var.alarms[kind].enabled, null), default.enabled)
    threshold           = coalesce(try(var.alarms[kind].threshold, null), default.threshold)
    period_seconds      = coalesce(try(var.alarms[kind].period_seconds, null), default.period_seconds)
    evaluation_periods  = coalesce(try(var.alarms[kind].evaluation_periods, null), default.evaluation_periods)
    datapoints_to_alarm = min(coalesce(try(var.alarms[kind].datapoints_to_alarm, null), default.datapoints_to_alarm), coalesce(try(var.alarms[kind].evaluation_periods, null), default.evaluation_periods))
    anomaly             = try(var.alarms[kind].detection, "threshold") == "anomaly"
    band_width          = coalesce(try(var.alarms[kind].band_width, null), 2)
    minimum_calls       = kind == "registration-failure-ratio" ? coalesce(try(var.alarms[kind].minimum_calls, null), 10) : 0
  } }

  alarms = merge([for kind, instances in local.instances : { for key, instance in instances : join("/", compact([kind, key])) => {
    kind       = kind
    name       = join("-", compact([var.name_prefix, kind, key]))
    subject    = join("", concat([for name, value in instance.dimensions : " ${name}: ${value}."], kind == "claim-budget" && var.claim_guard != null ? [" The claim guard switches it off."] : []))
    namespace  = lookup(local.namespaces, local.catalogue[kind].namespace, local.catalogue[kind].namespace)
    metric     = local.catalogue[kind].metric
    statistic  = local.catalogue[kind].statistic
    dimensions = instance.dimensions
    threshold  = instance.threshold == null ? local.settings[kind].threshold : instance.threshold
    # One metric and a number, or metrics and an expression.
    form = local.settings[kind].anomaly ? "anomaly" : local.settings[kind].minimum_calls > 0 ? "ratio" : "metric"
  } if local.settings[kind].enabled }]...)

  # Below the least number of calls one device that tries again and again would be a ratio of 1.
  queries = { for key, alarm in local.alarms : key => {
    metric = []
    anomaly = [
      { id = "watched", statistic = alarm.statistic, expression = null, label = null, return_data = true },
      { id = "usual", statistic = null, expression = "ANOMALY_DETECTION_BAND(watched, ${local.settings[alarm.kind].band_width})", label = "Usual", return_data = true },
    ]
    ratio = [
      { id = "failed", statistic = "Sum", expression = null, label = null, return_data = false },
      { id = "calls", statistic = "SampleCount", expression = null, label = null, return_data = false },
      { id = "ratio", statistic = null, expression = "IF(calls >= ${local.settings[alarm.kind].minimum_calls}, failed / calls, 0)", label = "Share that failed", return_data = true },
    ]
  }[alarm.form] }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = { for key, alarm in local.alarms : key => alarm if var.create }

  alarm_name        = each.value.name
  alarm_description = "${local.catalogue[each.value.kind].summary}${each.value.subject} What to do: ${var.runbook}#${each.value.kind}"

  namespace          = each.value.form == "metric" ? each.value.namespace : null
  metric_name        = each.value.form == "metric" ? each.value.metric : null
  dimensions         = each.value.form == "metric" ? each.value.dimensions : null
  period             = each.value.form == "metric" ? local.settings[each.value.kind].period_seconds : null
  statistic          = each.value.form == "metric" && !startswith(each.value.statistic, "p") ? each.value.statistic : null
  extended_statistic = each.value.form == "metric" && startswith(each.value.statistic, "p") ? each.value.statistic : null

  dynamic "metric_query" {
    for_each = local.queries[each.key]

    content {
      id          = metric_query.value.id
      expression  = metric_query.value.expression
      label       = metric_query.value.label
      return_data = metric_query.value.return_data

      dynamic "metric" {
        for_each = metric_query.value.statistic == null ? [] : [metric_query.value.statistic]

        content {
          namespace   = each.value.namespace
          metric_name = each.value.metric
          dimensions  = each.value.dimensions
          period      = local.settings[each.value.kind].period_seconds
          stat        = metric.value
        }
      }
    }
  }

  comparison_operator = each.value.form == "anomaly" ? "GreaterThanUpperThreshold" : local.catalogue[each.value.kind].operator
  threshold           = each.value.form == "anomaly" ? null : each.value.threshold
  threshold_metric_id = each.value.form == "anomaly" ? "usual" : null

  evaluation_periods  = local.settings[each.value.kind].evaluation_periods
  datapoints_to_alarm = local.settings[each.value.kind].datapoints_to_alarm
  treat_missing_data  = local.catalogue[each.value.kind].missing_data

  alarm_actions             = concat([local.topic_arn], each.value.kind == "claim-budget" ? var.claim_guard[*].function_arn : [])
  ok_actions                = var.notifications.ok ? [local.topic_arn] : []
  insufficient_data_actions = []

  tags = var.tags

  # One that goes off at once finds somebody who listens.
  depends_on = [aws_sns_topic_policy.this, aws_sns_topic_subscription.this]
}
