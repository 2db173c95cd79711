# examples/multi-account: what it makes of its inputs, and every one that is another account's.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  account_id = "123456789012"
  region     = "eu-central-1"
}

run "passes_on_what_the_root_module_takes" {
  command = plan

  module {
    source = "../../../terraform/examples/multi-account"
  }

  variables {
    role_arn     = "arn:aws:iam::123456789012:role/rollout"
    external_id  = "a-handshake"
    name_prefix  = "north"
    templates    = { line = {} }
    device_types = { humidity-sensor = {} }
  }

  assert {
    condition     = output.name_prefix == "north" && keys(output.templates) == ["line"] && keys(output.device_types) == ["humidity-sensor"]
    error_message = "An input does not come through."
  }
}

run "refuses_a_role_of_another_account" {
  command = plan

  module {
    source = "../../../terraform/examples/multi-account"
  }

  variables {
    role_arn = "arn:aws:iam::210987654321:role/rollout"
  }

  expect_failures = [var.role_arn]
}

run "refuses_an_account_without_its_leading_zero" {
  command = plan

  module {
    source = "../../../terraform/examples/multi-account"
  }

  variables {
    account_id = 012345678901
  }

  expect_failures = [var.account_id]
}

run "refuses_an_empty_external_id" {
  command = plan

  module {
    source = "../../../terraform/examples/multi-account"
  }

  variables {
    external_id = ""
  }

  expect_failures = [var.external_id]
}
