# Root module: what it composes, and the rules that span its parts.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name_prefix       = "acme"
  hook              = { package_path = "./fixtures/package.zip" }
  template_versions = { package_path = "./fixtures/package.zip" }
  device_lifecycle  = { package_path = "./fixtures/package.zip" }
}

run "composes" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types = { gateway = {} }
    templates    = { factory = {}, field = {} }
  }

  assert {
    condition     = output.templates["factory"].name == "acme-factory" && output.templates["factory"].claim_policy_name == "acme-factory-claim" && length(output.templates) == 2
    error_message = "A template is missing or named otherwise."
  }

  assert {
    condition     = output.registry_table_name == "acme-device-registry" && output.hook_function_name == "acme-provisioning-hook" && output.hook_log_group_name == "/aws/lambda/acme-provisioning-hook" && output.parent_thing_group_name == "acme-devices" && output.template_versions_function_name == "acme-template-versions"
    error_message = "A name is another."
  }

  assert {
    condition     = output.device_types["gateway"] == { reprovision_policy = "never", thing_type_name = "acme-gateway", thing_group_name = "acme-gateway", policy_name = "acme-gateway" }
    error_message = "The kinds of device are others."
  }

  assert {
    condition     = output.first_shadow_parameter_names == { gateway = "/iot-provisioning/acme/device-types/gateway/first-shadow" }
    error_message = "The first shadow is missing."
  }

  assert {
    condition     = { for key, function in output.device_lifecycle.functions : key => function.name } == { confirmation = "acme-lifecycle-confirmation", enforcement = "acme-lifecycle-enforcement", audit = "acme-lifecycle-audit", sweep = "acme-lifecycle-sweep" } && output.device_lifecycle.topic_rules == { presence = "acme_lifecycle_presence" } && output.device_lifecycle.metrics.namespace == "IoTProvisioning/acme"
    error_message = "The device lifecycle is missing or named otherwise."
  }

  assert {
    condition     = module.device_lifecycle.audited_log_group_names == { decisions-hook = "/aws/lambda/acme-provisioning-hook", confirmation = "/aws/lambda/acme-lifecycle-confirmation", enforcement = "/aws/lambda/acme-lifecycle-enforcement", sweep = "/aws/lambda/acme-lifecycle-sweep" }
    error_message = "Decisions or state changes are not in the audit trail."
  }

  assert {
    condition     = output.canary == null && !contains(keys(output.monitoring.alarms), "canary-failed")
    error_message = "There is a canary that nobody asked for."
  }
}

run "watches_what_it_makes" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types = { gateway = {} }
    templates = {
      factory = { claim_certificates = { line-1 = {
        csr_pem = "-----BEGIN CERTIFICATE REQUEST-----\nbm90aGluZw==\n-----END CERTIFICATE REQUEST-----\n"
      } } }
      factory-line = { claim_certificates = { "1" = {
        csr_pem = "-----BEGIN CERTIFICATE REQUEST-----\nbm90aGluZw==\n-----END CERTIFICATE REQUEST-----\n"
      } } }
    }
    device_lifecycle = { sweep = { schedule = "rate(2 hours)" } }
    monitoring = {
      claim_budgets   = { "factory/line-1" = 500, "factory-line/1" = 20 }
      replica_regions = ["eu-west-1"]
      alarms          = { denials = { threshold = 7 }, stuck-provisioning = { threshold = 9 }, sweep-failures = { period_seconds = 3600 } }
    }
  }

  assert {
    condition     = output.monitoring.dashboard_name == "acme-provisioning" && output.monitoring.alarms["hook-errors"].name == "acme-hook-errors" && output.monitoring.alarms["hook-errors"].runbook == "docs/runbooks.md#hook-errors"
    error_message = "The hook has no alarm, or there is no dashboard."
  }

  assert {
    condition     = module.monitoring.thresholds["claim-budget/factory/line-1"] == 500 && module.monitoring.thresholds["denials"] == 7 && module.monitoring.thresholds["denials-by-reason/WRONG_CLAIM"] == 1
    error_message = "Budgets or thresholds are not the ones that were asked for."
  }

  assert {
    condition     = length(setsubtract(["dead-letter-depth/lifecycle-confirmation", "function-errors/lifecycle-audit", "registration-failures/factory", "rule-failures/lifecycle-presence-Lambda", "stuck-provisioning", "stream-lag", "sweep-silent"], keys(output.monitoring.alarms))) == 0
    error_message = "Something is made that nobody watches."
  }

  assert {
    condition     = [for key, alarm in output.monitoring.alarms : key if alarm.kind == "replication-latency"] == ["replication-latency/eu-west-1"]
    error_message = "How late changes reach the Region that was named is not watched."
  }

  assert {
    condition     = module.monitoring.thresholds["claim-budget/factory-line/1"] == 20
    error_message = "Two claims that are called alike together with their templates share an alarm."
  }

  assert {
    condition     = module.monitoring.thresholds["stuck-provisioning"] == 9 && { for kind in ["stuck-provisioning", "sweep-failures", "sweep-silent"] : kind => module.monitoring.periods[kind] } == { stuck-provisioning = 7200, sweep-failures = 3600, sweep-silent = 7200 }
    error_message = "Alarms on the sweep look at periods without one."
  }

  assert {
    condition     = !contains(keys(output.monitoring.alarms), "unexpected-things")
    error_message = "Things without a record are watched, but nothing looks for them."
  }

  assert {
    condition     = !contains(keys(output.monitoring.alarms), "jitp-client-errors")
    error_message = "Just-in-time provisioning is watched although there is none."
  }
}

run "refuses_a_budget_for_a_claim_that_there_is_not" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    monitoring = { claim_budgets = { "factory/line-1" = 500 } }
  }

  expect_failures = [var.monitoring]
}

run "refuses_to_watch_decisions_in_two_namespaces" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    gate = { package_path = "./fixtures/package.zip", metric_namespace = "Gates" }
    certificate_authorities = { maker = {
      certificate_pem = "-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n"
      gate            = "registry"
      gate_settings   = { device_type = { parameter = "Organization" } }
    } }
  }

  expect_failures = [var.monitoring]
}

run "guards_its_claims_where_somebody_asks" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    templates = {
      factory      = { claim_certificates = { line-1 = { csr_pem = "-----BEGIN CERTIFICATE REQUEST-----\nbm90aGluZw==\n-----END CERTIFICATE REQUEST-----\n" } } }
      factory-line = { claim_certificates = { "1" = { csr_pem = "-----BEGIN CERTIFICATE REQUEST-----\nbm90aGluZw==\n-----END CERTIFICATE REQUEST-----\n" } } }
    }
    claim_guard = { enabled = true, package_path = "./fixtures/package.zip" }
    monitoring  = { claim_budgets = { "factory/line-1" = 500 }, alarms = { claim-budget = { threshold = 2000 } } }
  }

  assert {
    condition     = output.claim_guard.function_name == "acme-claim-guard" && toset([for arn in values(output.claim_guard.alarm_arns) : split(":", arn)[6]]) == toset([for alarm in values(output.monitoring.alarms) : alarm.name if alarm.kind == "claim-budget"]) && length(output.claim_guard.alarm_arns) == 2
    error_message = "The alarms that may call the guard are not those of the claims."
  }

  assert {
    condition     = length(setsubtract(["function-errors/claim-guard", "function-throttles/claim-guard", "dead-letter-depth/claim-guard", "dead-letter-age/claim-guard"], keys(output.monitoring.alarms))) == 0
    error_message = "Nobody watches the guard."
  }

  assert {
    condition     = module.device_lifecycle.audited_log_group_names["decisions-claim-guard"] == "/aws/lambda/acme-claim-guard"
    error_message = "What the guard did is not in the audit trail."
  }
}

run "refuses_a_claim_guard_without_monitoring" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    claim_guard = { enabled = true }
    monitoring  = { enabled = false }
  }

  expect_failures = [var.claim_guard]
}

run "refuses_a_claim_guard_without_its_alarms" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    claim_guard = { enabled = true }
    monitoring  = { alarms = { claim-budget = { enabled = false } } }
  }

  expect_failures = [var.claim_guard]
}

run "refuses_a_claim_guard_where_nobody_chose_the_budget" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    templates   = { factory = { claim_certificates = { line-1 = { csr_pem = "-----BEGIN CERTIFICATE REQUEST-----\nbm90aGluZw==\n-----END CERTIFICATE REQUEST-----\n" }, line-2 = { csr_pem = "-----BEGIN CERTIFICATE REQUEST-----\nbm90aGluZw==\n-----END CERTIFICATE REQUEST-----\n" } } } }
    claim_guard = { enabled = true, package_path = "./fixtures/package.zip" }
    monitoring  = { claim_budgets = { "factory/line-1" = 500 } }
  }

  expect_failures = [var.claim_guard]
}

run "refuses_a_claim_guard_of_more_claims_than_it_may_have" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    templates = {
      factory = { claim_certificates = { for index in range(16) : "line-${index}" => { csr_pem = "-----BEGIN CERTIFICATE REQUEST-----\nbm90aGluZw==\n-----END CERTIFICATE REQUEST-----\n" } } }
      field   = { claim_certificates = { for index in range(15) : "van-${index}" => { csr_pem = "-----BEGIN CERTIFICATE REQUEST-----\nbm90aGluZw==\n-----END CERTIFICATE REQUEST-----\n" } } }
    }
    claim_guard = { enabled = true, package_path = "./fixtures/package.zip" }
    monitoring  = { alarms = { claim-budget = { threshold = 2000 } } }
  }

  expect_failures = [var.claim_guard]
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    create       = false
    device_types = { gateway = {} }
    templates    = { factory = {} }
  }

  assert {
    condition     = alltrue([for value in [output.registry_table_name, output.registry_table_arn, output.registry_stream_arn, output.kms_key_arn, output.parent_thing_group_name, output.hook_function_name, output.hook_role_arn, output.hook_log_group_name, output.hook_metrics, output.template_versions_function_name, output.device_lifecycle, output.claim_guard] : value == null]) && output.templates == {} && output.device_types == {} && output.first_shadow_parameter_names == {}
    error_message = "Something is made although create is false."
  }
}

run "makes_no_part_that_nobody_needs" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types            = { quarantine = { topics = { publish = ["state"] } } }
    templates               = { factory = {} }
    device_lifecycle        = { enabled = false }
    claim_guard             = { enabled = true }
    prune_template_versions = false
  }

  assert {
    condition     = output.claim_guard == null && !contains(keys(output.monitoring.alarms), "function-errors/claim-guard")
    error_message = "A guard is made that has nothing to do."
  }

  assert {
    condition     = output.device_lifecycle == null && module.device_lifecycle.functions == {} && module.device_lifecycle.audit_log_group_name == null
    error_message = "Something of the lifecycle is made."
  }

  assert {
    condition     = output.template_versions_function_name == null
    error_message = "The function that prunes versions is made."
  }
}

run "refuses_a_device_type_called_like_the_quarantine" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types = { quarantine = { topics = { publish = ["state"] } } }
  }

  expect_failures = [var.device_lifecycle]
}

run "takes_the_longest_template_name" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    name_prefix = "a-very-long-prefix-x"
    templates   = { a23456789b12345 = {} }
  }

  assert {
    condition     = length(output.templates["a23456789b12345"].name) == 36
    error_message = "The name is not the longest."
  }
}

run "refuses_a_name_prefix_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    name_prefix = "abcdefghijklmnopqrstu"
  }

  expect_failures = [var.name_prefix]
}

run "refuses_a_template_name_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    name_prefix = "a-very-long-prefix-x"
    templates   = { a23456789b123456 = {} }
  }

  expect_failures = [var.templates]
}

run "refuses_a_template_key_with_an_underscore" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    templates = { a_b = {} }
  }

  expect_failures = [var.templates]
}

run "refuses_a_device_type_called_like_a_claim_policy" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types = { factory-claim = { topics = { publish = ["state"] } } }
    templates    = { factory = {} }
  }

  expect_failures = [var.templates]
}

run "composes_just_in_time_provisioning" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types   = { gateway = {} }
    jitp_templates = { sensors = { device_type = "gateway" }, own = { inline = true, device_type = "gateway", thing_groups = { names = [] }, thing_name_prefix = "acme-sensors-" }, any = { device_type = "gateway", thing_name_prefix = "" } }
    certificate_authorities = {
      first   = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", template = "sensors" }
      second  = { certificate_pem = sensitive("subject=CN = Maker\n-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n"), template = "sensors" }
      apart   = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n", template = "own", active = false }
      guarded = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----\n", gate = "registry", gate_settings = { device_type = { value = "gateway" } } }
    }
    gate = { package_path = "./fixtures/package.zip" }
  }

  assert {
    condition     = output.jitp_templates["sensors"].name == "acme-sensors" && output.jitp_templates["own"].name == null && module.jitp_template["sensors"].registration_config.template_name == "acme-sensors"
    error_message = "A template is missing or named otherwise."
  }

  assert {
    condition     = jsondecode(module.jitp_template["sensors"].template_body).Resources.thing.Properties.ThingTypeName == "acme-gateway" && jsondecode(module.jitp_template["sensors"].template_body).Resources.thing.Properties.ThingGroups == ["acme-gateway"] && !can(jsondecode(module.jitp_template["own"].template_body).Resources.thing.Properties.ThingGroups)
    error_message = "The catalogue's names are not in the template."
  }

  assert {
    condition     = { for key, authority in output.certificate_authorities : key => [authority.name, authority.gate, authority.active, authority.function_name] } == { first = ["acme-first", "none", true, null], second = ["acme-second", "none", true, null], apart = ["acme-apart", "none", false, null], guarded = ["acme-guarded", "registry", true, "acme-guarded-gate"] }
    error_message = "A CA is missing or other than it should be."
  }

  assert {
    condition     = { for key, name in module.device_lifecycle.audited_log_group_names : key => name if startswith(key, "decisions-") } == { decisions-hook = "/aws/lambda/acme-provisioning-hook", decisions-gate-guarded = "/aws/lambda/acme-guarded-gate" }
    error_message = "A gate's decisions are not in the audit trail."
  }

  assert {
    condition     = output.certificate_authorities["first"].device_certificate.thing_name == { parameter = "CommonName", prefix = "acme-sensors-" } && output.certificate_authorities["guarded"].device_certificate.device_type.value == "gateway"
    error_message = "What a device's certificate must hold is not said."
  }

  assert {
    condition     = output.certificate_authorities["second"].certificate_pem == "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n"
    error_message = "Another certificate is told than the one that is registered, or none since the caller takes it for a secret."
  }
}

run "refuses_one_name_for_both_kinds_of_template" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types   = { gateway = {} }
    templates      = { factory = {} }
    jitp_templates = { factory = { device_type = "gateway" } }
  }

  expect_failures = [var.jitp_templates]
}

run "refuses_a_jitp_template_for_an_unknown_device_type" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    jitp_templates = { sensors = { device_type = "gateway" } }
  }

  expect_failures = [var.jitp_templates]
}

run "refuses_a_device_type_beside_a_template_body" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types   = { gateway = {} }
    jitp_templates = { sensors = { device_type = "gateway", template_body = "{}" } }
  }

  expect_failures = [var.jitp_templates]
}

run "refuses_a_jitp_template_name_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    name_prefix    = "a-very-long-prefix-x"
    device_types   = { gateway = {} }
    jitp_templates = { a23456789b123456 = { device_type = "gateway" } }
  }

  expect_failures = [var.jitp_templates]
}

run "refuses_a_jitp_template_key_with_an_underscore" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types   = { gateway = {} }
    jitp_templates = { a_b = { device_type = "gateway" } }
  }

  expect_failures = [var.jitp_templates]
}

run "refuses_a_ca_with_neither_template_nor_gate" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    certificate_authorities = { maker = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" } }
  }

  expect_failures = [var.certificate_authorities]
}

run "refuses_a_ca_with_template_and_gate" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types            = { gateway = {} }
    jitp_templates          = { sensors = { device_type = "gateway" } }
    certificate_authorities = { maker = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", template = "sensors", gate = "registry", gate_settings = { device_type = { value = "gateway" } } } }
  }

  expect_failures = [var.certificate_authorities]
}

run "refuses_a_ca_name_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    name_prefix             = "a-very-long-prefix-x"
    device_types            = { gateway = {} }
    jitp_templates          = { sensors = { device_type = "gateway" } }
    certificate_authorities = { a23456789b123456 = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", template = "sensors" } }
  }

  expect_failures = [var.certificate_authorities]
}

run "refuses_a_ca_key_with_an_underscore" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types            = { gateway = {} }
    jitp_templates          = { sensors = { device_type = "gateway" } }
    certificate_authorities = { a_b = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", template = "sensors" } }
  }

  expect_failures = [var.certificate_authorities]
}

run "refuses_a_jitp_template_whose_makers_could_name_the_things_of_another" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types   = { gateway = {} }
    jitp_templates = { lamp = { device_type = "gateway" }, lamp-2 = { device_type = "gateway" } }
  }

  expect_failures = [var.jitp_templates]
}

run "refuses_a_ca_that_could_name_the_things_of_the_registry" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types            = { gateway = {} }
    templates               = { factory = {} }
    jitp_templates          = { sensors = { device_type = "gateway", thing_name_prefix = "acme-" } }
    certificate_authorities = { maker = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", template = "sensors" } }
  }

  expect_failures = [var.certificate_authorities]
}

run "refuses_a_template_with_the_names_of_a_gates_things" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types   = { gateway = {} }
    jitp_templates = { sensors = { device_type = "gateway", thing_name_prefix = "acme" } }
    certificate_authorities = {
      maker   = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", template = "sensors" }
      guarded = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n", gate = "registry", gate_settings = { device_type = { value = "gateway" } } }
    }
    gate = { package_path = "./fixtures/package.zip" }
  }

  expect_failures = [var.certificate_authorities]
}

run "refuses_a_gate_for_an_unknown_device_type" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    certificate_authorities = { maker = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", gate = "registry", gate_settings = { device_type = { value = "gateway" } } } }
    gate                    = { package_path = "./fixtures/package.zip" }
  }

  expect_failures = [var.certificate_authorities]
}

run "refuses_one_ca_under_two_keys" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types   = { gateway = {} }
    jitp_templates = { sensors = { device_type = "gateway" } }
    certificate_authorities = {
      maker = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", template = "sensors" }
      again = { certificate_pem = "subject=CN = Maker\r\n-----BEGIN CERTIFICATE-----\r\nMI\r\nIB\r\n-----END CERTIFICATE-----\r\n", template = "sensors" }
    }
  }

  expect_failures = [var.certificate_authorities]
}

run "takes_part_in_a_registry_of_several_regions" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types            = { gateway = {} }
    templates               = { factory = {} }
    multi_region            = { default_home_region = "eu-west-1" }
    gate                    = { package_path = "./fixtures/package.zip" }
    certificate_authorities = { maker = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", gate = "registry", gate_settings = { device_type = { value = "gateway" } } } }
    registry = {
      existing_table = {
        arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
        stream_arn  = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry/stream/2026-11-22T00:00:00.000"
        kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
      }
    }
  }

  assert {
    condition     = output.registry_table_name == "acme-device-registry" && output.registry_table_arn == "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry" && output.registry_stream_arn == "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry/stream/2026-11-22T00:00:00.000" && output.kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000" && output.registry_replicas == {}
    error_message = "The replica is not the registry."
  }

  assert {
    condition     = local.default_home_region == "eu-west-1" && contains(keys(output.device_lifecycle.functions), "enforcement") && contains(keys(output.monitoring.alarms), "registry-throttling/UpdateItem") && contains(keys(output.monitoring.alarms), "stream-lag") && contains(keys(output.monitoring.alarms), "registry-conflicts")
    error_message = "Changes of other Regions are not followed, or nobody watches."
  }
}

run "asks_the_registry_of_another_account" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types = { gateway = {} }
    templates    = { factory = {} }
    registry = {
      existing_table = {
        arn         = "arn:aws:dynamodb:eu-central-1:210987654321:table/acme-device-registry"
        kms_key_arn = "arn:aws:kms:eu-central-1:210987654321:key/00000000-0000-4000-8000-000000000000"
      }
    }
    logs = { kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000" }
  }

  assert {
    condition     = output.registry_table_name == "arn:aws:dynamodb:eu-central-1:210987654321:table/acme-device-registry" && output.registry_stream_arn == null && toset(keys(output.device_lifecycle.functions)) == toset(["confirmation", "audit", "sweep"])
    error_message = "Functions ask another table, or wait for its stream."
  }

  assert {
    condition     = length(setintersection(keys(output.monitoring.alarms), ["registry-throttling/UpdateItem", "stream-lag", "state-changes/REVOKED"])) == 0 && contains(keys(output.monitoring.alarms), "sweep-silent")
    error_message = "An alarm would be quiet for ever."
  }
}

run "refuses_another_accounts_registry_without_a_key_for_the_logs" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    registry = {
      existing_table = {
        arn         = "arn:aws:dynamodb:eu-central-1:210987654321:table/acme-device-registry"
        kms_key_arn = "arn:aws:kms:eu-central-1:210987654321:key/00000000-0000-4000-8000-000000000000"
      }
    }
  }

  expect_failures = [var.registry]
}

run "refuses_a_default_home_that_is_no_region" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    multi_region = { default_home_region = "Ireland" }
  }

  expect_failures = [var.multi_region]
}

run "refuses_several_regions_with_names_that_copies_lack" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    multi_region = { default_home_region = "eu-west-1" }
    templates = {
      factory = { thing_type_name = "other", thing_group_name = "other", policy_name = "other", additional_thing_groups = ["further"], additional_policies = ["further"] }
    }
  }

  expect_failures = [var.multi_region]
}

run "refuses_several_regions_without_a_lifecycle" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    multi_region     = { default_home_region = "eu-west-1" }
    device_lifecycle = { enabled = false }
  }

  expect_failures = [var.multi_region]
}

run "refuses_several_regions_and_a_canary_in_another_accounts_registry" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types = { gateway = {} }
    templates    = { factory = {} }
    multi_region = { default_home_region = "eu-west-1" }
    canary       = { enabled = true, package_path = "./fixtures/package.zip" }
    logs         = { kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000" }
    registry = {
      existing_table = {
        arn         = "arn:aws:dynamodb:eu-central-1:210987654321:table/acme-device-registry"
        kms_key_arn = "arn:aws:kms:eu-central-1:210987654321:key/00000000-0000-4000-8000-000000000000"
      }
    }
  }

  # There is no stream here, and no right to enrol.
  expect_failures = [var.multi_region, var.canary]
}

run "refuses_a_replica_without_saying_who_decides" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    registry = {
      existing_table = {
        arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
        stream_arn  = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry/stream/2026-11-22T00:00:00.000"
        kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
      }
    }
  }

  expect_failures = [var.multi_region]
}

run "watches_the_canary" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types = { gateway = {}, pressure-sensor = { first_shadow = { enabled = false } } }
    templates    = { factory = {}, field = {} }
    canary       = { enabled = true, template = "field", schedule = "rate(2 hours)", package_path = "./fixtures/package.zip" }
  }

  assert {
    condition     = output.canary.function_name == "acme-canary" && output.canary.rule_name == "acme-canary" && output.canary.metrics.names == tolist(["CanaryFailures", "CanaryRuns"])
    error_message = "The canary is missing or named otherwise."
  }

  assert {
    condition     = length(setsubtract(["canary-failed", "canary-silent", "function-errors/canary"], keys(output.monitoring.alarms))) == 0 && { for kind in ["canary-failed", "canary-silent"] : kind => module.monitoring.periods[kind] } == { canary-failed = 7200, canary-silent = 7200 }
    error_message = "Nobody watches the canary, or looks at periods without a run."
  }
}

run "refuses_a_canary_of_what_there_is_not" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types = { gateway = {} }
    templates    = { factory = {} }
    canary       = { enabled = true, template = "field", device_type = "sensor", package_path = "./fixtures/package.zip" }
  }

  expect_failures = [var.canary]
}

run "refuses_a_canary_without_a_way_in" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    canary = { enabled = true, package_path = "./fixtures/package.zip" }
  }

  expect_failures = [var.canary]
}

run "refuses_a_default_home_without_a_table" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    multi_region = { default_home_region = "eu-west-2" }
    registry     = { replicas = { eu-west-1 = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000000" } } }
  }

  expect_failures = [output.registry_table_name]
}

run "refuses_to_share_a_replica_where_others_are_at_home" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    multi_region = { default_home_region = "eu-west-1" }
    registry = {
      existing_table = {
        arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
        stream_arn  = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry/stream/2026-11-22T00:00:00.000"
        kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
      }
      shared_with = { "210987654321" = {} }
    }
  }

  expect_failures = [output.registry_table_name]
}

run "refuses_a_canary_that_runs_too_seldom_for_its_alarm" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    device_types = { gateway = {} }
    templates    = { factory = {} }
    canary       = { enabled = true, schedule = "rate(4 days)", package_path = "./fixtures/package.zip" }
  }

  expect_failures = [var.canary]
}
