"""Devices per second, end to end, with the hook and with one that always says yes.

The same Terraform-applied stack, the same devices over mutual TLS; only the code behind the alias
changes, and back, round by round.
"""

import io
import tempfile
import time
import zipfile
from pathlib import Path

import boto3

from tests.benchmarks.stats import Series
from tests.support.stack import root_module
from tests.support.terraform import ROOT, stage
from tools.device.claims import TrustedUserClaim
from tools.device.fleet import provision_many
from tools.device.model import DeviceSpec, KeyFlow
from tools.device.provisioner import Provisioner
from tools.device.session import Endpoint as DeviceEndpoint
from tools.device.session import SdkTransport
from tools.device.store import CredentialStore

ROUNDS = 4
DEVICES = 32
CONCURRENCY = 8
ALIAS = "live"
HOOK, ALWAYS_YES = "hook", "always yes"
DEVICE_TYPE = "temperature-sensor"
HANDLER = "provisioning_hook/handler.py"
# What runs after a grant is left out: a grant by the hook changes a record, which the lifecycle's
# functions then follow, and one by the other changes none. At AWS they run beside the hook; here
# they would take its processor, and count as the hook's time.
STACK = {
    "name_prefix": "bench",
    "device_types": {DEVICE_TYPE: {}},
    "templates": {"factory": {}},
    "device_lifecycle": {"enabled": False},
    "monitoring": {"enabled": False},
}


def measure(endpoint, registry_of, progress):
    """Provision ``DEVICES`` at a time, ``ROUNDS`` times with each hook; devices/s by name.

    Args:
        endpoint: where the stack is applied.
        registry_of: makes a registry from a table's name and a device type.
        progress: called after each round.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        workspace = root_module(stage(Path(directory)), endpoint, STACK)
        workspace.apply()
        outputs = workspace.outputs()
        registry = registry_of(outputs["registry_table_name"], DEVICE_TYPE)
        transport = SdkTransport(
            DeviceEndpoint(
                endpoint.mqtt_host,
                port=endpoint.mqtt_port,
                ca_file=Path(endpoint.ca_file) if endpoint.ca_file else None,
            )
        )
        template = outputs["templates"]["factory"]["name"]
        provisioner = Provisioner(
            transport=transport,
            template_name=template,
            claim=TrustedUserClaim(boto3.client("iot"), template),
            store=CredentialStore(Path(directory) / "devices"),
            key_flow=KeyFlow.KEYS,
        )
        try:
            return _rounds(provisioner, registry, outputs["hook_function_name"], progress)
        finally:
            transport.close()


def _rounds(provisioner, registry, function_name, progress):
    package = (ROOT / "build/provisioning_hook.zip").read_bytes()
    packages = {HOOK: package, ALWAYS_YES: _always_yes(package)}
    per_second = {name: [] for name in packages}
    for number in range(ROUNDS + 1):
        for name, code in packages.items():
            _deploy(function_name, code)
            _provision(provisioner, registry, CONCURRENCY)  # starts the functions
            rate = _provision(provisioner, registry, DEVICES)
            if number:  # the first round warms everything else up
                per_second[name].append(rate)
            progress()
    return {name: Series(name, values) for name, values in per_second.items()}


def _provision(provisioner, registry, count):
    devices = [DeviceSpec(registry.enrol_one()[0], DEVICE_TYPE) for _ in range(count)]
    start = time.perf_counter()
    outcomes = provision_many(provisioner, devices, concurrency=CONCURRENCY)
    seconds = time.perf_counter() - start
    errors = [outcome.error for outcome in outcomes if outcome.error]
    if errors:
        raise errors[0]
    return count / seconds


def _deploy(function_name, code):
    functions = boto3.client("lambda")
    functions.update_function_code(FunctionName=function_name, ZipFile=code)
    functions.get_waiter("function_updated_v2").wait(FunctionName=function_name)
    version = functions.publish_version(FunctionName=function_name)["Version"]
    functions.update_alias(FunctionName=function_name, Name=ALIAS, FunctionVersion=version)


def _always_yes(package):
    """The same package with another handler module."""
    source = (Path(__file__).parent / "handlers/always_yes.py").read_bytes()
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as original,
        zipfile.ZipFile(changed, "w") as target,
    ):
        for entry in original.infolist():
            content = source if entry.filename == HANDLER else original.read(entry)
            target.writestr(entry, content)
    return changed.getvalue()
