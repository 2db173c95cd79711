"""Terraform against the endpoint: what pytest-terraform needs around it.

pytest-terraform runs its commands in the directory of the configuration, with this process's
environment. Both are prepared here: configurations are copied (it writes its records beside them),
and the environment points at the endpoint while these tests run.
"""

import contextlib
import json
import os
from unittest import mock

import pytest
from pytest_terraform import tf

from tests.support import terraform as support
from tests.support.capabilities import Capability, has
from tests.support.endpoint import new_account
from tests.support.stack import ClaimKey, Stack, root_module
from tools import terraform_env
from tools.device.maker import Maker

# Beside the other examples in one account: stacks must not meet.
COMPLETE_PREFIX = "shop"
JITP_PREFIX = "works"


@pytest.fixture(scope="session")
def staged(tmp_path_factory):
    """A copy of the repository's configurations that tests may write to."""
    return support.stage(tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="session")
def claim_key(tmp_path_factory):
    """The key of the claim certificate of examples/complete."""
    return ClaimKey(tmp_path_factory.mktemp("claim"))


@pytest.fixture(scope="session")
def makers():
    """The makers whose CAs examples/jitp registers, by the names that it gives them."""
    return {name: Maker({"CommonName": name}) for name in ("sensor-maker", "gateway-maker")}


@pytest.fixture(scope="package", autouse=True)
def _only_these_tests(_pytest_terraform):
    """Give the environment back to the layers that this process runs afterwards.

    Those that come after them need it no more: their workspaces have an environment of their own.
    """
    yield
    _pytest_terraform.stop()


@pytest.fixture(scope="session", autouse=True)
def _pytest_terraform(staged, endpoint, claim_key, makers):
    pems = {name: maker.certificate_pem for name, maker in makers.items()}
    variables = {
        "complete": {
            "name_prefix": COMPLETE_PREFIX,
            "claim_csrs": {"line-1": claim_key.csr_pem},
        },
        "jitp": {
            "name_prefix": JITP_PREFIX,
            "gateway_cas": {"gateway-maker": pems.pop("gateway-maker")},
            "sensor_cas": pems,
        },
        "account-baseline": {
            "logging": has(Capability.V2_LOGGING, endpoint),
            "audit": has(Capability.DEFENDER, endpoint),
        },
    }
    for example, values in variables.items():
        path = staged / "terraform/examples" / example / "test.auto.tfvars.json"
        path.write_text(json.dumps(values))
    # Every configuration by its own name, whichever folder it is in.
    configurations = staged / "configurations"
    configurations.mkdir()
    for folder in ("terraform/examples", "tests/terraform/fixtures"):
        for path in (staged / folder).iterdir():
            (configurations / path.name).symlink_to(path, target_is_directory=True)
    tf.LazyModuleDir.value = str(configurations)
    environment = terraform_env.environment(endpoint.environment())
    tf.LazyTfBin.value = environment["TERRAFORM"]
    # Of the session, as the fixtures that apply are: those come before any of a package.
    patch = mock.patch.dict(os.environ, environment, clear=True)
    patch.start()
    return patch


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
def jitp_stack(jitp, endpoint, tmp_path_factory):
    """examples/jitp, applied with the CAs of two makers."""
    stack = _stack(jitp, endpoint, tmp_path_factory.mktemp("devices"))
    yield stack
    stack.own_name.close()


@pytest.fixture(scope="session")
def factory_claim(complete_stack, claim_key):
    """The claim certificate of examples/complete and its key."""
    return claim_key.claim(complete_stack.template()["claim_certificates"]["line-1"]["pem"])


@pytest.fixture(scope="module")
def root(tmp_path_factory, endpoint):
    """`root(name_prefix="x", ...)`: the root module in an account of its own, initialised.

    For a whole test module, whose tests share one stack. Returns the workspace and the endpoint.
    """
    with contextlib.ExitStack() as providers:

        def make(**variables):
            account = new_account(endpoint)
            copy = support.stage(tmp_path_factory.mktemp("root"))
            workspace = root_module(copy, account, variables)
            providers.enter_context(workspace.one_provider())
            return workspace, account

        yield make


@pytest.fixture
def workspace(tmp_path, account):
    """`workspace("terraform/examples/minimal", name_prefix="x")`: a copy of its own, initialised.

    In an account of its own, for tests that change or destroy what they apply.
    """

    def make(configuration, **variables):
        copy = support.stage(tmp_path / configuration.replace("/", "-"))
        return support.Workspace(copy, configuration, account, variables).init()

    return make
