"""Requests that are too large, malformed, or none at all: refused, and the next one is answered."""

import json
import time

import pytest

from device_registry.reasons import Denial, Grant
from device_registry.record import Status
from tests.security.attacks.attempt import against, held
from tests.security.attacks.protections import TYPE, Protection
from tests.support.capabilities import Capability, requires
from tools.device.failures import NotReachable

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

ANSWER_SECONDS = 10.0
# Where AWS IoT may say nothing at all.
SILENCE_SECONDS = 0.5
MAX_MESSAGE_BYTES = 128 * 1024
DEEP = 900
DEEPER = 50_000


class Requests:
    """RegisterThing as bytes."""

    def __init__(self, stack, session, token):
        self.token = token
        self._session = session
        self._topic = f"$aws/provisioning-templates/{stack.template()['name']}/provision/json"
        for answer in ("accepted", "rejected"):
            session.subscribe(f"{self._topic}/{answer}")

    def send(self, payload, seconds=ANSWER_SECONDS):
        """The topic's last word of each answer to a request, once there is one."""
        before = len(self._session.messages())
        self._session.publish(self._topic, payload)
        deadline = time.monotonic() + seconds
        while len(self._session.messages()) == before and time.monotonic() < deadline:
            time.sleep(0.01)
        return [one.topic.rpartition("/")[2] for one in self._session.messages()[before:]]

    def ask(self, parameters):
        """The answer to a request with these parameters."""
        request = {"certificateOwnershipToken": self.token, "parameters": parameters}
        return self.send(json.dumps(request).encode())


@pytest.fixture
def requests(guarded, claimant):
    """With a certificate that waits for its device."""
    token = claimant.create_keys_and_certificate().ownership_token
    return Requests(guarded, claimant, token)


@pytest.fixture
def expected(guarded, serial_number):
    """Parameters of a device that is expected."""
    guarded.enrol(serial_number, device_type=TYPE)
    return {"SerialNumber": serial_number, "DeviceType": TYPE}


def nothing_happened(stack, serial_number):
    held(stack.record(serial_number).status is Status.ENROLLED, "the claim was taken")
    held(f"{stack.name_prefix}-{serial_number}" not in stack.thing_names(), "there is a thing")


def reasons(stack, client_id):
    """What the hook decided on a connection's requests, once the log has it."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        entries = stack.log_entries(stack.outputs["hook_log_group_name"])
        found = [one["reason"] for one in entries if one.get("clientId") == client_id]
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def no_requests(token, honest):
    """Payloads that are no request."""
    request = json.dumps({"certificateOwnershipToken": token, "parameters": honest})
    yield from (b"", b"\x00", b"null", b"[]", b"12", b'"text"', b"{}", b"not JSON")
    yield request[:-1].encode()
    yield request.encode().replace(b"SN-", b"SN-\xff\xfe")
    yield request.replace(token, "").encode()
    yield json.dumps({"parameters": honest}).encode()
    yield json.dumps({"certificateOwnershipToken": [token], "parameters": honest}).encode()
    yield b"[" * DEEPER
    # CBOR on the topic for JSON.
    yield b"\xa2" + bytes([0x78, len("certificateOwnershipToken")]) + b"certificateOwnershipToken"


@against(Protection.MESSAGE_FORMAT)
def test_what_is_no_request_registers_a_device(
    guarded, requests, expected, serial_number, claim_client_id
):
    for payload in no_requests(requests.token, expected):
        answers = requests.send(payload, SILENCE_SECONDS)
        held("accepted" not in answers, f"{payload[:80]!r} was accepted")
    nothing_happened(guarded, serial_number)
    assert requests.ask(expected) == ["accepted"]
    held(reasons(guarded, claim_client_id) == [Grant.FIRST_CLAIM], "the hook was asked")


@against(Protection.MESSAGE_FORMAT)
def test_a_request_larger_than_any_message_registers_a_device(
    guarded, requests, expected, serial_number
):
    """The endpoint says how large a message may be, and the device's own library keeps to that."""
    try:
        answers = requests.ask({**expected, "Location": "x" * MAX_MESSAGE_BYTES})
    except NotReachable:
        answers = []
    held("accepted" not in answers, "it was accepted")
    nothing_happened(guarded, serial_number)


UNUSABLE = {
    "801 characters": "x" * 801,
    "4097 characters": "x" * 4097,
    "120,000 characters": "x" * 120_000,
    "line break": "Hall 2\n+injected",
    "zero byte": "Hall\x00",
    "not ASCII": "Halle \u202e2",
    "number": 7,
    "truth": True,
    "null": None,
    "list": ["Hall"],
    "object": {"Ref": "SerialNumber"},
}


@against(Protection.CHECKED_INPUT)
@pytest.mark.parametrize("value", UNUSABLE.values(), ids=UNUSABLE)
def test_a_value_that_no_thing_can_have_takes_a_claim(
    guarded, requests, expected, serial_number, value
):
    held("accepted" not in requests.ask({**expected, "Location": value}), "it was accepted")
    nothing_happened(guarded, serial_number)
    assert requests.ask(expected) == ["accepted"]


TOO_MUCH = {
    "65 parameters": {f"P{number}": "x" for number in range(65)},
    "pseudo parameter": {"AWS::IoT::Certificate::Id": "0" * 64},
    "undeclared": {"Undeclared": "\n"},
}


@against(Protection.CHECKED_INPUT)
@pytest.mark.parametrize("more", TOO_MUCH.values(), ids=TOO_MUCH)
def test_parameters_that_no_template_has_take_a_claim(
    guarded, requests, expected, serial_number, more
):
    held("accepted" not in requests.ask({**expected, **more}), "it was accepted")
    nothing_happened(guarded, serial_number)
    assert requests.ask(expected) == ["accepted"]


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = {"x": value}
    return value


NO_NUMBERS = {
    "missing": {},
    "number": {"SerialNumber": 12},
    "null": {"SerialNumber": None},
    "list": {"SerialNumber": ["SN-1"]},
    "attribute value": {"SerialNumber": {"S": "SN-1"}},
    "deep": {"SerialNumber": nested(DEEP)},
    "empty": {"SerialNumber": ""},
    "long": {"SerialNumber": "x" * 4097},
    "path": {"SerialNumber": "../../SN-1"},
    "wildcard": {"SerialNumber": "*"},
    "no parameters": None,
    "parameters as a list": ["SerialNumber"],
}


@against(Protection.CHECKED_INPUT)
@pytest.mark.parametrize("said", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_is_no_serial_number_reaches_the_registry(
    guarded, claimant, spare_token, claim_client_id, said
):
    parameters = {"DeviceType": TYPE, **said} if isinstance(said, dict) else said
    answers = Requests(guarded, claimant, spare_token).ask(parameters)
    held("accepted" not in answers, "it was accepted")
    found = reasons(guarded, claim_client_id)
    held(found == [Denial.INVALID_PARAMETER], f"the hook went on with it: {found}")


def test_a_serial_number_said_twice_is_one_device(guarded, requests, serial_number):
    """Whichever of the two counts: the thing is of the record that was claimed, and of no other."""
    numbers = (serial_number, f"{serial_number}-2")
    guarded.enrol(*numbers, device_type=TYPE)
    said = ", ".join(f'"SerialNumber": "{one}"' for one in numbers)
    request = f'{{"certificateOwnershipToken": "{requests.token}", "parameters": {{{said}'
    assert requests.send(f'{request}, "DeviceType": "{TYPE}"}}}}'.encode()) == ["accepted"]
    claimed = {one for one in numbers if guarded.record(one).status is not Status.ENROLLED}
    assert len(claimed) == 1
    things = {f"{guarded.name_prefix}-{one}" for one in numbers} & guarded.thing_names()
    assert things == {f"{guarded.name_prefix}-{one}" for one in claimed}
