"""What a flow is, how it says that it broke, and what several flows do in the same way."""

import contextlib
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from tests.support.stack import Stack
from tests.support.waiting import in_time
from tools.claims import csr
from tools.device.failures import ActionDenied, DeviceError, Rejected
from tools.device.model import ClientCredentials

SOON_SECONDS = 2.0
REFUSED = re.compile(r"(?:not authorized to perform: ?|AccessDenied\w*: )([\w:-]+)")
DENIED = re.compile(r"did not allow the device to (.+?) \(")

FLOWS: list["Flow"] = []


class Broken(Exception):
    """The flow did not come to its end; the message says what was seen.

    Anything else that a flow raises is a fault of the flow and proves nothing.

    Args:
        symptom: What was seen.
        refused: Whether somebody said no. What only did not happen may still come.
    """

    def __init__(self, symptom: str, *, refused: bool = False) -> None:
        super().__init__(symptom)
        self.refused = refused


@dataclass(frozen=True)
class Flow:
    """Something that has to work, or an attack that has to fail.

    Attributes:
        name: For people.
        stack: Where it runs.
        run: Runs it once, and raises `Broken`.
        needs: Rights by group of holders and policy file: patterns of their names.
    """

    name: str
    stack: str
    run: Callable[[Any], None]
    needs: Mapping[tuple[str, str], tuple[str, ...]]

    def covers(self, group: str, file: str, right: str) -> bool:
        """Whether it says that it breaks without this right."""
        return any(fnmatchcase(right, pattern) for pattern in self.needs.get((group, file), ()))


def flow(
    name: str, stack: str, needs: Mapping[tuple[str, str], str]
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Make a function a flow; the names of rights stand in one line, patterns among them."""

    def register(run: Callable[[Any], None]) -> Callable[[Any], None]:
        by_holder = {holder: tuple(names.split()) for holder, names in needs.items()}
        FLOWS.append(Flow(name, stack, run, by_holder))
        return run

    return register


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """A step that a missing right may stop, with the answer that a device or a caller gets."""
    try:
        yield
    except Rejected as error:
        code = f"{error.status_code} {error.error_code}".strip()
        symptom = f"{what}: {error.operation} was refused ({code})"
        raise Broken(symptom, refused=True) from error
    except ActionDenied as error:
        denied = DENIED.search(str(error))
        symptom = f"{what}: it may not {denied[1] if denied else error}"
        raise Broken(symptom, refused=True) from error
    except DeviceError as error:
        reason = getattr(error, "reason", None) or str(error)
        raise Broken(f"{what}: {type(error).__name__} ({reason})") from error
    except ClientError as error:
        raise Broken(f"{what}: {of_client_error(error)}", refused=True) from error


def of_client_error(error: ClientError) -> str:
    """What AWS said, without names."""
    found = error.response["Error"]
    return f"{error.operation_name} was refused ({found['Code']})"


def see(seen: object, symptom: str) -> None:
    """Break with this symptom unless something was seen."""
    if not seen:
        raise Broken(symptom)


def soon(look: Callable[[], Any], seconds: float = SOON_SECONDS) -> Any:
    """What there is to see within a short time, and the last look's answer in any case."""
    return in_time(look, seconds, pause=0.05)


def invoke(stack: Stack, function: str, event: Any, qualifier: str | None = "live") -> Any:
    """Call a function as its trigger would, and wait for its answer."""
    place = {"FunctionName": function} | ({"Qualifier": qualifier} if qualifier else {})
    answer = stack.client("lambda").invoke(**place, Payload=json.dumps(event))
    payload = json.loads(answer["Payload"].read() or "null")
    if "FunctionError" in answer:
        symptom = f"the function failed: {_told(payload)}"
        raise Broken(symptom, refused="may not" in symptom or "AccessDenied" in symptom)
    return payload


def _told(payload: Any) -> str:
    text = str(payload.get("errorMessage", payload)) if isinstance(payload, dict) else str(payload)
    refused = REFUSED.search(text)
    return f"it may not {refused[1]}" if refused else text[:120]


def serial() -> str:
    """A serial number that nothing else uses."""
    return f"LP-{secrets.token_hex(4)}"


def certificate(stack: Stack, *, active: bool = True) -> tuple[str, str, ClientCredentials]:
    """A new certificate of nobody: id, ARN, and what its device would keep."""
    key, request = csr.create(csr.KeyType.EC_P256, "device")
    made = stack.client("iot").create_certificate_from_csr(
        certificateSigningRequest=request.decode(), setAsActive=active
    )
    credentials = ClientCredentials(made["certificatePem"], key.decode())
    return made["certificateId"], made["certificateArn"], credentials


def status(stack: Stack, certificate_id: str) -> str:
    """A certificate's."""
    answer = stack.client("iot").describe_certificate(certificateId=certificate_id)
    return str(answer["certificateDescription"]["status"])


def forget(stack: Stack, serial_number: str) -> None:
    """Remove a record, so that no sweep looks at it again."""
    stack.client("dynamodb").delete_item(
        TableName=stack.outputs["registry_table_name"],
        Key={"serialNumber": {"S": serial_number}},
    )
