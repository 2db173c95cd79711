"""What a device writes into the log: nothing but the fields it is asked for, escaped and cut."""

import json
import re
import time
from collections import Counter

import pytest

from tests.security.attacks.attempt import against, held, refused
from tests.security.attacks.protections import Protection
from tests.support.capabilities import Capability, requires

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

LOG_SECONDS = 10.0
# A function's line is one JSON object; the others are the platform's.
PLATFORM = re.compile(r"(INIT_START|START|END|REPORT) [ -~\t]*\n?")
PRINTABLE = re.compile(r"[ -~]*\n?")
FIELDS = {
    *("timestamp", "level", "event", "outcome", "reason", "detail", "requestId"),
    *("serialNumber", "deviceType", "thingName", "clientId", "templateArn"),
    *("certificateId", "claimCertificateId"),
}
LONGEST_LINE = 2_500

FORGED = '{"event": "provisioning-decision", "outcome": "allowed", "serialNumber": "FORGED"}'
# The end of a value, a field, a line; a terminal's commands; ends of lines and directions that
# viewers know.
FIELD = 'x", "outcome": "allowed", "x": "'
INJECTIONS = {
    "field": FIELD,
    "line": f"x\n{FORGED}\nx",
    "carriage return": f"x\r\n{FORGED}\r\nx",
    "platform line": "x\nREPORT RequestId: FORGED",
    "terminal": 'x\x1b[2J\x1b[31m\x07\x08"',
    "backslash": "x\\",
}
INVISIBLE = "x\u2028\u2029\u202e\u2066\u200f\ufeff\u0085x"


@pytest.fixture
def written(guarded):
    """`written()`: what was written into the hook's log meanwhile, once a decision is there."""
    group = guarded.outputs["hook_log_group_name"]

    def events():
        pages = guarded.client("logs").get_paginator("filter_log_events")
        return Counter(
            (event["logStreamName"], event["timestamp"], event["message"])
            for page in pages.paginate(logGroupName=group)
            for event in page["events"]
        )

    before = events()

    def messages():
        deadline = time.monotonic() + LOG_SECONDS
        while True:
            found = [message for _, _, message in (events() - before).elements()]
            if any("provisioning-decision" in one for one in found) or time.monotonic() > deadline:
                return found
            time.sleep(0.1)

    return messages


def once(pairs):
    """A JSON object whose names occur once."""
    held(len({name for name, _ in pairs}) == len(pairs), "a field occurs twice")
    return dict(pairs)


def decisions(messages):
    """The hook's lines, each as it must be."""
    for message in messages:
        if PLATFORM.fullmatch(message):
            held("FORGED" not in message, "a line of the platform's was forged")
            continue
        held(PRINTABLE.fullmatch(message), f"not printable: {message!r}")
        held(len(message) <= LONGEST_LINE, f"a line of {len(message)} characters")
        try:
            entry = json.loads(message, object_pairs_hook=once)
        except ValueError:
            held(False, f"not JSON: {message!r}")
        held(entry.keys() <= FIELDS, f"not a field: {entry.keys() - FIELDS}")
        held(entry["outcome"] == "denied", f"forged: {message}")
        yield entry


def say(register, session, where, text):
    """Let a device that nobody expects say something."""
    said = {
        "serial number": {"serial_number": text},
        "device type": {"serial_number": "SN-1", "device_type": text},
        "parameter": {"serial_number": "SN-1", text: "\n"},
        "manufacturer": {"serial_number": "SN-1", "Manufacturer": text},
    }[where]
    refused(register, session, **said)


LOGGED = {"serial number": "serialNumber", "device type": "deviceType", "parameter": "detail"}


@against(Protection.LOG_ESCAPED)
@pytest.mark.parametrize("where", LOGGED)
@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_a_device_ends_a_line_of_the_log(guarded, claimant, register, written, where, text):
    say(register, claimant, where, text)
    (entry,) = decisions(written())
    held(entry[LOGGED[where]] == text, "it was not told as it was said")


@against(Protection.LOG_ASCII)
@pytest.mark.parametrize("where", LOGGED)
def test_a_device_hides_what_a_line_says(guarded, claimant, register, written, where):
    say(register, claimant, where, INVISIBLE)
    (entry,) = decisions(written())
    held(entry[LOGGED[where]] == INVISIBLE, "it was not told as it was said")


@against(Protection.LOG_CUT)
@pytest.mark.parametrize("where", LOGGED)
def test_a_device_fills_the_log(guarded, claimant, register, written, where):
    say(register, claimant, where, "x" * 100_000)
    (entry,) = decisions(written())
    held(len(entry[LOGGED[where]]) == 128, "it was not cut")


# MQTT has no control characters in a client id: the quotation mark is what remains.
@pytest.mark.parametrize("text", [FIELD, "\\"])
@against(Protection.LOG_ESCAPED)
def test_a_client_id_ends_a_field_of_the_log(guarded, register, written, claim_client_id, text):
    connect_and_ask(guarded, register, claim_client_id + text)
    (entry,) = decisions(written())
    held(entry["clientId"] == claim_client_id + text, "it was not told as it was said")


@against(Protection.LOG_ASCII)
def test_a_client_id_hides_what_a_line_says(guarded, register, written, claim_client_id):
    client_id = f"{claim_client_id}\u2028\u202e"
    connect_and_ask(guarded, register, client_id)
    (entry,) = decisions(written())
    held(entry["clientId"] == client_id, "it was not told as it was said")


def connect_and_ask(stack, register, client_id):
    with stack.session(stack.claim.credentials(), client_id) as session:
        refused(register, session, "SN-1")


@against(Protection.LOG_FIELDS)
def test_a_device_writes_what_nobody_asked_for(guarded, claimant, register, written):
    say(register, claimant, "manufacturer", "PRIVATE")
    messages = written()
    held(not [one for one in messages if "PRIVATE" in one], "it was told")
    assert len(list(decisions(messages))) == 1
