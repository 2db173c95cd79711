"""The condition is text that DynamoDB reads, so mutation testing of Python does not reach it.

Each mutant changes one clause; the rules must notice every one.
"""

import re

import pytest

from device_registry import claim
from device_registry.reasons import Grant
from device_registry.record import to_item
from tests.unit.builders import claim_request, record
from tests.unit.device_registry.rules import RULES, write

SWAPS = {
    " AND ": " OR ",
    " OR ": " AND ",
    "NOT contains": "contains",
    "attribute_not_exists": "attribute_exists",
    "<= ": "< ",
    "> :now": ">= :now",
    "<> ": "= ",
    "IN (:enrolled, :provisioning)": "IN (:provisioning, :enrolled, :active)",
    ":replace": ":enrolled",
    "= :certificateId": "= :claimCertificateId",
    "manufacturer = :manufacturer": "manufacturer <> :manufacturer",
    "deviceType = :deviceType": "attribute_exists(deviceType)",
    "schemaVersion = :schemaVersion": "attribute_exists(schemaVersion)",
    "attribute_exists(serialNumber)": "attribute_not_exists(serialNumber)",
}
DAMAGED = {**to_item(record()), "schemaVersion": {"N": "2"}}


def mutants():
    for old, new in SWAPS.items():
        for match in re.finditer(re.escape(old), claim.CLAIMABLE):
            start, end = match.span()
            name = f"{old.strip()} -> {new.strip()} at {start}"
            yield pytest.param(claim.CLAIMABLE[:start] + new + claim.CLAIMABLE[end:], id=name)


def verdicts(registry):
    """Whether each rule's write was done."""
    done = [
        write(registry, to_item(record(**before)), claim_request(**asked))[0]
        for _, before, asked, _ in RULES
    ]
    return [*done, write(registry, DAMAGED, claim_request())[0]]


@pytest.mark.parametrize("mutant", list(mutants()))
def test_a_changed_condition_is_noticed(registry, monkeypatch, mutant):
    as_the_rules_say = [
        *(isinstance(verdict, Grant) and verdict is not Grant.REPEAT for *_, verdict in RULES),
        False,
    ]
    assert verdicts(registry) == as_the_rules_say
    monkeypatch.setattr(claim, "CLAIMABLE", mutant)
    try:
        assert verdicts(registry) != as_the_rules_say
    except registry.exceptions.ClientError as error:
        # DynamoDB refuses the whole request when a value is no longer used in it.
        assert error.response["Error"]["Code"] == "ValidationException"  # noqa: PT017
