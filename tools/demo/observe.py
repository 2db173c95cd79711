"""What AWS says came of a device. Nothing here is taken from what the device or the demo said."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from device_registry import certificates
from device_registry.aws_errors import is_not_found
from device_registry.record import Status, from_item
from tools.demo.people import Person
from tools.registry import denials
from tools.registry.table import RegistryTable

_LOG_SECONDS = 10.0
_POLL_SECONDS = 0.2
_LIFECYCLE_SECONDS = 40.0


@dataclass(frozen=True)
class Seen:
    """A thing as AWS IoT describes it.

    Attributes:
        thing: Its name.
        thing_type: Its type's name.
        groups: The groups it is in.
        certificate_ids: The certificates attached to it.
        policies: The policies attached to those.
        certificate_statuses: ACTIVE and others.
        serial_number: The thing's attribute `serialNumber`.
        shadow: What the device reported: its last message, as AWS IoT stored it.
    """

    thing: str
    thing_type: str
    groups: tuple[str, ...]
    certificate_ids: tuple[str, ...]
    policies: tuple[str, ...]
    certificate_statuses: tuple[str, ...]
    serial_number: str
    shadow: Mapping[str, Any]


def look_at(operator: Person, thing_name: str) -> Seen:
    """Read a thing back.

    Raises:
        ClientError: there is none, or it cannot be read.
    """
    iot = operator.iot
    thing = iot.describe_thing(thingName=thing_name)
    groups = iot.list_thing_groups_for_thing(thingName=thing_name)["thingGroups"]
    arns = iot.list_thing_principals(thingName=thing_name)["principals"]
    policies = {
        policy["policyName"]
        for arn in arns
        for policy in iot.list_attached_policies(target=arn)["policies"]
    }
    ids = tuple(arn.rpartition("/")[2] for arn in arns)
    return Seen(
        thing=thing["thingName"],
        thing_type=thing.get("thingTypeName", ""),
        groups=tuple(sorted(group["groupName"] for group in groups)),
        certificate_ids=ids,
        policies=tuple(sorted(policies)),
        certificate_statuses=tuple(str(certificates.status_of(iot, one)) for one in ids),
        serial_number=thing.get("attributes", {}).get("serialNumber", ""),
        shadow=_shadow(operator, thing_name),
    )


@dataclass(frozen=True)
class Standing:
    """A device in the registry, and what its shadow wants of it.

    Attributes:
        status: Of its record.
        by: Who changed that last.
        reason: Why.
        desired: The desired part of its shadow.
    """

    status: str
    by: str | None
    reason: str | None
    desired: Mapping[str, Any]


def standing(
    operator: Person, registry: RegistryTable, serial_number: str, thing_name: str
) -> Standing:
    """A device's standing, once its record is ACTIVE and it has a first shadow.

    After some seconds, what there is by then.
    """
    until = time.monotonic() + _LIFECYCLE_SECONDS
    while True:
        item = registry.get(serial_number)
        record = None if item is None else from_item(item)
        desired = _shadow(operator, thing_name, "desired")
        arrived = record is not None and record.status is Status.ACTIVE and bool(desired)
        if arrived or time.monotonic() > until:
            return Standing(
                record.status if record else "not there",
                record.status_changed_by if record else None,
                record.status_reason if record else None,
                desired,
            )
        time.sleep(_POLL_SECONDS)


def _shadow(operator: Person, thing_name: str, part: str = "reported") -> Mapping[str, Any]:
    client = operator.iot_data
    try:
        answer = client.get_thing_shadow(thingName=thing_name)
    except client.exceptions.ResourceNotFoundException:
        return {}
    state: Mapping[str, Any] = json.loads(answer["payload"].read())["state"].get(part, {})
    return state


def certificate_ids(operator: Person, thing_name: str) -> tuple[str, ...] | None:
    """The certificates attached to a thing; None when there is no such thing."""
    try:
        arns = operator.iot.list_thing_principals(thingName=thing_name)["principals"]
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    return tuple(arn.rpartition("/")[2] for arn in arns)


def refusal(
    operator: Person, log_group: str, serial_number: str, since: float
) -> Mapping[str, Any]:
    """The newest refusal of a serial number in a decision log; empty when there is none.

    Args:
        operator: reads the log.
        log_group: which log.
        serial_number: as the device sent it.
        since: seconds since 1970; the log is read again for some seconds, as it arrives late.
    """
    until = time.monotonic() + _LOG_SECONDS
    while True:
        found = denials.newest(
            operator.logs,
            log_group,
            serial_number,
            since=int(since),
            now=int(time.time()),
        )
        if found is not None or time.monotonic() > until:
            return found or {}
        time.sleep(_POLL_SECONDS)
