"""Which Region decides, and what a function reads of it."""

import pytest

from device_registry.reasons import MisconfiguredError
from device_registry.regions import Regions, from_environment
from tests.unit.builders import AT_HOME, AWAY, REGIONS, record

ENVIRONMENT = {"AWS_REGION": "eu-west-1", "DEFAULT_HOME_REGION": "us-east-1"}


def test_the_environment():
    assert from_environment(ENVIRONMENT) == Regions("eu-west-1", "us-east-1") == AWAY
    alone = from_environment({"AWS_REGION": "us-gov-west-1"})
    assert alone == Regions("us-gov-west-1", None)
    assert from_environment({"AWS_REGION": "eusc-de-east-1"}).own == "eusc-de-east-1"


@pytest.mark.parametrize(
    "changes",
    [{"AWS_REGION": ""}, {"AWS_REGION": "mars"}, {"DEFAULT_HOME_REGION": ""}],
    ids=str,
)
def test_what_is_no_region(changes):
    with pytest.raises(MisconfiguredError, match=f"^{next(iter(changes))}$"):
        from_environment(ENVIRONMENT | changes)
    with pytest.raises(MisconfiguredError, match=r"^AWS_REGION$"):
        from_environment({})


def test_several():
    assert [each.several for each in (REGIONS, AT_HOME, AWAY)] == [False, True, True]


def test_the_home():
    assert [each.is_default_home for each in (REGIONS, AT_HOME, AWAY)] == [True, True, False]
    assert AWAY.is_home_of(record(home_region=AWAY.own))
    assert not AT_HOME.is_home_of(record(home_region=AWAY.own))
    assert AT_HOME.is_home_of(record())
    assert not AWAY.is_home_of(record())


def test_where_a_claim_was_taken():
    assert AWAY.claimed_elsewhere(record(claimed_in="us-east-1"))
    assert not AWAY.claimed_elsewhere(record(claimed_in="eu-west-1"))
    assert not AWAY.claimed_elsewhere(record())
    assert not REGIONS.claimed_elsewhere(record(claimed_in="eu-west-1"))
