################################################################################
# AWS IoT's events: a device connected, a thing was made or changed
################################################################################

locals {
  # Things by these names are looked at when they are not this fleet's devices: none, where nobody wants to know.
  watched_prefixes = var.unexpected_things == "ignore" ? toset([]) : coalesce(var.watched_thing_name_prefixes, toset(["${var.name_prefix}-"]))
  looks_at_things  = var.thing_events && (var.confirm_by == "THING_EVENT" || length(local.watched_prefixes) > 0)

  # An empty prefix is in front of every name.
  things = contains(local.watched_prefixes, "") ? "" : " WHERE regexp_matches(thingName, '^(${join("|", sort(setunion(local.watched_prefixes, ["${var.name_prefix}-"])))})')"

  events = merge(
    var.confirm_by != "FIRST_CONNECTION" ? {} : {
      presence = {
        description = "Connections of devices of ${var.name_prefix}"
        sql         = "SELECT * FROM '$aws/events/presence/connected/+' WHERE regexp_matches(clientId, '^${var.name_prefix}-')"
      }
    },
    !local.looks_at_things ? {} : {
      created = {
        description = "Things that were made, for ${var.name_prefix}"
        sql         = "SELECT * FROM '$aws/events/thing/+/created'${local.things}"
      }
      # A device that comes again with another certificate has a thing already.
      updated = {
        description = "Things that were changed, for ${var.name_prefix}"
        sql         = "SELECT * FROM '$aws/events/thing/+/updated'${local.things}"
      }
    },
  )

  rule_names = { for key in keys(local.events) : key => replace("${local.name}_${key}", "-", "_") if var.create }
}

resource "aws_lambda_permission" "event" {
  for_each = local.rule_names

  statement_id   = "topic-rule-${each.value}"
  action         = "lambda:InvokeFunction"
  function_name  = module.function["confirmation"].function_name
  qualifier      = module.function["confirmation"].alias_name
  principal      = "iot.amazonaws.com"
  source_arn     = "${local.iot_arn}:rule/${each.value}"
  source_account = local.account_id
}

resource "aws_iot_topic_rule" "event" {
  for_each = local.rule_names

  name        = each.value
  description = local.events[each.key].description
  enabled     = true

  sql         = local.events[each.key].sql
  sql_version = "2016-03-23"

  lambda {
    function_arn = module.function["confirmation"].alias_arn
  }

  # What could not even be handed over to the function.
  error_action {
    sqs {
      queue_url  = aws_sqs_queue.failures["confirmation"].url
      role_arn   = aws_iam_role.rule[0].arn
      use_base64 = false
    }
  }

  tags = var.tags

  depends_on = [aws_lambda_permission.event, aws_iam_role_policy.rule]
}

################################################################################
# The registry's stream: every path that changes a record has the same effect
################################################################################

resource "aws_lambda_event_source_mapping" "registry" {
  count = var.create && var.stream.enabled ? 1 : 0

  event_source_arn = var.stream_arn
  function_name    = module.function["enforcement"].alias_arn

  # From the oldest record there is: what changed before there was a mapping takes effect too, and a record that
  # is seen twice changes nothing, because the present record decides.
  starting_position = "TRIM_HORIZON"

  batch_size                         = var.stream.batch_size
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = var.stream.maximum_retry_attempts
  maximum_record_age_in_seconds      = var.stream.maximum_record_age_in_seconds

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failures["enforcement"].arn
    }
  }

  tags = var.tags
}

################################################################################
# The sweep
################################################################################

locals {
  sweep_rule_name = "${local.name}-sweep"
}

resource "aws_cloudwatch_event_rule" "sweep" {
  count = var.create ? 1 : 0

  name                = local.sweep_rule_name
  description         = "Finishes what went half way among the devices of ${var.name_prefix}"
  schedule_expression = var.sweep.schedule

  tags = var.tags
}

# The rule's ARN names the account. Its id beside it would only be one more thing that EventBridge has to send along.
resource "aws_lambda_permission" "sweep" {
  count = var.create ? 1 : 0

  statement_id  = "schedule"
  action        = "lambda:InvokeFunction"
  function_name = module.function["sweep"].function_name
  qualifier     = module.function["sweep"].alias_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.sweep[0].arn
}

resource "aws_cloudwatch_event_target" "sweep" {
  count = var.create ? 1 : 0

  rule      = aws_cloudwatch_event_rule.sweep[0].name
  target_id = "sweep"
  arn       = module.function["sweep"].alias_arn

  depends_on = [aws_lambda_permission.sweep]
}
