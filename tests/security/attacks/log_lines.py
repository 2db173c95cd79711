"""The lines of a function's log, as an attacker would have them and as they must be."""

import json
import re
import time
from collections import Counter

from tests.security.attacks.attempt import held

LOG_SECONDS = 10.0
# A function's line is one JSON object; the others are the platform's.
PLATFORM = re.compile(r"(INIT_START|START|END|REPORT) [ -~\t]*\n?")
PRINTABLE = re.compile(r"[ -~]*\n?")
FIELDS = {
    *("timestamp", "level", "event", "outcome", "reason", "detail", "requestId"),
    *("serialNumber", "deviceType", "thingName", "clientId", "templateArn"),
    *("certificateId", "claimCertificateId", "gate"),
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


def watch(stack, group):
    """What tells, when called, what was written into a log group since; it waits for a decision."""

    def events():
        pages = stack.client("logs").get_paginator("filter_log_events")
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
