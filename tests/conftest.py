"""What every layer shares: the order of the layers, their headers, and the fixtures of support."""

import importlib
import os
import socket
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.e2e.fleet import fleet  # noqa: F401 - a fixture
from tests.e2e.just_in_time import elsewhere, just_in_time, two_accounts  # noqa: F401 - fixtures
from tests.e2e.regions import two_regions  # noqa: F401 - a fixture
from tests.support import secrets_check
from tests.support.capabilities import MARK, _required_capabilities  # noqa: F401 - a fixture
from tests.support.endpoint import (  # noqa: F401 - fixtures
    account,
    auth_account,
    auth_endpoint,
    endpoint,
)

HERE = Path(__file__).parent
# How long one example takes is up to what else the machine does.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

LAYERS = {
    "static": "static: lint, types, Terraform validate, checkov",
    "unit": "unit: decisions, packages and tools",
    "plan": "plan: validations, names and limits",
    "checkov": "checkov: the check pack finds what it is for",
    "terraform": "terraform: apply, plan again, update, destroy",
    "e2e": "e2e: devices over mutual TLS",
    "security": "security: IAM enforced",
}


@pytest.fixture
def closed_port():
    """A loopback port on which nothing listens: bound and not listening, so nobody takes it."""
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        yield placeholder.getsockname()[1]


def layer_of(path: Path) -> str | None:
    """The layer that a test file or a command line argument belongs to."""
    inside = path.is_relative_to(HERE) and path.relative_to(HERE).parts
    return inside[0] if inside and inside[0] in LAYERS else None


# Three processes share the layers in `make test`, also on two cores: those that apply wait for the
# provider much of the time. The longest come first, and what fills gaps last. What several files
# share is made once, since one process has all of them.
SHARED = ("e2e", "security", "terraform", "plan", "checkov", "static", "unit")
TOGETHER = {"e2e": "devices", "security": "devices", "plan": "plan", "checkov": "checkov"}
# It starts an endpoint of its own, so that it can run beside the others.
APART = {"tests/e2e/test_demo.py"}
EXAMPLES = {
    "tests/terraform/test_account_baseline.py",
    "tests/terraform/test_examples.py",
    "tests/terraform/test_wiring.py",
}


def is_of_devices(item):
    return TOGETHER.get(layer_of(item.path)) == "devices"


def is_beside_others(config):
    """Whether this process is one of several that share the tests."""
    return hasattr(config, "workerinput")


class LayerHeaders:
    """Prints a header when a layer begins, where one process runs them one after the other."""

    def __init__(self, config):
        self.config = config
        self.current = None

    def pytest_runtest_logstart(self, nodeid):
        layer = layer_of(HERE.parent / nodeid.partition("::")[0])
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if layer and layer != self.current and reporter:
            self.current = layer
            reporter.ensure_newline()
            reporter.write_sep("-", LAYERS[layer], bold=True)


class ByLayer(LoadScopeScheduling):
    """Gives what belongs together to one process, and other tests file by file."""

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        if file in APART:
            return file
        return "examples" if file in EXAMPLES else TOGETHER.get(layer_of(HERE.parent / file), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByLayer(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    config.addinivalue_line(
        "markers", f"{MARK}(*capabilities): what the endpoint must be able to do"
    )
    config.option.loadscopereorder = False
    secrets_check.register(config)
    if not config.option.numprocesses:
        config.pluginmanager.register(LayerHeaders(config), "layer-headers")
    # Named, so that pytest-terraform neither prefers another tool nor insists on one being there:
    # most layers need none.
    config.option.dest_tf_binary = os.environ.get("TERRAFORM") or "terraform"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Let what can wait stand back for devices, which have to be answered in time."""
    if is_beside_others(item.config) and not is_of_devices(item) and os.nice(0) == 0:
        os.nice(10)


def pytest_sessionstart(session):
    """Make the Terraform fixtures known to every test file; see tests/terraform/tf_fixtures.py."""
    tf_fixtures = importlib.import_module("tests.terraform.tf_fixtures")
    session.config.pluginmanager.register(tf_fixtures, "tf-fixtures")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session, config, items):
    """Run layer by layer, and refuse a layer that was asked for and holds no test."""
    order = [*(SHARED if is_beside_others(config) else LAYERS), None]
    items.sort(key=lambda item: order.index(layer_of(item.path)))
    asked = {layer_of(Path(argument.partition("::")[0]).resolve()) for argument in config.args}
    empty = asked - {layer_of(item.path) for item in items} - {None}
    if empty and not session.testsfailed and not config.getoption("lf"):
        raise pytest.UsageError(f"no test in the layer {', '.join(sorted(empty))}")
