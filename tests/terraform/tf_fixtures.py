"""Configurations that are applied once by pytest-terraform and shared by the tests that name them.

Each is a directory below `terraform/examples` or `tests/terraform/fixtures`, and becomes a fixture
of the same name. They are made here and nowhere else: a fixture that a test
file makes with the decorator is known to that file only.

Assert on `fixture.outputs["name"]["value"]`: of resources with `count` or `for_each`, and of
resources in modules, pytest-terraform keeps only one of each name.
"""

from collections import defaultdict

from pytest_terraform import terraform, tf


class Kept(tf.TerraformFixture):
    """One that is never destroyed, not even after an apply that failed.

    AWS deletes a thing type five minutes after its deprecation at the earliest, and the provider
    tries for six. The endpoint ends with the session; test_destroy.py shows that nothing is left.
    """

    def get_runner(self, module_dir, work_dir):
        runner = super().get_runner(module_dir, work_dir)
        runner.destroy = lambda: None
        return runner


# With pytest-xdist installed, pytest-terraform has a kind of fixture of its own for these scopes:
# it destroys what tests still use when they name it through another fixture.
terraform.scope_class_map = defaultdict(lambda: Kept)

terraform("minimal", scope="session")
terraform("complete", scope="session")
terraform("jitp", scope="session")
terraform("account-baseline", scope="session")
