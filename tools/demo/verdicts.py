"""Holds what was seen against what has to be. Pure: every difference is a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from device_registry.record import Status
from tools.demo.alarms import ALARM, Heard
from tools.demo.observe import Seen, Standing
from tools.demo.scenario import Arrival, Refusal, TurnedAway
from tools.device.just_in_time import JustInTimeResult
from tools.device.model import DeviceSpec, ProvisioningResult

FORBIDDEN = 403
LIFECYCLE = "device-lifecycle"
"""Who turns records ACTIVE, as they name it."""


@dataclass(frozen=True)
class Refused:
    """How a device that must not get in fared.

    Attributes:
        status_code: What the device was answered; None when it got in.
        error_code: Likewise.
        certificate_id: The certificate that it had asked for before.
        certificate_status: Of that certificate, afterwards.
        entry: The line in the hook's decision log; empty when there is none.
    """

    status_code: int | None
    error_code: str
    certificate_id: str
    certificate_status: str | None
    entry: Mapping[str, Any]

    @property
    def reason(self) -> str:
        """The reason in the decision log."""
        return str(self.entry.get("reason", "none found"))


def _of_thing(
    device: DeviceSpec,
    certificate_id: str,
    seen: Seen,
    outputs: Mapping[str, Any],
    *,
    thing_name: str,
    groups: tuple[str, ...],
) -> Iterator[str]:
    """Yield where a thing is not as it has to be, whichever way its device came in."""
    catalogue = outputs["device_types"][device.device_type]
    wanted: dict[str, tuple[Any, Any]] = {
        "thing": (thing_name, seen.thing),
        "thing type": (catalogue["thing_type_name"], seen.thing_type),
        "groups": (groups, seen.groups),
        "policies": ((catalogue["policy_name"],), seen.policies),
        "certificates": ((certificate_id,), seen.certificate_ids),
        "certificate's status": (("ACTIVE",), seen.certificate_statuses),
        "attribute serialNumber": (device.serial_number, seen.serial_number),
        "last message": (
            {"serialNumber": device.serial_number, "deviceType": device.device_type},
            seen.shadow,
        ),
    }
    for what, (expected, found) in wanted.items():
        if found != expected:
            yield f"{device.serial_number}: its {what} should be {expected}, AWS has {found}."


def of_admission(
    device: DeviceSpec, result: ProvisioningResult, seen: Seen, outputs: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what is not as it has to be with a device that was let in.

    Args:
        device: What it said of itself.
        result: What it was given.
        seen: What AWS IoT says of its thing.
        outputs: The stack's outputs: the names that its type stands for.
    """
    yield from _of_thing(
        device,
        result.certificate_id,
        seen,
        outputs,
        thing_name=f"{outputs['name_prefix']}-{device.serial_number}",
        groups=(outputs["device_types"][device.device_type]["thing_group_name"],),
    )
    if result.thing_name != seen.thing:
        yield f"{device.serial_number} was told {result.thing_name}, AWS has {seen.thing}."
    if result.resumed:
        yield f"{device.serial_number} had an identity already."


def of_refusal(refusal: Refusal, refused: Refused) -> Iterator[str]:
    """Yield what is not as it has to be with a device that must not get in."""
    who = f"{refusal.device.serial_number} ({refusal.title})"
    if refused.status_code is None:
        yield f"{who} was let in."
        return
    if refused.status_code != FORBIDDEN:
        yield f"{who} should be answered {FORBIDDEN}, and was answered {refused.status_code}."
    if refused.reason != refusal.reason:
        yield f"{who} should be refused as {refusal.reason}, the log's reason is {refused.reason}."
    if refused.entry.get("certificateId") != refused.certificate_id:
        yield f"{who}: the decision log does not name the certificate that it came with."
    if refused.certificate_status in {"ACTIVE", "INACTIVE"}:
        yield f"{who}: the certificate it asked for is {refused.certificate_status}."


def of_activation(device: DeviceSpec, seen: Standing, first_shadow: Any) -> Iterator[str]:
    """Yield what is not as it has to be with a device that was let in and connected.

    Args:
        device: The device.
        seen: Its standing.
        first_shadow: What its type's shadow begins with.
    """
    who = device.serial_number
    if seen.status != Status.ACTIVE:
        yield f"{who}: its record should be {Status.ACTIVE}, it is {seen.status}."
    elif seen.by != LIFECYCLE:
        yield f"{who}: its record was turned {seen.status} by {seen.by}, and not by {LIFECYCLE}."
    if seen.desired != first_shadow:
        yield f"{who}: its shadow should begin with {first_shadow}, AWS has {dict(seen.desired)}."


@dataclass(frozen=True)
class CutOff:
    """How a device fared that was revoked while it was connected.

    Attributes:
        disconnected_after: Seconds until its connection was closed; None when it never was.
        certificate_status: Of its certificate, afterwards.
        came_back: Whether it could connect again with that certificate.
        status_code: What it was answered when it claimed another; None when it got one.
    """

    disconnected_after: float | None
    certificate_status: str | None
    came_back: bool
    status_code: int | None


def of_cut_off(device: DeviceSpec, cut: CutOff) -> Iterator[str]:
    """Yield what is not as it has to be with a device that was revoked while connected."""
    who = device.serial_number
    if cut.disconnected_after is None:
        yield f"{who} was revoked and stayed connected."
    if cut.certificate_status != "REVOKED":
        yield f"{who}: its certificate should be REVOKED, AWS has {cut.certificate_status}."
    if cut.came_back:
        yield f"{who} was revoked and could connect again."
    if cut.status_code != FORBIDDEN:
        yield f"{who} claimed again and should be answered {FORBIDDEN}, not {cut.status_code}."


def of_alarm(heard: Heard) -> Iterator[str]:
    """Yield what is not as it has to be with an alarm that must go off and be heard."""
    if heard.state != ALARM:
        yield f"The alarm {heard.name} should be in {ALARM}, it is in {heard.state}."
    if not heard.message:
        yield f"No message of the alarm {heard.name} arrived in the queue."


@dataclass(frozen=True)
class Sight:
    """What became of a device whose certificate must be good for nothing.

    Attributes:
        connected: Whether it was let in.
        attempts: Connections it tried.
        certificate_status: Of its certificate at AWS IoT; None where AWS IoT never took it in.
        thing_exists: Whether there is a thing of its name.
        entry: The line in the gate's decision log; empty when there is none.
    """

    connected: bool
    attempts: int
    certificate_status: str | None
    thing_exists: bool
    entry: Mapping[str, Any]

    @property
    def reason(self) -> str | None:
        """The reason in the decision log."""
        return self.entry.get("reason")


def of_arrival(
    arrival: Arrival, result: JustInTimeResult, seen: Seen, outputs: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what is not as it has to be with a device that came up just in time.

    Args:
        arrival: What has to come of it.
        result: How it fared.
        seen: What AWS IoT says of its thing.
        outputs: The stack's outputs: the names that its type stands for.
    """
    device = arrival.device
    yield from _of_thing(
        device,
        result.certificate_id,
        seen,
        outputs,
        thing_name=arrival.thing_name,
        groups=arrival.groups,
    )
    if result.attempts == 1:
        yield f"{device.serial_number} was not dropped at its first connection."


def of_turned_away(case: TurnedAway, sight: Sight) -> Iterator[str]:
    """Yield what is not as it has to be with a device that must get nowhere."""
    who = f"{case.device.serial_number} ({case.title})"
    if sight.connected:
        yield f"{who} was let in."
    if sight.thing_exists:
        yield f"{who} has a thing."
    if sight.reason != case.reason:
        yield f"{who} should be refused as {case.reason}, the log's reason is {sight.reason}."
    expected = None if case.reason is None else "INACTIVE"
    if sight.certificate_status != expected:
        yield f"{who}: its certificate should be {expected}, AWS has {sight.certificate_status}."
