"""What AWS IoT publishes about things and connections. Each is a hint of what to look at.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html
and https://docs.aws.amazon.com/iot/latest/developerguide/registry-events.html.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from device_registry import names

THING_NAME = re.compile(r"[a-zA-Z0-9:_-]{1,128}")


@dataclass(frozen=True)
class Connected:
    """A client connected, with this certificate."""

    client_id: str
    certificate_id: str


@dataclass(frozen=True)
class ThingWritten:
    """A thing was created or updated."""

    thing_name: str


def read(event: Any) -> Connected | ThingWritten | None:
    """Return what the event tells; None where that is nothing of interest."""
    if not isinstance(event, Mapping):
        return None
    if event.get("eventType") == "connected":
        client_id, certificate_id = event.get("clientId"), event.get("principalIdentifier")
        # Principals that are no certificate (an authorizer's, a Cognito identity) hold no claim.
        if isinstance(client_id, str) and isinstance(certificate_id, str):
            known = names.matches(names.CERTIFICATE_ID, certificate_id)
            return Connected(client_id, certificate_id) if known else None
    if event.get("eventType") == "THING_EVENT" and event.get("operation") in {"CREATED", "UPDATED"}:
        thing_name = event.get("thingName")
        if isinstance(thing_name, str) and names.matches(THING_NAME, thing_name):
            return ThingWritten(thing_name)
    return None


def thing_name(event: Any) -> str | None:
    """Return the thing that an event is about, as far as it says."""
    match read(event):
        case Connected(client_id, _):
            return client_id
        case ThingWritten(name):
            return name
    return None


def serial_number(name_prefix: str, thing_name: str) -> str | None:
    """Return the serial number in a thing's name; None where it is not one of this prefix."""
    serial = thing_name.removeprefix(names.thing_name(name_prefix, ""))
    if serial == thing_name or not names.matches(names.SERIAL_NUMBER, serial):
        return None
    return serial
