"""What becomes of devices after the certificate: shown, and not done, by the demonstration."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from device_registry import certificates
from device_registry.record import from_item
from device_registry.transitions import Action, Change, transition_update
from tools.demo import observe, tables, verdicts
from tools.demo.errors import DemoError
from tools.demo.interruption import pause
from tools.demo.people import Person
from tools.demo.scenario import STATUS_TOPIC
from tools.demo.stack import ROOT, Stack
from tools.demo.steps import Steps
from tools.device.failures import ConnectionRefused, NotReachable, Rejected
from tools.device.model import ClientCredentials, DeviceSpec, ProvisioningResult, own_topic
from tools.device.provisioner import Provisioner
from tools.device.session import SdkSession, SdkTransport
from tools.registry.table import RegistryTable

_FIRST_SHADOWS = ROOT / "terraform/modules/device-catalog/first-shadows"
_CUT_OFF_SECONDS = 30.0
_SAY_SOMETHING_SECONDS = 0.2


@dataclass(frozen=True)
class Lifecycle:
    """Shows it, on the first stack. Differences from what was expected are returned."""

    console: Console
    steps: Steps
    operator: Person
    stack: Stack

    def activate(self, admitted: Sequence[tuple[DeviceSpec, ProvisioningResult]]) -> list[str]:
        """Wait until the devices' records are ACTIVE and their first shadows are there."""
        rows, differences = [], list[str]()
        with self.steps.step("Wait until their records are ACTIVE") as step:
            for device, result in admitted:
                seen = observe.standing(
                    self.operator, self._registry, device.serial_number, result.thing_name
                )
                wanted = _first_shadow(device.device_type)
                differences += verdicts.of_activation(device, seen, wanted)
                rows.append((device, seen))
            step.result = "nobody did anything"
        self.console.print()
        self.console.print(
            "In service: their first connection turned the records ACTIVE", style="bold"
        )
        self.console.print(tables.fitting(self.console, *tables.activations(rows)))
        self.console.print()
        return differences

    def cut_off(
        self,
        device: DeviceSpec,
        result: ProvisioningResult,
        transport: SdkTransport,
        again: Provisioner,
    ) -> list[str]:
        """Revoke a device in the registry while it is connected, and let it try to come back.

        Args:
            device: The device.
            result: What it was given.
            transport: The way to the endpoint.
            again: Lets it claim another certificate, as a device that knows of none.
        """
        serial, thing_name = device.serial_number, result.thing_name
        credentials = ClientCredentials(
            Path(result.certificate_file).read_text(encoding="utf-8"),
            Path(result.private_key_file).read_text(encoding="utf-8"),
        )
        with self.steps.step(f"Revoke {serial} while it is connected") as step:
            session = transport.connect(credentials, thing_name)
            try:
                began = time.monotonic()
                self._revoke(serial)
                disconnected = _is_lost(session, own_topic(STATUS_TOPIC, device, thing_name))
                seconds = time.monotonic() - began
            finally:
                session.close()
            cut = verdicts.CutOff(
                disconnected_after=seconds if disconnected else None,
                certificate_status=certificates.status_of(self.operator.iot, result.certificate_id),
                came_back=_comes_back(transport, credentials, thing_name),
                status_code=_claims_again(again, device),
            )
            step.result = "by one write to its record"
        self.console.print()
        self.console.print("Revoked: out at once, and out for good", style="bold")
        self.console.print(tables.fitting(self.console, tables.cut_off(device, cut)))
        if self.operator.endpoint.embedded:
            self.console.print(
                "AWS IoT closes connections itself; here a stand-in does "
                "(tests/support/endpoint_server.py)."
            )
        return list(verdicts.of_cut_off(device, cut))

    @property
    def _registry(self) -> RegistryTable:
        return RegistryTable(self.operator.dynamodb, self.stack.outputs["registry_table_name"])

    def _revoke(self, serial_number: str) -> None:
        item = self._registry.get(serial_number)
        if item is None:
            raise DemoError(f"{serial_number} has no record.")
        change = Change(by=self.operator.arn, reason="stolen", at=int(time.time()))
        self._registry.update(transition_update(from_item(item), Action.REVOKE, change))


def _first_shadow(device_type: str) -> object:
    """What the catalogue ships for a device type."""
    file = _FIRST_SHADOWS / f"{device_type}.json"
    shipped = file if file.exists() else _FIRST_SHADOWS / "default.json"
    return json.loads(shipped.read_text(encoding="utf-8"))


def _is_lost(session: SdkSession, topic: str) -> bool:
    """Whether the connection goes, seen as a device sees it: it cannot say anything any more."""
    until = time.monotonic() + _CUT_OFF_SECONDS
    while time.monotonic() < until:
        try:
            session.publish(topic, b"{}")
        except NotReachable:
            return True
        pause(_SAY_SOMETHING_SECONDS)
    return False


def _comes_back(transport: SdkTransport, credentials: ClientCredentials, thing_name: str) -> bool:
    try:
        session = transport.connect(credentials, thing_name)
    except ConnectionRefused:
        return False
    session.close()
    return True


def _claims_again(provisioner: Provisioner, device: DeviceSpec) -> int | None:
    """The answer's code; None when it got another identity."""
    try:
        provisioner.provision(device)
    except Rejected as error:
        return error.status_code
    return None
