# Account and Region: nothing is managed that nobody asked for, and what CloudFormation is told where no endpoint serves it.

mock_provider "aws" {
  source = "./mocks"

  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::123456789012:role/made"
    }
  }
}

run "manages_nothing_by_default" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  assert {
    condition = (
      length(aws_iot_event_configurations.this) + length(aws_iot_indexing_configuration.this) == 0
      && length(aws_iot_logging_options.this) + length(aws_cloudwatch_log_group.iot) + length(aws_cloudformation_stack.audit) == 0
      && length(aws_iam_role.logging) + length(aws_iam_role.audit) + length(aws_iam_role.notification) + length(aws_iam_role.mitigation) == 0
    )
    error_message = "Something of the account is managed that nobody asked for."
  }

  assert {
    condition     = output.enabled_events == null && length(output.index_names) == 0 && output.log_group_name == null && output.audit == null && length(output.mitigation_action_names) == 0
    error_message = "An output tells of a part that is not managed."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    create               = false
    event_configurations = {}
    indexing             = {}
    logging              = {}
    audit = {
      notifications      = { topic_arn = "arn:aws:sns:eu-central-1:123456789012:findings" }
      mitigation_actions = { deactivate = { deactivate_certificate = true } }
    }
  }

  assert {
    condition = (
      length(aws_iot_event_configurations.this) + length(aws_iot_indexing_configuration.this) == 0
      && length(aws_iot_logging_options.this) + length(aws_cloudwatch_log_group.iot) + length(aws_cloudformation_stack.audit) == 0
      && length(aws_iam_role.logging) + length(aws_iam_role.audit) + length(aws_iam_role.notification) + length(aws_iam_role.mitigation) == 0
      && output.audit == null && length(output.mitigation_action_names) == 0
    )
    error_message = "Something is made although create is false."
  }
}

run "manages_one_part_alone" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    event_configurations = { enabled = ["THING", "CERTIFICATE"] }
  }

  assert {
    condition     = length(aws_iot_event_configurations.this[0].event_configurations) == 11
    error_message = "An event type is not named: the provider would plan a change for ever."
  }

  assert {
    condition     = [for type, on in aws_iot_event_configurations.this[0].event_configurations : type if on] == ["CERTIFICATE", "THING"]
    error_message = "Other events are on than those that were asked for."
  }

  assert {
    condition     = length(aws_iot_indexing_configuration.this) + length(aws_iot_logging_options.this) + length(aws_cloudformation_stack.audit) == 0
    error_message = "Another part is managed along with the events."
  }
}

run "manages_every_part" {
  command = apply

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    event_configurations = {}
    indexing             = {}
    logging              = {}
    audit                = {}
  }

  assert {
    condition     = alltrue(values(aws_iot_event_configurations.this[0].event_configurations)) && length(output.enabled_events) == 11
    error_message = "Not all eleven event types are on."
  }

  assert {
    condition = (
      one(aws_iot_indexing_configuration.this[0].thing_indexing_configuration).thing_indexing_mode == "REGISTRY_AND_SHADOW"
      && one(aws_iot_indexing_configuration.this[0].thing_indexing_configuration).thing_connectivity_indexing_mode == "STATUS"
      && one(aws_iot_indexing_configuration.this[0].thing_indexing_configuration).named_shadow_indexing_mode == "OFF"
      && length(one(aws_iot_indexing_configuration.this[0].thing_indexing_configuration).filter) == 0
      && one(aws_iot_indexing_configuration.this[0].thing_group_indexing_configuration).thing_group_indexing_mode == "ON"
      && jsonencode(output.index_names) == jsonencode({ things = "AWS_Things", thing_groups = "AWS_ThingGroups" })
    )
    error_message = "The index holds something else than the registry, the classic shadow, connectivity and thing groups."
  }

  assert {
    condition = (
      aws_iot_logging_options.this[0].default_log_level == "WARN" && !aws_iot_logging_options.this[0].disable_all_logs
      && aws_iot_logging_options.this[0].role_arn == aws_iam_role.logging[0].arn
      && aws_cloudwatch_log_group.iot[0].name == "AWSIotLogsV2" && aws_cloudwatch_log_group.iot[0].retention_in_days == 365
      && output.log_group_name == "AWSIotLogsV2"
    )
    error_message = "AWS IoT does not log warnings into a group with retention."
  }

  assert {
    condition = jsondecode(aws_iam_role.logging[0].assume_role_policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
      ArnLike      = { "aws:SourceArn" = "arn:aws:iot:eu-central-1:123456789012:*" }
      } && jsondecode(aws_iam_role_policy.logging[0].policy).Statement[0].Resource == [
      "arn:aws:logs:eu-central-1:123456789012:log-group:AWSIotLogsV2",
      "arn:aws:logs:eu-central-1:123456789012:log-group:AWSIotLogsV2:*",
    ]
    error_message = "The logging role is open to another account, or writes elsewhere."
  }

  # Whatever runs the audit: an ARN that ends in a colon.
  assert {
    condition = jsondecode(aws_iam_role.audit[0].assume_role_policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
      ArnLike      = { "aws:SourceArn" = "arn:aws:iot:eu-central-1:123456789012:" }
    } && aws_iam_role_policy_attachment.audit[0].policy_arn == "arn:aws:iam::aws:policy/service-role/AWSIoTDeviceDefenderAudit"
    error_message = "The audit role is open to another source, or does more than audits need."
  }

  assert {
    condition     = length(aws_iam_role.notification) + length(aws_iam_role.mitigation) == 0
    error_message = "A role is made that has nothing to do."
  }

  assert {
    condition = jsonencode(jsondecode(aws_cloudformation_stack.audit[0].template_body).Resources) == jsonencode({
      AccountAuditConfiguration = {
        Type = "AWS::IoT::AccountAuditConfiguration"
        Properties = {
          AccountId = "123456789012"
          RoleArn   = "arn:aws:iam::123456789012:role/made"
          AuditCheckConfigurations = { for property in [
            "CaCertificateExpiringCheck",
            "CaCertificateKeyQualityCheck",
            "ConflictingClientIdsCheck",
            "DeviceCertificateAgeCheck",
            "DeviceCertificateExpiringCheck",
            "DeviceCertificateKeyQualityCheck",
            "DeviceCertificateSharedCheck",
            "IntermediateCaRevokedForActiveDeviceCertificatesCheck",
            "IoTPolicyPotentialMisConfigurationCheck",
            "IotPolicyOverlyPermissiveCheck",
            "LoggingDisabledCheck",
            "RevokedCaCertificateStillActiveCheck",
            "RevokedDeviceCertificateStillActiveCheck",
          ] : property => { Enabled = true } }
        }
      }
      ScheduledAudit = {
        Type      = "AWS::IoT::ScheduledAudit"
        DependsOn = ["AccountAuditConfiguration"]
        Properties = {
          ScheduledAuditName = "iot-baseline-audit"
          Frequency          = "DAILY"
          TargetCheckNames   = output.audit.scheduled_checks
        }
      }
    })
    error_message = "The stack's body is not an audit of the default checks, every day."
  }

  assert {
    condition     = length(output.audit.scheduled_checks) == 13 && output.audit.scheduled_audit_name == "iot-baseline-audit" && aws_cloudformation_stack.audit[0].on_failure == "DELETE"
    error_message = "The scheduled audit does not run every check, or a failed stack would stay."
  }
}

run "takes_everything_there_is" {
  command = apply

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    name_prefix          = "a23456789b123456789c"
    event_configurations = { enabled = [] }
    indexing = {
      things        = "REGISTRY"
      connectivity  = false
      named_shadows = ["config", "state"]
      custom_fields = { "attributes.power" = "Number" }
      thing_groups  = false
    }
    logging = { level = "DEBUG", manage_log_group = false }
    audit = {
      checks = [
        "AUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK",
        "CA_CERTIFICATE_EXPIRING_CHECK",
        "CA_CERTIFICATE_KEY_QUALITY_CHECK",
        "CONFLICTING_CLIENT_IDS_CHECK",
        "DEVICE_CERTIFICATE_AGE_CHECK",
        "DEVICE_CERTIFICATE_EXPIRING_CHECK",
        "DEVICE_CERTIFICATE_KEY_QUALITY_CHECK",
        "DEVICE_CERTIFICATE_SHARED_CHECK",
        "INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK",
        "IOT_POLICY_OVERLY_PERMISSIVE_CHECK",
        "IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK",
        "IOT_ROLE_ALIAS_ALLOWS_ACCESS_TO_UNUSED_SERVICES_CHECK",
        "IOT_ROLE_ALIAS_OVERLY_PERMISSIVE_CHECK",
        "LOGGING_DISABLED_CHECK",
        "REVOKED_CA_CERTIFICATE_STILL_ACTIVE_CHECK",
        "REVOKED_DEVICE_CERTIFICATE_STILL_ACTIVE_CHECK",
        "UNAUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK",
      ]
      scheduled_checks        = ["LOGGING_DISABLED_CHECK", "DEVICE_CERTIFICATE_SHARED_CHECK"]
      frequency               = "MONTHLY"
      day_of_month            = "LAST"
      certificate_age_days    = 3652
      certificate_expiry_days = 60
      notifications = {
        topic_arn   = "arn:aws:sns:eu-central-1:123456789012:findings"
        kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
      }
      mitigation_actions = {
        switchOff  = { deactivate_certificate = true }
        quarantine = { thing_groups = ["shop-quarantine"] }
        tell       = { topic_arn = "arn:aws:sns:eu-central-1:123456789012:findings" }
      }
    }
  }

  assert {
    condition     = length(aws_iot_event_configurations.this[0].event_configurations) == 11 && !anytrue(values(aws_iot_event_configurations.this[0].event_configurations)) && length(output.enabled_events) == 0
    error_message = "An empty set does not switch all eleven event types off."
  }

  assert {
    condition = (
      one(aws_iot_indexing_configuration.this[0].thing_indexing_configuration).named_shadow_indexing_mode == "ON"
      && one(one(aws_iot_indexing_configuration.this[0].thing_indexing_configuration).filter).named_shadow_names == toset(["config", "state"])
      && one(aws_iot_indexing_configuration.this[0].thing_indexing_configuration).thing_connectivity_indexing_mode == "OFF"
      && one(one(aws_iot_indexing_configuration.this[0].thing_indexing_configuration).custom_field).type == "Number"
      && one(aws_iot_indexing_configuration.this[0].thing_group_indexing_configuration).thing_group_indexing_mode == "OFF"
      && jsonencode(output.index_names) == jsonencode({ things = "AWS_Things" })
    )
    error_message = "Named shadows are not indexed with the list that AWS IoT asks for, or more is."
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.iot) == 0 && aws_iot_logging_options.this[0].default_log_level == "DEBUG"
    error_message = "The log group is made although it is somebody else's."
  }

  assert {
    condition = (
      length(jsondecode(aws_cloudformation_stack.audit[0].template_body).Resources.AccountAuditConfiguration.Properties.AuditCheckConfigurations) == 17
      && jsondecode(aws_cloudformation_stack.audit[0].template_body).Resources.AccountAuditConfiguration.Properties.AuditCheckConfigurations.DeviceCertificateAgeCheck == {
        Enabled       = true
        Configuration = { CertAgeThresholdInDays = "3652" }
      }
      && jsondecode(aws_cloudformation_stack.audit[0].template_body).Resources.AccountAuditConfiguration.Properties.AuditCheckConfigurations.DeviceCertificateExpiringCheck == {
        Enabled       = true
        Configuration = { CertExpirationThresholdInDays = "60" }
      }
    )
    error_message = "Not all seventeen checks are on, or a threshold is lost."
  }

  assert {
    condition = jsondecode(aws_cloudformation_stack.audit[0].template_body).Resources.AccountAuditConfiguration.Properties.AuditNotificationTargetConfigurations == {
      Sns = { Enabled = true, RoleArn = "arn:aws:iam::123456789012:role/made", TargetArn = "arn:aws:sns:eu-central-1:123456789012:findings" }
    }
    error_message = "Findings are reported nowhere."
  }

  assert {
    condition = jsondecode(aws_cloudformation_stack.audit[0].template_body).Resources.ScheduledAudit.Properties == {
      ScheduledAuditName = "a23456789b123456789c-audit"
      Frequency          = "MONTHLY"
      DayOfMonth         = "LAST"
      TargetCheckNames   = ["DEVICE_CERTIFICATE_SHARED_CHECK", "LOGGING_DISABLED_CHECK"]
    }
    error_message = "The schedule is not the one that was asked for."
  }

  assert {
    condition = { for key, resource in jsondecode(aws_cloudformation_stack.audit[0].template_body).Resources : key => resource.Properties.ActionParams if resource.Type == "AWS::IoT::MitigationAction" } == {
      MitigationActionswitchOff  = { UpdateDeviceCertificateParams = { Action = "DEACTIVATE" } }
      MitigationActionquarantine = { AddThingsToThingGroupParams = { ThingGroupNames = ["shop-quarantine"], OverrideDynamicGroups = false } }
      MitigationActiontell       = { PublishFindingToSnsParams = { TopicArn = "arn:aws:sns:eu-central-1:123456789012:findings" } }
    }
    error_message = "A mitigation action does something else than it was asked to."
  }

  # A role for each, which only that action may take.
  assert {
    condition = { for key, role in aws_iam_role.mitigation : key => jsondecode(role.assume_role_policy).Statement[0].Condition.ArnLike["aws:SourceArn"] } == {
      switchOff  = "arn:aws:iot:eu-central-1:123456789012:mitigationaction/a23456789b123456789c-switchOff"
      quarantine = "arn:aws:iot:eu-central-1:123456789012:mitigationaction/a23456789b123456789c-quarantine"
      tell       = "arn:aws:iot:eu-central-1:123456789012:mitigationaction/a23456789b123456789c-tell"
    } && alltrue([for role in aws_iam_role.mitigation : length(role.name) <= 64])
    error_message = "A mitigation action's role may be taken by another, or its name is too long."
  }

  assert {
    condition = { for key, policy in aws_iam_role_policy.mitigation : key => { for statement in jsondecode(policy.policy).Statement : statement.Action => statement.Resource } } == {
      switchOff = { "iot:UpdateCertificate" = "arn:aws:iot:eu-central-1:123456789012:cert/*" }
      quarantine = {
        "iot:ListPrincipalThings"  = "*"
        "iot:AddThingToThingGroup" = ["arn:aws:iot:eu-central-1:123456789012:thing/*", "arn:aws:iot:eu-central-1:123456789012:thinggroup/shop-quarantine"]
      }
      tell = { "sns:Publish" = "arn:aws:sns:eu-central-1:123456789012:findings" }
    }
    error_message = "A mitigation action's role may do something else than its action."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.notification[0].policy).Statement : statement.Resource] == [
      "arn:aws:sns:eu-central-1:123456789012:findings",
      "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000",
    ]
    error_message = "The report's role may not publish to the topic, or not use its key."
  }
}

run "takes_a_week" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    audit = { frequency = "BIWEEKLY", day_of_week = "MON" }
  }
}

# One broken rule of each variable in a run: a variable is refused by one of its validations alone.

run "refuses_an_unknown_check_event_index_and_log_level" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    audit                = { checks = ["EVERYTHING_CHECK"] }
    event_configurations = { enabled = ["THINGS"] }
    indexing             = { things = "SHADOW", connectivity = false }
    logging              = { level = "TRACE" }
    name_prefix          = "Acme"
  }

  expect_failures = [var.audit, var.event_configurations, var.indexing, var.logging, var.name_prefix]
}

run "refuses_a_schedule_of_what_is_off_and_connectivity_without_things" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    audit    = { checks = ["LOGGING_DISABLED_CHECK"], scheduled_checks = ["CONFLICTING_CLIENT_IDS_CHECK"] }
    indexing = { things = "OFF" }
    logging  = { retention_in_days = 42 }
    iam      = { path = "iot" }
  }

  expect_failures = [var.audit, var.indexing, var.logging, var.iam]
}

run "refuses_an_unknown_frequency_and_a_shadow_with_a_dot" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    audit    = { frequency = "HOURLY" }
    indexing = { named_shadows = ["a.b"] }
    logging  = { kms_key_arn = "alias/logs" }
    iam      = { permissions_boundary_arn = "boundary" }
  }

  expect_failures = [var.audit, var.indexing, var.logging, var.iam]
}

run "refuses_a_week_without_a_day_and_a_field_of_no_type" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    audit    = { frequency = "WEEKLY" }
    indexing = { custom_fields = { "attributes.power" = "Float" } }
    logging  = { manage_log_group = false, kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000" }
    tags     = { "aws:owner" = "me" }
  }

  expect_failures = [var.audit, var.indexing, var.logging, var.tags]
}

run "refuses_the_thirty_second_of_a_month" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    audit = { frequency = "MONTHLY", day_of_month = "32" }
  }

  expect_failures = [var.audit]
}

run "refuses_an_age_of_a_week" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    audit = { certificate_age_days = 7 }
  }

  expect_failures = [var.audit]
}

run "refuses_an_age_without_its_check" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    audit = { checks = ["LOGGING_DISABLED_CHECK"], certificate_age_days = 365 }
  }

  expect_failures = [var.audit]
}

run "refuses_a_fifo_topic" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    audit = { notifications = { topic_arn = "arn:aws:sns:eu-central-1:123456789012:findings.fifo" } }
  }

  expect_failures = [var.audit]
}

run "refuses_an_alias_as_the_topics_key" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    audit = { notifications = { topic_arn = "arn:aws:sns:eu-central-1:123456789012:findings", kms_key_arn = "alias/findings" } }
  }

  expect_failures = [var.audit]
}

run "refuses_a_mitigation_with_a_long_key" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    audit = { mitigation_actions = { a23456789b1234567 = { deactivate_certificate = true } } }
  }

  expect_failures = [var.audit]
}

run "refuses_a_mitigation_of_two_kinds" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    audit = { mitigation_actions = { both = { deactivate_certificate = true, thing_groups = ["shop-quarantine"] } } }
  }

  expect_failures = [var.audit]
}

run "refuses_a_mitigation_with_a_colon_in_its_group" {
  command = plan

  module {
    source = "../../../terraform/modules/account-baseline"
  }

  variables {
    audit = { mitigation_actions = { quarantine = { thing_groups = ["shop:quarantine"] } } }
  }

  expect_failures = [var.audit]
}
