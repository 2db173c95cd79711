import json

import pytest

from device_registry.decision_log import EVENT
from tests.unit.builders import CERTIFICATE, CLAIM_CERTIFICATE, OTHER_CERTIFICATE
from tools.registry.grants import through_claim

GRANT = {
    "event": EVENT,
    "outcome": "allowed",
    "serialNumber": "SN-1",
    "certificateId": CERTIFICATE,
    "claimCertificateId": CLAIM_CERTIFICATE,
}


class Logs:
    """A log group that answers in two pages, whatever the pattern."""

    def __init__(self, *entries):
        lines = [each if isinstance(each, str) else json.dumps(each) for each in entries]
        self.pages = [lines[::2], lines[1::2]]
        self.asked = []

    def get_paginator(self, name):
        assert name == "filter_log_events"
        return self

    def paginate(self, **arguments):
        self.asked.append(arguments)
        for lines in self.pages:
            yield {"events": [{"timestamp": 0, "message": line} for line in lines]}


def through(*entries):
    return through_claim(Logs(*entries), "log", CLAIM_CERTIFICATE, since=10, now=20)


def test_every_certificate_is_found_by_serial_number():
    other = GRANT | {"certificateId": OTHER_CERTIFICATE}
    found = through(GRANT, other, GRANT, GRANT | {"serialNumber": "SN-2"})
    assert found == {"SN-1": {CERTIFICATE, OTHER_CERTIFICATE}, "SN-2": {CERTIFICATE}}


@pytest.mark.parametrize(
    "line",
    [
        "START RequestId",
        "[1]",
        GRANT | {"event": "other"},
        GRANT | {"outcome": "denied"},
        GRANT | {"claimCertificateId": OTHER_CERTIFICATE},
        # It came in before, perhaps through another claim.
        GRANT | {"reason": "REPEAT"},
        GRANT | {"serialNumber": "a b"},
        GRANT | {"certificateId": "x"},
        {key: value for key, value in GRANT.items() if key != "serialNumber"},
    ],
)
def test_what_is_no_grant_of_this_claim_is_left_out(line):
    assert through(line) == {}


def test_the_log_is_asked_for_the_time_and_the_claim():
    logs = Logs()
    through_claim(logs, "log", CLAIM_CERTIFICATE, since=10, now=20)
    (asked,) = logs.asked
    assert (asked["logGroupName"], asked["startTime"], asked["endTime"]) == ("log", 10_000, 21_000)
    assert asked["filterPattern"] == (
        '{ $.event = "provisioning-decision" && $.outcome = "allowed"'
        f' && $.claimCertificateId = "{CLAIM_CERTIFICATE}" }}'
    )
