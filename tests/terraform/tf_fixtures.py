"""Configurations that are applied once by pytest-terraform and shared by the tests that name them.

Each is a directory below `terraform/examples` or `tests/terraform/fixtures`, and becomes a fixture
of the same name (with underscores). They are made here and nowhere else: a fixture that a test
file makes with the decorator is known to that file only.

Assert on `fixture.outputs["name"]["value"]`: of resources with `count` or `for_each`, and of
resources in modules, pytest-terraform keeps only one of each name.
"""

from pytest_terraform import terraform

terraform("device-registry", scope="session", name="device_registry")
