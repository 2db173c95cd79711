# Device catalogue: names, policies, and every input that AWS would refuse.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name_prefix = "acme"
}

run "names_type_group_and_policy_alike" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { temperature-sensor = {}, humidity-sensor = {}, pressure-sensor = {}, gateway = { reprovision_policy = "replace" } }
  }

  assert {
    condition     = output.device_types["gateway"] == { reprovision_policy = "replace", thing_type_name = "acme-gateway", thing_group_name = "acme-gateway", policy_name = "acme-gateway" }
    error_message = "The naming rule is broken."
  }

  assert {
    condition     = output.parent_thing_group_name == "acme-devices" && alltrue([for group in aws_iot_thing_group.this : group.parent_group_name == "acme-devices"])
    error_message = "A group is not below the parent."
  }

  assert {
    condition     = alltrue([for policy in aws_iot_policy.this : strcontains(policy.policy, "topic/$aws/things/$${iot:Connection.Thing.ThingName}/jobs/*") && strcontains(policy.policy, "topicfilter/$aws/things/$${iot:Connection.Thing.ThingName}/shadow/*")])
    error_message = "A policy does not cover shadow and jobs."
  }

  assert {
    condition     = alltrue([for policy in aws_iot_policy.this : toset(flatten([for statement in jsondecode(policy.policy).Statement : statement.Action])) == toset(["iot:Connect", "iot:Publish", "iot:Receive", "iot:Subscribe"])])
    error_message = "A policy allows other actions."
  }

  assert {
    condition     = alltrue(flatten([for policy in aws_iot_policy.this : [for statement in jsondecode(policy.policy).Statement : [for resource in flatten([statement.Resource]) : strcontains(resource, "$${iot:Connection.Thing.ThingName}")]]]))
    error_message = "A policy reaches beyond the device's own topics."
  }
}

run "gives_each_kind_a_first_shadow" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = {
      temperature-sensor = {}
      gateway            = { first_shadow = { name = "settings" } }
      humidity-sensor    = {}
      lock               = { topics = {}, first_shadow = { name = "a:b_c-${replace(format("%58s", ""), " ", "n")}", desired = jsonencode({ locked = true, colours = ["red"] }) } }
      lamp               = { topics = {}, first_shadow = { enabled = false } }
      large              = { topics = {}, first_shadow = { desired = jsonencode({ text = replace(format("%4061s", ""), " ", "t") }) } }
    }
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.first_shadow["temperature-sensor"].value) == { name = null, desired = { samplingRate = 30, temperatureUnit = "celsius", alertThreshold = 80, enabled = true } } && jsondecode(aws_ssm_parameter.first_shadow["gateway"].value) == { name = "settings", desired = { connectionTimeout = 30, bufferSize = 100, compressionEnabled = true, logLevel = "INFO" } } && jsondecode(aws_ssm_parameter.first_shadow["humidity-sensor"].value).desired == { enabled = true, reportingInterval = 60 }
    error_message = "A shipped first shadow differs."
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.first_shadow["lock"].value).desired == { locked = true, colours = ["red"] } && length(jsondecode(aws_ssm_parameter.first_shadow["lock"].value).name) == 64 && length(aws_ssm_parameter.first_shadow["large"].value) == 4096
    error_message = "A first shadow of one's own differs."
  }

  assert {
    condition     = keys(output.first_shadow_parameter_names) == ["gateway", "humidity-sensor", "large", "lock", "temperature-sensor"] && output.first_shadow_parameter_names["lock"] == "/iot-provisioning/acme/device-types/lock/first-shadow" && alltrue([for parameter in aws_ssm_parameter.first_shadow : parameter.type == "String"])
    error_message = "The parameters are named otherwise, or one is made that nobody wants."
  }
}

run "fits_the_longest_legal_names" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
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
    name_prefix  = "a-very-long-prefix-x"
    device_types = { temperature-sensor = {}, humidity-sensor = {}, pressure-sensor = {}, gateway = {}, a1234567890123456789012345678901 = { topics = { publish = ["telemetry/*", "status"], subscribe = ["commands/*"] } } }
  }

  assert {
    condition     = alltrue([for policy in values(output.policy_documents) : length(replace(policy, "/\\s/", "")) <= 2048])
    error_message = "A shipped policy is too long for the longest names."
  }
}

run "renders_typed_topics" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { lock = { topics = { publish = ["events/*", "site/$${iot:Connection.Thing.ThingName}/alarm"], subscribe = ["commands"] } } }
  }

  assert {
    condition     = jsondecode(aws_iot_policy.this["lock"].policy).Statement[1].Resource == ["arn:aws:iot:eu-central-1:123456789012:topic/acme/lock/$${iot:Connection.Thing.ThingName}/events/*", "arn:aws:iot:eu-central-1:123456789012:topic/site/$${iot:Connection.Thing.ThingName}/alarm"]
    error_message = "Topics to publish to are rendered otherwise."
  }

  assert {
    condition     = strcontains(aws_iot_policy.this["lock"].policy, "arn:aws:iot:eu-central-1:123456789012:topicfilter/acme/lock/$${iot:Connection.Thing.ThingName}/commands")
    error_message = "The topic filter is missing."
  }

  assert {
    condition     = jsondecode(aws_iot_policy.this["lock"].policy).Statement[0] == { Effect = "Allow", Action = "iot:Connect", Resource = "arn:aws:iot:eu-central-1:123456789012:client/$${iot:Connection.Thing.ThingName}", Condition = { Bool = { "iot:Connection.Thing.IsAttached" = "true" } } }
    error_message = "A device could connect as another."
  }
}

run "renders_no_topics_at_all" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {} } }
  }

  assert {
    condition     = length(jsondecode(aws_iot_policy.this["sensor"].policy).Statement) == 3
    error_message = "Connection, shadow and jobs should be left."
  }
}

run "carries_two_hundred_kinds_of_device" {
  command = apply

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { for index in range(200) : "kind-${index}" => { topics = { publish = ["telemetry"], subscribe = ["commands"] } } }
  }

  assert {
    condition     = length(aws_iot_policy.this) == 200 && length(aws_iot_thing_type.this) == 200 && length(aws_iot_thing_group.this) == 200 && length(aws_ssm_parameter.first_shadow) == 200
    error_message = "A kind of device is missing."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    create       = false
    device_types = { gateway = {} }
  }

  assert {
    condition     = length(aws_iot_policy.this) + length(aws_iot_thing_type.this) + length(aws_iot_thing_group.this) + length(aws_iot_thing_group.parent) + length(aws_ssm_parameter.first_shadow) == 0 && output.device_types == {} && output.first_shadow_parameter_names == {}
    error_message = "Something is made although create is false."
  }
}

run "refuses_a_name_prefix_with_capitals" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    name_prefix = "Acme"
  }

  expect_failures = [var.name_prefix]
}

run "refuses_a_key_with_capitals" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { Sensor = { topics = {} } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_key_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { a12345678901234567890123456789012 = { topics = {} } }
  }

  expect_failures = [var.device_types]
}

run "refuses_the_key_of_the_parent_group" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { devices = { topics = {} } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_description_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, description = replace(format("%2029s", ""), " ", "d") } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_description_with_a_line_break" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, description = "a\nb" } }
  }

  expect_failures = [var.device_types]
}

run "refuses_four_searchable_attributes" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, searchable_attributes = ["a", "b", "c", "d"] } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_searchable_attribute_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, searchable_attributes = ["a b"] } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_searchable_attribute_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, searchable_attributes = [replace(format("%129s", ""), " ", "a")] } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_reprovision_policy_that_is_none" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, reprovision_policy = "always" } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_file_and_topics_together" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, policy_file = "./fixtures/too_long.json.tftpl" } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_kind_without_a_policy" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = {} }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_policy_file_that_is_missing" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { policy_file = "./no-such.json" } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_bare_star" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { publish = ["*"] } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_hash" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { publish = ["commands/#"] } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_plus" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { publish = ["+/commands"] } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_star_in_the_middle" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { publish = ["a/*/b"] } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_leading_slash" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { publish = ["/a"] } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_reserved_topic" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { publish = ["$aws/things/x"] } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_another_policy_variable" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { publish = ["a/$${iot:ClientId}"] } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_an_empty_level" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { publish = ["a//b"] } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_topic_with_a_quote" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { publish = ["a\"b"] } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_relative_topic_that_is_too_deep" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { subscribe = ["a/b/c/d/e/f"] } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_relative_topic_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { subscribe = [replace(format("%117s", ""), " ", "t")] } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_topic_with_the_variable_that_is_too_deep" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { subscribe = ["a/b/c/d/e/f/g/$${iot:Connection.Thing.ThingName}/x"] } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_topic_with_the_variable_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { subscribe = ["$${iot:Connection.Thing.ThingName}/${replace(format("%171s", ""), " ", "t")}"] } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_file_with_a_wildcard_action" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { policy_file = "./fixtures/wildcard_action.json.tftpl" } }
  }

  expect_failures = [aws_iot_policy.this["sensor"]]
}

run "refuses_a_file_with_every_resource" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { policy_file = "./fixtures/wildcard_resource.json.tftpl" } }
  }

  expect_failures = [aws_iot_policy.this["sensor"]]
}

run "refuses_a_file_with_every_topic" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { policy_file = "./fixtures/every_topic.json.tftpl" } }
  }

  expect_failures = [aws_iot_policy.this["sensor"]]
}

run "refuses_a_file_that_lets_a_device_connect_unattached" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { policy_file = "./fixtures/unattached.json.tftpl" } }
  }

  expect_failures = [aws_iot_policy.this["sensor"]]
}

run "refuses_a_file_that_lets_a_device_connect_as_another" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { policy_file = "./fixtures/any_client.json.tftpl" } }
  }

  expect_failures = [aws_iot_policy.this["sensor"]]
}

run "refuses_a_file_whose_variables_are_not_escaped" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { policy_file = "./fixtures/unescaped.json.tftpl" } }
  }

  expect_failures = [aws_iot_policy.this["sensor"]]
}

run "refuses_a_file_that_is_no_json" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { policy_file = "./fixtures/not_json.json.tftpl" } }
  }

  expect_failures = [aws_iot_policy.this["sensor"]]
}

run "refuses_a_file_that_renders_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { policy_file = "./fixtures/too_long.json.tftpl" } }
  }

  expect_failures = [aws_iot_policy.this["sensor"]]
}

run "refuses_topics_that_render_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = { publish = [for i in range(20) : "${replace(format("%80s", ""), " ", "t")}${i}"] } } }
  }

  expect_failures = [aws_iot_policy.this["sensor"]]
}

run "refuses_a_shadow_name_with_a_dot" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, first_shadow = { name = "a.b" } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_shadow_name_that_is_too_long" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, first_shadow = { name = replace(format("%65s", ""), " ", "n") } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_first_shadow_that_is_no_json" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, first_shadow = { desired = "on" } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_first_shadow_that_is_a_list" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, first_shadow = { desired = "[1]" } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_first_shadow_that_ssm_takes_for_a_reference" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, first_shadow = { desired = jsonencode({ text = "{{serial}}" }) } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_first_shadow_that_is_too_large" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, first_shadow = { desired = jsonencode({ text = replace(format("%4062s", ""), " ", "t") }) } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_first_shadow_with_too_many_bytes" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    device_types = { sensor = { topics = {}, first_shadow = { desired = jsonencode({ text = replace(format("%2100s", ""), " ", "é") }) } } }
  }

  expect_failures = [var.device_types]
}

run "refuses_a_tag_of_awss_own" {
  command = plan

  module {
    source = "../../../terraform/modules/device-catalog"
  }

  variables {
    tags = { "aws:owner" = "x" }
  }

  expect_failures = [var.tags]
}
