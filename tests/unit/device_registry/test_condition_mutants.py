"""The condition is text that DynamoDB reads, so mutation testing of Python does not reach it.

Each mutant changes one clause; the rules must notice every one.
"""

import re

import pytest

from device_registry import claim
from device_registry.record import to_item
from tests.unit.builders import REGIONS, claim_request, record
from tests.unit.device_registry.rules import ALL_RULES, write, writes

SWAPS = {
    " AND ": " OR ",
    " OR ": " AND ",
    "NOT contains": "contains",
    "attribute_not_exists": "attribute_exists",
    "<= ": "< ",
    "> :now": ">= :now",
    "<> ": "= ",
    ":enrolled": ":active",
    ":provisioning": ":active",
    "(:never, :replace)": "(:never, :active)",
    "= :replace": "= :enrolled",
    "attribute_exists": "attribute_not_exists",
    "= :certificateId": "= :claimCertificateId",
    "manufacturer = :manufacturer": "manufacturer <> :manufacturer",
    "deviceType = :deviceType": "attribute_exists(deviceType)",
    "schemaVersion = :schemaVersion": "attribute_exists(schemaVersion)",
    "homeRegion = :region": "homeRegion <> :region",
}


CLAUSES = ("CLAIMABLE", "AT_DEFAULT_HOME", "AT_NAMED_HOME")


def mutants():
    for clause in CLAUSES:
        text = getattr(claim, clause)
        for old, new in SWAPS.items():
            for match in re.finditer(re.escape(old), text):
                start, end = match.span()
                name = f"{clause}: {old.strip()} -> {new.strip()} at {start}"
                yield pytest.param(clause, text[:start] + new + text[end:], id=name)


EXAMPLES = [
    (to_item(record(**before)), claim_request(**asked), regions, writes(verdict))
    for _, regions, before, asked, verdict in ALL_RULES
]
LATER = {**to_item(record()), "schemaVersion": {"N": "2"}}
EXAMPLES.append((LATER, claim_request(), REGIONS, False))


def notices(memory):
    """Whether some example comes out otherwise than the rules say."""
    return any(
        write(memory, item, asked, regions)[0] is not done
        for item, asked, regions, done in EXAMPLES
    )


def test_the_condition_as_it_is_agrees_with_every_example(memory):
    assert not notices(memory)


@pytest.mark.parametrize(("clause", "mutant"), list(mutants()))
def test_a_changed_condition_is_noticed(memory, monkeypatch, clause, mutant):
    monkeypatch.setattr(claim, clause, mutant)
    assert notices(memory)
