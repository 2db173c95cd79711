"""The second part of the demonstration: devices whose maker gave them a certificate."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from device_registry import certificates
from tools.demo import observe, people, tables, verdicts
from tools.demo.claim import tell
from tools.demo.enrolment import enrol
from tools.demo.errors import DemoError
from tools.demo.interruption import pause
from tools.demo.people import Person
from tools.demo.scenario import (
    COUNTERFEIT,
    GATEWAY,
    JUST_IN_TIME_PREFIX,
    MAKER,
    NAME_PREFIX,
    SENSORS,
    SHADOW_TOPIC,
    STATUS_TOPIC,
    STRANGER,
    Arrival,
    TurnedAway,
)
from tools.demo.stack import Stack, Workspace
from tools.demo.steps import Steps
from tools.device.failures import NotAdmitted
from tools.device.just_in_time import JustInTimeResult, certificate_id, come_up
from tools.device.maker import Maker
from tools.device.model import Greeting
from tools.device.provisioner import RetryPolicy
from tools.device.session import Endpoint as MqttEndpoint
from tools.device.session import SdkTransport, discover_host_name
from tools.endpoint import Endpoint
from tools.registry.table import RegistryTable

EXAMPLE = "jitp"
_SENSORS_CA, _GATEWAYS_CA = "sensors-2026", "gateways-2026"
# On a busy machine the gate takes its time: the deadline ends it, not the number of tries.
_PATIENT = RetryPolicy(attempts=100, first_delay=0.3, max_delay=2.0, deadline=60.0)
_BRIEF = RetryPolicy(attempts=3, first_delay=0.3, max_delay=1.0, deadline=30.0)


@dataclass
class JustInTime:
    """One run, on a stack of its own. Differences are collected: all are shown."""

    console: Console
    endpoint: Endpoint
    workspace: Workspace
    differences: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.steps = Steps(self.console)

    def run(self) -> None:
        """Show everything.

        Raises:
            DemoError, DeviceError, ClientError, BotoCoreError: it cannot go on.
        """
        self.console.print()
        with self.steps.step("Make a maker's two CAs, and one CA too many"):
            sensors = Maker({"CommonName": "Sensors CA", "Organization": MAKER})
            gateways = Maker({"CommonName": "Gateways CA", "Organization": MAKER})
            nobodys = Maker({"CommonName": "Sensors CA", "Organization": MAKER})
        stack = self._apply(sensors, gateways)
        root = people.root_user(self.endpoint)
        operator = people.hire_operator(root, stack, "operator-just-in-time")
        self._enrol(operator, stack)
        with ExitStack() as exits:
            ca_file = Path(self.endpoint.ca_file) if self.endpoint.ca_file else None
            # By its own endpoint name AWS IoT knows which account a new certificate is for.
            host_name = discover_host_name(root.iot)
            address, port = self.endpoint.mqtt_host, self.endpoint.mqtt_port
            transport = exits.enter_context(
                SdkTransport(MqttEndpoint(host_name, port, address, ca_file))
            )
            self._admit(operator, stack, transport, sensors, gateways)
            self._turn_away(
                operator, stack, transport, ((STRANGER, gateways), (COUNTERFEIT, nobodys))
            )

    def _apply(self, sensors: Maker, gateways: Maker) -> Stack:
        with self.steps.step(f"Apply {self.workspace.example}") as step:
            self.workspace.prepare()
            variables = {
                "name_prefix": JUST_IN_TIME_PREFIX,
                "sensor_cas": {_SENSORS_CA: sensors.certificate_pem},
                "gateway_cas": {_GATEWAYS_CA: gateways.certificate_pem},
            }
            stack = self.workspace.apply(variables, lambda line: tell(step, line))
            step.result = f"{stack.resources} resources"
        return stack

    def _enrol(self, operator: Person, stack: Stack) -> None:
        device = GATEWAY.device
        with self.steps.step(f"Enrol {device.serial_number}, and no other"):
            file = self.workspace.directory / "devices.csv"
            file.write_text(
                "serialNumber,deviceType,manufacturer\n"
                f"{device.serial_number},{device.device_type},{MAKER}\n",
                encoding="utf-8",
            )
            registry = RegistryTable(operator.dynamodb, stack.outputs["registry_table_name"])
            counts = enrol(operator, registry, stack, file).counts
            if counts.new != 1:
                raise DemoError(f"{device.serial_number} was not enrolled: {counts}.")

    def _admit(
        self,
        operator: Person,
        stack: Stack,
        transport: SdkTransport,
        sensors: Maker,
        gateways: Maker,
    ) -> None:
        rows = []
        with self.steps.step("Switch on two sensors and the gateway") as step:
            for arrival, maker in (*((one, sensors) for one in SENSORS), (GATEWAY, gateways)):
                result = _come_up(arrival, maker, transport)
                seen = observe.look_at(operator, result.thing_name)
                self.differences += verdicts.of_arrival(arrival, result, seen, stack.outputs)
                rows.append((arrival, result, seen))
            step.result = "each dropped once, and back"
        self.console.print()
        self.console.print(
            "Came up just in time, with the certificate they left the factory with", style="bold"
        )
        self.console.print(tables.fitting(self.console, *tables.arrivals(rows)))
        if self.endpoint.embedded:
            self.console.print(
                "AWS IoT applies the sensors' template itself; here a stand-in does "
                "(tests/support/jitp.py)."
            )
        self.console.print()

    def _turn_away(
        self,
        operator: Person,
        stack: Stack,
        transport: SdkTransport,
        cases: tuple[tuple[TurnedAway, Maker], ...],
    ) -> None:
        gate = stack.outputs["certificate_authorities"][_GATEWAYS_CA]["log_group_name"]
        rows = []
        with self.steps.step(f"Switch on {len(cases)} that must not get in"):
            for case, maker in cases:
                sight = _try(case, maker, transport, operator, gate)
                self.differences += verdicts.of_turned_away(case, sight)
                rows.append((case, sight))
        self.console.print()
        self.console.print(
            "Turned away: by the gate, and for want of a registered CA", style="bold"
        )
        self.console.print(tables.fitting(self.console, *tables.turned_away(rows)))


def _come_up(arrival: Arrival, maker: Maker, transport: SdkTransport) -> JustInTimeResult:
    topic = STATUS_TOPIC.replace(NAME_PREFIX, JUST_IN_TIME_PREFIX)
    return come_up(
        arrival.device,
        maker.device(arrival.subject),
        arrival.thing_name,
        transport=transport,
        greeting=Greeting(publish=(topic, SHADOW_TOPIC), subscribe=()),
        retry=_PATIENT,
        sleep=pause,
    )


def _try(
    case: TurnedAway, maker: Maker, transport: SdkTransport, operator: Person, log_group: str
) -> verdicts.Sight:
    since = time.time()
    credentials = maker.device(case.subject)
    failed: NotAdmitted | None = None
    try:
        come_up(
            case.device,
            credentials,
            case.thing_name,
            transport=transport,
            retry=_BRIEF,
            sleep=pause,
        )
    except NotAdmitted as error:
        failed = error
    log_is_asked = failed is not None and case.reason is not None
    serial = case.device.serial_number
    return verdicts.Sight(
        connected=failed is None,
        attempts=failed.attempts if failed else 0,
        certificate_status=certificates.status_of(
            operator.iot, certificate_id(credentials.certificate_pem)
        ),
        thing_exists=observe.certificate_ids(operator, case.thing_name) is not None,
        entry=observe.refusal(operator, log_group, serial, since) if log_is_asked else {},
    )
