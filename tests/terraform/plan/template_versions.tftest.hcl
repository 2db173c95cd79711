# Template versions: what it makes, and every input of its own that AWS would refuse (the rest is in lambda_function).

mock_provider "aws" {
  source = "./mocks"
}

variables {
  name_prefix    = "acme"
  template_names = ["acme-factory"]
  package_path   = "./fixtures/package.zip"
}

run "makes_the_function" {
  command = plan

  module {
    source = "../../../terraform/modules/template-versions"
  }

  assert {
    condition     = output.function_name == "acme-template-versions" && output.qualifier == "live"
    error_message = "The function has another name."
  }
}

run "makes_nothing" {
  command = plan

  module {
    source = "../../../terraform/modules/template-versions"
  }

  variables {
    create = false
  }

  assert {
    condition     = output.function_name == null && output.role_arn == null
    error_message = "Something is made although create is false."
  }
}

run "makes_nothing_without_templates" {
  command = plan

  module {
    source = "../../../terraform/modules/template-versions"
  }

  variables {
    template_names = []
  }

  assert {
    condition     = output.function_name == null
    error_message = "A function is made that has nothing to do."
  }
}

run "refuses_a_name_prefix_with_capitals" {
  command = plan

  module {
    source = "../../../terraform/modules/template-versions"
  }

  variables {
    name_prefix = "Acme"
  }

  expect_failures = [var.name_prefix]
}

run "refuses_a_template_name_with_a_space" {
  command = plan

  module {
    source = "../../../terraform/modules/template-versions"
  }

  variables {
    template_names = ["a b"]
  }

  expect_failures = [var.template_names]
}
