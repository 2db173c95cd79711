# Fleet template: the body, the role, what a claim may do, and every input that AWS would refuse.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name           = "acme-factory"
  name_prefix    = "acme"
  hook_arn       = "arn:aws:lambda:eu-central-1:123456789012:function:acme-provisioning-hook:live"
  prune_function = { name = "acme-template-versions", qualifier = "live" }
}

run "declares_what_the_hook_sets_and_nothing_undeclared" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  assert {
    condition     = toset(keys(jsondecode(output.template_body).Parameters)) == toset(["AWS::IoT::Certificate::Id", "DeviceType", "FirmwareVersion", "Location", "Manufacturer", "PolicyName", "ProvisionedAt", "SerialNumber", "ThingGroupName", "ThingName", "ThingTypeName"])
    error_message = "The declared parameters are others."
  }

  assert {
    condition     = jsondecode(output.template_body).Resources.thing.Properties.ThingName == { Ref = "ThingName" } && jsondecode(output.template_body).Resources.thing.Properties.ThingTypeName == { Ref = "ThingTypeName" } && jsondecode(output.template_body).Resources.thing.Properties.ThingGroups == [{ Ref = "ThingGroupName" }] && jsondecode(output.template_body).Resources.policy.Properties == { PolicyName = { Ref = "PolicyName" } }
    error_message = "Name, type, group or policy do not come from the hook."
  }

  assert {
    condition     = jsondecode(output.template_body).Resources.thing.Properties.AttributePayload == { serialNumber = { Ref = "SerialNumber" }, deviceType = { Ref = "DeviceType" }, manufacturer = { Ref = "Manufacturer" }, provisionedAt = { Ref = "ProvisionedAt" }, firmwareVersion = { Ref = "FirmwareVersion" }, location = { Ref = "Location" } }
    error_message = "The default attributes are others."
  }

  assert {
    condition     = jsondecode(output.template_body).Resources.certificate == { Type = "AWS::IoT::Certificate", Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" }, Status = "ACTIVE", ThingPrincipalType = "EXCLUSIVE_THING" } }
    error_message = "The certificate resource is another."
  }

  assert {
    condition     = jsondecode(output.template_body).Resources.thing.OverrideSettings == { AttributePayload = "MERGE", ThingTypeName = "REPLACE", ThingGroups = "MERGE" }
    error_message = "The override settings are others."
  }

  assert {
    condition     = !strcontains(output.template_body, "AWS::IoT::Certificate::Arn") && !strcontains(output.template_body, "Fn::Sub")
    error_message = "The body uses what AWS does not document."
  }

  assert {
    condition     = aws_iot_provisioning_template.this[0].enabled && one(aws_iot_provisioning_template.this[0].pre_provisioning_hook).target_arn == var.hook_arn
    error_message = "The template is disabled or has no hook."
  }

  assert {
    condition     = jsondecode(aws_lambda_invocation.prune[0].input) == { templateName = "acme-factory", bodySha256 = sha256(output.template_body) }
    error_message = "Old versions are not removed before a new body."
  }
}

run "scopes_the_provisioning_role" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  assert {
    condition     = jsondecode(aws_iam_role.provisioning[0].assume_role_policy).Statement[0].Condition == { StringEquals = { "aws:SourceAccount" = "123456789012" }, ArnLike = { "aws:SourceArn" = "arn:aws:iot:eu-central-1:123456789012:*" } }
    error_message = "Another account could make AWS IoT take the role."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.provisioning[0].policy).Statement : statement.Action == "iot:RegisterThing" || !contains(flatten([statement.Resource]), "*")])
    error_message = "More than RegisterThing is allowed on every resource."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.provisioning[0].policy, "CreatePolicy") && !strcontains(aws_iam_role_policy.provisioning[0].policy, "RemoveThingFromThingGroup")
    error_message = "The role may do more than it needs."
  }

  assert {
    condition     = length(aws_iam_role_policy_attachment.provisioning) == 0
    error_message = "The managed policy is attached unasked."
  }
}

run "takes_the_managed_policy" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    provisioning_role = { managed_policy = true, trust_source_arn = "arn:aws:iot:eu-central-1:123456789012:provisioningtemplate/acme-factory" }
  }

  assert {
    condition     = aws_iam_role_policy_attachment.provisioning[0].policy_arn == "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration" && length(aws_iam_role_policy.provisioning) == 0
    error_message = "The managed policy is not the only one."
  }

  assert {
    condition     = strcontains(aws_iam_role.provisioning[0].assume_role_policy, "provisioningtemplate/acme-factory")
    error_message = "The trust is not as narrow as asked for."
  }
}

run "limits_a_claim_to_this_template" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim = { formats = ["json"] }
  }

  assert {
    condition     = jsondecode(aws_iot_policy.claim["register"].policy).Statement[*].Resource == ["arn:aws:iot:eu-central-1:123456789012:client/claim-acme-factory-*", ["arn:aws:iot:eu-central-1:123456789012:topic/$aws/provisioning-templates/acme-factory/provision/json"], ["arn:aws:iot:eu-central-1:123456789012:topic/$aws/provisioning-templates/acme-factory/provision/json/accepted", "arn:aws:iot:eu-central-1:123456789012:topic/$aws/provisioning-templates/acme-factory/provision/json/rejected"], ["arn:aws:iot:eu-central-1:123456789012:topicfilter/$aws/provisioning-templates/acme-factory/provision/json/accepted", "arn:aws:iot:eu-central-1:123456789012:topicfilter/$aws/provisioning-templates/acme-factory/provision/json/rejected"]]
    error_message = "A claim reaches other topics."
  }

  assert {
    condition     = jsondecode(aws_iot_policy.claim["csr"].policy).Statement[0].Resource == ["arn:aws:iot:eu-central-1:123456789012:topic/$aws/certificates/create-from-csr/json"] && jsondecode(aws_iot_policy.claim["keys"].policy).Statement[0].Resource == ["arn:aws:iot:eu-central-1:123456789012:topic/$aws/certificates/create/json"]
    error_message = "The ways to a certificate are others."
  }

  assert {
    condition     = jsondecode(aws_iam_policy.trusted_user[0].policy).Statement[0] == { Sid = "IssueTemporaryClaim", Effect = "Allow", Action = "iot:CreateProvisioningClaim", Resource = "arn:aws:iot:eu-central-1:123456789012:provisioningtemplate/acme-factory" }
    error_message = "A trusted user may use other templates."
  }
}

run "closes_the_way_of_server_made_keys" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim = { keys_and_certificate = false }
  }

  assert {
    condition     = toset(keys(aws_iot_policy.claim)) == toset(["register", "csr"])
    error_message = "The way is open."
  }
}

run "closes_the_way_of_signing_requests" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim = { csr = false }
  }

  assert {
    condition     = toset(keys(aws_iot_policy.claim)) == toset(["register", "keys"])
    error_message = "The way is open."
  }
}

run "fits_the_longest_legal_names" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  override_data {
    target = data.aws_partition.this
    values = { partition = "aws-us-gov" }
  }

  override_data {
    target = data.aws_region.this
    values = { id = "us-gov-west-1" }
  }

  variables {
    name  = "t23456789b123456789c123456789d123456"
    claim = { client_id_prefix = replace(format("%64s", ""), " ", "c") }
  }

  assert {
    condition     = alltrue([for policy in values(aws_iot_policy.claim)[*].policy : length(policy) <= 2048])
    error_message = "A claim policy is too long for the longest names."
  }

  assert {
    condition     = length(aws_iam_role.provisioning[0].name) <= 64
    error_message = "The name of the role is too long."
  }
}

run "makes_claim_certificates_from_signing_requests" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim_certificates = {
      line-1 = {
        csr_pem = <<-EOT
          -----BEGIN CERTIFICATE REQUEST-----
          MIIBAA==
          -----END CERTIFICATE REQUEST-----
        EOT
      }
    }
  }

  assert {
    condition     = length(aws_iot_policy_attachment.claim) == 3 && aws_iot_certificate.claim["line-1"].active
    error_message = "The certificate is inactive or lacks a policy."
  }
}

run "renders_every_kind_of_value" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    mappings                = { M = { lock = { n = "1" } } }
    attributes              = { a = { value = "x" }, b = { parameter = "Location" }, c = { lookup = { map = "M", parameter = "DeviceType", name = "n" } }, d = { join = { separator = "/", parts = [{ value = "x" }, { parameter = "SerialNumber" }] } } }
    device_configuration    = { text = { value = "with spaces + signs" }, thing = { parameter = "ThingName" } }
    additional_thing_groups = ["site-a", "quarter"]
    additional_policies     = ["extra"]
    billing_group           = "sales"
  }

  assert {
    condition     = jsondecode(output.template_body).Resources.thing.Properties.AttributePayload == { a = "x", b = { Ref = "Location" }, c = { "Fn::FindInMap" = ["M", { Ref = "DeviceType" }, "n"] }, d = { "Fn::Join" = ["/", ["x", { Ref = "SerialNumber" }]] } }
    error_message = "An attribute is rendered otherwise."
  }

  assert {
    condition     = jsondecode(output.template_body).DeviceConfiguration == { text = "with spaces + signs", thing = { Ref = "ThingName" } }
    error_message = "The device configuration is rendered otherwise."
  }

  assert {
    condition     = jsondecode(output.template_body).Resources.thing.Properties.ThingGroups == [{ Ref = "ThingGroupName" }, "quarter", "site-a"] && jsondecode(output.template_body).Resources.thing.Properties.BillingGroup == "sales" && jsondecode(output.template_body).Resources.policy2.Properties.PolicyName == "extra"
    error_message = "Groups or policies are missing."
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.provisioning[0].policy, "billinggroup/sales") && strcontains(aws_iam_role_policy.provisioning[0].policy, "thinggroup/site-a") && strcontains(aws_iam_role_policy.provisioning[0].policy, "policy/extra")
    error_message = "The role cannot reach what the template names."
  }
}

run "leaves_pruning_to_the_operator" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    prune_template_versions = false
    prune_function          = {}
  }

  assert {
    condition     = length(aws_lambda_invocation.prune) == 0
    error_message = "A function is called."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    create         = false
    hook_arn       = null
    prune_function = {}
    claim_certificates = {
      line-1 = {
        csr_pem = <<-EOT
          -----BEGIN CERTIFICATE REQUEST-----
          MIIBAA==
          -----END CERTIFICATE REQUEST-----
        EOT
      }
    }
  }

  assert {
    condition     = length(aws_iot_provisioning_template.this) + length(aws_iam_role.provisioning) + length(aws_iam_role_policy.provisioning) + length(aws_iot_policy.claim) + length(aws_iot_certificate.claim) + length(aws_iot_policy_attachment.claim) + length(aws_iam_policy.trusted_user) + length(aws_lambda_invocation.prune) == 0 && output.name == null && output.template_body == null
    error_message = "Something is made although create is false."
  }
}

run "refuses_a_name_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    name = "t23456789b123456789c123456789d1234567"
  }

  expect_failures = [var.name]
}

run "refuses_a_name_with_a_dot" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    name = "a.b"
  }

  expect_failures = [var.name]
}

run "refuses_a_name_prefix_with_capitals" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    name_prefix = "Acme"
  }

  expect_failures = [var.name_prefix]
}

run "refuses_a_description_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    description = replace(format("%501s", ""), " ", "d")
  }

  expect_failures = [var.description]
}

run "refuses_a_description_with_a_control_character" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    description = "a\tb"
  }

  expect_failures = [var.description]
}

run "refuses_to_be_without_a_hook" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    hook_arn = null
  }

  expect_failures = [var.hook_arn]
}

run "refuses_an_unqualified_hook" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    hook_arn = "arn:aws:lambda:eu-central-1:123456789012:function:acme-provisioning-hook"
  }

  expect_failures = [var.hook_arn]
}

run "refuses_to_prune_without_a_function" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    prune_function = {}
  }

  expect_failures = [var.prune_function]
}

run "refuses_a_parameter_that_begins_with_a_small_letter" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    parameters = { serialNumber = {} }
  }

  expect_failures = [var.parameters]
}

run "refuses_a_parameter_of_the_hook" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    parameters = { ThingName = {} }
  }

  expect_failures = [var.parameters]
}

run "refuses_a_default_that_is_no_attribute_value" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    parameters = { Location = { default = "not known" } }
  }

  expect_failures = [var.parameters]
}

run "refuses_a_default_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    parameters = { Location = { default = replace(format("%801s", ""), " ", "x") } }
  }

  expect_failures = [var.parameters]
}

run "refuses_fifty_one_attributes" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    attributes = { for i in range(51) : "a${i}" => { value = "x" } }
  }

  expect_failures = [var.attributes]
}

run "refuses_too_many_parameters_for_the_default_attributes" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    parameters = { for i in range(47) : "P${i}" => {} }
  }

  expect_failures = [var.attributes]
}

run "refuses_an_attribute_name_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    attributes = { "a b" = { value = "x" } }
  }

  expect_failures = [var.attributes]
}

run "refuses_an_attribute_value_with_a_plus" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    attributes = { a = { value = "2024-01-01T00:00:00+00:00" } }
  }

  expect_failures = [var.attributes]
}

run "refuses_an_attribute_value_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    attributes = { a = { value = replace(format("%801s", ""), " ", "x") } }
  }

  expect_failures = [var.attributes]
}

run "refuses_an_attribute_joined_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    attributes = { a = { join = { separator = " ", parts = [{ value = "x" }] } } }
  }

  expect_failures = [var.attributes]
}

run "refuses_an_attribute_joined_from_a_percent_sign" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    attributes = { a = { join = { parts = [{ value = "%" }] } } }
  }

  expect_failures = [var.attributes]
}

run "refuses_an_attribute_looked_up_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    mappings   = { M = { lock = { n = "a b" } } }
    attributes = { a = { lookup = { map = "M", parameter = "DeviceType", name = "n" } } }
  }

  expect_failures = [var.attributes]
}

run "refuses_attributes_with_two_sources" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    attributes = { x = { value = "a", parameter = "Location" } }
  }

  expect_failures = [var.attributes]
}

run "refuses_attributes_with_no_source" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    attributes = { x = {} }
  }

  expect_failures = [var.attributes]
}

run "refuses_attributes_of_an_undeclared_parameter" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    attributes = { x = { parameter = "Colour" } }
  }

  expect_failures = [var.attributes]
}

run "refuses_attributes_that_look_up_an_undeclared_parameter" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    mappings   = { M = { a = { n = "1" } } }
    attributes = { x = { lookup = { map = "M", parameter = "Colour", name = "n" } } }
  }

  expect_failures = [var.attributes]
}

run "refuses_attributes_that_join_an_undeclared_parameter" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    attributes = { x = { join = { parts = [{ parameter = "Colour" }] } } }
  }

  expect_failures = [var.attributes]
}

run "refuses_attributes_that_join_a_part_with_two_sources" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    attributes = { x = { join = { parts = [{ parameter = "Location", value = "a" }] } } }
  }

  expect_failures = [var.attributes]
}

run "refuses_attributes_that_look_up_no_map" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    attributes = { x = { lookup = { map = "M", parameter = "DeviceType", name = "n" } } }
  }

  expect_failures = [var.attributes]
}

run "refuses_attributes_that_look_up_a_name_one_entry_lacks" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    mappings   = { M = { a = { n = "1" }, b = { o = "1" } } }
    attributes = { x = { lookup = { map = "M", parameter = "DeviceType", name = "n" } } }
  }

  expect_failures = [var.attributes]
}

run "refuses_device_configuration_with_two_sources" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    device_configuration = { x = { value = "a", parameter = "Location" } }
  }

  expect_failures = [var.device_configuration]
}

run "refuses_device_configuration_with_no_source" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    device_configuration = { x = {} }
  }

  expect_failures = [var.device_configuration]
}

run "refuses_device_configuration_of_an_undeclared_parameter" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    device_configuration = { x = { parameter = "Colour" } }
  }

  expect_failures = [var.device_configuration]
}

run "refuses_device_configuration_that_look_up_an_undeclared_parameter" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    mappings             = { M = { a = { n = "1" } } }
    device_configuration = { x = { lookup = { map = "M", parameter = "Colour", name = "n" } } }
  }

  expect_failures = [var.device_configuration]
}

run "refuses_device_configuration_that_join_an_undeclared_parameter" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    device_configuration = { x = { join = { parts = [{ parameter = "Colour" }] } } }
  }

  expect_failures = [var.device_configuration]
}

run "refuses_device_configuration_that_join_a_part_with_two_sources" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    device_configuration = { x = { join = { parts = [{ parameter = "Location", value = "a" }] } } }
  }

  expect_failures = [var.device_configuration]
}

run "refuses_device_configuration_that_look_up_no_map" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    device_configuration = { x = { lookup = { map = "M", parameter = "DeviceType", name = "n" } } }
  }

  expect_failures = [var.device_configuration]
}

run "refuses_device_configuration_that_look_up_a_name_one_entry_lacks" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    mappings             = { M = { a = { n = "1" }, b = { o = "1" } } }
    device_configuration = { x = { lookup = { map = "M", parameter = "DeviceType", name = "n" } } }
  }

  expect_failures = [var.device_configuration]
}

run "refuses_a_device_configuration_key_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    device_configuration = { "a b" = { value = "x" } }
  }

  expect_failures = [var.device_configuration]
}

run "refuses_a_thing_type_name_with_a_colon" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    thing_type_name = "a:b"
  }

  expect_failures = [var.thing_type_name]
}

run "refuses_a_thing_group_name_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    thing_group_name = "a b"
  }

  expect_failures = [var.thing_group_name]
}

run "refuses_ten_additional_groups" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    additional_thing_groups = [for i in range(10) : "g${i}"]
  }

  expect_failures = [var.additional_thing_groups]
}

run "refuses_an_additional_group_with_a_slash" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    additional_thing_groups = ["a/b"]
  }

  expect_failures = [var.additional_thing_groups]
}

run "refuses_an_additional_group_of_the_same_hierarchy" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    additional_thing_groups = ["acme-gateway"]
  }

  expect_failures = [var.additional_thing_groups]
}

run "refuses_the_same_group_twice" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    thing_group_name        = "site"
    additional_thing_groups = ["site"]
  }

  expect_failures = [var.additional_thing_groups]
}

run "refuses_a_policy_name_with_a_slash" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    policy_name = "a/b"
  }

  expect_failures = [var.policy_name]
}

run "refuses_ten_additional_policies" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    additional_policies = [for i in range(10) : "p${i}"]
  }

  expect_failures = [var.additional_policies]
}

run "refuses_an_additional_policy_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    additional_policies = ["a b"]
  }

  expect_failures = [var.additional_policies]
}

run "refuses_a_billing_group_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    billing_group = "a b"
  }

  expect_failures = [var.billing_group]
}

run "refuses_an_empty_map" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    mappings = { M = {} }
  }

  expect_failures = [var.mappings]
}

run "refuses_a_map_name_with_a_hyphen" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    mappings = { a-b = { k = { n = "1" } } }
  }

  expect_failures = [var.mappings]
}

run "refuses_a_map_key_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    mappings = { M = { (replace(format("%129s", ""), " ", "k")) = { n = "1" } } }
  }

  expect_failures = [var.mappings]
}

run "refuses_a_body_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    device_configuration = { for i in range(40) : "k${i}" => { value = replace(format("%250s", ""), " ", "x") } }
  }

  expect_failures = [aws_iot_provisioning_template.this]
}

run "refuses_to_merge_a_thing_type" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    override_settings = { thing_type_name = "MERGE" }
  }

  expect_failures = [var.override_settings]
}

run "refuses_to_merge_a_certificates_status" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    override_settings = { certificate_status = "MERGE" }
  }

  expect_failures = [var.override_settings]
}

run "refuses_an_override_setting_in_small_letters" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    override_settings = { thing_groups = "replace" }
  }

  expect_failures = [var.override_settings]
}

run "refuses_a_trust_without_an_account" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    provisioning_role = { trust_source_arn = "arn:aws:iot:*:*:*" }
  }

  expect_failures = [var.provisioning_role]
}

run "refuses_a_claim_prefix_with_a_star" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim = { client_id_prefix = "claim-*" }
  }

  expect_failures = [var.claim]
}

run "refuses_a_claim_prefix_that_is_too_short" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim = { client_id_prefix = "c-" }
  }

  expect_failures = [var.claim]
}

run "refuses_a_claim_prefix_that_devices_use" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim = { client_id_prefix = "acme-claim-" }
  }

  expect_failures = [var.claim]
}

run "refuses_a_claim_prefix_that_covers_devices" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim = { client_id_prefix = "acm" }
  }

  expect_failures = [var.claim]
}

run "refuses_a_claim_without_a_way_to_a_certificate" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim = { keys_and_certificate = false, csr = false }
  }

  expect_failures = [var.claim]
}

run "refuses_a_payload_format_that_is_none" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim = { formats = ["xml"] }
  }

  expect_failures = [var.claim]
}

run "refuses_no_payload_format" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim = { formats = [] }
  }

  expect_failures = [var.claim]
}

run "refuses_a_claim_certificate_key_with_a_slash" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim_certificates = {
      "a/b" = {
        csr_pem = <<-EOT
          -----BEGIN CERTIFICATE REQUEST-----
          MIIBAA==
          -----END CERTIFICATE REQUEST-----
        EOT
      }
    }
  }

  expect_failures = [var.claim_certificates]
}

run "refuses_a_private_key" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim_certificates = { line-1 = { csr_pem = "-----BEGIN ${"PRIVATE"} KEY-----\nMIIB\n-----END ${"PRIVATE"} KEY-----\n" } }
  }

  expect_failures = [var.claim_certificates]
}

run "refuses_a_certificate_in_place_of_a_request" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim_certificates = { line-1 = { csr_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" } }
  }

  expect_failures = [var.claim_certificates]
}

run "refuses_a_signing_request_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim_certificates = { line-1 = { csr_pem = "-----BEGIN CERTIFICATE REQUEST-----\n${replace(format("%4096s", ""), " ", "A")}\n-----END CERTIFICATE REQUEST-----\n" } }
  }

  expect_failures = [var.claim_certificates]
}

run "refuses_a_role_path_without_slashes" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    iam = { path = "iot" }
  }

  expect_failures = [var.iam]
}

run "refuses_a_permissions_boundary_that_is_no_policy" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    iam = { permissions_boundary_arn = "arn:aws:iam::123456789012:role/x" }
  }

  expect_failures = [var.iam]
}

run "refuses_a_tag_of_awss_own" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    tags = { "aws:owner" = "x" }
  }

  expect_failures = [var.tags]
}

run "registers_the_claim_certificate_of_another_region" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim_certificates = { line-1 = { certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" } }
  }

  assert {
    condition     = nonsensitive(aws_iot_certificate.claim["line-1"].certificate_pem) == var.claim_certificates["line-1"].certificate_pem && aws_iot_certificate.claim["line-1"].csr == null && length(aws_iot_policy_attachment.claim) == 3
    error_message = "Another certificate would be made, or this one lacks a policy."
  }
}

run "refuses_a_claim_certificate_from_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim_certificates = { line-1 = {} }
  }

  expect_failures = [var.claim_certificates]
}

run "refuses_a_claim_certificate_from_two_things" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim_certificates = { line-1 = { csr_pem = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n", certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" } }
  }

  expect_failures = [var.claim_certificates]
}

run "refuses_a_request_in_place_of_a_certificate" {
  command = plan

  module {
    source = "../../../terraform/modules/fleet-template"
  }

  variables {
    claim_certificates = { line-1 = { certificate_pem = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n" } }
  }

  expect_failures = [var.claim_certificates]
}
