# Monitoring: which alarms there are for what is named, whom they tell, and every input that would leave one deaf.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name_prefix = "acme"

  templates    = { factory = "acme-factory", field = "acme-field" }
  claims       = { line-1 = { certificate_id = "c1", budget = 500 }, line-2 = { certificate_id = "c2" } }
  just_in_time = true
  hook         = { name = "acme-provisioning-hook", timeout_seconds = 4 }
  functions    = { sweep = { name = "acme-lifecycle-sweep", timeout_seconds = 60 } }
  lifecycle_functions = {
    sweep       = "acme-lifecycle-sweep"
    enforcement = "acme-lifecycle-enforcement"
  }
  canary              = true
  registry            = { table_name = "acme-device-registry" }
  topic_rules         = { presence = { name = "acme_lifecycle_presence" } }
  queues              = { sweep = "acme-lifecycle-sweep-failures" }
  decision_log_groups = { hook = "/aws/lambda/acme-provisioning-hook" }
}

run "has_an_alarm_for_each_thing_that_is_named" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms = { registry-user-errors = { enabled = true } }
  }

  assert {
    condition     = length(setsubtract(keys(local.catalogue), values(output.alarms)[*].kind)) == 0
    error_message = "There is a kind of alarm without an alarm."
  }

  assert {
    condition     = keys(local.catalogue) == keys(local.instances)
    error_message = "A kind of alarm has nothing that it could be for."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["registration-failures/factory"].dimensions == tomap({ TemplateName = "acme-factory" }) && aws_cloudwatch_metric_alarm.this["registration-failures/field"].dimensions == tomap({ TemplateName = "acme-field" })
    error_message = "Templates do not have an alarm each."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["claim-budget/line-1"].threshold == 500 && aws_cloudwatch_metric_alarm.this["claim-budget/line-2"].threshold == 10000 && aws_cloudwatch_metric_alarm.this["claim-budget/line-1"].statistic == "Maximum"
    error_message = "A claim certificate's budget is not the one it is given, or not the largest value so far."
  }

  assert {
    condition     = [for query in aws_cloudwatch_metric_alarm.this["registration-failure-ratio/factory"].metric_query : query.expression if query.return_data] == ["IF(calls >= 10, failed / calls, 0)"]
    error_message = "The ratio is judged by few calls too."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["hook-duration"].extended_statistic == "p99" && aws_cloudwatch_metric_alarm.this["hook-duration"].threshold == 3000 && aws_cloudwatch_metric_alarm.this["function-duration/sweep"].threshold == 48000
    error_message = "Latency is not the 99th percentile in milliseconds."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["denials-by-reason/REVOKED"].threshold == 1 && aws_cloudwatch_metric_alarm.this["denials-by-reason/REVOKED"].namespace == "IoTProvisioning/acme"
    error_message = "Denials of revoked devices are not watched."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["rule-failures/presence-Lambda"].dimensions == tomap({ RuleName = "acme_lifecycle_presence", ActionType = "Lambda" })
    error_message = "A topic rule's failures are not those of its action."
  }

  assert {
    condition     = { for kind in ["claim-budget/line-1", "stuck-provisioning", "sweep-silent", "denials"] : kind => aws_cloudwatch_metric_alarm.this[kind].treat_missing_data } == { "claim-budget/line-1" = "ignore", stuck-provisioning = "ignore", sweep-silent = "breaching", denials = "notBreaching" }
    error_message = "Missing data is taken for something else."
  }

  assert {
    condition     = alltrue([for key, alarm in aws_cloudwatch_metric_alarm.this : endswith(alarm.alarm_description, "docs/runbooks.md#${split("/", key)[0]}")])
    error_message = "An alarm does not name its section of the runbook."
  }

  assert {
    condition     = length(aws_kms_key.this) == 1 && aws_sns_topic.this[0].name == "acme-alarms"
    error_message = "There is no topic, or no key."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this[0].policy).Statement[1].Condition.ArnLike == { "aws:SourceArn" = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:acme-*" } && jsondecode(aws_kms_key.this[0].policy).Statement[1].Condition.StringEquals == { "aws:SourceAccount" = "123456789012" }
    error_message = "Alarms of others may use the key."
  }

  assert {
    condition     = length(setsubtract(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[*].type, ["alarm", "log", "metric", "text"])) == 0
    error_message = "The dashboard has a widget of another type."
  }

  assert {
    condition     = flatten([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.properties.alarms if widget.type == "alarm"]) == [for alarm in sort(values(output.alarms)[*].name) : "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:${alarm}"]
    error_message = "The dashboard does not show every alarm."
  }
}

run "watches_a_hook_with_a_short_timeout_and_no_things_that_nobody_looks_for" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    hook              = { name = "acme-provisioning-hook", timeout_seconds = 2 }
    unexpected_things = false
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["hook-duration"].threshold == 1500
    error_message = "The function's timeout ends a call before the alarm's threshold does."
  }

  assert {
    condition     = !contains(keys(output.alarms), "unexpected-things") && !strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "UnexpectedThings")
    error_message = "Things are watched that nobody counts."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["sweep-silent"].metric_name == "SweepLeft" && aws_cloudwatch_metric_alarm.this["sweep-silent"].statistic == "SampleCount"
    error_message = "A sweep that is called and never ends is not silent."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["function-duration/sweep"].evaluation_periods * aws_cloudwatch_metric_alarm.this["function-duration/sweep"].period >= 900 * aws_cloudwatch_metric_alarm.this["function-duration/sweep"].datapoints_to_alarm
    error_message = "Slow sweeps, one each quarter of an hour, are never enough."
  }
}

run "refuses_a_latency_beyond_the_timeout_of_the_hook" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms = { hook-duration = { threshold = 4500 } }
  }

  expect_failures = [var.alarms]
}

run "is_as_its_user_says" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms = {
      denials                    = { detection = "anomaly", band_width = 3 }
      registration-failures      = { threshold = 50, period_seconds = 60, evaluation_periods = 5, datapoints_to_alarm = 4 }
      registration-failure-ratio = { minimum_calls = 0, threshold = 0.5 }
      dead-letter-age            = { enabled = false }
      hook-duration              = { evaluation_periods = 1 }
    }
    denial_thresholds       = { UNKNOWN_SERIAL = null }
    state_change_thresholds = {}
    metric_namespaces       = { decisions = "Acme/Decisions" }
    runbook                 = "https://runbooks.example.com/provisioning"
    dashboard               = { enabled = false }
    notifications = {
      topic         = { arn = "arn:aws:sns:eu-central-1:123456789012:operations" }
      ok            = false
      subscriptions = { desk = { protocol = "email", endpoint = "desk@example.com" } }
    }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["denials"].threshold_metric_id == "usual" && [for query in aws_cloudwatch_metric_alarm.this["denials"].metric_query : query.expression if query.id == "usual"] == ["ANOMALY_DETECTION_BAND(watched, 3)"] && aws_cloudwatch_metric_alarm.this["denials"].comparison_operator == "GreaterThanUpperThreshold"
    error_message = "Denials are not compared with what is usual."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["registration-failures/field"].threshold == 50 && aws_cloudwatch_metric_alarm.this["registration-failures/field"].period == 60 && aws_cloudwatch_metric_alarm.this["registration-failures/field"].datapoints_to_alarm == 4
    error_message = "An alarm is not as it was asked for."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["registration-failure-ratio/field"].statistic == "Average" && aws_cloudwatch_metric_alarm.this["registration-failure-ratio/field"].threshold == 0.5
    error_message = "The ratio is not judged by every call."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["hook-duration"].datapoints_to_alarm == 1
    error_message = "Fewer periods ask for more data points than they can have."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["denials-by-reason/UNKNOWN_SERIAL"].threshold == 5 && aws_cloudwatch_metric_alarm.this["denials-by-reason/UNKNOWN_SERIAL"].namespace == "Acme/Decisions"
    error_message = "A reason without a threshold does not have the default, or is looked for elsewhere."
  }

  assert {
    condition     = length([for key in keys(aws_cloudwatch_metric_alarm.this) : key if startswith(key, "dead-letter-age") || startswith(key, "state-changes") || key == "registry-user-errors"]) == 0
    error_message = "There is an alarm that nobody asked for."
  }

  assert {
    condition     = endswith(aws_cloudwatch_metric_alarm.this["hook-errors"].alarm_description, "https://runbooks.example.com/provisioning#hook-errors")
    error_message = "The runbook is elsewhere."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:operations"]) && length(alarm.ok_actions) == 0])
    error_message = "An alarm tells somebody else, or that it is over."
  }

  assert {
    condition     = length(aws_sns_topic.this) + length(aws_kms_key.this) + length(aws_cloudwatch_dashboard.this) == 0 && aws_sns_topic_subscription.this["desk"].topic_arn == "arn:aws:sns:eu-central-1:123456789012:operations"
    error_message = "A topic is made beside the given one, or nobody subscribes to that."
  }
}

run "has_claims_switched_off_by_whom_it_is_told" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    claim_guard = {
      function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:acme-claim-guard:live"
      alarm_arns = {
        line-1 = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:acme-claim-budget-line-1"
        line-2 = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:acme-claim-budget-line-2"
      }
    }
    notifications = { topic = { arn = "arn:aws:sns:eu-central-1:123456789012:operations" } }
  }

  assert {
    condition     = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.alarm_actions if length(alarm.alarm_actions) > 1 } == { for key in ["claim-budget/line-1", "claim-budget/line-2"] : key => toset(["arn:aws:sns:eu-central-1:123456789012:operations", "arn:aws:lambda:eu-central-1:123456789012:function:acme-claim-guard:live"]) }
    error_message = "A claim is not switched off, or another alarm does it."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.ok_actions == toset(["arn:aws:sns:eu-central-1:123456789012:operations"])])
    error_message = "The end of an alarm is more than told."
  }

  assert {
    condition     = strcontains(aws_cloudwatch_metric_alarm.this["claim-budget/line-1"].alarm_description, " ClaimCertificateId: c1. The claim guard switches it off. What to do: ") && !strcontains(aws_cloudwatch_metric_alarm.this["hook-errors"].alarm_description, "guard")
    error_message = "Whoever hears of the alarm does not hear what it did."
  }
}

run "refuses_a_claim_guard_that_no_alarm_calls" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    claim_guard = {
      function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:acme-claim-guard:live"
      alarm_arns = {
        line-1 = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:acme-claim-budget-line-1"
        line-2 = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:acme-claim-budget-line-2"
      }
    }
    alarms = { claim-budget = { enabled = false } }
  }

  expect_failures = [var.claim_guard]
}

run "refuses_a_claim_guard_that_is_no_function" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    claim_guard = {
      function_arn = "acme-claim-guard"
      alarm_arns = {
        line-1 = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:acme-claim-budget-line-1"
        line-2 = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:acme-claim-budget-line-2"
      }
    }
  }

  expect_failures = [var.claim_guard]
}

run "refuses_a_claim_guard_that_lets_one_alarm_not_in" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    claim_guard = {
      function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:acme-claim-guard:live"
      alarm_arns = {
        line-1 = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:acme-claim-budget-line-1"
      }
    }
  }

  expect_failures = [var.claim_guard]
}

run "refuses_a_claim_guard_of_another_prefix" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    claim_guard = {
      function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:acme-claim-guard:live"
      alarm_arns = {
        line-1 = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:acme-claim-budget-line-1"
        line-2 = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:evil-claim-budget-line-2"
      }
    }
  }

  expect_failures = [var.claim_guard]
}

run "takes_a_key_of_the_user" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    notifications = { kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000" } }
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && aws_sns_topic.this[0].kms_master_key_id == "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
    error_message = "The topic is encrypted by another key."
  }
}

run "watches_nothing_that_is_not_named" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    templates           = {}
    claims              = {}
    just_in_time        = false
    hook                = null
    functions           = {}
    lifecycle_functions = null
    canary              = false
    registry            = null
    topic_rules         = {}
    queues              = {}
    decision_log_groups = {}
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 0
    error_message = "There is an alarm for nothing."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[*].type == ["text"]
    error_message = "The dashboard shows what there is not."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    create        = false
    notifications = { subscriptions = { desk = { protocol = "email", endpoint = "desk@example.com" } } }
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) + length(aws_sns_topic.this) + length(aws_kms_key.this) + length(aws_cloudwatch_dashboard.this) + length(aws_sns_topic_subscription.this) == 0 && output.topic_arn == null && length(output.alarms) == 0
    error_message = "Something is made although create is false."
  }
}

run "refuses_an_alarm_that_there_is_not" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms                  = { denial = {} }
    name_prefix             = "Acme"
    claims                  = { line-1 = { certificate_id = "c1", budget = 0.5 } }
    registry                = { table_name = "acme-device-registry", operations = ["Update"] }
    metric_namespaces       = { decisions = "AWS/IoT" }
    denial_thresholds       = { UNKNOWN = 1 }
    state_change_thresholds = { GONE = 1 }
    runbook                 = "docs/runbooks.md#denials"
    dashboard               = { name = "a b" }
    notifications           = { topic = { arn = "operations" } }
  }

  expect_failures = [var.alarms, var.name_prefix, var.claims, var.registry, var.metric_namespaces, var.denial_thresholds, var.state_change_thresholds, var.runbook, var.dashboard, var.notifications]
}

run "refuses_a_threshold_that_is_always_reached" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms = { hook-errors = { threshold = 0 }, claim-budget = { threshold = 0 } }
  }

  expect_failures = [var.alarms]
}

run "refuses_a_negative_threshold" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms                  = { denials = { threshold = -1 } }
    denial_thresholds       = { REVOKED = 0 }
    state_change_thresholds = { REVOKED = 0 }
    notifications           = { topic = { arn = "arn:aws:sns:eu-central-1:123456789012:operations" }, kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000" } }
  }

  expect_failures = [var.alarms, var.denial_thresholds, var.state_change_thresholds, var.notifications]
}

run "refuses_a_share_above_one_and_the_key_that_no_alarm_may_use" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms        = { registration-failure-ratio = { threshold = 20 } }
    notifications = { kms_key = { arn = "alias/aws/sns" } }
  }

  expect_failures = [var.alarms, var.notifications]
}

run "refuses_a_latency_that_no_hook_can_have_and_a_key_that_is_gone_tomorrow" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms        = { hook-duration = { threshold = 5000 } }
    notifications = { kms_deletion_window_in_days = 1 }
  }

  expect_failures = [var.alarms, var.notifications]
}

run "refuses_a_period_of_half_a_minute_and_a_subscription_by_letter" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms        = { denials = { period_seconds = 30 } }
    notifications = { subscriptions = { desk = { protocol = "letter", endpoint = "desk" } } }
  }

  expect_failures = [var.alarms, var.notifications]
}

run "refuses_no_period_at_all_and_a_raw_message_by_email" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms        = { denials = { evaluation_periods = 0 } }
    notifications = { subscriptions = { desk = { protocol = "email", endpoint = "desk@example.com", raw_message_delivery = true } } }
  }

  expect_failures = [var.alarms, var.notifications]
}

run "refuses_more_data_points_than_periods" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms = { denials = { datapoints_to_alarm = 2 } }
  }

  expect_failures = [var.alarms]
}

run "refuses_periods_of_more_than_a_day" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms = { denials = { evaluation_periods = 289 } }
  }

  expect_failures = [var.alarms]
}

run "refuses_a_detection_that_there_is_not" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms = { denials = { detection = "guess" } }
  }

  expect_failures = [var.alarms]
}

run "refuses_an_anomaly_of_a_budget" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms = { claim-budget = { detection = "anomaly" } }
  }

  expect_failures = [var.alarms]
}

run "refuses_a_band_around_a_threshold" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms = { denials = { band_width = 2 } }
  }

  expect_failures = [var.alarms]
}

run "refuses_a_least_number_of_calls_of_a_sum" {
  command = plan

  module {
    source = "../../../terraform/modules/monitoring"
  }

  variables {
    alarms = { denials = { minimum_calls = 10 } }
  }

  expect_failures = [var.alarms]
}
