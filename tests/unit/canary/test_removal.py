"""Removal goes on from wherever it stopped, and touches nothing but the canary's own."""

import pytest
from botocore.exceptions import ClientError

from canary import registry, removal
from device_registry.record import Status, status_shard
from device_registry.shadow_parameter import FirstShadowError
from tests.unit.aws_in_memory import Answer
from tests.unit.canary.world import TARGET, World

SERIAL = "canary-0000000000000001"
OTHER = "a" * 64


def left(**also):
    """A world in which a run died after registration."""
    world = World(**also)
    registry.enrol(world.means(), TARGET, SERIAL)
    _, issued = world.create()
    token = issued["certificateOwnershipToken"]
    world.register({"parameters": {"SerialNumber": SERIAL}, "certificateOwnershipToken": token})
    world.connected(f"acme-{SERIAL}")
    return world


def remove(world):
    return removal.remove(world.means(), TARGET, SERIAL)


def test_all_of_it_goes_and_nothing_else():
    world = left(certificates={OTHER: "ACTIVE"}, things={"acme-SN-1": [OTHER]})
    assert remove(world) == f"1 thing(s) and 1 certificate(s) of {SERIAL} removed, and its record"
    assert (world.certificates, world.things) == ({OTHER: "ACTIVE"}, {"acme-SN-1": [OTHER]})
    assert (world.records, world.shadows) == ({}, set())


def test_what_is_gone_already_counts_as_removed():
    assert remove(World()) == f"0 thing(s) and 0 certificate(s) of {SERIAL} removed, and its record"


@pytest.mark.parametrize(
    "operation",
    [
        "GetItem",
        "ListThingPrincipals",
        "DetachThingPrincipal",
        "DescribeCertificate",
        "UpdateCertificate",
        "DeleteCertificate",
        "GetParameter",
        "DeleteThing",
        "DeleteThingShadow",
        "DeleteItem",
    ],
)
def test_wherever_it_fails_the_record_stays_and_repeating_finishes_it(operation):
    world = left(refused={operation: "InternalFailureException"})
    with pytest.raises(ClientError):
        remove(world)
    assert SERIAL in world.records
    world.refused = {}
    remove(world)
    assert world.is_empty()


@pytest.mark.parametrize(
    ("said", "error"),
    [(Answer("InternalFailureException"), ClientError), ("[]", FirstShadowError)],
    ids=["refused", "unusable"],
)
def test_where_nobody_can_tell_which_shadows_there_are_nothing_is_half_removed(said, error):
    world = left()
    before = dict(world.certificates), dict(world.things), set(world.shadows)

    def answer(**_):
        if isinstance(said, Exception):
            raise said
        return {"Parameter": {"Value": said}}

    world.GetParameter = answer
    with pytest.raises(error):
        remove(world)
    assert (world.certificates, world.things, world.shadows) == before
    assert SERIAL in world.records


def test_a_detachment_that_is_not_seen_yet_is_waited_for():
    world = left(refused={"DeleteThing": ["DeleteConflictException", "InvalidRequestException"]})
    remove(world)
    assert world.slept == [0.5, 1.0]
    assert world.is_empty()


def test_one_that_never_is_seen_ends_in_an_error():
    world = left(refused={"DeleteThing": "InvalidRequestException"})
    with pytest.raises(ClientError):
        remove(world)
    assert len(world.slept) == 5


def test_a_certificate_that_is_off_already_is_only_deleted():
    world = left()
    world.certificates = dict.fromkeys(world.certificates, "INACTIVE")
    remove(world)
    assert "UpdateCertificate" not in world.asked


def test_a_damaged_record_is_removed_too():
    world = left()
    world.records[SERIAL] = {"serialNumber": {"S": SERIAL}}
    remove(world)
    assert world.is_empty()


def test_all_serial_numbers_are_in_one_partition_of_a_status():
    serials = {registry.serial_number() for _ in range(20)}
    assert len(serials) == 20
    for status in Status:
        assert {status_shard(status, each)[-3:] for each in serials} == {registry.SHARD}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize(
    ("age", "found"),
    [
        (registry.ABANDONED_SECONDS - 1, False),
        (registry.ABANDONED_SECONDS + 1, True),
        (registry.LOOK_BACK_SECONDS - 1, True),
        (registry.LOOK_BACK_SECONDS + 1, False),
    ],
)
def test_what_is_looked_for_is_neither_young_nor_very_old(status, age, found):
    world, serial = World(), registry.serial_number()
    registry.enrol(world.means(), TARGET, serial)
    world.records[serial] |= {
        "status": {"S": status},
        "statusShard": {"S": status_shard(status, serial)},
    }
    world.now += age
    assert list(registry.abandoned(world.means(), TARGET)) == ([serial] if found else [])


def test_devices_of_the_fleet_are_not_looked_for():
    world, serial = World(), registry.serial_number()
    registry.enrol(world.means(), TARGET, serial)
    world.records = {"SN-1": world.records[serial]}
    world.now += registry.ABANDONED_SECONDS + 1
    assert list(registry.abandoned(world.means(), TARGET)) == []


def test_a_device_that_only_has_such_a_name_is_not_looked_for():
    """A fleet may be older than the reserved prefix, and its device is no canary's to remove."""
    world, serial = World(), registry.serial_number()
    registry.enrol(world.means(), TARGET, serial)
    world.records[serial]["enrolledBy"] = {"S": "arn:aws:iam::123456789012:user/somebody"}
    world.now += registry.ABANDONED_SECONDS + 1
    assert list(registry.abandoned(world.means(), TARGET)) == []


def test_what_a_run_in_another_region_left_is_that_regions_to_remove():
    """Its thing and its certificate are there, and its record is what they are found by."""
    world, serial = World(), registry.serial_number()
    registry.enrol(world.means(), TARGET, serial)
    world.records[serial]["homeRegion"] = {"S": "eu-west-1"}
    world.now += registry.ABANDONED_SECONDS + 1
    assert list(registry.abandoned(world.means(), TARGET)) == []


def test_a_record_may_be_claimed_in_this_region_and_for_a_while():
    world = World()
    registry.enrol(world.means(), TARGET, SERIAL)
    item = world.records[SERIAL]
    assert item["homeRegion"] == {"S": "us-east-1"}
    assert int(item["enrolmentExpiresAt"]["N"]) == int(world.now) + registry.ENROLLED_SECONDS
    assert (item["enrolledBy"], item["batch"]) == ({"S": "canary"}, {"S": "canary"})
