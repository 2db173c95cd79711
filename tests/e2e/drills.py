"""What two Regions are drilled with: lines that can be cut, replicas that can be kept apart."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from device_registry.certificates import ACTIVE, status_of
from device_registry.record import DeviceRecord, from_item
from tests.e2e.regions import TwoRegions
from tests.support.endpoint import using
from tests.support.lines import Line
from tests.support.stack import Stack
from tests.support.waiting import until
from tools.cli.main import cli
from tools.device.failover import Failover, Way
from tools.device.model import DeviceSpec, KeyFlow
from tools.device.provisioner import Place, Provisioner, RetryPolicy
from tools.device.session import Timeouts, discover_host_name
from tools.device.standing import Heartbeat, StandingDevice
from tools.device.store import CredentialStore, EndpointStore

TYPE = "temperature-sensor"
ROUNDS = int(os.environ.get("DRILL_ROUNDS", "3"))
DEVICES = int(os.environ.get("DRILL_DEVICES", "4"))
TIMEOUTS = Timeouts(socket=1.0, connection=5.0, answer=10, disconnection=1.0)
HEARTBEAT = Heartbeat(seconds=0.5)
# A device that comes back waits at most this long between two rounds through its endpoints.
PATIENT = RetryPolicy(attempts=100, first_delay=0.5, max_delay=2.0, deadline=60.0)
ONCE = RetryPolicy(attempts=1)


class Drill:
    """Both Regions as devices and operators reach them.

    Args:
        regions: The applied stacks.
        lines: To each, the first first.
        directory: Where devices keep their keys.
    """

    def __init__(self, regions: TwoRegions, lines: tuple[Line, Line], directory: Path) -> None:
        self.regions = regions
        self.stacks, self.lines = regions.stacks, lines
        self._directory = directory
        ca_file = regions.first.endpoint.ca_file
        self.ways = [
            Way(name, line.transport(name, ca_file, TIMEOUTS))
            for name, line in zip(map(self._name, self.stacks), lines, strict=True)
        ]
        self._before = set().union(*(self._certificates(stack) for stack in self.stacks))

    @staticmethod
    def _name(stack: Stack) -> str:
        return discover_host_name(stack.client("iot"))

    @staticmethod
    def _certificates(stack: Stack) -> dict[str, str]:
        """Statuses by id."""
        pages = stack.client("iot").get_paginator("list_certificates").paginate()
        return {
            each["certificateId"]: each["status"] for page in pages for each in page["certificates"]
        }

    def close(self) -> None:
        """Close what leads to the Regions."""
        for way in self.ways:
            way.transport.close()

    # --- devices

    def provision(
        self,
        serial_number: str,
        *numbers: int,
        board: str = "board",
        retry: RetryPolicy = PATIENT,
    ) -> Any:
        """Let a device provision itself in these Regions, by their numbers, in this order.

        Args:
            serial_number: What it says it is.
            numbers: 0 is the first Region, 1 the second.
            board: Tells devices apart that say they are the same.
            retry: How often it tries.

        Raises:
            DeviceError: It was refused, or found no way.
        """
        root = self._directory / board
        first, *others = (
            Place(
                self.ways[number].transport,
                self.regions.claim,
                EndpointStore(root, self.ways[number].name),
            )
            for number in numbers
        )
        template = self.regions.first.template()
        return Provisioner(
            transport=first.transport,
            template_name=template["name"],
            claim=first.claim,
            store=first.store,
            key_flow=KeyFlow.KEYS,
            client_id_prefix=template["claim_client_id_prefix"],
            elsewhere=tuple(others),
            retry=retry,
        ).provision(DeviceSpec(serial_number, TYPE))

    def standing(self, serial_number: str) -> StandingDevice:
        """A provisioned device that is to stay connected."""
        identity = CredentialStore(self._directory / "board").load(serial_number)
        assert identity is not None
        return StandingDevice(
            DeviceSpec(serial_number, TYPE),
            identity,
            # It stays where it is for as long as a drill lasts.
            Failover(self.ways, return_after=600),
            HEARTBEAT,
            retry=PATIENT,
        )

    # --- operators

    def operate(self, stack: Stack, *arguments: str) -> str:
        """Run a command against the stack of one Region, and return what it printed."""
        with using(stack.endpoint):
            environment = {"IOT_PROVISIONING_STACK": str(self.regions.stack_file)}
            result = CliRunner().invoke(cli, list(arguments), env=environment)
        assert result.exit_code == 0, result.output
        return result.output

    # --- replicas

    @contextlib.contextmanager
    def apart(self) -> Iterator[None]:
        """Keep the replicas apart for a while: neither hears of the other's writes."""
        with self._tagged("test:replication", "held"):
            yield

    @contextlib.contextmanager
    def delayed(self, seconds: float) -> Iterator[None]:
        """Let writes take that long to the other replica."""
        with self._tagged("test:replication-seconds", str(seconds)):
            yield

    @contextlib.contextmanager
    def _tagged(self, key: str, value: str) -> Iterator[None]:
        second = self.regions.second
        table, arn = second.client("dynamodb"), second.outputs["registry_table_arn"]
        table.tag_resource(ResourceArn=arn, Tags=[{"Key": key, "Value": value}])
        try:
            yield
        finally:
            table.untag_resource(ResourceArn=arn, TagKeys=[key])

    # --- what came of it

    def items(self, serial_number: str) -> list[Any]:
        """The item in each Region."""
        return [
            stack.client("dynamodb")
            .get_item(
                TableName=stack.outputs["registry_table_name"],
                Key={"serialNumber": {"S": serial_number}},
                ConsistentRead=True,
            )
            .get("Item")
            for stack in self.stacks
        ]

    def agreed(self, serial_number: str) -> DeviceRecord:
        """The record, once it is the same in both Regions."""

        def same() -> Any:
            """The record is the same in both Regions."""
            one, other = self.items(serial_number)
            return one if one == other else None

        return from_item(until(same))

    def statuses(self, certificate_id: str) -> list[str | None]:
        """A certificate's status in each Region."""
        return [status_of(stack.client("iot"), certificate_id) for stack in self.stacks]

    def active(self) -> set[str]:
        """The certificates that came about during this drill and are ACTIVE in any Region.

        AWS IoT's own lists tell, whatever records and logs know.
        """
        return {
            certificate_id
            for stack in self.stacks
            for certificate_id, status in self._certificates(stack).items()
            if status == ACTIVE and certificate_id not in self._before
        }

    def active_for(self, serial_number: str) -> set[str]:
        """The certificates that a device's thing has and that are ACTIVE, in any Region."""
        found = set()
        for stack in self.stacks:
            iot, name = stack.client("iot"), f"{stack.name_prefix}-{serial_number}"
            with contextlib.suppress(iot.exceptions.ResourceNotFoundException):
                arns = iot.list_thing_principals(thingName=name)["principals"]
                found |= {arn.rpartition("/")[2] for arn in arns}
        return {each for each in found if ACTIVE in self.statuses(each)}


@pytest.fixture
def drill(two_regions, auth_endpoint, tmp_path) -> Iterator[Drill]:
    """Both Regions, with lines that hold."""
    host, port = auth_endpoint.mqtt_host, auth_endpoint.mqtt_port
    with Line(host, port) as first, Line(host, port) as second:
        drill = Drill(two_regions, (first, second), tmp_path)
        yield drill
        drill.close()
