"""What went half way is found by looking at the records."""

import random
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from device_lifecycle import sweep
from device_registry.record import Status, to_item
from tests.unit.builders import CERTIFICATE, LEASE, NOW, OTHER_CERTIFICATE, record
from tests.unit.device_lifecycle.fakes import ARN, PARAMETER, QUARANTINE, THING, lines

BOTH = frozenset({CERTIFICATE, OTHER_CERTIFICATE})
BY_THING = {"CONFIRM_BY": "THING_EVENT"}
STUCK = 7200


def enrol(world, status=Status.PROVISIONING, age=600, **changes):
    values = {
        "certificate_id": CERTIFICATE,
        "certificate_ids": frozenset({CERTIFICATE}),
        "thing_name": THING,
        "claimed_at": NOW - age,
        "status_changed_at": NOW - age,
    }
    world.enrol(status=status, **{**values, **changes})
    world.aws.certificates.setdefault(CERTIFICATE, "ACTIVE")
    world.aws.certificates.setdefault(OTHER_CERTIFICATE, "ACTIVE")
    world.aws.things[THING] = [ARN + CERTIFICATE]


def run(world, **environ):
    order = random.Random(0)  # noqa: S311
    counts = sweep.run(world.config(**environ), STUCK, world.runtime(), order)
    return {name: count for name, count in vars(counts).items() if count}


def test_nothing_to_do(world, capsys):
    assert run(world) == {}
    (line,) = lines(capsys)
    assert line["event"] == "sweep"
    numbers = "checked confirmed stuck lapsed superseded cutOff quarantined malformed failed left"
    assert {name: line[name] for name in numbers.split()} == dict.fromkeys(numbers.split(), 0)


def test_a_registration_whose_event_was_lost(world):
    enrol(world)
    world.aws.parameters[PARAMETER] = '{"name": null, "desired": {"interval": 60}}'
    assert run(world, **BY_THING) == {"checked": 1, "confirmed": 1}
    after = world.stored()
    assert (after.status, after.shadow_written_at) == (Status.ACTIVE, NOW)
    assert after.status_reason == "thing registered, found by the sweep"
    assert world.pauses == [0.2]


def test_a_connection_whose_event_was_lost(world):
    enrol(world)
    assert run(world) == {"checked": 1}
    for wrong in ({"connected": False, "thingName": THING}, {"connected": True}):
        world.aws.connections[THING] = wrong
        assert run(world) == {"checked": 1}
    world.aws.connections[THING] = {"connected": True, "thingName": THING}
    assert run(world) == {"checked": 1, "confirmed": 1}


def test_a_connection_that_may_be_under_the_earlier_certificate_confirms_nothing(world):
    enrol(world, certificate_ids=BOTH)
    world.aws.connections[THING] = {"connected": True, "thingName": THING}
    assert run(world) == {"checked": 1}
    assert world.stored().status is Status.PROVISIONING


def test_a_claim_that_is_taken_anew_meanwhile_is_not_confirmed(world):
    enrol(world)
    world.table.before = lambda _: enrol(world, claimed_at=NOW)
    assert run(world, **BY_THING) == {"checked": 1}


@pytest.mark.parametrize(("age", "counts"), [(59, {}), (60, {"checked": 1, "confirmed": 1})])
def test_a_young_claim_is_left_to_its_events(world, age, counts):
    enrol(world, age=age)
    assert run(world, **BY_THING) == counts


@pytest.mark.parametrize(("age", "stuck"), [(STUCK - 1, {}), (STUCK, {"stuck": 1})])
def test_stuck(world, age, stuck):
    enrol(world, age=age, lease_expires_at=NOW + 1)
    assert run(world) == {"checked": 1, **stuck}


@pytest.mark.parametrize(
    ("lease", "status", "expected"),
    [
        (NOW, "PENDING_ACTIVATION", "INACTIVE"),
        (NOW + 1, "PENDING_ACTIVATION", "PENDING_ACTIVATION"),
        (NOW - 86_399, "PENDING_ACTIVATION", "INACTIVE"),
        (NOW - 86_400, "PENDING_ACTIVATION", "PENDING_ACTIVATION"),
        (NOW, "ACTIVE", "ACTIVE"),
        (NOW, "REVOKED", "REVOKED"),
    ],
)
def test_the_certificate_of_a_claim_that_lapsed(world, capsys, lease, status, expected):
    world.aws.certificates[CERTIFICATE] = status
    enrol(world, age=LEASE, lease_expires_at=lease)
    lapsed = {"lapsed": 1} if status != expected else {}
    assert run(world) == {"checked": 1, **lapsed}
    assert world.aws.certificates[CERTIFICATE] == expected
    told = lines(capsys, "certificate-switched")
    expected = [("SN-0001", "PENDING_ACTIVATION", "INACTIVE", "lapsed")] if lapsed else []
    fields = ("serialNumber", "from", "to", "reason")
    assert [tuple(line[field] for field in fields) for line in told] == expected


@pytest.mark.parametrize("status", [Status.PROVISIONING, Status.ACTIVE])
def test_a_lapsed_claim_that_comes_back_at_that_moment_keeps_its_certificate(world, status):
    world.aws.certificates[CERTIFICATE] = "PENDING_ACTIVATION"
    enrol(world, lease_expires_at=NOW)

    def back(operation, _):
        if operation == "UpdateCertificate":
            enrol(world, status, claimed_at=NOW, lease_expires_at=NOW + LEASE)

    world.aws.before = back
    assert run(world) == {"checked": 1}
    assert world.aws.certificates[CERTIFICATE] == "ACTIVE"


def test_a_lapsed_claim_that_another_certificate_takes_is_over(world):
    world.aws.certificates[CERTIFICATE] = "PENDING_ACTIVATION"
    enrol(world, lease_expires_at=NOW)
    anew = {"certificate_id": OTHER_CERTIFICATE, "certificate_ids": frozenset({OTHER_CERTIFICATE})}

    def taken(operation, _):
        if operation == "UpdateCertificate":
            enrol(world, claimed_at=NOW, lease_expires_at=NOW + LEASE, **anew)

    world.aws.before = taken
    assert run(world) == {"checked": 1, "lapsed": 1}


def test_a_lapsed_claim_whose_record_is_deleted_is_over(world):
    world.aws.certificates[CERTIFICATE] = "PENDING_ACTIVATION"
    enrol(world, lease_expires_at=NOW)
    key = {"serialNumber": {"S": "SN-0001"}}
    world.aws.before = lambda *_: world.table.delete_item(TableName="registry", Key=key)
    assert run(world) == {"checked": 1, "lapsed": 1}


@pytest.mark.parametrize("status", [Status.ENROLLED, Status.SUSPENDED, Status.REVOKED])
def test_a_certificate_that_was_activated_as_its_device_was_cut_off(world, status):
    enrol(world, status)
    world.aws.connections[THING] = {}
    assert run(world) == {"checked": 1, "cutOff": 1}
    assert world.aws.certificates[CERTIFICATE] in {"INACTIVE", "REVOKED"}
    assert world.aws.connections == {}


def test_superseded(world):
    enrol(world, Status.ACTIVE, certificate_ids=BOTH)
    assert run(world) == {"checked": 1, "superseded": 1}
    assert world.aws.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}


def test_what_had_its_turn_before_this_claim(world):
    retired = frozenset({OTHER_CERTIFICATE})
    enrol(world, certificate_ids=BOTH, retired_certificate_ids=retired, age=1)
    assert run(world) == {"checked": 1, "superseded": 1}


def test_what_is_settled_or_long_ago_is_not_looked_at(world):
    enrol(world, Status.REVOKED, age=3601)
    assert run(world) == {}
    enrol(world, Status.ACTIVE)
    assert run(world) == {}


def test_things_in_quarantine_stay_there(world):
    world.aws.groups["acme-quarantine"] = ["by-hand", "gone"]
    world.aws.things["by-hand"] = [ARN + OTHER_CERTIFICATE]
    world.aws.certificates[OTHER_CERTIFICATE] = "ACTIVE"
    assert run(world, **QUARANTINE) == {"checked": 2, "quarantined": 1}
    assert world.aws.certificates == {OTHER_CERTIFICATE: "INACTIVE"}


def test_a_thing_that_is_let_out_after_it_was_listed_is_left_alone(world):
    """The list is as old as the run; the operator takes the thing out of the group first."""
    world.aws.groups["acme-quarantine"] = ["by-hand"]
    world.aws.things["by-hand"] = [ARN + OTHER_CERTIFICATE]
    world.aws.certificates[OTHER_CERTIFICATE] = "INACTIVE"

    def let_out(operation, _):
        if operation == "ListThingPrincipals":
            world.aws.groups["acme-quarantine"].clear()
            world.aws.certificates[OTHER_CERTIFICATE] = "ACTIVE"

    world.aws.before = let_out
    assert run(world, **QUARANTINE) == {"checked": 1}
    assert world.aws.certificates == {OTHER_CERTIFICATE: "ACTIVE"}


def test_one_that_fails_stops_no_other(world, capsys):
    for number in range(3):
        certificate = f"{number}a" * 32
        world.enrol(
            serial_number=f"SN-{number}",
            status=Status.REVOKED,
            certificate_id=certificate,
            status_changed_at=NOW,
        )
        world.aws.certificates[certificate] = "ACTIVE"
    world.aws.groups["acme-quarantine"] = ["by-hand"]
    world.aws.answers["ListThingPrincipals"] = "ThrottlingException"

    def refuse(operation, params):
        failing = params.get("certificateId") == "1a" * 32
        world.aws.answers |= {"DescribeCertificate": "ThrottlingException"} if failing else {}
        if not failing:
            world.aws.answers.pop("DescribeCertificate", None)

    world.aws.before = refuse
    assert run(world, **QUARANTINE) == {"checked": 4, "cutOff": 2, "failed": 2}
    faults = lines(capsys, "lifecycle-fault")
    told = {(line.get("serialNumber"), line.get("thingName")): line["detail"] for line in faults}
    assert told == {
        ("SN-1", None): "DescribeCertificate: ThrottlingException",
        (None, "by-hand"): "ListThingPrincipals: ThrottlingException",
    }
    assert {line["level"] for line in faults} == {"WARN"}


def test_what_only_an_operator_can_mend_is_an_error(world, capsys):
    enrol(world, Status.ACTIVE)
    world.aws.parameters[PARAMETER] = "no JSON"
    assert run(world) == {"checked": 1, "failed": 1}
    (fault,) = lines(capsys, "lifecycle-fault")
    assert (fault["level"], fault["serialNumber"]) == ("ERROR", "SN-0001")
    assert fault["detail"] == f"FirstShadowError: {PARAMETER}"


def test_each_device_counts(world):
    for number in range(2):
        for case, certificate in (("A", f"a{number}" * 32), ("B", f"b{number}" * 32)):
            thing_name = f"acme-{case}-{number}"
            enrol(
                world,
                age=STUCK,
                serial_number=f"{case}-{number}",
                thing_name=thing_name,
                certificate_id=certificate,
                certificate_ids=frozenset({certificate}),
                lease_expires_at=NOW,
            )
            world.aws.certificates[certificate] = "PENDING_ACTIVATION"
            if case == "A":
                world.aws.connections[thing_name] = {"connected": True, "thingName": thing_name}
        own, earlier = f"c{number}" * 32, f"d{number}" * 32
        both = frozenset({own, earlier})
        enrol(
            world,
            Status.ACTIVE,
            serial_number=f"C-{number}",
            certificate_id=own,
            certificate_ids=both,
        )
        world.aws.certificates |= dict.fromkeys(both, "ACTIVE")
    assert run(world) == {
        "checked": 6,
        "stuck": 4,
        "confirmed": 2,
        "lapsed": 2,
        "superseded": 2,
    }


def test_damaged_records_are_counted(world):
    for status in (Status.PROVISIONING, Status.REVOKED):
        item = to_item(record(serial_number=status.value, status=status, status_changed_at=NOW))
        world.table.put_item(TableName="registry", Item={**item, "deviceType": {"S": "A B"}})
    assert run(world) == {"malformed": 2}


def test_a_device_that_is_deleted_before_its_turn(world):
    enrol(world)
    key = {"serialNumber": {"S": "SN-0001"}}

    class Deleting(sweep._Sweep):
        def work(self, found):
            world.table.delete_item(TableName="registry", Key=key)
            super().work(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "_Sweep", Deleting)
        assert run(world) == {"checked": 1}


def test_a_run_that_is_out_of_time_leaves_the_rest_to_the_next(world):
    for number in range(4):
        world.enrol(
            serial_number=f"SN-{number}",
            status=Status.REVOKED,
            certificate_id=f"{number}a" * 32,
            status_changed_at=NOW,
        )
        world.aws.certificates[f"{number}a" * 32] = "ACTIVE"

    def slow(*_):
        world.seconds_left = 19.0 if len(world.pauses) == 1 else 1000.0

    world.aws.before = slow
    assert run(world) == {"checked": 2, "cutOff": 2, "left": 2}
    world.aws.before = lambda *_: None
    world.seconds_left = 1000.0
    assert run(world) == {"checked": 4, "cutOff": 2}
    assert set(world.aws.certificates.values()) == {"REVOKED"}


@pytest.mark.parametrize(
    ("seconds", "counts"),
    [
        ([30.0, 30.0, 20.0], {"checked": 1}),
        ([30.0, 30.0, 19.9], {"left": 1}),
        # One was listed and not looked at, and one more not even listed.
        ([30.0, 30.0, 14.9, 14.9], {"left": 2}),
    ],
)
def test_what_a_run_leaves(world, seconds, counts):
    things = [f"by-hand-{number}" for number in range(len(seconds) - 2)]
    world.aws.groups["acme-quarantine"] = things
    runtime = replace(world.runtime(), seconds_left=iter(seconds).__next__)
    found = sweep.run(world.config(**QUARANTINE), STUCK, runtime)
    assert {name: count for name, count in vars(found).items() if count} == counts


def test_the_order_is_another_each_time(world):
    certificates = [f"{number}a" * 32 for number in range(6)]
    orders = set()
    for _ in range(10):
        for number, certificate in enumerate(certificates):
            world.enrol(
                serial_number=f"SN-{number}",
                status=Status.REVOKED,
                certificate_id=certificate,
                status_changed_at=NOW,
            )
        world.aws.certificates = dict.fromkeys(certificates, "ACTIVE")
        seen = []
        world.aws.before = lambda operation, params, seen=seen: seen.append(
            params["certificateId"] if operation == "UpdateCertificate" else None
        )
        assert sweep.run(world.config(), STUCK, world.runtime()).cutOff == len(certificates)
        orders.add(tuple(each for each in seen if each))
    assert len(orders) > 1


def test_a_fleet_too_large_to_be_listed_at_once_is_seen_in_several_runs(world):
    for number in range(60):
        world.enrol(
            serial_number=f"SN-{number}",
            status=Status.PROVISIONING,
            certificate_id=f"{number:02d}" * 32,
            claimed_at=NOW - STUCK,
            status_changed_at=NOW - STUCK,
            thing_name=f"acme-SN-{number}",
        )
    query = world.table._client.query

    def slow(**arguments):
        if "PROVISIONING" in str(arguments):
            world.seconds_left -= 20
        return query(**arguments)

    world.table._client.query = slow
    seen = set()
    world.table.reading = lambda arguments: seen.add(arguments["Key"]["serialNumber"]["S"])
    for number in range(12):
        world.seconds_left = 300.0
        order = random.Random(number)  # noqa: S311
        counts = sweep.run(world.config(), STUCK, world.runtime(), order)
        assert 0 < counts.checked < 60
        assert counts.left >= 1
    assert len(seen) == 60


def test_a_list_that_cannot_be_read_is_an_error(world):
    def refuse(**_):
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "Query")

    world.table._client.query = refuse
    with pytest.raises(ClientError):
        run(world)


def test_devices_do_not_wait_for_a_group_that_cannot_be_listed(world, capsys):
    enrol(world, Status.REVOKED)
    world.aws.groups.clear()
    assert run(world, **QUARANTINE) == {"checked": 1, "cutOff": 1, "failed": 1}
    (fault,) = lines(capsys, "lifecycle-fault")
    assert fault["detail"] == "ListThingsInThingGroup: ResourceNotFoundException"


SHADOW = '{"name": null, "desired": {"interval": 60}}'


def test_a_first_shadow_that_could_not_be_written(world, capsys):
    enrol(world)
    world.aws.parameters[PARAMETER] = SHADOW
    world.aws.answers["GetThingShadow"] = "ThrottlingException"
    assert run(world, **BY_THING) == {"checked": 1, "confirmed": 1, "failed": 1}
    world.aws.answers.clear()
    world.now += sweep.YOUNG_SECONDS
    assert run(world, **BY_THING) == {"checked": 1}
    assert world.stored().shadow_written_at == world.now
    assert run(world, **BY_THING) == {}


@pytest.mark.parametrize(
    ("parameter", "age", "checked"),
    [(None, 600, 0), (SHADOW, 59, 0), (SHADOW, 3601, 0), (SHADOW, 600, 2), ("no JSON", 600, 2)],
)
def test_who_lacks_a_first_shadow(world, parameter, age, checked):
    enrol(world, Status.ACTIVE, age=age)
    enrol(world, Status.ACTIVE, age=age, serial_number="SN-0002", thing_name="acme-SN-0002")
    if parameter is not None:
        world.aws.parameters[PARAMETER] = parameter
    assert run(world).get("checked", 0) == checked
    asked = [each for each in world.aws.calls if each == "GetParameter"]
    # A broken one is asked for again for each device, to be told of.
    assert len(asked) <= 3


def test_no_first_shadow_where_there_are_none(world):
    enrol(world, Status.ACTIVE)
    world.aws.parameters[PARAMETER] = SHADOW
    assert run(world, SHADOW_PARAMETERS="") == {}


def test_a_device_that_is_cut_off_as_it_is_confirmed_gets_no_shadow(world):
    enrol(world)
    world.aws.parameters[PARAMETER] = SHADOW

    def revoke(arguments):
        if "shadowWrittenAt" not in arguments["UpdateExpression"]:
            enrol(world, Status.REVOKED)

    world.table.before = revoke
    assert run(world, **BY_THING) == {"checked": 1, "cutOff": 1}
    assert world.aws.shadows == {}
