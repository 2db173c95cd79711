"""A canary device with the caller's credentials: what the scheduled function does, once, now."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from canary import run as canary
from canary.checks import Check
from canary.target import Means, Target
from canary.tls import SECURE_MQTT_PORT

__all__ = ["Check", "NothingToVerify", "Verification", "means", "target", "verify"]

# As for the function: somebody waits for this, and each call may be repeated.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=15,
    retries={"mode": "standard", "total_max_attempts": 5},
    user_agent_extra="iot-provisioning-tools",
)


class NothingToVerify(ValueError):
    """The stack has no such template or device type; the message is a sentence."""


@dataclass(frozen=True)
class Verification:
    """What was looked at.

    Attributes:
        checks: In their order; those after the first that did not pass were not reached.
    """

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether everything is as it has to be, and nothing was left behind."""
        return all(check.passed for check in self.checks)


def verify(
    outputs: Mapping[str, Any],
    session: boto3.Session,
    *,
    address: str | None = None,
    port: int = SECURE_MQTT_PORT,
    ca_file: Path | None = None,
    template: str | None = None,
    device_type: str | None = None,
) -> Verification:
    """Provision a device, look at it, and remove it; have a stranger refused.

    Args:
        outputs: The root module's outputs, by name: their values.
        session: Whose credentials, and in which Region.
        address: Where devices connect, instead of looking the account's endpoint up.
        port: TCP port there.
        ca_file: PEM file of the roots that may sign the endpoint's certificate; None for the
            system's, which include Amazon's.
        template: Key of the template; None for the first of those that are enabled.
        device_type: Key of the device type; None for the first.

    Raises:
        NothingToVerify: There is no such template or device type.
        botocore.exceptions.BotoCoreError: AWS gave no answer to where devices connect.
        botocore.exceptions.ClientError: AWS refused to say so.
    """
    looked_at = target(outputs, template=template, device_type=device_type)
    return Verification(canary.run(looked_at, means(session, address, port, ca_file)))


def target(
    outputs: Mapping[str, Any], *, template: str | None = None, device_type: str | None = None
) -> Target:
    """Read from a stack's outputs what to look at; arguments as for `verify`.

    Raises:
        NothingToVerify: There is no such template or device type.
    """
    templates = outputs.get("templates") or {}
    enabled = sorted(key for key, entry in templates.items() if entry.get("enabled", True))
    # A template that somebody disabled is a finding; where all are, so is the first of them.
    key = _chosen("template", template, enabled or sorted(templates), templates)
    kinds = outputs.get("device_types") or {}
    kind = _chosen("device type", device_type, sorted(kinds), kinds)
    lifecycle = outputs.get("device_lifecycle") is not None
    # A root that wraps the module need not pass it on: this is how the catalogue names it.
    shadow = f"/iot-provisioning/{outputs['name_prefix']}/device-types/{kind}/first-shadow"
    return Target(
        table_name=outputs["registry_table_name"],
        name_prefix=outputs["name_prefix"],
        template_name=templates[key]["name"],
        claim_client_id_prefix=templates[key]["claim_client_id_prefix"],
        device_type=kind,
        confirmed=lifecycle,
        first_shadow_parameter=shadow if lifecycle else None,
    )


def _chosen(what: str, wanted: str | None, first: list[str], every: Mapping[str, Any]) -> str:
    if wanted is not None and wanted in every:
        return wanted
    if wanted is None and first:
        return first[0]
    if not every:
        raise NothingToVerify(f"The stack has no {what}: no device can be provisioned with it.")
    raise NothingToVerify(f"The stack has no {what} {wanted!r}. It has {', '.join(sorted(every))}.")


def means(session: boto3.Session, address: str | None, port: int, ca_file: Path | None) -> Means:
    """Make clients, and the way to the broker.

    Raises:
        botocore.exceptions.BotoCoreError: AWS gave no answer to where devices connect.
        botocore.exceptions.ClientError: AWS refused to say so.
    """
    client = partial(session.client, config=_CONFIG)
    return Means.of(client, address, port, None if ca_file is None else str(ca_file))
