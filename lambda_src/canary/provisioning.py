"""What a device asks AWS IoT for over MQTT before it is anybody.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/fleet-provision-api.html.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from canary.failures import Rejected, Unusable
from canary.mqtt import Connection
from canary.tls import Credentials

_CREATE = "$aws/certificates/create/json"


@dataclass(frozen=True)
class Issued:
    """A certificate that AWS IoT issued, and what proves for an hour whose it is."""

    certificate_id: str
    credentials: Credentials
    ownership_token: str = field(repr=False)


def create_keys_and_certificate(claim: Connection) -> Issued:
    """Ask for a key and a certificate.

    Raises:
        DeviceFailure: there is none.
    """
    operation = "CreateKeysAndCertificate"
    answer = request(claim, operation, _CREATE, {})
    pem, key = _text(operation, answer, "certificatePem"), _text(operation, answer, "privateKey")
    return Issued(
        _text(operation, answer, "certificateId"),
        Credentials(pem, key),
        _text(operation, answer, "certificateOwnershipToken"),
    )


def register_thing(
    claim: Connection, template_name: str, ownership_token: str, parameters: Mapping[str, str]
) -> str:
    """Ask to be registered, and return the thing's name.

    Raises:
        Rejected: the hook or AWS IoT said no.
        DeviceFailure: there is no answer.
    """
    operation = "RegisterThing"
    asked = {"certificateOwnershipToken": ownership_token, "parameters": dict(parameters)}
    topic = f"$aws/provisioning-templates/{template_name}/provision/json"
    return _text(operation, request(claim, operation, topic, asked), "thingName")


def request(
    connection: Connection, operation: str, topic: str, asked: Mapping[str, Any]
) -> dict[str, Any]:
    """Publish a request, and return the answer to it.

    Raises:
        Rejected: AWS IoT said no.
        DeviceFailure: there is no answer.
    """
    accepted, rejected = f"{topic}/accepted", f"{topic}/rejected"
    connection.subscribe(accepted, rejected)
    connection.publish(topic, json.dumps(asked).encode())
    message = connection.message(accepted, rejected)
    try:
        answer = json.loads(message.payload)
    except ValueError:
        raise Unusable(operation, "it is not JSON") from None
    if not isinstance(answer, dict):
        raise Unusable(operation, "it is no object")
    if message.topic == rejected:
        raise _rejected(operation, answer)
    return answer


def _rejected(operation: str, answer: Mapping[str, Any]) -> Rejected:
    # A shadow's refusal calls these two otherwise.
    status = answer.get("statusCode", answer.get("code"))
    words = answer.get("errorMessage", answer.get("message", ""))
    return Rejected(
        operation,
        status if isinstance(status, int) else 0,
        str(answer.get("errorCode", "")),
        str(words),
    )


def _text(operation: str, answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise Unusable(operation, f"it has no {name}")
    return value
