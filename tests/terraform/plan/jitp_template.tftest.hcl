# JITP template: the body, whether rendered or given, the role, and everything that AWS would refuse or never tell.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name           = "acme-lamps"
  name_prefix    = "acme"
  policy_name    = "acme-lamp"
  prune_function = { name = "acme-template-versions", qualifier = "live" }
}

run "renders_the_smallest_template" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  assert {
    condition     = jsondecode(output.template_body) == { Parameters = { "AWS::IoT::Certificate::CommonName" = { Type = "String" }, "AWS::IoT::Certificate::Id" = { Type = "String" } }, Resources = { thing = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "AWS::IoT::Certificate::CommonName" } }, OverrideSettings = { AttributePayload = "MERGE", ThingTypeName = "REPLACE", ThingGroups = "DO_NOTHING" } }, certificate = { Type = "AWS::IoT::Certificate", Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" }, Status = "ACTIVE" } }, policy = { Type = "AWS::IoT::Policy", Properties = { PolicyName = "acme-lamp" } } } }
    error_message = "The body is another, or declares what it does not use."
  }

  assert {
    condition     = aws_iot_provisioning_template.this[0].type == "JITP" && aws_iot_provisioning_template.this[0].enabled && length(aws_iot_provisioning_template.this[0].pre_provisioning_hook) == 0
    error_message = "The template is of another type, is disabled or has a hook."
  }

  assert {
    condition     = jsondecode(aws_lambda_invocation.prune[0].input) == { templateName = "acme-lamps", bodySha256 = sha256(output.template_body) }
    error_message = "Old versions are not removed before a new body."
  }

  assert {
    condition     = jsonencode(output.registration_config) == jsonencode({ template_name = "acme-lamps", template_body = null, role_arn = null })
    error_message = "A CA is not registered with the template's name alone."
  }

  assert {
    condition     = jsonencode(output.device_certificate) == jsonencode({ parameters = ["CommonName"], thing_name = { parameter = "CommonName", prefix = "acme-lamps-" }, attributes = ({}), thing_groups = null, serial_number = null, device_type = null, manufacturer = null })
    error_message = "A subject must hold something else."
  }
}

run "scopes_the_provisioning_role" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  assert {
    condition     = jsondecode(aws_iam_role.provisioning[0].assume_role_policy).Statement[0].Condition == { StringEquals = { "aws:SourceAccount" = "123456789012" }, ArnLike = { "aws:SourceArn" = "arn:aws:iot:eu-central-1:123456789012:*" } }
    error_message = "Another account could make AWS IoT take the role."
  }

  assert {
    condition     = { for statement in jsondecode(aws_iam_role_policy.provisioning[0].policy).Statement : statement.Sid => flatten([statement.Resource]) } == { Things = ["arn:aws:iot:eu-central-1:123456789012:thing/acme-lamps-*"], ThingAndCertificate = ["arn:aws:iot:eu-central-1:123456789012:thing/acme-lamps-*", "arn:aws:iot:eu-central-1:123456789012:cert/*"], Certificates = ["arn:aws:iot:eu-central-1:123456789012:cert/*"], Policies = ["arn:aws:iot:eu-central-1:123456789012:policy/acme-lamp"], RegisterThingHasNoResourceType = ["*"] }
    error_message = "The role reaches something else."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.provisioning[0].policy, "CreatePolicy") && length(aws_iam_role_policy_attachment.provisioning) == 0
    error_message = "The role may do more than it needs."
  }

  assert {
    condition     = aws_iam_role.provisioning[0].name == "acme-lamps-jitp-eu-central-1" && aws_iam_role.provisioning[0].path == "/"
    error_message = "The role has another name."
  }
}

run "renders_every_input" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    thing_name        = { parameter = "SerialNumber" }
    thing_name_prefix = "acme-lamp-"
    attributes = {
      version = { value = "v1" }
      maker   = { parameter = "Organization" }
      unit    = { parameter = "OrganizationalUnit" }
      state   = { parameter = "StateName" }
      name    = { parameter = "CommonName" }
      origin  = { parameter = "DistinguishedNameQualifier" }
      id      = { parameter = "Id" }
    }
    thing_type_name         = "acme-lamp"
    thing_groups            = { names = ["v1-lamps", "acme-lamp"], from_subject = { parameter = "Country", names = ["FR", "DE"] } }
    additional_policies     = ["extra"]
    billing_group           = "sales"
    override_settings       = { attribute_payload = "FAIL", thing_type_name = "FAIL", thing_groups = "REPLACE", certificate_status = "DO_NOTHING" }
    description             = "Lamps"
    enabled                 = false
    iam                     = { path = "/iot/", permissions_boundary_arn = "arn:aws:iam::123456789012:policy/b" }
    provisioning_role       = { trust_source_arn = "arn:aws:iot:eu-central-1:123456789012:cacert/*" }
    prune_template_versions = false
    prune_function          = {}
    tags                    = { team = "lamps" }
  }

  assert {
    condition     = toset(keys(jsondecode(output.template_body).Parameters)) == toset([for field in ["CommonName", "Country", "DistinguishedNameQualifier", "Id", "Organization", "OrganizationalUnit", "SerialNumber", "StateName"] : "AWS::IoT::Certificate::${field}"])
    error_message = "A field is missing among the parameters."
  }

  assert {
    condition     = jsondecode(output.template_body).Resources.thing == { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "AWS::IoT::Certificate::SerialNumber" }, AttributePayload = { version = "v1", maker = { Ref = "AWS::IoT::Certificate::Organization" }, unit = { Ref = "AWS::IoT::Certificate::OrganizationalUnit" }, state = { Ref = "AWS::IoT::Certificate::StateName" }, name = { Ref = "AWS::IoT::Certificate::CommonName" }, origin = { Ref = "AWS::IoT::Certificate::DistinguishedNameQualifier" }, id = { Ref = "AWS::IoT::Certificate::Id" } }, ThingTypeName = "acme-lamp", ThingGroups = ["acme-lamp", "v1-lamps", { Ref = "AWS::IoT::Certificate::Country" }], BillingGroup = "sales" }, OverrideSettings = { AttributePayload = "FAIL", ThingTypeName = "FAIL", ThingGroups = "REPLACE" } }
    error_message = "The thing is rendered otherwise."
  }

  assert {
    condition     = jsondecode(output.template_body).Resources.certificate.OverrideSettings == { Status = "DO_NOTHING" } && jsondecode(output.template_body).Resources.policy2.Properties == { PolicyName = "extra" }
    error_message = "A policy or the override of the certificate is missing."
  }

  assert {
    condition     = { for statement in jsondecode(aws_iam_role_policy.provisioning[0].policy).Statement : statement.Sid => flatten([statement.Resource]) } == { Things = ["arn:aws:iot:eu-central-1:123456789012:thing/acme-lamp-*"], ThingAndCertificate = ["arn:aws:iot:eu-central-1:123456789012:thing/acme-lamp-*", "arn:aws:iot:eu-central-1:123456789012:cert/*"], ThingType = ["arn:aws:iot:eu-central-1:123456789012:thingtype/acme-lamp"], Groups = ["arn:aws:iot:eu-central-1:123456789012:thing/acme-lamp-*", "arn:aws:iot:eu-central-1:123456789012:thinggroup/acme-lamp", "arn:aws:iot:eu-central-1:123456789012:thinggroup/v1-lamps", "arn:aws:iot:eu-central-1:123456789012:thinggroup/DE", "arn:aws:iot:eu-central-1:123456789012:thinggroup/FR"], BillingGroup = ["arn:aws:iot:eu-central-1:123456789012:thing/acme-lamp-*", "arn:aws:iot:eu-central-1:123456789012:billinggroup/sales"], Certificates = ["arn:aws:iot:eu-central-1:123456789012:cert/*"], Policies = ["arn:aws:iot:eu-central-1:123456789012:policy/acme-lamp", "arn:aws:iot:eu-central-1:123456789012:policy/extra"], RegisterThingHasNoResourceType = ["*"] }
    error_message = "The role reaches something else."
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.provisioning[0].policy).Statement : statement.Action if statement.Sid == "Groups"]) == ["iot:AddThingToThingGroup", "iot:DescribeThingGroup", "iot:UpdateThingGroupsForThing", "iot:RemoveThingFromThingGroup"]
    error_message = "The role may do something else with groups."
  }

  assert {
    condition     = jsonencode(output.device_certificate) == jsonencode({ parameters = tolist(["CommonName", "Country", "DistinguishedNameQualifier", "Organization", "OrganizationalUnit", "SerialNumber", "StateName"]), thing_name = { parameter = "SerialNumber", prefix = "acme-lamp-" }, attributes = ({ maker = { parameter = "Organization" }, unit = { parameter = "OrganizationalUnit" }, state = { parameter = "StateName" }, name = { parameter = "CommonName" }, origin = { parameter = "DistinguishedNameQualifier" } }), thing_groups = { parameter = "Country", names = tolist(["DE", "FR"]) }, serial_number = null, device_type = null, manufacturer = null })
    error_message = "A subject must hold something else."
  }

  assert {
    condition     = !aws_iot_provisioning_template.this[0].enabled && aws_iot_provisioning_template.this[0].description == "Lamps" && aws_iot_provisioning_template.this[0].tags == tomap({ team = "lamps" }) && length(aws_lambda_invocation.prune) == 0
    error_message = "The template is enabled, has another description or other tags, or a function is called."
  }

  assert {
    condition     = aws_iam_role.provisioning[0].name == "acme-lamps-jitp-eu-central-1-${substr(sha256("/iot/"), 0, 6)}" && aws_iam_role.provisioning[0].path == "/iot/" && aws_iam_role.provisioning[0].permissions_boundary == "arn:aws:iam::123456789012:policy/b" && strcontains(aws_iam_role.provisioning[0].assume_role_policy, "cacert/*")
    error_message = "The role has the name of one at another path, or lacks its boundary, or the trust is wider than asked for."
  }
}

run "takes_the_managed_policy_and_the_id_as_a_name" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    name              = "t23456789b123456789c123456789d123456"
    iam               = { path = "/iot/" }
    thing_name        = { parameter = "Id" }
    thing_name_prefix = ""
    provisioning_role = { managed_policy = true }
  }

  assert {
    condition     = aws_iam_role_policy_attachment.provisioning[0].policy_arn == "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration" && length(aws_iam_role_policy.provisioning) == 0
    error_message = "The managed policy is not the only one."
  }

  assert {
    condition     = length(output.device_certificate.parameters) == 0 && output.device_certificate.thing_name == { parameter = "Id", prefix = "" }
    error_message = "A subject must hold something."
  }

  assert {
    condition     = length(aws_iam_role.provisioning[0].name) - length("eu-central-1") + 14 <= 64
    error_message = "The name of the role is too long in a region with a long name."
  }
}

run "makes_an_inline_body" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    inline         = true
    prune_function = {}
  }

  assert {
    condition     = length(aws_iot_provisioning_template.this) + length(aws_lambda_invocation.prune) == 0 && length(aws_iam_role_policy.provisioning) == 1
    error_message = "A template is made, or its role may nothing."
  }

  assert {
    condition     = output.registration_config.template_name == null && output.registration_config.template_body == output.template_body && jsondecode(output.template_body).Resources.policy.Properties.PolicyName == "acme-lamp"
    error_message = "A CA is not registered with the body."
  }

  assert {
    condition     = output.name == null && output.arn == null && output.enabled == null && output.default_version_id == null
    error_message = "An output speaks of a template that is not there."
  }
}

run "takes_the_documented_example_as_it_is" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = jsondecode(file("./fixtures/jitp_registration_config.json")).templateBody
  }

  assert {
    condition     = jsondecode(output.template_body) == jsondecode(var.template_body)
    error_message = "Something else is made of it."
  }

  assert {
    condition     = { for statement in jsondecode(aws_iam_role_policy.provisioning[0].policy).Statement : statement.Sid => flatten([statement.Resource]) if contains(["Things", "ThingType", "Groups", "Policies"], statement.Sid) } == { Things = ["arn:aws:iot:eu-central-1:123456789012:thing/acme-lamps-*"], ThingType = ["arn:aws:iot:eu-central-1:123456789012:thingtype/lightBulb-versionA"], Groups = ["arn:aws:iot:eu-central-1:123456789012:thing/acme-lamps-*", "arn:aws:iot:eu-central-1:123456789012:thinggroup/v1-lightbulbs", "arn:aws:iot:eu-central-1:123456789012:thinggroup/*"], Policies = ["arn:aws:iot:eu-central-1:123456789012:policy/*"] }
    error_message = "The role reaches something else."
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.provisioning[0].policy).Statement : statement.Action if statement.Sid == "Policies"]) == ["iot:GetPolicy", "iot:ListTargetsForPolicy", "iot:ListPolicyPrincipals", "iot:CreatePolicy"]
    error_message = "The role cannot make the policy that the body holds."
  }

  assert {
    condition     = jsonencode(output.device_certificate) == jsonencode({ parameters = tolist(["CommonName", "Country", "SerialNumber"]), thing_name = { parameter = "CommonName", prefix = "acme-lamps-" }, attributes = ({ serialNumber = { parameter = "SerialNumber" } }), thing_groups = { parameter = "Country", names = null }, serial_number = null, device_type = null, manufacturer = null })
    error_message = "A subject must hold something else."
  }
}

run "limits_what_a_given_body_takes_from_the_subject" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(replace(file("./fixtures/jitp_body.json"), "\"lamp\"", "{ \"Ref\": \"AWS::IoT::Certificate::Country\" }"), "\"ThingGroups\": [\"lamps\"", "\"ThingTypeName\": { \"Ref\": \"AWS::IoT::Certificate::CommonName\" }, \"BillingGroup\": { \"Ref\": \"AWS::IoT::Certificate::Country\" }, \"ThingGroups\": [\"lamps\"")
    thing_groups  = { from_subject = { parameter = "Country", names = ["DE"] } }
  }

  assert {
    condition     = { for statement in jsondecode(aws_iam_role_policy.provisioning[0].policy).Statement : statement.Sid => flatten([statement.Resource]) if contains(["ThingType", "Groups", "BillingGroup", "Policies"], statement.Sid) } == { ThingType = ["arn:aws:iot:eu-central-1:123456789012:thingtype/acme-*"], Groups = ["arn:aws:iot:eu-central-1:123456789012:thing/acme-lamps-*", "arn:aws:iot:eu-central-1:123456789012:thinggroup/lamps", "arn:aws:iot:eu-central-1:123456789012:thinggroup/DE"], BillingGroup = ["arn:aws:iot:eu-central-1:123456789012:thing/acme-lamps-*", "arn:aws:iot:eu-central-1:123456789012:billinggroup/acme-*"], Policies = ["arn:aws:iot:eu-central-1:123456789012:policy/acme-*"] }
    error_message = "The role reaches something else."
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.provisioning[0].policy).Statement : statement.Action if statement.Sid == "Groups"]) == ["iot:AddThingToThingGroup", "iot:DescribeThingGroup", "iot:UpdateThingGroupsForThing"]
    error_message = "The role may do something else with groups."
  }

  assert {
    condition     = jsonencode(output.device_certificate.thing_groups) == jsonencode({ parameter = "Country", names = tolist(["DE"]) })
    error_message = "A subject must hold another group."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    create         = false
    prune_function = {}
    policy_name    = null
  }

  assert {
    condition     = length(aws_iot_provisioning_template.this) + length(aws_iam_role.provisioning) + length(aws_iam_role_policy.provisioning) + length(aws_iam_role_policy_attachment.provisioning) + length(aws_lambda_invocation.prune) == 0
    error_message = "Something is made although create is false."
  }

  assert {
    condition     = output.name == null && output.template_body == null && output.provisioning_role_arn == null && output.registration_config == null && output.device_certificate == null
    error_message = "An output speaks of something that is not there."
  }
}

run "refuses_what_is_spelt_wrongly" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    name                = "a.b"
    name_prefix         = "Acme"
    description         = "a\tb"
    thing_name          = { parameter = "Arn" }
    thing_name_prefix   = "acme-*"
    thing_type_name     = "a b"
    additional_policies = ["a b"]
    billing_group       = "a b"
    override_settings   = { attribute_payload = "KEEP" }
    iam                 = { path = "iot" }
    provisioning_role   = { trust_source_arn = "acme" }
    tags                = { "aws:x" = "y" }
  }

  expect_failures = [var.name, var.name_prefix, var.description, var.thing_name, var.thing_name_prefix, var.thing_type_name, var.additional_policies, var.billing_group, var.override_settings, var.iam, var.provisioning_role, var.tags]
}

run "refuses_other_names_that_are_spelt_wrongly" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    attributes   = { "a b" = { value = "x" } }
    thing_groups = { names = ["a b"] }
  }

  expect_failures = [var.attributes, var.thing_groups]
}

run "refuses_a_policy_of_another_alphabet" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name = "a b"
  }

  expect_failures = [var.policy_name]
}

run "refuses_a_body_that_is_no_object" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = "[]"
  }

  expect_failures = [var.template_body]
}

run "refuses_what_is_too_much" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    name                = "t23456789b123456789c123456789d1234567"
    description         = replace(format("%501s", ""), " ", "d")
    thing_name_prefix   = replace(format("%128s", ""), " ", "t")
    thing_type_name     = "acme-lamp"
    attributes          = { for i in range(51) : "a${i}" => { value = "x" } }
    thing_groups        = { names = [for i in range(10) : "g${i}"], from_subject = { parameter = "Country", names = ["DE"] } }
    additional_policies = [for i in range(10) : "p${i}"]
    override_settings   = { thing_type_name = "MERGE" }
    tags                = { for i in range(51) : "k${i}" => "v" }
  }

  expect_failures = [var.name, var.description, var.thing_name_prefix, var.attributes, var.thing_groups, var.additional_policies, var.override_settings, var.tags]
}

run "refuses_a_hook_and_what_it_cannot_do_without" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    pre_provisioning_hook_arn = "arn:aws:lambda:eu-central-1:123456789012:function:acme-provisioning-hook:live"
    prune_function            = {}
    policy_name               = null
    iam                       = { permissions_boundary_arn = "boundary" }
  }

  expect_failures = [var.pre_provisioning_hook_arn, var.prune_function, var.policy_name, var.iam]
}

run "refuses_to_switch_off_what_is_inline_and_a_body_beside_a_policy" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    enabled       = false
    inline        = true
    template_body = file("./fixtures/jitp_body.json")
  }

  expect_failures = [var.enabled, var.policy_name]
}

run "refuses_two_sources_of_a_value_and_a_group_nobody_may_join" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    attributes        = { a = { value = "x", parameter = "Country" } }
    thing_groups      = { from_subject = { parameter = "Country", names = [] } }
    override_settings = { certificate_status = "MERGE" }
  }

  expect_failures = [var.attributes, var.thing_groups, var.override_settings]
}

run "refuses_a_value_with_a_space_and_a_group_named_twice" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    attributes   = { a = { value = "x y" } }
    thing_groups = { names = ["DE"], from_subject = { parameter = "Country", names = ["DE"] } }
  }

  expect_failures = [var.attributes, var.thing_groups]
}

run "refuses_a_body_beside_attributes" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = file("./fixtures/jitp_body.json")
    attributes    = { a = { value = "x" } }
  }

  expect_failures = [var.template_body]
}

run "refuses_a_body_beside_thing_groups" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = file("./fixtures/jitp_body.json")
    thing_groups  = { names = ["lamps"] }
  }

  expect_failures = [var.template_body]
}

run "refuses_a_body_beside_thing_name" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = file("./fixtures/jitp_body.json")
    thing_name    = { parameter = "SerialNumber" }
  }

  expect_failures = [var.template_body]
}

run "refuses_a_body_beside_additional_policies" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name         = null
    template_body       = file("./fixtures/jitp_body.json")
    additional_policies = ["extra"]
  }

  expect_failures = [var.template_body]
}

run "refuses_a_body_beside_thing_type_name" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name     = null
    template_body   = file("./fixtures/jitp_body.json")
    thing_type_name = "lamp"
  }

  expect_failures = [var.template_body]
}

run "refuses_a_body_beside_billing_group" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = file("./fixtures/jitp_body.json")
    billing_group = "sales"
  }

  expect_failures = [var.template_body]
}

run "refuses_a_body_beside_override_settings" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name       = null
    template_body     = file("./fixtures/jitp_body.json")
    override_settings = { thing_groups = "MERGE" }
  }

  expect_failures = [var.template_body]
}

run "refuses_what_a_certificate_does_not_have" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    attributes   = { a = { parameter = "Locality" } }
    thing_groups = { from_subject = { parameter = "Id", names = ["DE"] } }
  }

  expect_failures = [var.attributes, var.thing_groups]
}

run "refuses_two_groups_of_one_hierarchy_and_four_attributes_without_a_type" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    attributes   = { for i in range(4) : "a${i}" => { value = "x" } }
    thing_groups = { names = ["acme-lamp"], from_subject = { parameter = "OrganizationalUnit", names = ["acme-light", "acme-dark"] } }
  }

  expect_failures = [var.attributes, var.thing_groups]
}

run "refuses_mappings" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"Resources\"", "\"Mappings\": { \"M\": { \"a\": { \"b\": \"c\" } } }, \"Resources\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_device_configuration" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"Resources\"", "\"DeviceConfiguration\": { \"a\": \"b\" }, \"Resources\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_parameter_of_its_own" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(replace(file("./fixtures/jitp_body.json"), "\"lamp\"", "{ \"Ref\": \"PolicyName\" }"), "\"Parameters\": {", "\"Parameters\": { \"PolicyName\": { \"Type\": \"String\" },")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_the_arn_of_the_certificate" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "Certificate::Country", "Certificate::Arn")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_default" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"AWS::IoT::Certificate::Country\": { \"Type\": \"String\" }", "\"AWS::IoT::Certificate::Country\": { \"Type\": \"String\", \"Default\": \"DE\" }")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_reference_to_what_is_not_declared" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"v1\"", "{ \"Ref\": \"AWS::IoT::Certificate::StateName\" }")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_parameter_that_is_not_used" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), ", { \"Ref\": \"AWS::IoT::Certificate::Country\" }", "")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_resource_of_another_type" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"policy\": {", "\"other\": { \"Type\": \"AWS::IoT::Rule\", \"Properties\": {} }, \"policy\": {")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_resource_with_another_section" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"Properties\": { \"PolicyName\"", "\"Condition\": \"x\", \"Properties\": { \"PolicyName\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_two_things" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"policy\": {", "\"other\": { \"Type\": \"AWS::IoT::Thing\", \"Properties\": { \"ThingName\": { \"Ref\": \"AWS::IoT::Certificate::CommonName\" } } }, \"policy\": {")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_two_certificates" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"policy\": {", "\"other\": { \"Type\": \"AWS::IoT::Certificate\", \"Properties\": { \"CertificateId\": { \"Ref\": \"AWS::IoT::Certificate::Id\" } } }, \"policy\": {")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_to_be_without_a_policy" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), ",\n    \"policy\": {\n      \"Type\": \"AWS::IoT::Policy\",\n      \"Properties\": { \"PolicyName\": \"lamp\" }\n    }", "")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_signing_request" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"Status\": \"ACTIVE\"", "\"CertificateSigningRequest\": \"x\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_attributes_that_are_no_object" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "{ \"version\": \"v1\" }", "[\"v1\"]")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_groups_that_are_no_list" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "[\"lamps\", { \"Ref\": \"AWS::IoT::Certificate::Country\" }]", "{ \"a\": { \"Ref\": \"AWS::IoT::Certificate::Country\" } }")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_function" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"v1\"", "{ \"Fn::Join\": [\"\", [\"v\", { \"Ref\": \"AWS::IoT::Certificate::Country\" }]] }")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_number" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"v1\"", "1")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_fixed_thing_name" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"ThingName\": { \"Ref\": \"AWS::IoT::Certificate::CommonName\" },", "\"ThingName\": \"lamp-1\", \"BillingGroup\": { \"Ref\": \"AWS::IoT::Certificate::CommonName\" },")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_prefix_before_the_id" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"ThingName\": { \"Ref\": \"AWS::IoT::Certificate::CommonName\" },", "\"ThingName\": { \"Ref\": \"AWS::IoT::Certificate::Id\" }, \"BillingGroup\": { \"Ref\": \"AWS::IoT::Certificate::CommonName\" },")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_another_certificate_id" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(replace(file("./fixtures/jitp_body.json"), "\"CertificateId\": { \"Ref\": \"AWS::IoT::Certificate::Id\" }", "\"CertificateId\": \"x\""), "\"v1\"", "{ \"Ref\": \"AWS::IoT::Certificate::Id\" }")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_another_status" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"ACTIVE\"", "\"PENDING_ACTIVATION\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_another_principal_type" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"Status\": \"ACTIVE\"", "\"ThingPrincipalType\": \"SHARED\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_policy_with_name_and_document" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"PolicyName\": \"lamp\"", "\"PolicyName\": \"lamp\", \"PolicyDocument\": ${jsonencode(jsonencode({ Statement = [{ Effect = "Allow", Action = "iot:Connect", Resource = "*" }] }))}")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_policy_document_that_is_an_object" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"PolicyName\": \"lamp\"", "\"PolicyDocument\": ${jsonencode({ Statement = [{ Effect = "Allow", Action = "iot:Connect", Resource = "*" }] })}")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_policy_document_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"PolicyName\": \"lamp\"", "\"PolicyDocument\": ${jsonencode(jsonencode({ Statement = [{ Sid = replace(format("%2048s", ""), " ", "s"), Effect = "Allow", Action = "iot:Connect", Resource = "*" }] }))}")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_policy_document_that_says_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"PolicyName\": \"lamp\"", "\"PolicyDocument\": ${jsonencode(jsonencode({ Statement = "iot:Connect" }))}")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_policy_document_without_an_action" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"PolicyName\": \"lamp\"", "\"PolicyDocument\": ${jsonencode(jsonencode({ Statement = [{ Effect = "Allow", Resource = "*" }] }))}")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_more_policies_than_a_certificate_may_have" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"policy\": {", "${join("", [for number in range(10) : "\"more${number}\": { \"Type\": \"AWS::IoT::Policy\", \"Properties\": { \"PolicyName\": \"lamp${number}\" } }, "])}\"policy\": {")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_to_merge_the_thing_type" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"ThingGroups\": \"MERGE\"", "\"ThingTypeName\": \"MERGE\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_override_settings_of_a_policy" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"Properties\": { \"PolicyName\"", "\"OverrideSettings\": { \"Status\": \"FAIL\" }, \"Properties\": { \"PolicyName\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_group_name_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"lamps\"", "\"all lamps\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_policy_name_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"lamp\"", "\"all lamps\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_an_attribute_value_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"v1\"", "\"v 1\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_an_attribute_name_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"version\"", "\"the version\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_four_attributes_without_a_thing_type" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"version\": \"v1\"", "\"a\": \"1\", \"b\": \"2\", \"c\": \"3\", \"d\": \"4\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_group_twice" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"lamps\"", "\"lamps\", \"lamps\"")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_two_groups_from_the_subject" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"lamps\"", "{ \"Ref\": \"AWS::IoT::Certificate::CommonName\" }")
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_limit_for_another_group_field" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    policy_name   = null
    template_body = replace(file("./fixtures/jitp_body.json"), "\"lamps\"", "\"lamps\"")
    thing_groups  = { from_subject = { parameter = "StateName", names = ["DE"] } }
  }

  expect_failures = [aws_iam_role.provisioning]
}

run "refuses_a_body_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/jitp-template"
  }

  variables {
    thing_type_name = "acme-lamp"
    attributes      = { for i in range(13) : "a${i}" => { value = replace(format("%800s", ""), " ", "x") } }
  }

  expect_failures = [aws_iam_role.provisioning]
}
