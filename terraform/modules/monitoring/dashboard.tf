################################################################################
# What an operator leaves open: is everything quiet, do devices come in, who is denied, and how close is the limit
################################################################################

locals {
  # AWS IoT waits this long for the hook, and then refuses the device.
  hook_limit_milliseconds = 5000

  # Written out, so that a plan shows the dashboard as it will be.
  alarm_arns = sort([for alarm in local.alarms : "arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:${alarm.name}"])

  # Widgets without a place take the next free one, from left to right: 24 columns a row.
  widgets = concat(
    [{ type = "text", width = 24, height = 2, properties = { markdown = local.heading } }],

    # One shows at most a hundred.
    [for some in chunklist(local.alarm_arns, 100) : {
      type       = "alarm", width = 24, height = 4
      properties = { title = "Alarms", alarms = some, sortBy = "stateUpdatedTimestamp" }
    }],

    [for properties in local.graphs : { type = "metric", width = properties.width, height = 6, properties = { for name, value in properties : name => value if name != "width" } }],

    [for source in local.decision_logs : {
      type       = "log", width = 24, height = 6
      properties = { title = "Who was denied last", region = local.region, view = "table", query = "${source} | fields @timestamp, serialNumber, reason, detail, deviceType, claimCertificateId | filter event = 'provisioning-decision' and outcome = 'denied' | sort @timestamp desc | limit 25" }
    }],
  )

  heading = join("\n", [
    "# ${var.name_prefix}: provisioning",
    "Asked, allowed, active: a gap between the first two is denials, between the last two devices that do not come up. `iot-provisioning why SERIAL` says it for one device. What to do about an alarm: `${var.runbook}`.",
  ])

  decision_logs = [for groups in [sort(values(var.decision_log_groups))] : join(" | ", [for group in groups : "SOURCE '${group}'"]) if length(groups) > 0]

  graph = { region = local.region, period = 300, view = "timeSeries", stacked = false }

  # Each as CloudWatch takes it: namespace, name, dimension, value, ..., options.
  graphs = concat(
    [for properties in [
      merge(local.graph, {
        width = 8, title = "Asked, allowed, active", view = "singleValue", setPeriodToTimeRange = true, stat = "Sum"
        metrics = concat(
          [[{ expression = "SUM([allowed, denied])", label = "Asked", id = "asked" }]],
          [[local.decision_namespace, "ProvisioningDecisions", "Outcome", "allowed", { id = "allowed", label = "Allowed" }]],
          [[local.decision_namespace, "ProvisioningDecisions", "Outcome", "denied", { id = "denied", label = "Denied" }]],
          [for metric in [[local.lifecycle_namespace, "DevicesActivated", { id = "active", label = "Active" }]] : metric if local.lifecycle],
        )
      }),
      merge(local.graph, {
        width = 8, title = "Allowed, denied, active", stat = "Sum"
        metrics = concat(
          [[local.decision_namespace, "ProvisioningDecisions", "Outcome", "allowed", { label = "Allowed", color = "#1f77b4" }]],
          [[local.decision_namespace, "ProvisioningDecisions", "Outcome", "denied", { label = "Denied", color = "#d62728" }]],
          [for metric in [[local.lifecycle_namespace, "DevicesActivated", { label = "Active", color = "#2ca02c" }]] : metric if local.lifecycle],
        )
      }),
      merge(local.graph, {
        width = 8, title = "Denials by reason", stacked = true
        # Every reason that occurs, without a line for each of those that do not.
        metrics = [[{ expression = "SEARCH('{\"${local.decision_namespace}\",Reason} MetricName=\"ProvisioningDenials\"', 'Sum', 300)", label = "", id = "denials" }]]
      }),
    ] : properties if local.deciding],

    [for properties in flatten([for function in var.hook[*] : [
      merge(local.graph, {
        width = 12, title = "Hook: latency against the limit (ms)", period = 60
        metrics = [
          ["AWS/Lambda", "Duration", "FunctionName", function.name, { stat = "p50", label = "p50" }],
          ["AWS/Lambda", "Duration", "FunctionName", function.name, { stat = "p99", label = "p99" }],
          ["AWS/Lambda", "Duration", "FunctionName", function.name, { stat = "Maximum", label = "Maximum" }],
        ]
        annotations = { horizontal = [
          { label = "AWS IoT refuses the device", value = local.hook_limit_milliseconds, color = "#d62728", fill = "above" },
          { label = "The function's timeout", value = function.timeout_seconds * 1000, color = "#ff7f0e" },
        ] }
        yAxis = { left = { min = 0 } }
      }),
      merge(local.graph, {
        width = 12, title = "Hook: calls, errors, throttles", period = 60, stat = "Sum"
        metrics = [
          ["AWS/Lambda", "Invocations", "FunctionName", function.name, { label = "Calls" }],
          ["AWS/Lambda", "Errors", "FunctionName", function.name, { label = "Errors", color = "#d62728" }],
          ["AWS/Lambda", "Throttles", "FunctionName", function.name, { label = "Throttles", color = "#ff7f0e" }],
          ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", function.name, { label = "At the same time", stat = "Maximum", yAxis = "right" }],
        ]
      }),
    ]]) : properties],

    [for properties in [
      merge(local.graph, {
        width = 8, title = "Registrations by template"
        metrics = concat(
          [for key, name in var.templates : ["AWS/IoT", "RegisterThingFailed", "TemplateName", name, { stat = "SampleCount", label = "${key}: calls" }]],
          [for key, name in var.templates : ["AWS/IoT", "RegisterThingFailed", "TemplateName", name, { stat = "Sum", label = "${key}: failed" }]],
        )
      }),
      merge(local.graph, {
        width   = 8, title = "Share of registrations that failed"
        metrics = [for key, name in var.templates : ["AWS/IoT", "RegisterThingFailed", "TemplateName", name, { stat = "Average", label = key }]]
        yAxis   = { left = { min = 0, max = 1 } }
      }),
      merge(local.graph, {
        width = 8, title = "Certificates asked for"
        metrics = [
          ["AWS/IoT", "CreateKeysAndCertificateFailed", { stat = "SampleCount", label = "Keys: calls" }],
          ["AWS/IoT", "CreateKeysAndCertificateFailed", { stat = "Sum", label = "Keys: failed" }],
          ["AWS/IoT", "CreateCertificateFromCsrFailed", { stat = "SampleCount", label = "Signing request: calls" }],
          ["AWS/IoT", "CreateCertificateFromCsrFailed", { stat = "Sum", label = "Signing request: failed" }],
        ]
      }),
    ] : properties if local.registering],

    [for properties in [
      merge(local.graph, {
        width   = 12, title = "Things registered through each claim certificate, so far", stat = "Maximum"
        metrics = [for key, claim in var.claims : ["AWS/IoT", "ApproximateNumberOfThingsRegistered", "ClaimCertificateId", claim.certificate_id, { label = key }]]
        annotations = { horizontal = [for key, claim in var.claims : {
          label = "Budget of ${key}", value = claim.budget == null ? local.settings.claim-budget.threshold : claim.budget
        }] }
      }),
    ] : properties if length(var.claims) > 0],

    [for properties in [
      merge(local.graph, {
        width = 12, title = "Just-in-time provisioning", stat = "Sum"
        metrics = [
          ["AWS/IoT", "ProvisionThing.Success", { label = "Succeeded", color = "#2ca02c" }],
          ["AWS/IoT", "ProvisionThing.ClientError", { label = "The device's fault", color = "#ff7f0e" }],
          ["AWS/IoT", "ProvisionThing.ServerError", { label = "AWS IoT's fault", color = "#d62728" }],
        ]
      }),
    ] : properties if var.just_in_time],

    [for properties in [
      merge(local.graph, {
        width = 12, title = var.unexpected_things ? "Records: stuck in PROVISIONING, things without a record" : "Records: stuck in PROVISIONING"
        metrics = concat(
          [[local.lifecycle_namespace, "StuckProvisioning", { stat = "Maximum", period = 900, label = "Stuck" }]],
          [for metric in [[local.lifecycle_namespace, "UnexpectedThings", { stat = "Sum", label = "Things without a record" }]] : metric if var.unexpected_things],
        )
      }),
      merge(local.graph, {
        width   = 12, title = "Records by the state they changed into", stacked = true
        metrics = [[{ expression = "SEARCH('{\"${local.lifecycle_namespace}\",To} MetricName=\"StateChanges\"', 'Sum', 300)", label = "", id = "changes" }]]
      }),
    ] : properties if local.lifecycle],

    [for properties in flatten([for registry in var.registry[*] : [
      merge(local.graph, {
        width = 12, title = "Registry: throttled and failed requests", stat = "Sum", period = 60
        metrics = concat(
          [for operation in registry.operations : ["AWS/DynamoDB", "ThrottledRequests", "TableName", registry.table_name, "Operation", operation, { label = "${operation}: throttled" }]],
          [for operation in registry.operations : ["AWS/DynamoDB", "SystemErrors", "TableName", registry.table_name, "Operation", operation, { label = "${operation}: failed" }]],
        )
      }),
      merge(local.graph, {
        width   = 12, title = "Registry: latency (ms)", stat = "Average", period = 60
        metrics = [for operation in registry.operations : ["AWS/DynamoDB", "SuccessfulRequestLatency", "TableName", registry.table_name, "Operation", operation, { label = operation }]]
      }),
    ]]) : properties],

    [for properties in flatten([for registry in var.registry[*] : [
      merge(local.graph, {
        width = 12, title = "Registry: how late changes reach other Regions (ms), writes that got lost between them", stat = "Average", period = 60
        metrics = concat(
          [for region in registry.replica_regions : ["AWS/DynamoDB", "ReplicationLatency", "TableName", registry.table_name, "ReceivingRegion", region, { label = region }]],
          [for metric in [[local.lifecycle_namespace, "RegistryConflicts", { stat = "Sum", period = 300, label = "Lost writes", yAxis = "right" }]] : metric if local.lifecycle && var.registry_conflicts],
        )
      }),
    ] if length(registry.replica_regions) > 0]) : properties],

    [for properties in [
      merge(local.graph, {
        width = 12, title = "Functions behind the registry: errors and throttles", stat = "Sum"
        metrics = concat(
          [for key, function in var.functions : ["AWS/Lambda", "Errors", "FunctionName", function.name, { label = "${key}: errors" }]],
          [for key, function in var.functions : ["AWS/Lambda", "Throttles", "FunctionName", function.name, { label = "${key}: throttles" }]],
        )
      }),
      merge(local.graph, {
        width   = 12, title = "Functions behind the registry: p99 latency (ms)", stat = "p99"
        metrics = [for key, function in var.functions : ["AWS/Lambda", "Duration", "FunctionName", function.name, { label = key }]]
      }),
    ] : properties if length(var.functions) > 0],

    [for properties in [
      merge(local.graph, {
        width = 12, title = "Topic rules: matched and failed", stat = "Sum"
        metrics = concat(
          [for key, rule in var.topic_rules : ["AWS/IoT", "TopicMatch", "RuleName", rule.name, { label = "${key}: matched" }]],
          flatten([for key, rule in var.topic_rules : [for type in rule.action_types : { metric = ["AWS/IoT", "Failure", "RuleName", rule.name, "ActionType", type, { label = "${key}: failed" }] }]])[*].metric,
        )
      }),
    ] : properties if length(var.topic_rules) > 0],

    [for properties in [
      merge(local.graph, {
        width = 12, title = "Events that no attempt could deal with", stat = "Maximum"
        metrics = concat(
          [for key, name in var.queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name, { label = "${key}: waiting" }]],
          [for key, name in var.queues : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name, { label = "${key}: age (s)", yAxis = "right" }]],
        )
      }),
    ] : properties if length(var.queues) > 0],
  )
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.create && var.dashboard.enabled ? 1 : 0

  dashboard_name = local.dashboard_name
  dashboard_body = jsonencode({ start = "-PT12H", periodOverride = "inherit", widgets = local.widgets })
}
