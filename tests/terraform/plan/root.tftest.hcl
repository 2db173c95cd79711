# Root module: what it composes, and the rules that span its parts.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name_prefix       = "acme"
  hook              = { package_path = "./fixtures/package.zip" }
  template_versions = { package_path = "./fixtures/package.zip" }
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
    condition     = alltrue([for value in [output.registry_table_name, output.registry_table_arn, output.registry_stream_arn, output.kms_key_arn, output.parent_thing_group_name, output.hook_function_name, output.hook_role_arn, output.hook_log_group_name, output.hook_metrics, output.template_versions_function_name] : value == null]) && output.templates == {} && output.device_types == {}
    error_message = "Something is made although create is false."
  }
}

run "makes_no_pruner_where_the_operator_prunes" {
  command = plan

  module {
    source = "../../../terraform"
  }

  variables {
    prune_template_versions = false
    templates               = { factory = {} }
  }

  assert {
    condition     = output.template_versions_function_name == null
    error_message = "A function is made."
  }
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
