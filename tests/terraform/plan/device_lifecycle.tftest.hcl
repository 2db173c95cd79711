# What happens to devices after the certificate: who listens to what, what each function may do, and every input that would be wrong.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name_prefix       = "acme"
  table_name        = "acme-device-registry"
  table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
  table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  stream_arn        = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry/stream/2026-11-21T00:00:00.000"
  package_path      = "./fixtures/package.zip"

  decision_log_group_names = { hook = "/aws/lambda/acme-provisioning-hook" }
}

run "listens_to_first_connections" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  assert {
    condition     = { for key, function in output.functions : key => [function.name, function.alias_name, function.log_group_name, function.timeout] } == { confirmation = ["acme-lifecycle-confirmation", "live", "/aws/lambda/acme-lifecycle-confirmation", 60], enforcement = ["acme-lifecycle-enforcement", "live", "/aws/lambda/acme-lifecycle-enforcement", 120], audit = ["acme-lifecycle-audit", "live", "/aws/lambda/acme-lifecycle-audit", 60], sweep = ["acme-lifecycle-sweep", "live", "/aws/lambda/acme-lifecycle-sweep", 300] } && { for key, function in local.functions : key => function.handler } == { confirmation = "device_lifecycle.handler.confirm", enforcement = "device_lifecycle.handler.enforce", audit = "device_lifecycle.handler.audit", sweep = "device_lifecycle.handler.sweep" }
    error_message = "The functions differ."
  }

  assert {
    condition     = tomap(local.functions.confirmation.environment) == tomap({ DEVICE_REGISTRY_TABLE = "acme-device-registry", NAME_PREFIX = "acme", CONFIRM_BY = "FIRST_CONNECTION", UNEXPECTED_THINGS = "report", SHADOW_PARAMETERS = "/iot-provisioning/acme/device-types" }) && tomap(local.functions.enforcement.environment) == tomap({ DEVICE_REGISTRY_TABLE = "acme-device-registry", NAME_PREFIX = "acme" }) && tomap(local.functions.audit.environment) == tomap({ AUDIT_LOG_GROUP = "/iot-provisioning/acme/audit" }) && tomap(local.functions.sweep.environment) == tomap({ DEVICE_REGISTRY_TABLE = "acme-device-registry", NAME_PREFIX = "acme", CONFIRM_BY = "FIRST_CONNECTION", UNEXPECTED_THINGS = "report", SHADOW_PARAMETERS = "/iot-provisioning/acme/device-types", STUCK_SECONDS = "86400" })
    error_message = "A function's environment differs."
  }

  assert {
    condition     = { for key, rule in aws_iot_topic_rule.event : key => [rule.name, rule.sql, rule.sql_version, rule.enabled] } == { presence = ["acme_lifecycle_presence", "SELECT * FROM '$aws/events/presence/connected/+' WHERE regexp_matches(clientId, '^acme-')", "2016-03-23", true] } && output.topic_rules == { presence = "acme_lifecycle_presence" } && length(aws_iot_topic_rule.event["presence"].error_action) == 1
    error_message = "The topic rules differ."
  }

  assert {
    condition     = { for key, one in aws_lambda_permission.event : key => [one.function_name, one.qualifier, one.principal, one.source_arn, one.source_account] } == { presence = ["acme-lifecycle-confirmation", "live", "iot.amazonaws.com", "arn:aws:iot:eu-central-1:123456789012:rule/acme_lifecycle_presence", "123456789012"] } && [aws_lambda_permission.sweep[0].function_name, aws_lambda_permission.sweep[0].qualifier, aws_lambda_permission.sweep[0].principal] == ["acme-lifecycle-sweep", "live", "events.amazonaws.com"]
    error_message = "Somebody else could call a function."
  }

  assert {
    condition     = { for key, one in aws_lambda_permission.audit : key => [one.statement_id, one.qualifier, one.principal, one.source_arn, one.source_account] } == { for key, name in { decisions-hook = "acme-provisioning-hook", confirmation = "acme-lifecycle-confirmation", enforcement = "acme-lifecycle-enforcement", sweep = "acme-lifecycle-sweep" } : key => ["log-group-${key}", "live", "logs.amazonaws.com", "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/${name}:*", "123456789012"] } && alltrue([for one in aws_lambda_permission.audit : one.function_name == "acme-lifecycle-audit"])
    error_message = "A log group may not write the audit trail, or another may."
  }

  assert {
    condition     = { for key, filter in aws_cloudwatch_log_subscription_filter.audit : key => [filter.log_group_name, filter.filter_pattern] } == merge({ decisions-hook = ["/aws/lambda/acme-provisioning-hook", "{ ($.event = \"provisioning-decision\") || ($.event = \"claim-disabled\") || ($.event = \"claim-guard-fault\") }"] }, { for key in ["confirmation", "enforcement", "sweep"] : key => ["/aws/lambda/acme-lifecycle-${key}", "{ ($.event = \"state-change\") || ($.event = \"certificate-switched\") || ($.event = \"unexpected-thing\") || ($.event = \"first-shadow\") }"] }) && output.audited_log_group_names["decisions-hook"] == "/aws/lambda/acme-provisioning-hook"
    error_message = "The audit trail is written from something else."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.registry[0].event_source_arn == var.stream_arn && toset(aws_lambda_event_source_mapping.registry[0].function_response_types) == toset(["ReportBatchItemFailures"]) && aws_lambda_event_source_mapping.registry[0].bisect_batch_on_function_error && aws_lambda_event_source_mapping.registry[0].starting_position == "TRIM_HORIZON" && aws_lambda_event_source_mapping.registry[0].maximum_retry_attempts == 10 && aws_lambda_event_source_mapping.registry[0].maximum_record_age_in_seconds == 21600 && aws_lambda_event_source_mapping.registry[0].batch_size == 25 && length(aws_lambda_event_source_mapping.registry[0].destination_config[0].on_failure) == 1
    error_message = "The stream is handed over otherwise."
  }

  assert {
    condition     = { for key, queue in aws_sqs_queue.failures : key => [queue.name, queue.message_retention_seconds, queue.sqs_managed_sse_enabled] } == { for key in ["confirmation", "enforcement", "audit"] : key => ["acme-lifecycle-${key}-failures", 1209600, true] } && { for key, queue in output.dead_letter_queues : key => queue.name } == { for key in ["confirmation", "enforcement", "audit"] : key => "acme-lifecycle-${key}-failures" }
    error_message = "The queues differ."
  }

  assert {
    condition     = aws_cloudwatch_event_rule.sweep[0].name == "acme-lifecycle-sweep" && aws_cloudwatch_event_rule.sweep[0].schedule_expression == "rate(15 minutes)" && output.sweep_rule_name == "acme-lifecycle-sweep" && aws_cloudwatch_event_target.sweep[0].rule == "acme-lifecycle-sweep" && aws_lambda_permission.sweep[0].source_account == null
    error_message = "The sweep is started otherwise."
  }

  assert {
    condition     = { for key, documents in local.policies : key => toset(keys(documents)) } == { confirmation = toset(["registry", "shadows", "failures"]), enforcement = toset(["registry", "certificates", "connections", "stream", "failures"]), audit = toset(["audit", "failures"]), sweep = toset(["registry", "certificates", "connections", "shadows"]) }
    error_message = "A function has other policies."
  }

  assert {
    condition = jsondecode(local.policies.confirmation.shadows).Statement == [
      { Sid = "SettingsOfFirstShadows", Effect = "Allow", Action = "ssm:GetParameter", Resource = "arn:aws:ssm:eu-central-1:123456789012:parameter/iot-provisioning/acme/device-types/*/first-shadow" },
      { Sid = "FirstShadows", Effect = "Allow", Action = ["iot:GetThingShadow", "iot:UpdateThingShadow"], Resource = "arn:aws:iot:eu-central-1:123456789012:thing/acme-*" },
    ] && local.policies.sweep.shadows == local.policies.confirmation.shadows
    error_message = "A first shadow needs something else."
  }

  assert {
    condition = [for key in ["confirmation", "enforcement", "sweep"] : [for statement in jsondecode(local.policies[key].registry).Statement : [statement.Action, statement.Resource] if statement.Sid != "ReadTableKeyThroughDynamoDb"]] == [
      [[["dynamodb:GetItem", "dynamodb:UpdateItem"], var.table_arn]],
      [[["dynamodb:GetItem", "dynamodb:UpdateItem"], var.table_arn]],
      [[["dynamodb:GetItem", "dynamodb:UpdateItem"], var.table_arn], ["dynamodb:Query", ["${var.table_arn}/index/by-status"]]],
    ] && reverse(jsondecode(local.policies.sweep.registry).Statement)[0].Condition.StringEquals == { "kms:ViaService" = "dynamodb.eu-central-1.amazonaws.com", "kms:EncryptionContext:aws:dynamodb:tableName" = "acme-device-registry", "kms:EncryptionContext:aws:dynamodb:subscriberId" = "123456789012" }
    error_message = "A function may do something else to the registry."
  }

  assert {
    condition     = jsondecode(local.policies.enforcement.certificates).Statement == [{ Sid = "Certificates", Effect = "Allow", Action = ["iot:DescribeCertificate", "iot:UpdateCertificate"], Resource = "arn:aws:iot:eu-central-1:123456789012:cert/*" }] && jsondecode(local.policies.enforcement.connections).Statement == [{ Sid = "Connections", Effect = "Allow", Action = ["iot:DeleteConnection"], Resource = "arn:aws:iot:eu-central-1:123456789012:client/acme-*" }] && [for statement in jsondecode(local.policies.enforcement.stream).Statement : statement.Resource] == [var.stream_arn, "${var.table_arn}/stream/*"] && jsondecode(local.policies.enforcement.failures).Statement[0].Resource == "arn:aws:sqs:eu-central-1:123456789012:acme-lifecycle-enforcement-failures"
    error_message = "Enforcement may do something else."
  }

  assert {
    condition     = jsondecode(local.policies.sweep.certificates).Statement[*].Sid == ["Certificates"] && jsondecode(local.policies.sweep.connections).Statement[0].Action == ["iot:DeleteConnection", "iot:GetConnection"]
    error_message = "The sweep may do something else."
  }

  assert {
    condition     = jsondecode(aws_iam_role.rule[0].assume_role_policy).Statement == [{ Sid = "IotRulesOfThisAccount", Effect = "Allow", Principal = { Service = "iot.amazonaws.com" }, Action = "sts:AssumeRole", Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" }, ArnLike = { "aws:SourceArn" = "arn:aws:iot:eu-central-1:123456789012:*" } } }] && jsondecode(aws_iam_role_policy.rule[0].policy) == jsondecode(local.policies.confirmation.failures) && aws_iam_role.rule[0].name == "acme-lifecycle-rule-eu-central-1"
    error_message = "The topic rules' role differs."
  }

  assert {
    condition     = aws_cloudwatch_log_group.audit[0].name == "/iot-provisioning/acme/audit" && aws_cloudwatch_log_group.audit[0].retention_in_days == 3653 && aws_kms_alias.audit[0].name == "alias/acme-audit" && aws_kms_key.audit[0].enable_key_rotation && jsondecode(aws_kms_key.audit[0].policy).Statement[1].Condition == { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-central-1:123456789012:log-group:/iot-provisioning/acme/audit" } }
    error_message = "The audit trail is kept otherwise."
  }

  assert {
    condition     = length(aws_s3_bucket.archive) + length(aws_s3_bucket_policy.archive) + length(aws_s3_bucket_lifecycle_configuration.archive) == 0 && output.archive_bucket_name == null
    error_message = "There is an archive."
  }

  assert {
    condition     = aws_iot_thing_group.quarantine[0].name == "acme-quarantine" && aws_iot_thing_group.quarantine[0].parent_group_name == null && jsondecode(aws_iot_policy.quarantine[0].policy).Statement == [{ Effect = "Deny", Action = "iot:*", Resource = "*" }] && aws_iot_policy_attachment.quarantine[0].policy == "acme-quarantine" && output.quarantine_group_name == "acme-quarantine"
    error_message = "What is quarantined is not cut off."
  }

  assert {
    condition     = { for key, filter in aws_cloudwatch_log_metric_filter.this : key => [filter.log_group_name, one(filter.metric_transformation).name, one(filter.metric_transformation).value] if !startswith(key, "faults") } == { activated_by_event = ["/aws/lambda/acme-lifecycle-confirmation", "DevicesActivated", "1"], activated_by_sweep = ["/aws/lambda/acme-lifecycle-sweep", "DevicesActivated", "1"], unexpected = ["/aws/lambda/acme-lifecycle-confirmation", "UnexpectedThings", "1"], state_changes = ["/aws/lambda/acme-lifecycle-enforcement", "StateChanges", "1"], stuck = ["/aws/lambda/acme-lifecycle-sweep", "StuckProvisioning", "$.stuck"], sweep_failures = ["/aws/lambda/acme-lifecycle-sweep", "SweepFailures", "$.failed"], sweep_left = ["/aws/lambda/acme-lifecycle-sweep", "SweepLeft", "$.left"] }
    error_message = "Something else is counted."
  }

  assert {
    condition     = toset([for key, filter in aws_cloudwatch_log_metric_filter.this : filter.log_group_name if one(filter.metric_transformation).name == "LifecycleFaults"]) == toset([for key in keys(local.functions) : "/aws/lambda/acme-lifecycle-${key}"]) && toset([for key, filter in aws_cloudwatch_log_metric_filter.this : filter.pattern if startswith(key, "faults")]) == toset(["{ $.event = \"lifecycle-fault\" && $.level = \"ERROR\" }"]) && one(aws_cloudwatch_log_metric_filter.this["state_changes"].metric_transformation).dimensions == tomap({ To = "$.to" }) && alltrue([for filter in aws_cloudwatch_log_metric_filter.this : one(filter.metric_transformation).namespace == "IoTProvisioning/acme"])
    error_message = "Faults are not counted, or metrics are elsewhere."
  }

  assert {
    condition     = output.metrics == { namespace = "IoTProvisioning/acme", activated = { name = "DevicesActivated" }, unexpected = { name = "UnexpectedThings" }, state_changes = { name = "StateChanges", dimension = "To" }, stuck = { name = "StuckProvisioning" }, sweep_failures = { name = "SweepFailures" }, sweep_left = { name = "SweepLeft" }, faults = { name = "LifecycleFaults" } } && alltrue([for key, metric in output.metrics : contains([for filter in aws_cloudwatch_log_metric_filter.this : one(filter.metric_transformation).name], metric.name) if key != "namespace"])
    error_message = "The metrics that are told of are not those that are counted."
  }
}

run "quarantines_by_thing_events_in_another_partition" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  override_data {
    target = data.aws_partition.this
    values = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
  }

  override_data {
    target = data.aws_region.this
    values = { id = "us-gov-west-1" }
  }

  variables {
    name_prefix                 = "a-very-long-prefix-x"
    confirm_by                  = "THING_EVENT"
    thing_events                = true
    unexpected_things           = "quarantine"
    watched_thing_name_prefixes = ["maker-", "other_"]
    ignored_thing_name_prefixes = ["maker-2", "a-very-long-prefix-x-test"]
    decision_log_group_names    = {}
    metric_namespace            = "Fleet/Devices"
    stream                      = { batch_size = 1, maximum_retry_attempts = 1, maximum_record_age_in_seconds = 60 }
    sweep                       = { schedule = "cron(0/5 6-20 ? * MON-FRI *)", timeout = 900 }
    dead_letter_retention_days  = 1
    audit                       = { retention_in_days = 0, kms_key_arn = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/00000000-0000-4000-8000-000000000001", archive = { lock_mode = "COMPLIANCE", lock_days = 30, expiration_days = 30 } }
  }

  assert {
    condition     = { for key, rule in aws_iot_topic_rule.event : key => rule.sql } == { for key in ["created", "updated"] : key => "SELECT * FROM '$aws/events/thing/+/${key}' WHERE regexp_matches(thingName, '^(a-very-long-prefix-x-|maker-|other_)')" } && aws_iot_topic_rule.event["updated"].name == "a_very_long_prefix_x_lifecycle_updated" && aws_lambda_permission.event["created"].source_arn == "arn:aws-us-gov:iot:us-gov-west-1:123456789012:rule/a_very_long_prefix_x_lifecycle_created"
    error_message = "The topic rules differ."
  }

  assert {
    condition     = local.functions.confirmation.environment.IGNORED_THING_PREFIXES == "a-very-long-prefix-x-test,maker-2" && local.functions.confirmation.environment.QUARANTINE_GROUP == "a-very-long-prefix-x-quarantine" && local.functions.sweep.environment.QUARANTINE_GROUP == "a-very-long-prefix-x-quarantine" && local.functions.sweep.environment.STUCK_SECONDS == "3600" && local.functions.sweep.timeout == 900
    error_message = "A function's environment differs."
  }

  assert {
    condition     = jsondecode(local.policies.confirmation.quarantine).Statement[0].Resource == [for name in ["thing/a-very-long-prefix-x-*", "thing/maker-*", "thing/other_*", "thinggroup/a-very-long-prefix-x-quarantine"] : "arn:aws-us-gov:iot:us-gov-west-1:123456789012:${name}"] && jsondecode(local.policies.confirmation.certificates).Statement[0].Resource == slice(jsondecode(local.policies.confirmation.quarantine).Statement[0].Resource, 0, 3) && jsondecode(local.policies.confirmation.certificates).Statement[1].Action == ["iot:DescribeCertificate", "iot:UpdateCertificate"] && jsondecode(local.policies.confirmation.registry).Statement[1].Resource == ["${var.table_arn}/index/by-certificate"]
    error_message = "Confirmation cannot quarantine, or more than it should."
  }

  assert {
    condition     = jsondecode(local.policies.sweep.quarantined).Statement[0] == { Sid = "ThingsInTheGroup", Effect = "Allow", Action = "iot:ListThingsInThingGroup", Resource = "arn:aws-us-gov:iot:us-gov-west-1:123456789012:thinggroup/a-very-long-prefix-x-quarantine" } && jsondecode(local.policies.sweep.quarantined).Statement[1] == { Sid = "GroupsOfThings", Effect = "Allow", Action = "iot:ListThingGroupsForThing", Resource = jsondecode(local.policies.sweep.certificates).Statement[0].Resource } && length(jsondecode(local.policies.sweep.quarantined).Statement) == 2 && jsondecode(local.policies.sweep.connections).Statement[0].Action == ["iot:DeleteConnection"] && local.policies.sweep.certificates == local.policies.confirmation.certificates
    error_message = "The sweep may do something else."
  }

  assert {
    condition = jsondecode(local.policies.audit.audit).Statement == [
      { Sid = "AddToTheArchive", Effect = "Allow", Action = "s3:PutObject", Resource = "arn:aws-us-gov:s3:::a-very-long-prefix-x-audit-123456789012-us-gov-west-1/*" },
      { Sid = "EncryptTheArchiveThroughS3", Effect = "Allow", Action = "kms:GenerateDataKey", Resource = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/00000000-0000-4000-8000-000000000001", Condition = { StringEquals = { "kms:ViaService" = "s3.us-gov-west-1.amazonaws.com" } } },
      { Sid = "WriteTheAuditTrail", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "arn:aws-us-gov:logs:us-gov-west-1:123456789012:log-group:/iot-provisioning/a-very-long-prefix-x/audit:log-stream:*" },
    ] && local.functions.audit.environment.ARCHIVE_BUCKET == output.archive_bucket_name && local.functions.audit.environment.ARCHIVE_BUCKET_OWNER == "123456789012"
    error_message = "The audit function may do something else."
  }

  assert {
    condition     = aws_s3_bucket.archive[0].bucket == "a-very-long-prefix-x-audit-123456789012-us-gov-west-1" && length(aws_s3_bucket.archive[0].bucket) <= 63 && aws_s3_bucket.archive[0].object_lock_enabled && !aws_s3_bucket.archive[0].force_destroy && one(aws_s3_bucket_object_lock_configuration.archive[0].rule[0].default_retention).mode == "COMPLIANCE" && one(aws_s3_bucket_object_lock_configuration.archive[0].rule[0].default_retention).days == 30 && one(aws_s3_bucket_versioning.archive[0].versioning_configuration).status == "Enabled"
    error_message = "Objects in the archive could be changed."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).apply_server_side_encryption_by_default).kms_master_key_id == var.audit.kms_key_arn && alltrue([aws_s3_bucket_public_access_block.archive[0].block_public_acls, aws_s3_bucket_public_access_block.archive[0].block_public_policy, aws_s3_bucket_public_access_block.archive[0].ignore_public_acls, aws_s3_bucket_public_access_block.archive[0].restrict_public_buckets]) && jsondecode(aws_s3_bucket_policy.archive[0].policy).Statement[0].Effect == "Deny" && jsondecode(aws_s3_bucket_policy.archive[0].policy).Statement[0].Condition == { Bool = { "aws:SecureTransport" = "false" } } && one(aws_s3_bucket_ownership_controls.archive[0].rule).object_ownership == "BucketOwnerEnforced"
    error_message = "The archive is open."
  }

  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.archive[0].rule[0].expiration).days == 30 && one(aws_s3_bucket_lifecycle_configuration.archive[0].rule[0].noncurrent_version_expiration).noncurrent_days == 1 && length(aws_kms_key.audit) + length(aws_kms_alias.audit) == 0 && aws_cloudwatch_log_group.audit[0].kms_key_id == var.audit.kms_key_arn && aws_cloudwatch_log_group.audit[0].retention_in_days == 0 && output.audit_kms_key_arn == var.audit.kms_key_arn
    error_message = "The settings of the audit trail are not used."
  }

  assert {
    condition     = aws_sqs_queue.failures["audit"].message_retention_seconds == 86400 && output.metrics.namespace == "Fleet/Devices" && aws_cloudwatch_event_rule.sweep[0].schedule_expression == "cron(0/5 6-20 ? * MON-FRI *)" && aws_lambda_event_source_mapping.registry[0].batch_size == 1 && output.audited_log_group_names["sweep"] == "/aws/lambda/a-very-long-prefix-x-lifecycle-sweep" && length(output.audited_log_group_names) == 3
    error_message = "The settings are not used."
  }
}

run "watches_every_thing_and_keeps_the_archive_for_ever" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    thing_events                = true
    watched_thing_name_prefixes = [""]
    audit                       = { archive = { bucket_name = "audit-of-acme", force_destroy = true } }
  }

  assert {
    condition     = { for key, rule in aws_iot_topic_rule.event : key => rule.sql } == { presence = "SELECT * FROM '$aws/events/presence/connected/+' WHERE regexp_matches(clientId, '^acme-')", created = "SELECT * FROM '$aws/events/thing/+/created'", updated = "SELECT * FROM '$aws/events/thing/+/updated'" }
    error_message = "The topic rules differ."
  }

  assert {
    condition     = toset(keys(local.policies.confirmation)) == toset(["registry", "shadows", "failures"]) && jsondecode(local.policies.sweep.certificates).Statement[*].Sid == ["Certificates"]
    error_message = "Reporting needs no permission."
  }

  assert {
    condition     = aws_s3_bucket.archive[0].bucket == "audit-of-acme" && aws_s3_bucket.archive[0].force_destroy && length(aws_s3_bucket_lifecycle_configuration.archive[0].rule[0].expiration) == 0 && length(aws_s3_bucket_lifecycle_configuration.archive[0].rule[0].noncurrent_version_expiration) == 0 && one(aws_s3_bucket_object_lock_configuration.archive[0].rule[0].default_retention).mode == "GOVERNANCE"
    error_message = "The archive differs."
  }
}

run "listens_to_no_thing_that_nobody_asks_for" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    thing_events      = true
    unexpected_things = "ignore"
  }

  assert {
    condition     = keys(aws_iot_topic_rule.event) == ["presence"]
    error_message = "There is a rule without a purpose."
  }
}

run "confirms_by_events_about_own_things_alone" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    confirm_by        = "THING_EVENT"
    thing_events      = true
    unexpected_things = "ignore"
  }

  assert {
    condition = jsondecode(local.policies.sweep.certificates).Statement[*].Sid == ["CertificatesOfThings", "Certificates"] && keys(aws_iot_topic_rule.event) == ["created", "updated"] && aws_iot_topic_rule.event["created"].sql == "SELECT * FROM '$aws/events/thing/+/created' WHERE regexp_matches(thingName, '^(acme-)')" && jsondecode(local.policies.confirmation.certificates).Statement == [
      { Sid = "CertificatesOfThings", Effect = "Allow", Action = "iot:ListThingPrincipals", Resource = ["arn:aws:iot:eu-central-1:123456789012:thing/acme-*"] },
      { Sid = "Certificates", Effect = "Allow", Action = ["iot:DescribeCertificate"], Resource = "arn:aws:iot:eu-central-1:123456789012:cert/*" },
    ]
    error_message = "Confirmation listens to more than it must, or may do more."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    create            = false
    table_name        = null
    table_arn         = null
    table_kms_key_arn = null
    stream_arn        = null
    audit             = { archive = {} }
  }

  assert {
    condition     = length(aws_sqs_queue.failures) + length(aws_iot_thing_group.quarantine) + length(aws_iot_policy.quarantine) + length(aws_iot_policy_attachment.quarantine) + length(aws_iam_role.rule) + length(aws_iam_role_policy.rule) + length(aws_lambda_permission.event) + length(aws_lambda_permission.sweep) + length(aws_lambda_permission.audit) + length(aws_iot_topic_rule.event) + length(aws_lambda_event_source_mapping.registry) + length(aws_cloudwatch_event_rule.sweep) + length(aws_cloudwatch_event_target.sweep) + length(aws_kms_key.audit) + length(aws_kms_alias.audit) + length(aws_cloudwatch_log_group.audit) + length(aws_cloudwatch_log_subscription_filter.audit) + length(aws_s3_bucket.archive) + length(aws_s3_bucket_versioning.archive) + length(aws_s3_bucket_object_lock_configuration.archive) + length(aws_s3_bucket_server_side_encryption_configuration.archive) + length(aws_s3_bucket_public_access_block.archive) + length(aws_s3_bucket_ownership_controls.archive) + length(aws_s3_bucket_policy.archive) + length(aws_s3_bucket_lifecycle_configuration.archive) + length(aws_cloudwatch_log_metric_filter.this) == 0
    error_message = "Something is made although create is false."
  }

  assert {
    condition     = alltrue([for value in [output.sweep_rule_name, output.stream_mapping_id, output.audit_log_group_name, output.audit_kms_key_arn, output.archive_bucket_name, output.quarantine_group_name, output.metrics] : value == null]) && alltrue([for value in [output.functions, output.topic_rules, output.dead_letter_queues, output.audited_log_group_names] : length(value) == 0]) && alltrue([for function in module.function : function.function_name == null])
    error_message = "The outputs tell of something."
  }
}

run "refuses_what_the_registry_did_not_give" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    table_name        = null
    table_arn         = null
    table_kms_key_arn = null
    stream_arn        = null
  }

  expect_failures = [var.table_name, var.table_arn, var.table_kms_key_arn, var.stream_arn]
}

run "refuses_names_that_are_none" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    name_prefix                 = "Acme"
    decision_log_group_names    = { hook = "a b" }
    confirm_by                  = "REGISTRY"
    unexpected_things           = "delete"
    watched_thing_name_prefixes = ["a.b"]
    ignored_thing_name_prefixes = ["a'b"]
    metric_namespace            = "AWS/IoT"
    dead_letter_retention_days  = 15
  }

  expect_failures = [var.name_prefix, var.decision_log_group_names, var.confirm_by, var.unexpected_things, var.watched_thing_name_prefixes, var.ignored_thing_name_prefixes, var.metric_namespace, var.dead_letter_retention_days]
}

run "refuses_thing_events_that_nobody_switched_on" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    confirm_by        = "THING_EVENT"
    unexpected_things = "quarantine"
  }

  expect_failures = [var.confirm_by, var.unexpected_things]
}

run "refuses_too_many_and_too_few" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    decision_log_group_names    = { for index in range(41) : "gate-${index}" => "/aws/lambda/acme-gate-${index}" }
    watched_thing_name_prefixes = []
    ignored_thing_name_prefixes = [""]
    dead_letter_retention_days  = 0
  }

  expect_failures = [var.decision_log_group_names, var.watched_thing_name_prefixes, var.ignored_thing_name_prefixes, var.dead_letter_retention_days]
}

run "refuses_a_schedule_of_five_fields" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    sweep = { schedule = "cron(0/15 * * * *)" }
  }

  expect_failures = [var.sweep]
}

run "refuses_a_stream_sweep_and_audit_with_the_first_wrong_values" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    stream = { batch_size = 0 }
    sweep  = { schedule = "rate(1 minutes)" }
    audit  = { retention_in_days = 2 }
  }

  expect_failures = [var.stream, var.sweep, var.audit]
}

run "refuses_batches_schedules_and_keys_that_are_none" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    stream = { batch_size = 26 }
    sweep  = { schedule = "every 15 minutes" }
    audit  = { kms_key_arn = "alias/audit" }
  }

  expect_failures = [var.stream, var.sweep, var.audit]
}

run "refuses_no_retries_short_runs_and_late_keys" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    stream = { maximum_retry_attempts = 0 }
    sweep  = { timeout = 59 }
    audit  = { kms_deletion_window_in_days = 31 }
  }

  expect_failures = [var.stream, var.sweep, var.audit]
}

run "refuses_endless_retries_long_runs_and_a_bucket_with_capitals" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    stream = { maximum_retry_attempts = 10001 }
    sweep  = { timeout = 901 }
    audit  = { archive = { bucket_name = "Audit" } }
  }

  expect_failures = [var.stream, var.sweep, var.audit]
}

run "refuses_young_records_impatience_and_an_unknown_lock" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    stream = { maximum_record_age_in_seconds = 59 }
    sweep  = { stuck_after_seconds = 59 }
    audit  = { archive = { lock_mode = "LEGAL" } }
  }

  expect_failures = [var.stream, var.sweep, var.audit]
}

run "refuses_old_records_patience_and_a_lock_of_no_days" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    stream = { maximum_record_age_in_seconds = 86401 }
    sweep  = { stuck_after_seconds = 604801 }
    audit  = { archive = { lock_days = 0 } }
  }

  expect_failures = [var.stream, var.sweep, var.audit]
}

run "refuses_halves_and_an_archive_that_forgets_what_is_locked" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    stream = { batch_size = 1.5 }
    sweep  = { timeout = 60.5 }
    audit  = { archive = { expiration_days = 364 } }
  }

  expect_failures = [var.stream, var.sweep, var.audit]
}

run "follows_another_accounts_table_by_the_sweep_alone" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    table_name        = "arn:aws:dynamodb:eu-central-1:210987654321:table/devices"
    table_arn         = "arn:aws:dynamodb:eu-central-1:210987654321:table/devices"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:210987654321:key/00000000-0000-4000-8000-000000000000"
    stream_arn        = null
    stream            = { enabled = false }
  }

  assert {
    condition     = toset(keys(output.functions)) == toset(["confirmation", "audit", "sweep"]) && length(aws_lambda_event_source_mapping.registry) == 0 && toset(keys(output.dead_letter_queues)) == toset(["confirmation", "audit"])
    error_message = "Something waits for a stream that there is not."
  }

  assert {
    condition     = toset(keys(output.audited_log_group_names)) == toset(["decisions-hook", "confirmation", "sweep"]) && output.metrics.state_changes == null && !contains(keys(aws_cloudwatch_log_metric_filter.this), "state_changes")
    error_message = "Something is told of the function that there is not."
  }

  assert {
    condition = jsondecode(local.policies.sweep.registry).Statement[2] == {
      Sid      = "ReadTableKeyThroughDynamoDb"
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = var.table_kms_key_arn
      Condition = { StringEquals = {
        "kms:ViaService"                                  = "dynamodb.eu-central-1.amazonaws.com"
        "kms:EncryptionContext:aws:dynamodb:tableName"    = "devices"
        "kms:EncryptionContext:aws:dynamodb:subscriberId" = "210987654321"
      } }
    }
    error_message = "The key of the other account's table cannot be used."
  }
}

run "registers_here_what_came_in_elsewhere" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    default_home_region = "eu-west-1"
  }

  assert {
    condition     = tomap(local.functions.enforcement.environment) == tomap({ DEVICE_REGISTRY_TABLE = "acme-device-registry", NAME_PREFIX = "acme", DEFAULT_HOME_REGION = "eu-west-1", SHADOW_PARAMETERS = "/iot-provisioning/acme/device-types" }) && endswith(aws_cloudwatch_log_subscription_filter.audit["enforcement"].filter_pattern, "|| ($.event = \"certificate-replicated\") || ($.event = \"registry-conflict\") }") && toset([for key in ["confirmation", "sweep"] : local.functions[key].environment.DEFAULT_HOME_REGION]) == toset(["eu-west-1"]) && local.policies.enforcement.shadows == local.policies.confirmation.shadows && local.policies.sweep.replication == local.policies.enforcement.replication && [for key in ["enforcement", "sweep"] : jsondecode(local.policies[key].certificates).Statement[0].Resource] == [for key in ["enforcement", "sweep"] : ["arn:aws:iot:eu-central-1:123456789012:thing/acme-*"]]
    error_message = "Enforcement does not know of other Regions, or may do nothing about them."
  }

  assert {
    condition     = one(aws_cloudwatch_log_metric_filter.this["conflicts"].metric_transformation).name == output.metrics.conflicts.name && aws_cloudwatch_log_metric_filter.this["conflicts"].pattern == "{ $.event = \"registry-conflict\" }"
    error_message = "What Regions decide against each other is not counted."
  }

  assert {
    condition = { for statement in jsondecode(local.policies.enforcement.replication).Statement : statement.Sid => [flatten([statement.Action]), flatten([statement.Resource])] } == {
      CertificateHasNoArnYet        = [["iot:RegisterCertificate", "iot:RegisterCertificateWithoutCA"], ["*"]]
      AuthorityThatSignedIt         = [["iot:DescribeCACertificate"], ["arn:aws:iot:eu-central-1:123456789012:cacert/*"]]
      ReplicatedThing               = [["iot:DescribeThing", "iot:CreateThing", "iot:UpdateThing"], ["arn:aws:iot:eu-central-1:123456789012:thing/acme-*"]]
      ReplicatedThingAndGroup       = [["iot:AddThingToThingGroup"], ["arn:aws:iot:eu-central-1:123456789012:thing/acme-*", "arn:aws:iot:eu-central-1:123456789012:thinggroup/acme-*"]]
      ReplicatedPolicy              = [["iot:AttachPolicy"], ["arn:aws:iot:eu-central-1:123456789012:cert/*"]]
      ReplicatedThingAndCertificate = [["iot:AttachThingPrincipal"], ["arn:aws:iot:eu-central-1:123456789012:thing/acme-*", "arn:aws:iot:eu-central-1:123456789012:cert/*"]]
    }
    error_message = "Enforcement may do something else."
  }
}

run "refuses_a_default_home_that_is_no_region" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    default_home_region = "Ireland"
  }

  expect_failures = [var.default_home_region]
}

run "refuses_several_regions_without_a_stream" {
  command = plan

  module {
    source = "../../../terraform/modules/device-lifecycle"
  }

  variables {
    default_home_region = "eu-west-1"
    stream              = { enabled = false }
  }

  expect_failures = [var.default_home_region]
}
