"""Who takes part in the demonstration and what has to come of it: plain data, nothing runs here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from device_registry.reasons import Denial
from tools.device.model import DeviceSpec

NAME_PREFIX = "acme"
CLAIM_NAME = "line-1"
FACTORY, FIELD_SERVICE = "factory", "field-service"
"""Keys of the two templates of examples/complete."""

REVOKED_SERIAL = "HS-0003"
"""Enrolled like the others, then revoked by the operator before it is switched on."""


@dataclass(frozen=True)
class Refusal:
    """A device that must not get in.

    Attributes:
        title: What is wrong with it.
        device: What it says of itself.
        reason: What the hook's decision log must say.
    """

    title: str
    device: DeviceSpec
    reason: Denial


def _device(serial_number: str, device_type: str, manufacturer: str | None = None) -> DeviceSpec:
    parameters = {"FirmwareVersion": "1.4.2", "Location": "Hamburg/Hall-2"}
    return DeviceSpec(serial_number, device_type, manufacturer, parameters)


WITH_CLAIM_CERTIFICATE = (
    _device("TS-0001", "temperature-sensor", "Northwind"),
    _device("TS-0002", "temperature-sensor", "Northwind"),
    _device("HS-0001", "humidity-sensor", "Northwind"),
    _device("HS-0002", "humidity-sensor", "Northwind"),
    _device("PS-0001", "pressure-sensor"),
    _device("GW-0001", "gateway", "Contoso"),
)
WITH_TEMPORARY_CLAIM = (
    _device("PS-0002", "pressure-sensor"),
    _device("GW-0002", "gateway", "Contoso"),
)

STOLEN = WITH_TEMPORARY_CLAIM[1]
"""Is let in, and revoked while it is connected."""

ALARM = f"denials-by-reason/{Denial.REVOKED}"
"""What REVOKED_SERIAL sets off: one device that was revoked and tries again is one too many."""

REFUSALS = (
    Refusal(
        "nobody enrolled it",
        _device("XX-9999", "gateway", "Contoso"),
        Denial.UNKNOWN_SERIAL,
    ),
    Refusal(
        "says it is a gateway",
        _device("PS-0003", "gateway"),
        Denial.WRONG_DEVICE_TYPE,
    ),
    Refusal(
        "another maker's copy",
        _device("GW-0003", "gateway", "Fabrikam"),
        Denial.WRONG_MANUFACTURER,
    ),
    Refusal(
        "it was revoked",
        _device(REVOKED_SERIAL, "humidity-sensor", "Northwind"),
        Denial.REVOKED,
    ),
    Refusal(
        "second certificate",
        _device("TS-0001", "temperature-sensor", "Northwind"),
        Denial.ALREADY_ACTIVE,
    ),
)

_CHOOSER = _device("TS-0003", "temperature-sensor", "Northwind")
CHOOSER = DeviceSpec(
    _CHOOSER.serial_number,
    _CHOOSER.device_type,
    _CHOOSER.manufacturer,
    {
        **_CHOOSER.parameters,
        "ThingName": f"{NAME_PREFIX}-GW-0001",
        "ThingTypeName": f"{NAME_PREFIX}-gateway",
        "ThingGroupName": f"{NAME_PREFIX}-gateway",
        "PolicyName": f"{NAME_PREFIX}-gateway",
    },
)
"""A sensor that asks for a gateway's name, type, group and policy. It gets its own."""

STATUS_TOPIC = NAME_PREFIX + "/{type}/{thing}/status"
SHADOW_TOPIC = "$aws/things/{thing}/shadow/update"

JUST_IN_TIME_PREFIX = "north"
"""Of the second stack, whose devices have certificates of their maker."""

MAKER = "Northwind"


@dataclass(frozen=True)
class Arrival:
    """A device with a certificate of its maker's that must come up by itself.

    Attributes:
        device: What its firmware knows.
        subject: Its certificate's, by AWS IoT's names for the fields.
        thing_name: What its thing must be called.
        groups: The groups it must be in.
    """

    device: DeviceSpec
    subject: Mapping[str, str]
    thing_name: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class TurnedAway:
    """A device with a certificate that must get nowhere.

    Attributes:
        title: What is wrong with it.
        device: What its firmware knows.
        subject: Its certificate's.
        thing_name: What it says it is.
        reason: What the gate's decision log must say; None where no gate is asked.
    """

    title: str
    device: DeviceSpec
    subject: Mapping[str, str]
    thing_name: str
    reason: Denial | None


def _sensor(number: int, country: str) -> Arrival:
    name = f"{JUST_IN_TIME_PREFIX}-sensor-{number}"
    return Arrival(
        DeviceSpec(f"TS-{number}", "temperature-sensor"),
        {"CommonName": name, "SerialNumber": f"TS-{number}", "Country": country},
        name,
        (country, f"{JUST_IN_TIME_PREFIX}-temperature-sensor"),
    )


def _gateway_subject(serial_number: str) -> Mapping[str, str]:
    return {"CommonName": "gateway", "SerialNumber": serial_number, "Organization": MAKER}


SENSORS = (_sensor(1001, "DE"), _sensor(1002, "FR"))
"""Their CA has a template: every certificate that it signed is good for a device."""

GATEWAY = Arrival(
    DeviceSpec("GW-1001", "gateway"),
    _gateway_subject("GW-1001"),
    f"{JUST_IN_TIME_PREFIX}-GW-1001",
    (f"{JUST_IN_TIME_PREFIX}-gateway",),
)
"""Its CA has a gate: the registry is asked. This one is enrolled."""

STRANGER = TurnedAway(
    "nobody enrolled it",
    DeviceSpec("GW-6666", "gateway"),
    _gateway_subject("GW-6666"),
    f"{JUST_IN_TIME_PREFIX}-GW-6666",
    Denial.UNKNOWN_SERIAL,
)
COUNTERFEIT = TurnedAway(
    "of a CA nobody registered",
    DeviceSpec("TS-1003", "temperature-sensor"),
    {
        "CommonName": f"{JUST_IN_TIME_PREFIX}-sensor-1003",
        "SerialNumber": "TS-1003",
        "Country": "DE",
    },
    f"{JUST_IN_TIME_PREFIX}-sensor-1003",
    None,
)
