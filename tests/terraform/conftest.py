"""Terraform against the endpoint: what pytest-terraform needs around it.

pytest-terraform runs its commands in the directory of the configuration, with this process's
environment. Both are prepared here: configurations are copied (it writes its records beside them),
and the environment points at the endpoint while these tests run.
"""

import os
from unittest import mock

import pytest
from pytest_terraform import tf

from tests.support import terraform as support
from tools import terraform_env


@pytest.fixture(scope="session")
def staged(tmp_path_factory):
    """A copy of the repository's configurations that tests may write to."""
    return support.stage(tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="session", autouse=True)
def _pytest_terraform(staged, endpoint):
    # Every configuration by its own name, whichever folder it is in.
    configurations = staged / "configurations"
    configurations.mkdir()
    for folder in ("terraform/examples", "tests/terraform/fixtures"):
        for path in (staged / folder).iterdir():
            (configurations / path.name).symlink_to(path, target_is_directory=True)
    tf.LazyModuleDir.value = str(configurations)
    # With pytest-xdist installed, a fixture that outlives one test is read back through a method
    # that this class does not have.
    tf.TerraformTestApi.load = tf.TerraformTestApi.from_file
    environment = terraform_env.environment(endpoint.environment())
    tf.LazyTfBin.value = environment["TERRAFORM"]
    with mock.patch.dict(os.environ, environment, clear=True):
        yield


@pytest.fixture
def workspace(tmp_path, account):
    """`workspace("terraform/examples/minimal", name_prefix="x")`: a copy of its own, initialised.

    In an account of its own, for tests that change or destroy what they apply.
    """

    def make(configuration, **variables):
        copy = support.stage(tmp_path / configuration.replace("/", "-"))
        return support.Workspace(copy, configuration, account, variables).init()

    return make
