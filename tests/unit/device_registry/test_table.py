"""One claim against the table: what the write's answer means."""

import pytest

from device_registry import table
from device_registry.claim import claim_update
from device_registry.dynamodb import ConditionFailedError
from device_registry.reasons import Denial, Grant
from device_registry.record import Status, to_item
from device_registry.table import Granted, Refused
from tests.unit.builders import CERTIFICATE, LEASE, NOW, REGIONS, claim_request, record

RELEASED = record(claimed_at=NOW - 9)
HELD = record(status=Status.PROVISIONING, certificate_id=CERTIFICATE)


class FakeDynamoDB:
    """Answers one UpdateItem with what it was given, and remembers the arguments."""

    def __init__(self, answer):
        self.answer = answer
        self.calls = []

    def update_item(self, arguments, deadline):
        self.calls.append((arguments, deadline))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def claim(answer):
    fake = FakeDynamoDB(answer)
    result = table.claim(
        "registry",
        fake,
        claim_request(),
        now=NOW,
        lease_seconds=LEASE,
        regions=REGIONS,
        deadline=7.0,
    )
    assert fake.calls == [
        ({"TableName": "registry", **claim_update(claim_request(), NOW, LEASE, REGIONS)}, 7.0)
    ]
    return result


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (to_item(record()), Granted(grant=Grant.FIRST_CLAIM, record=record(), claimed_at=NOW)),
        (to_item(RELEASED), Granted(grant=Grant.FIRST_CLAIM, record=RELEASED, claimed_at=NOW)),
        (
            ConditionFailedError(to_item(HELD)),
            Granted(grant=Grant.REPEAT, record=HELD, claimed_at=HELD.claimed_at),
        ),
        (ConditionFailedError(None), Refused(denial=Denial.UNKNOWN_SERIAL)),
        (None, Refused(denial=Denial.UNKNOWN_SERIAL)),
        (
            ConditionFailedError(to_item(record(status=Status.REVOKED))),
            Refused(denial=Denial.REVOKED),
        ),
        (
            ConditionFailedError({"serialNumber": {"S": "SN-0001"}}),
            Refused(denial=Denial.MALFORMED_RECORD, detail="a required attribute is missing"),
        ),
        ({}, Refused(denial=Denial.MALFORMED_RECORD, detail="a required attribute is missing")),
        (
            ConditionFailedError({**to_item(record()), "claimedAt": {"S": "x"}}),
            Refused(denial=Denial.MALFORMED_RECORD, detail="claimedAt"),
        ),
        (to_item(record(status=Status.REVOKED)), Refused(denial=Denial.REVOKED)),
        (
            ConditionFailedError(to_item(record())),
            Refused(denial=Denial.INTERNAL_ERROR, detail="the condition was not met"),
        ),
    ],
    ids=[
        "taken",
        "taken anew after a release",
        "repeated",
        "no item",
        "no answer",
        "refused by status",
        "malformed and refused",
        "malformed and taken",
        "one attribute malformed",
        "taken, but the rules say no",
        "not taken, but the rules say yes",
    ],
)
def test_answer(answer, expected):
    assert claim(answer) == expected
