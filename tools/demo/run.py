"""The first part of the demonstration: devices that claim their identity."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from device_registry import certificates
from device_registry.transitions import Action
from tools.demo import alarms, observe, people, tables, verdicts
from tools.demo.alarms import Listener
from tools.demo.claim import DEVICES_FILE, ClaimFiles, apply
from tools.demo.enrolment import enrol
from tools.demo.errors import DemoError
from tools.demo.interruption import pause
from tools.demo.lifecycle import Lifecycle
from tools.demo.people import Person
from tools.demo.scenario import (
    ALARM,
    CHOOSER,
    FACTORY,
    FIELD_SERVICE,
    REFUSALS,
    REVOKED_SERIAL,
    SHADOW_TOPIC,
    STATUS_TOPIC,
    STOLEN,
    WITH_CLAIM_CERTIFICATE,
    WITH_TEMPORARY_CLAIM,
    Refusal,
)
from tools.demo.stack import Stack, Workspace
from tools.demo.steps import Steps
from tools.device.claims import Claim, ClaimCertificate, TrustedUserClaim
from tools.device.failures import Rejected
from tools.device.fleet import provision_many
from tools.device.model import DeviceSpec, Greeting, KeyFlow, ProvisioningResult
from tools.device.provisioner import Provisioner, RetryPolicy
from tools.device.session import Endpoint as MqttEndpoint
from tools.device.session import SdkTransport
from tools.device.store import CredentialStore
from tools.endpoint import Endpoint
from tools.registry.operate import operate
from tools.registry.table import RegistryTable

# Few at once: everything, the endpoint and its functions included, runs on one machine.
_AT_ONCE = 4
_RETRY = RetryPolicy(attempts=3, first_delay=0.5, max_delay=2.0, deadline=30.0)

Admission = tuple[DeviceSpec, ProvisioningResult]


@dataclass
class Demo:
    """One run. Differences from what was expected are collected, not raised: all are shown."""

    console: Console
    endpoint: Endpoint
    workspace: Workspace
    differences: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.steps = Steps(self.console)
        self._stores = itertools.count(1)
        self._certificates: dict[str, str] = {}

    def run(self) -> None:
        """Show everything.

        Raises:
            DemoError, DeviceError, ClientError, BotoCoreError: it cannot go on.
        """
        stack, claim_files = apply(self.steps, self.workspace)
        operator, technician = self._hire(stack)
        listener = self._listen(stack)
        self._enrol(operator, stack)
        lifecycle = Lifecycle(self.console, self.steps, operator, stack)
        with ExitStack() as exits:
            transport = exits.enter_context(
                SdkTransport(
                    MqttEndpoint(
                        self.endpoint.mqtt_host,
                        self.endpoint.mqtt_port,
                        ca_file=Path(self.endpoint.ca_file) if self.endpoint.ca_file else None,
                    )
                )
            )
            devices = _Devices(transport, stack, claim_files, technician)
            admitted = self._admit(operator, stack, devices)
            self.differences += lifecycle.activate(admitted)
            self._refuse(operator, stack, devices)
            self._hear(listener)
            self._override(operator, stack, devices)
            for device, result in admitted:
                if device == STOLEN:
                    again = devices.provisioner(FACTORY, self._store())
                    self.differences += lifecycle.cut_off(device, result, transport, again)

    def _hire(self, stack: Stack) -> tuple[Person, Person]:
        root = people.root_user(self.endpoint)
        with self.steps.step("Give two people access keys of their own") as step:
            operator = people.hire_operator(root, stack)
            technician = people.hire_technician(root, stack)
            enforced = people.is_held_back(technician)
            step.result = "IAM holds them back" if enforced else "IAM is not enforced there"
        if self.endpoint.embedded and not enforced:
            self.differences.append("The technician may do what no policy allows.")
        return operator, technician

    def _listen(self, stack: Stack) -> Listener:
        with self.steps.step("Subscribe a queue to the alarms"):
            return alarms.listen(people.root_user(self.endpoint), stack)

    def _enrol(self, operator: Person, stack: Stack) -> None:
        registry = RegistryTable(operator.dynamodb, stack.outputs["registry_table_name"])
        with self.steps.step(f"Enrol {DEVICES_FILE.name}") as step:
            counts = enrol(operator, registry, stack, DEVICES_FILE).counts
            step.result = f"{counts.new} devices"
            if not counts.rows or counts.new != counts.rows:
                raise DemoError(f"Not every row of {DEVICES_FILE.name} was enrolled: {counts}.")
        with self.steps.step(f"Revoke {REVOKED_SERIAL}") as step:
            report = operate(
                registry,
                operator.iot,
                REVOKED_SERIAL,
                Action.REVOKE,
                by=operator.arn,
                reason="lost in transport",
            )
            if not report.ok:
                raise DemoError(report.sentence)

    def _admit(self, operator: Person, stack: Stack, devices: _Devices) -> list[Admission]:
        admitted = self._provision(devices, FACTORY, WITH_CLAIM_CERTIFICATE, "a claim certificate")
        admitted += self._provision(
            devices, FIELD_SERVICE, WITH_TEMPORARY_CLAIM, "a technician's claim"
        )
        rows = []
        with self.steps.step("Read them back from AWS IoT") as step:
            for device, result in admitted:
                seen = observe.look_at(operator, result.thing_name)
                self.differences += verdicts.of_admission(device, result, seen, stack.outputs)
                rows.append((device, seen, result.timings.total))
                self._certificates[device.serial_number] = result.certificate_id
            arrived = sum(bool(seen.shadow) for _, seen, _ in rows)
            step.result = f"{arrived} messages arrived"
        self.console.print()
        self._heading("What AWS IoT has for them now")
        self.console.print(tables.fitting(self.console, *tables.admissions(rows)))
        if arrived == len(WITH_CLAIM_CERTIFICATE) + len(WITH_TEMPORARY_CLAIM):
            self.console.print(
                "Each reconnected as its thing, with the new certificate, and published its status "
                "and its shadow."
            )
        self.console.print()
        return admitted

    def _provision(
        self, devices: _Devices, template: str, batch: Sequence[DeviceSpec], claim: str
    ) -> list[Admission]:
        with self.steps.step(f"Provision {len(batch)} devices with {claim}") as step:
            provisioner = devices.provisioner(template, self._store())
            outcomes = provision_many(provisioner, batch, concurrency=_AT_ONCE)
            admitted = [(o.device, o.result) for o in outcomes if o.result is not None]
            step.result = "over mutual TLS"
        for outcome in outcomes:
            if outcome.error is not None:
                self.differences.append(
                    f"{outcome.device.serial_number} got no identity: {outcome.error}"
                )
        return admitted

    def _refuse(self, operator: Person, stack: Stack, devices: _Devices) -> None:
        rows = []
        with self.steps.step(f"Try {len(REFUSALS)} devices that must not get in"):
            for refusal in REFUSALS:
                began, since = time.perf_counter(), time.time()
                refused = self._try(operator, stack, devices, refusal, since)
                rows.append((refusal, refused, time.perf_counter() - began))
                self.differences += verdicts.of_refusal(refusal, refused)
                self._left_alone(operator, stack, refusal)
        self.console.print()
        self._heading("Refused: the device is told nothing, the decision log says why")
        self.console.print(tables.fitting(self.console, *tables.refusals(rows)))
        self.console.print()

    def _try(
        self, operator: Person, stack: Stack, devices: _Devices, refusal: Refusal, since: float
    ) -> verdicts.Refused:
        store = self._store()
        serial = refusal.device.serial_number
        answer: Rejected | None = None
        try:
            devices.provisioner(FACTORY, store).provision(refusal.device)
        except Rejected as error:
            answer = error
        identity = store.load(serial)
        certificate_id = identity.certificate_id if identity else ""
        log_group = stack.outputs["hook_log_group_name"]
        return verdicts.Refused(
            status_code=answer.status_code if answer else None,
            error_code=answer.error_code if answer else "",
            certificate_id=certificate_id,
            certificate_status=certificates.status_of(operator.iot, certificate_id),
            entry=observe.refusal(operator, log_group, serial, since) if answer else {},
        )

    def _left_alone(self, operator: Person, stack: Stack, refusal: Refusal) -> None:
        serial = refusal.device.serial_number
        thing = f"{stack.outputs['name_prefix']}-{serial}"
        own = self._certificates.get(serial)
        has = observe.certificate_ids(operator, thing)
        if has != (None if own is None else (own,)):
            self.differences.append(f"{serial} was refused, and the thing {thing} now has {has}.")

    def _hear(self, listener: Listener) -> None:
        with self.steps.step("Wait for an alarm"):
            heard = listener.hear(ALARM)
        self.differences += verdicts.of_alarm(heard)
        self.console.print()
        self._heading("An alarm: a device that was revoked has tried again")
        self.console.print(tables.fitting(self.console, *tables.alarm(heard)))
        if self.endpoint.embedded:
            self.console.print(
                "Amazon CloudWatch counts the hook's log lines itself; here a stand-in does "
                "(tests/support/alarms.py)."
            )
        self.console.print()

    def _override(self, operator: Person, stack: Stack, devices: _Devices) -> None:
        with self.steps.step(f"Provision {CHOOSER.serial_number}, which picks its own names"):
            result = devices.provisioner(FACTORY, self._store()).provision(CHOOSER)
            seen = observe.look_at(operator, result.thing_name)
        self.differences += verdicts.of_admission(CHOOSER, result, seen, stack.outputs)
        self.console.print()
        self._heading("Overruled: names come from the registry, whatever a device sends")
        self.console.print(tables.fitting(self.console, tables.choices(CHOOSER, seen)))
        self.console.print()

    def _store(self) -> CredentialStore:
        return CredentialStore(self.workspace.directory / "devices" / str(next(self._stores)))

    def _heading(self, text: str) -> None:
        self.console.print(text, style="bold")


@dataclass(frozen=True)
class _Devices:
    """What all devices of the run have in common."""

    transport: SdkTransport
    stack: Stack
    claim_files: ClaimFiles
    technician: Person

    def provisioner(self, template: str, store: CredentialStore) -> Provisioner:
        """Devices of one template, with a store that knows none of them yet."""
        name = self.stack.template_name(template)
        claim: Claim = (
            ClaimCertificate(self.claim_files.certificate, self.claim_files.key)
            if template == FACTORY
            else TrustedUserClaim(self.technician.iot, name)
        )
        return Provisioner(
            transport=self.transport,
            template_name=name,
            claim=claim,
            store=store,
            key_flow=KeyFlow.KEYS,
            client_id_prefix=self.stack.outputs["templates"][template]["claim_client_id_prefix"],
            retry=_RETRY,
            greeting=Greeting(publish=(STATUS_TOPIC, SHADOW_TOPIC), subscribe=()),
            sleep=pause,
        )
