# A maker's CA: how it is registered, the gate in front of it, and every input that would be wrong.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name        = "acme-maker"
  name_prefix = "acme"

  certificate_pem = <<-EOT
    -----BEGIN CERTIFICATE-----
    MIIBSjCB8aADAgECAhQuEq7fD+K8HYk0kdQJDCvYSqHm/zAKBggqhkjOPQQDAjAT
    MREwDwYDVQQDDAhNYWtlciBDQTAeFw0yNjExMjAxNTA1MDBaFw0zNjExMTgxNTA1
    MDBaMBMxETAPBgNVBAMMCE1ha2VyIENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
    QgAEdKly7OHiqoJVQ+8+qqu4YuyelPBnpqht8FmZkfG6IqUcbISk04mia8rDJ0z0
    O5yFwMqtSQhqzsnerTpobsjJgqMjMCEwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8B
    Af8EBAMCAYYwCgYIKoZIzj0EAwIDSAAwRQIgenY0BVwKP8SVuJRI299Gya2IbM5l
    8KF0K+lC5iFWfzUCIQCC0Eucz0h0SGWDBFgW/RvUTiFVBLmZfgAzaPma4iJV+A==
    -----END CERTIFICATE-----
  EOT

  registration_config = { template_name = "acme-maker" }
}

run "registers_a_ca_with_a_template" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    device_certificate = {
      parameters = ["CommonName"]
      thing_name = { parameter = "CommonName", prefix = "acme-" }
    }
  }

  assert {
    condition     = one(aws_iot_ca_certificate.this[0].registration_config).template_name == "acme-maker" && one(aws_iot_ca_certificate.this[0].registration_config).template_body == null && terraform_data.registration[0].input == "template"
    error_message = "The template does not answer."
  }

  assert {
    condition     = aws_iot_ca_certificate.this[0].active && aws_iot_ca_certificate.this[0].allow_auto_registration && aws_iot_ca_certificate.this[0].certificate_mode == "SNI_ONLY" && nonsensitive(aws_iot_ca_certificate.this[0].verification_certificate_pem) == null
    error_message = "State, automatic registration or mode differ."
  }

  assert {
    condition     = nonsensitive(aws_iot_ca_certificate.this[0].ca_certificate_pem) == nonsensitive(var.certificate_pem) && output.certificate_pem == nonsensitive(var.certificate_pem)
    error_message = "Another certificate is registered."
  }

  assert {
    condition     = aws_iot_ca_certificate.this[0].tags == tomap({ Name = "acme-maker" })
    error_message = "The CA cannot be told by its name."
  }

  assert {
    condition     = output.gate == "none" && output.device_certificate.thing_name == { parameter = "CommonName", prefix = "acme-" } && output.device_certificate.parameters == tolist(["CommonName"])
    error_message = "The outputs differ."
  }

  assert {
    condition     = length(module.function) + length(aws_sqs_queue.failures) + length(aws_iot_topic_rule.registered) + length(aws_lambda_permission.rule) + length(aws_iam_role.rule) + length(aws_iam_role_policy.rule) + length(aws_cloudwatch_log_metric_filter.denials) + length(aws_cloudwatch_log_metric_filter.decisions) == 0 && alltrue([for value in [output.function_name, output.function_version, output.role_arn, output.log_group_name, output.dead_letter_queue_url, output.dead_letter_queue_arn, output.dead_letter_queue_name, output.topic_rule_name, output.metrics] : value == null])
    error_message = "There is a gate."
  }
}

run "registers_a_ca_with_a_body_of_its_own" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = {
      template_body = jsonencode({ Resources = {} })
      role_arn      = "arn:aws:iam::123456789012:role/acme-maker"
    }
    active                  = false
    allow_auto_registration = false
    tags                    = { Name = "Acme maker", owner = "platform" }
  }

  assert {
    condition     = one(aws_iot_ca_certificate.this[0].registration_config).template_body == "{\"Resources\":{}}" && one(aws_iot_ca_certificate.this[0].registration_config).role_arn == "arn:aws:iam::123456789012:role/acme-maker" && one(aws_iot_ca_certificate.this[0].registration_config).template_name == null && terraform_data.registration[0].input == "inline"
    error_message = "The body does not answer."
  }

  assert {
    condition     = !aws_iot_ca_certificate.this[0].active && !aws_iot_ca_certificate.this[0].allow_auto_registration
    error_message = "The CA is not switched off."
  }

  assert {
    condition     = aws_iot_ca_certificate.this[0].tags == tomap({ Name = "Acme maker", owner = "platform" })
    error_message = "The tags differ."
  }
}

run "takes_a_verified_ca_whatever_its_lines_end_with" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    certificate_mode = "DEFAULT"
    verification_certificate_pem = format("Public Key Algorithm: id-ecPublicKey\n%s", <<-EOT
    -----BEGIN CERTIFICATE-----
    MIIBUDCB96ADAgECAhRUHoUq8Y+gPjyIccH4EZLETZdrpzAKBggqhkjOPQQDAjAT
    MREwDwYDVQQDDAhNYWtlciBDQTAeFw0yNjExMjAxNTA1MDBaFw0zNjExMTgxNTA1
    MDBaMBwxGjAYBgNVBAMMEXJlZ2lzdHJhdGlvbi1jb2RlMFkwEwYHKoZIzj0CAQYI
    KoZIzj0DAQcDQgAEGjFsbKgQYNytsu8/WLTnrmMN6qdOR9KWHVZcIS2Oqie5CChr
    gbcVuewz1M4CFYBVOux+Vn+w98rL4BZ6FNN4NaMgMB4wDAYDVR0TAQH/BAIwADAO
    BgNVHQ8BAf8EBAMCB4AwCgYIKoZIzj0EAwIDSAAwRQIgXphbSFzMfGsQfBVimB0u
    oucBfb4vIss0MSoY5ic+pGACIQCFtZbfib7+nf4/p03D9ibMogazIMsxBjOVTKBJ
    PXX8lw==
    -----END CERTIFICATE-----
    EOT
    )
    certificate_pem = format("%s\r\n", join("\r\n", ["subject=CN = Maker CA", "-----BEGIN CERTIFICATE-----", "MIIBSjCB8aADAgECAhQuEq7fD+K8HYk0kdQJDCvYSqHm/zAKBggqhkjOPQQDAjAT", "MREw", "DwYDVQQDDAhN", "-----END CERTIFICATE-----"]))
  }

  assert {
    condition     = nonsensitive(aws_iot_ca_certificate.this[0].ca_certificate_pem) == "-----BEGIN CERTIFICATE-----\nMIIBSjCB8aADAgECAhQuEq7fD+K8HYk0kdQJDCvYSqHm/zAKBggqhkjOPQQDAjAT\nMREwDwYDVQQDDAhN\n-----END CERTIFICATE-----\n"
    error_message = "The same certificate in another layout would be registered anew."
  }

  assert {
    condition     = "Public Key Algorithm: id-ecPublicKey\n${nonsensitive(aws_iot_ca_certificate.this[0].verification_certificate_pem)}" == nonsensitive(var.verification_certificate_pem) && aws_iot_ca_certificate.this[0].certificate_mode == "DEFAULT"
    error_message = "The CA is not verified."
  }
}

run "puts_a_gate_in_front_of_a_ca" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { device_type = { value = "sensor" }, package_path = "./fixtures/package.zip" }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  assert {
    condition     = length(aws_iot_ca_certificate.this[0].registration_config) == 0 && terraform_data.registration[0].input == "gate"
    error_message = "AWS IoT provisions devices without asking the gate."
  }

  assert {
    condition     = { for name, value in local.environment : name => value if name != "CA_CERTIFICATE_ID" } == { DEVICE_REGISTRY_TABLE = "acme-device-registry", NAME_PREFIX = "acme", GATE_NAME = "acme-maker", CLAIM_LEASE_SECONDS = "never", REFUSED_CERTIFICATE_STATUS = "INACTIVE", SERIAL_NUMBER_FIELD = "CommonName", DEVICE_TYPE = "sensor" } && contains(keys(local.environment), "CA_CERTIFICATE_ID")
    error_message = "The function's environment differs."
  }

  assert {
    condition = jsondecode(local.policies.gate).Statement == [
      { Sid = "Certificates", Effect = "Allow", Action = ["iot:DescribeCertificate", "iot:UpdateCertificate", "iot:AttachPolicy"], Resource = "arn:aws:iot:eu-central-1:123456789012:cert/*" },
      { Sid = "Things", Effect = "Allow", Action = ["iot:DescribeThing", "iot:CreateThing", "iot:UpdateThing"], Resource = "arn:aws:iot:eu-central-1:123456789012:thing/acme-*" },
      { Sid = "ThingAndCertificate", Effect = "Allow", Action = "iot:AttachThingPrincipal", Resource = ["arn:aws:iot:eu-central-1:123456789012:thing/acme-*", "arn:aws:iot:eu-central-1:123456789012:cert/*"] },
      { Sid = "ThingAndGroup", Effect = "Allow", Action = "iot:AddThingToThingGroup", Resource = ["arn:aws:iot:eu-central-1:123456789012:thing/acme-*", "arn:aws:iot:eu-central-1:123456789012:thinggroup/acme-sensor"] },
    ]
    error_message = "The gate may do something else."
  }

  assert {
    condition     = toset(keys(local.policies)) == toset(["registry", "gate", "failures"]) && jsondecode(local.policies.failures).Statement == [{ Sid = "KeepWhatFailed", Effect = "Allow", Action = "sqs:SendMessage", Resource = "arn:aws:sqs:eu-central-1:123456789012:acme-maker-gate-failures" }] && jsondecode(local.policies.registry).Statement[0].Action == "dynamodb:UpdateItem" && jsondecode(local.policies.registry).Statement[0].Resource == var.table_arn
    error_message = "The gate has other policies."
  }

  assert {
    condition     = aws_sqs_queue.failures[0].name == "acme-maker-gate-failures" && aws_sqs_queue.failures[0].message_retention_seconds == 1209600 && aws_sqs_queue.failures[0].sqs_managed_sse_enabled
    error_message = "The queue differs."
  }

  assert {
    condition     = aws_iot_topic_rule.registered[0].name == "acme_maker_registered" && aws_iot_topic_rule.registered[0].enabled && aws_iot_topic_rule.registered[0].sql_version == "2016-03-23"
    error_message = "The topic rule differs."
  }

  assert {
    condition     = aws_lambda_permission.rule[0].source_arn == "arn:aws:iot:eu-central-1:123456789012:rule/acme_maker_registered" && aws_lambda_permission.rule[0].source_account == "123456789012" && aws_lambda_permission.rule[0].qualifier == "live" && aws_lambda_permission.rule[0].principal == "iot.amazonaws.com"
    error_message = "Another rule or account could call the function."
  }

  assert {
    condition     = aws_iam_role.rule[0].name == "acme-maker-rule-eu-central-1" && jsondecode(aws_iam_role.rule[0].assume_role_policy).Statement == [{ Sid = "IotRulesOfThisAccount", Effect = "Allow", Principal = { Service = "iot.amazonaws.com" }, Action = "sts:AssumeRole", Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" }, ArnLike = { "aws:SourceArn" = "arn:aws:iot:eu-central-1:123456789012:*" } } }]
    error_message = "Another account could take the rule's role."
  }

  assert {
    condition     = aws_iam_role_policy.rule[0].policy == jsonencode(jsondecode(local.policies.failures))
    error_message = "The rule may do something else."
  }

  assert {
    condition     = one(aws_cloudwatch_log_metric_filter.denials[0].metric_transformation).dimensions == tomap({ Reason = "$.reason" }) && one(aws_cloudwatch_log_metric_filter.decisions[0].metric_transformation).dimensions == tomap({ Outcome = "$.outcome" }) && output.metrics.namespace == "IoTProvisioning/acme"
    error_message = "Decisions are not counted."
  }

  assert {
    condition     = output.device_certificate.parameters == tolist(["CommonName"]) && output.device_certificate.serial_number.parameter == "CommonName" && output.device_certificate.device_type.value == "sensor" && output.device_certificate.manufacturer == null && output.device_certificate.thing_name == null
    error_message = "The outputs differ."
  }
}

run "reads_everything_from_the_certificate_in_another_partition" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  override_data {
    target = data.aws_partition.this
    values = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
  }

  override_data {
    target = data.aws_region.this
    values = { id = "cn-north-1" }
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings = {
      serial_number              = { parameter = "SerialNumber" }
      device_type                = { parameter = "OrganizationalUnit" }
      manufacturer               = { parameter = "Organization" }
      refused_certificate_status = "REVOKED"
      crl                        = { bucket = "revoked.maker", key = "lists/maker.crl", bucket_owner = "210987654321", kms_key_arn = "arn:aws-cn:kms:cn-north-1:210987654321:key/00000000-0000-4000-8000-000000000000" }
      claim_lease_seconds        = 86400
      package_path               = "./fixtures/package.zip"
      timeout                    = 300
      reserved_concurrency       = 5
      metric_namespace           = "Fleet/Makers"
      dead_letter_retention_days = 1
    }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws-cn:kms:cn-north-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  assert {
    condition     = { for name, value in local.environment : name => value if name != "CA_CERTIFICATE_ID" } == { DEVICE_REGISTRY_TABLE = "acme-device-registry", NAME_PREFIX = "acme", GATE_NAME = "acme-maker", CLAIM_LEASE_SECONDS = "86400", REFUSED_CERTIFICATE_STATUS = "REVOKED", SERIAL_NUMBER_FIELD = "SerialNumber", DEVICE_TYPE_FIELD = "OrganizationalUnit", MANUFACTURER_FIELD = "Organization", CRL_BUCKET = "revoked.maker", CRL_KEY = "lists/maker.crl", CRL_BUCKET_OWNER = "210987654321" }
    error_message = "The function's environment differs."
  }

  assert {
    condition = jsondecode(local.policies.revocations).Statement == [
      { Sid = "ReadItsKeyThroughS3", Effect = "Allow", Action = "kms:Decrypt", Resource = "arn:aws-cn:kms:cn-north-1:210987654321:key/00000000-0000-4000-8000-000000000000", Condition = { StringEquals = { "kms:ViaService" = "s3.cn-north-1.amazonaws.com.cn" } } },
      { Sid = "ReadTheRevocationList", Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws-cn:s3:::revoked.maker/lists/maker.crl" },
    ]
    error_message = "The gate may read something else."
  }

  assert {
    condition     = jsondecode(local.policies.gate).Statement[3].Resource[1] == "arn:aws-cn:iot:cn-north-1:123456789012:thinggroup/acme-*" && aws_lambda_permission.rule[0].source_arn == "arn:aws-cn:iot:cn-north-1:123456789012:rule/acme_maker_registered" && strcontains(local.policies.failures, "arn:aws-cn:sqs:cn-north-1:")
    error_message = "An ARN names another partition."
  }

  assert {
    condition     = output.metrics.namespace == "Fleet/Makers" && aws_sqs_queue.failures[0].message_retention_seconds == 86400
    error_message = "The settings are not used."
  }

  assert {
    condition     = output.device_certificate.parameters == tolist(["Organization", "OrganizationalUnit", "SerialNumber"]) && output.device_certificate.manufacturer.parameter == "Organization" && output.device_certificate.device_type.parameter == "OrganizationalUnit"
    error_message = "The outputs differ."
  }
}

run "reads_a_list_of_this_account_without_a_key" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    active              = false
    registration_config = null
    gate                = "registry"
    gate_settings       = { device_type = { value = "sensor" }, manufacturer = { value = "Acme" }, crl = { bucket = "revoked", key = "maker.crl" }, package_path = "./fixtures/package.zip" }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  assert {
    condition     = local.environment.CRL_BUCKET_OWNER == "123456789012" && local.environment.MANUFACTURER == "Acme" && !contains(keys(local.environment), "MANUFACTURER_FIELD")
    error_message = "The function's environment differs."
  }

  assert {
    condition     = jsondecode(local.policies.revocations).Statement == [{ Sid = "ReadTheRevocationList", Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::revoked/maker.crl" }]
    error_message = "The gate may read something else."
  }

  assert {
    condition     = output.device_certificate.manufacturer.value == "Acme"
    error_message = "The manufacturer is not told."
  }

  assert {
    condition     = !aws_iot_topic_rule.registered[0].enabled
    error_message = "The gate of a CA that is switched off lets in what was registered before."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    create              = false
    registration_config = null
    gate                = "registry"
  }

  assert {
    condition     = length(aws_iot_ca_certificate.this) + length(terraform_data.registration) == 0 && length(module.function) + length(aws_sqs_queue.failures) + length(aws_iot_topic_rule.registered) + length(aws_lambda_permission.rule) + length(aws_iam_role.rule) + length(aws_iam_role_policy.rule) + length(aws_cloudwatch_log_metric_filter.denials) + length(aws_cloudwatch_log_metric_filter.decisions) == 0
    error_message = "Something is made although create is false."
  }

  assert {
    condition     = alltrue([for value in [output.function_name, output.function_version, output.role_arn, output.log_group_name, output.dead_letter_queue_url, output.dead_letter_queue_arn, output.dead_letter_queue_name, output.topic_rule_name, output.metrics] : value == null]) && alltrue([for value in [output.certificate_id, output.certificate_arn, output.certificate_pem, output.certificate_mode, output.active, output.allow_auto_registration, output.gate, output.device_certificate] : value == null])
    error_message = "Something is told although nothing is made."
  }
}

run "refuses_names_and_tags_that_aws_refuses" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    name        = "a23456789b123456789c123456789d1234567"
    name_prefix = "Acme"
    tags        = { for number in range(50) : "key${number}" => "x" }
  }

  expect_failures = [var.name, var.name_prefix, var.tags]
}

run "refuses_a_name_with_an_underscore_and_a_tag_of_awss_own" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    name = "acme_maker"
    tags = { "aws:owner" = "x" }
  }

  expect_failures = [var.name, var.tags]
}

run "refuses_a_private_key" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    # Put together here, so that no file of the repository looks like a key.
    certificate_pem = format("-----BEGIN %s KEY-----\nAAAA\n-----END %s KEY-----\n%s", "PRIVATE", "PRIVATE", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
  }

  expect_failures = [var.certificate_pem]
}

run "refuses_a_chain" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    certificate_pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
  }

  expect_failures = [var.certificate_pem]
}

run "refuses_what_is_no_certificate" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    certificate_pem  = "./maker.pem"
    certificate_mode = "ANY"
    gate             = "open"
  }

  expect_failures = [var.certificate_pem, var.certificate_mode, var.gate]
}

run "refuses_default_mode_without_a_verification_certificate" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    certificate_mode = "DEFAULT"
  }

  expect_failures = [var.verification_certificate_pem]
}

run "refuses_a_verification_certificate_with_sni_only" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    verification_certificate_pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
  }

  expect_failures = [var.verification_certificate_pem]
}

run "refuses_a_private_key_with_the_verification_certificate" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    certificate_mode             = "DEFAULT"
    verification_certificate_pem = format("%s KEY\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "PRIVATE")
  }

  expect_failures = [var.verification_certificate_pem]
}

run "refuses_two_verification_certificates" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    certificate_mode             = "DEFAULT"
    verification_certificate_pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
  }

  expect_failures = [var.verification_certificate_pem]
}

run "refuses_the_ca_as_its_own_verification_certificate" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    certificate_mode             = "DEFAULT"
    certificate_pem              = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    verification_certificate_pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
  }

  expect_failures = [var.verification_certificate_pem]
}

run "refuses_a_ca_that_nothing_answers" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
  }

  expect_failures = [var.registration_config]
}

run "refuses_a_template_behind_the_gate_and_a_gate_without_a_table" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    gate               = "registry"
    gate_settings      = { device_type = { value = "sensor" }, package_path = "./fixtures/package.zip" }
    device_certificate = { parameters = ["CommonName"] }
  }

  expect_failures = [var.registration_config, var.device_certificate, var.table_name, var.table_arn, var.table_kms_key_arn]
}

run "refuses_a_template_together_with_a_body" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = { template_name = "acme-maker", template_body = "{\"Resources\":{}}", role_arn = "arn:aws:iam::123456789012:role/acme-maker" }
  }

  expect_failures = [var.registration_config]
}

run "refuses_a_body_without_a_role" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = { template_body = "{\"Resources\":{}}" }
  }

  expect_failures = [var.registration_config]
}

run "refuses_a_template_name_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = { template_name = "a23456789b123456789c123456789d1234567" }
  }

  expect_failures = [var.registration_config]
}

run "refuses_a_body_that_is_no_template" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = { template_body = "no", role_arn = "arn:aws:iam::123456789012:role/acme-maker" }
  }

  expect_failures = [var.registration_config]
}

run "refuses_a_body_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = { template_body = jsonencode({ Resources = replace(format("%10240s", ""), " ", "x") }), role_arn = "arn:aws:iam::123456789012:role/acme-maker" }
  }

  expect_failures = [var.registration_config]
}

run "refuses_a_role_that_is_none" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = { template_body = "{\"Resources\":{}}", role_arn = "acme-maker" }
  }

  expect_failures = [var.registration_config]
}

run "refuses_a_gate_without_settings" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    gate                = "registry"
    registration_config = null

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_settings_without_a_gate" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    gate_settings = { device_type = { value = "sensor" } }
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_field_that_no_subject_has" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, serial_number = { parameter = "Locality" } }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_device_type_from_the_certificates_id" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { parameter = "Id" } }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_manufacturer_from_a_field_that_no_subject_has" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, manufacturer = { parameter = "Name" } }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_gate_that_knows_no_device_type" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = {} }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_device_type_from_two_places" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor", parameter = "Organization" } }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_device_type_that_is_none" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "Sensor" } }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_manufacturer_from_two_places" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, manufacturer = { value = "Acme", parameter = "Organization" } }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_manufacturer_that_no_attribute_holds" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, manufacturer = { value = "Acme Ltd" } }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_to_leave_a_refused_certificate_active" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, refused_certificate_status = "ACTIVE" }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_list_without_a_key" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, crl = { bucket = "revoked" } }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_list_without_a_bucket" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, crl = { key = "maker.crl" } }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_bucket_that_is_an_address" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, crl = { bucket = "s3://revoked", key = "maker.crl" } }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_list_that_is_a_pattern" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, crl = { bucket = "revoked", key = "*" } }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_bucket_owner_that_is_no_account" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, crl = { bucket = "revoked", key = "maker.crl", bucket_owner = "acme" } }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_lists_key_that_is_an_alias" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, crl = { bucket = "revoked", key = "maker.crl", kms_key_arn = "alias/revoked" } }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_lease_below_a_minute" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, claim_lease_seconds = 59 }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_lease_above_a_day" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, claim_lease_seconds = 86401 }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_timeout_below_ten_seconds" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, timeout = 9 }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_a_timeout_above_five_minutes" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, timeout = 301 }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_awss_own_metric_namespace" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, metric_namespace = "AWS/IoT" }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_to_keep_failures_longer_than_the_queue_can" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, dead_letter_retention_days = 15 }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "refuses_to_keep_no_failures" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { package_path = "./fixtures/package.zip", device_type = { value = "sensor" }, dead_letter_retention_days = 0 }

    table_name        = "acme-device-registry"
    table_arn         = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-device-registry"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  }

  expect_failures = [var.gate_settings]
}

run "asks_another_accounts_table_and_is_told_which_region_decides" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    registration_config = null
    gate                = "registry"
    gate_settings       = { device_type = { value = "sensor" }, package_path = "./fixtures/package.zip" }
    default_home_region = "eu-west-1"

    table_name        = "arn:aws:dynamodb:eu-central-1:210987654321:table/devices"
    table_arn         = "arn:aws:dynamodb:eu-central-1:210987654321:table/devices"
    table_kms_key_arn = "arn:aws:kms:eu-central-1:210987654321:key/00000000-0000-4000-8000-000000000000"
  }

  assert {
    condition     = local.environment.DEFAULT_HOME_REGION == "eu-west-1" && local.environment.DEVICE_REGISTRY_TABLE == var.table_arn
    error_message = "A gate in the second Region would decide, or ask another table."
  }

  assert {
    condition     = jsondecode(local.policies.registry).Statement[1].Condition.StringEquals["kms:EncryptionContext:aws:dynamodb:tableName"] == "devices" && jsondecode(local.policies.registry).Statement[1].Condition.StringEquals["kms:EncryptionContext:aws:dynamodb:subscriberId"] == "210987654321"
    error_message = "The key of the other account's table cannot be used."
  }
}

run "refuses_a_default_home_that_is_no_region" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-ca"
  }

  variables {
    default_home_region = "Ireland"
  }

  expect_failures = [var.default_home_region]
}
