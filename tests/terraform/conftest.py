"""Terraform against the endpoint: what pytest-terraform needs around it.

pytest-terraform runs its commands in the directory of the configuration, with this process's
environment. Both are prepared here: configurations are copied (it writes its records beside them),
and the environment points at the endpoint while these tests run.
"""

import json
import os
from unittest import mock

import pytest
from pytest_terraform import tf

from tests.support import terraform as support
from tests.support.endpoint import new_account
from tests.support.stack import ClaimKey, Stack, root_module
from tools import terraform_env

# Beside the other example in one account: two stacks must not meet.
COMPLETE_PREFIX = "shop"


@pytest.fixture(scope="session")
def staged(tmp_path_factory):
    """A copy of the repository's configurations that tests may write to."""
    return support.stage(tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="session")
def claim_key(tmp_path_factory):
    """The key of the claim certificate of examples/complete."""
    return ClaimKey(tmp_path_factory.mktemp("claim"))


@pytest.fixture(scope="session", autouse=True)
def _pytest_terraform(staged, endpoint, claim_key):
    variables = {"name_prefix": COMPLETE_PREFIX, "claim_csrs": {"line-1": claim_key.csr_pem}}
    complete = staged / "terraform/examples/complete"
    (complete / "test.auto.tfvars.json").write_text(json.dumps(variables))
    # Every configuration by its own name, whichever folder it is in.
    configurations = staged / "configurations"
    configurations.mkdir()
    for folder in ("terraform/examples", "tests/terraform/fixtures"):
        for path in (staged / folder).iterdir():
            (configurations / path.name).symlink_to(path, target_is_directory=True)
    tf.LazyModuleDir.value = str(configurations)
    environment = terraform_env.environment(endpoint.environment())
    tf.LazyTfBin.value = environment["TERRAFORM"]
    with mock.patch.dict(os.environ, environment, clear=True):
        yield


def _stack(applied, endpoint, directory):
    outputs = {name: output["value"] for name, output in applied.outputs.items()}
    return Stack(outputs, endpoint, directory)


@pytest.fixture(scope="session")
def minimal_stack(minimal, endpoint, tmp_path_factory):
    """examples/minimal, applied."""
    return _stack(minimal, endpoint, tmp_path_factory.mktemp("devices"))


@pytest.fixture(scope="session")
def complete_stack(complete, endpoint, tmp_path_factory):
    """examples/complete, applied with a claim certificate."""
    return _stack(complete, endpoint, tmp_path_factory.mktemp("devices"))


@pytest.fixture(scope="session")
def factory_claim(complete_stack, claim_key):
    """The claim certificate of examples/complete and its key."""
    return claim_key.claim(complete_stack.template()["claim_certificates"]["line-1"]["pem"])


@pytest.fixture(scope="module")
def root(tmp_path_factory, endpoint):
    """`root(name_prefix="x", ...)`: the root module in an account of its own, initialised.

    For a whole test module, whose tests share one stack. Returns the workspace and the endpoint.
    """

    def make(**variables):
        account = new_account(endpoint)
        copy = support.stage(tmp_path_factory.mktemp("root"))
        return root_module(copy, account, variables), account

    return make


@pytest.fixture
def workspace(tmp_path, account):
    """`workspace("terraform/examples/minimal", name_prefix="x")`: a copy of its own, initialised.

    In an account of its own, for tests that change or destroy what they apply.
    """

    def make(configuration, **variables):
        copy = support.stage(tmp_path / configuration.replace("/", "-"))
        return support.Workspace(copy, configuration, account, variables).init()

    return make
