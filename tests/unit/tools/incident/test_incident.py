import threading

import pytest

from device_registry.record import Status, from_item, to_item
from tests.unit.builders import NOW, record
from tests.unit.tools.fakes import client_error
from tests.unit.tools.incident.fakes import (
    CLAIM,
    GROUP,
    OTHER_CLAIM,
    TEMPLATE,
    KilledError,
    World,
)
from tools.authorities.closing import Target
from tools.incident.leak import Leak, close_claim, disable_template
from tools.incident.quarantine import Quarantine, group_of
from tools.incident.run import Outcome, Run, contain
from tools.registry.operate import Result

SINCE = NOW - 100


@pytest.fixture
def world():
    return World()


def quarantine(world, group=GROUP):
    return Quarantine(
        registry=world.table,
        iot=world.iot,
        name_prefix="acme",
        group=group,
        by="arn",
        reason="leaked",
        sleep=lambda _: None,
    )


def leak(world, certificate_id=CLAIM):
    return Leak(certificate_id=certificate_id, since=SINCE, granted=world.granted)


def drill(world, sleep=lambda _: None):
    """Everything that `incident claim --template-off` does, in its order."""
    close_claim(world.iot, CLAIM, Target.INACTIVE)
    disable_template(world.iot, TEMPLATE)
    found, cell = leak(world), quarantine(world, group_of(world.iot, "acme"))
    run = Run(
        lambda: found.concerned(world.table),
        lambda listed: contain(found, cell, listed),
        repeat=True,
        sleep=sleep,
    )
    for todo in run.rounds():
        for _ in run.deal_with(todo):
            pass
    return run


def fifty(world):
    """50 devices, of which 20 came in through the claim since; return the serial numbers."""
    leaked = [f"SN-{n}" for n in range(20)]
    for n, serial in enumerate(leaked):
        status = Status.PROVISIONING if n % 3 == 0 else Status.ACTIVE
        world.admit(serial, CLAIM, SINCE + n, status=status)
    for n in range(20, 30):
        world.admit(f"SN-{n}", CLAIM, SINCE - 1)
    for n in range(30, 43):
        world.admit(f"SN-{n}", OTHER_CLAIM, SINCE + n)
    world.moved_on("SN-43")
    world.moved_on("SN-44")
    for n in range(45, 50):
        world.table.items[f"SN-{n}"] = to_item(record(serial_number=f"SN-{n}"))
    return set(leaked)


def test_exactly_those_are_cut_off_that_came_in_through_the_claim_since(world):
    leaked = fifty(world)
    former = set().union(*world.granted.values())
    before = world.state()
    run = drill(world)
    assert all(outcome.ok for outcome in run.outcomes)
    after = world.state()
    assert {serial for serial in after["records"] if world.status(serial) == "SUSPENDED"} == leaked
    off = {world.table.items[serial]["certificateId"]["S"] for serial in leaked} | former | {CLAIM}
    assert {id_ for id_, status in after["certificates"].items() if status == "INACTIVE"} == off
    assert after["group"] == {f"acme-{serial}" for serial in leaked}
    assert after["templates"] == {TEMPLATE: False}
    for serial in after["records"].keys() - leaked:
        retired = {"SS": sorted(world.granted.get(serial, ()))}
        noted = {"retiredCertificateIds": retired} if retired["SS"] else {}
        assert after["records"][serial] == before["records"][serial] | noted
    for serial in leaked:
        item = from_item(world.table.items[serial])
        assert item.suspended_certificate_ids == {item.certificate_id}
        assert (item.status_reason, item.status_changed_by) == ("leaked", "arn")


def test_a_kill_after_any_request_and_a_second_run_end_in_the_same_state():
    whole = World()
    fifty(whole)
    drill(whole)
    after, requests = whole.state(), whole.requests.count
    assert requests > 150
    for last in range(1, requests):
        world = World()
        fifty(world)
        world.requests.last = last
        with pytest.raises(KilledError):
            drill(world)
        world.requests.last = None
        assert all(outcome.ok for outcome in drill(world).outcomes)
        assert world.state() == after, f"killed after request {last}"


def test_what_comes_in_between_two_lists_is_found_too(world):
    world.admit("SN-1")
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 1:
            world.admit("SN-2")

    run = drill(world, sleep)
    assert [each.concerned.serial_number for each in run.outcomes] == ["SN-1", "SN-2"]
    assert (waits, run.left) == ([3, 3], 0)


def test_devices_that_never_end_are_told_and_not_waited_for(world):
    world.admit("SN-0")
    run = drill(world, lambda _: world.admit(f"SN-{len(world.table.items)}"))
    assert (len(run.outcomes), run.left) == (10, 1)


def test_nobody_came_in(world):
    waits = []
    assert drill(world, waits.append).outcomes == []
    assert waits == [3]
    assert world.iot.certificates[CLAIM] == "INACTIVE"


def test_whom_the_index_did_not_know_yet_is_found_when_nobody_else_came_in(world):
    run = drill(world, lambda _: world.table.items or world.admit("SN-1"))
    assert [each.concerned.serial_number for each in run.outcomes] == ["SN-1"]


def test_a_list_that_was_given_is_read_once():
    lists = []
    run = Run(lambda: iter([lists.append(1)]), Outcome, repeat=False, sleep=pytest.fail)
    assert [len(todo) for todo in run.rounds()] == [1]
    assert (lists, run.left) == ([1], 0)


@pytest.mark.parametrize(
    ("status", "target", "became", "changed"),
    [
        ("ACTIVE", Target.INACTIVE, "INACTIVE", True),
        ("ACTIVE", Target.REVOKED, "REVOKED", True),
        ("INACTIVE", Target.INACTIVE, "INACTIVE", False),
        ("INACTIVE", Target.REVOKED, "REVOKED", True),
        ("REVOKED", Target.INACTIVE, "REVOKED", False),
    ],
)
def test_a_claim_is_closed_and_never_opened_by_it(world, status, target, became, changed):
    world.iot.certificates[CLAIM] = status
    assert close_claim(world.iot, CLAIM, target) == status
    assert world.iot.certificates[CLAIM] == became
    assert (("update_certificate", CLAIM, became) in world.iot.calls) == changed


def test_a_claim_that_does_not_exist_is_told(world):
    assert close_claim(world.iot, "ab" * 32, Target.INACTIVE) is None


def test_a_template_that_is_off_is_left_alone(world):
    disable_template(world.iot, TEMPLATE)
    disable_template(world.iot, TEMPLATE)
    assert [call for call in world.iot.calls if "template" in call[0]] == [
        ("update_provisioning_template", TEMPLATE, False)
    ]


# Who is concerned


def test_a_record_that_is_newer_than_the_index_is_judged_by_what_it_says_now(world):
    """The index still names the leaked claim; another holds the device by now."""
    stale = world.admit("SN-1")
    behind = world.table.items["SN-1"]
    world.admit("SN-1", OTHER_CLAIM, NOW + 1, former=(stale,))
    world.table.behind["SN-1"] = behind
    (outcome,) = drill(world).outcomes
    assert (outcome.report, outcome.concerned.former) == (None, (stale,))
    assert world.status("SN-1") == "ACTIVE"
    assert world.iot.certificates[stale] == "INACTIVE"


def test_a_device_that_came_in_twice_is_suspended_and_its_first_certificate_stays_off(world):
    first = f"{99:064x}"
    world.iot.certificates[first] = "ACTIVE"
    present = world.admit("SN-1", former=(first,))
    world.granted["SN-1"] = frozenset({first, present})
    (outcome,) = drill(world).outcomes
    assert outcome.concerned.former == (first,)
    assert from_item(world.table.items["SN-1"]).suspended_certificate_ids == {present}
    quarantine(world).lift("SN-1")
    assert world.iot.certificates[first] == "INACTIVE"
    assert world.iot.certificates[present] == "ACTIVE"


@pytest.mark.parametrize("back_to", [Status.PROVISIONING, Status.ACTIVE])
@pytest.mark.parametrize("before", [True, False])
def test_no_resumption_brings_a_retired_certificate_back(world, back_to, before):
    """Whether the device was suspended before the drill, which noted both, or is after it."""
    former = world.moved_on("SN-1")
    world.table.items["SN-1"]["status"] = {"S": back_to}
    present = world.table.items["SN-1"]["certificateId"]["S"]
    if before:
        quarantine(world).put("SN-1")
        noted = from_item(world.table.items["SN-1"]).suspended_certificate_ids
        assert noted == {former, present}
    (outcome,) = drill(world).outcomes
    assert (outcome.ok, outcome.report) == (True, None)
    if not before:
        # Somebody switched it on again by hand, and the suspension notes it.
        world.iot.certificates[former] = "ACTIVE"
        quarantine(world).put("SN-1")
    after = from_item(world.table.items["SN-1"])
    assert after.retired_certificate_ids == {former}
    assert (former in after.suspended_certificate_ids) is not before
    assert quarantine(world).lift("SN-1").ok
    assert world.status("SN-1") == back_to
    assert world.iot.certificates[former] == "INACTIVE"
    assert world.iot.certificates[present] == "ACTIVE"


def test_a_drill_that_is_killed_between_its_two_writes_is_finished_by_the_next(world):
    former = world.moved_on("SN-1")
    quarantine(world).put("SN-1")
    update = world.table.update

    def killed(arguments):
        update(arguments)
        raise KilledError

    world.table.update = killed
    with pytest.raises(KilledError):
        drill(world)
    world.table.update = update
    # Nothing that happens before the next run lets it in again.
    assert quarantine(world).lift("SN-1").ok
    assert world.iot.certificates[former] == "INACTIVE"
    world.iot.certificates[former] = "ACTIVE"
    assert all(outcome.ok for outcome in drill(world).outcomes)
    assert world.iot.certificates[former] == "INACTIVE"


def test_a_former_certificate_that_became_the_present_one_is_left_to_the_next_run(world):
    former = world.moved_on("SN-1")
    cell, found = quarantine(world), leak(world)
    (listed,) = found.concerned(world.table)
    get = world.table.get

    def claimed_meanwhile(serial):
        item = get(serial)
        world.table.items[serial] = item | {"certificateId": {"S": former}}
        return item

    world.table.get = claimed_meanwhile
    (report,) = contain(found, cell, listed).former
    world.table.get = get
    assert report.result is Result.FAILED
    assert "became its present one meanwhile" in report.sentence
    assert world.iot.certificates[former] == "ACTIVE"
    drill(world)
    assert (world.status("SN-1"), world.iot.certificates[former]) == ("SUSPENDED", "INACTIVE")


def test_a_record_that_cannot_say_so_is_told_and_keeps_no_certificate_on(world, monkeypatch):
    former = world.moved_on("SN-1")
    refusals = [client_error("ValidationException"), client_error("AccessDeniedException")]

    def refuse(_):
        raise refusals.pop(0)

    monkeypatch.setattr(world.table, "update", refuse)
    report = quarantine(world).switch_off("SN-1", former)
    assert report.result is Result.FAILED
    assert "its record could not say so" in report.sentence
    assert world.iot.certificates[former] == "INACTIVE"
    with pytest.raises(Exception, match="AccessDenied"):
        quarantine(world).switch_off("SN-1", former)


def test_a_present_certificate_that_the_log_knows_is_the_claim_s(world):
    """The claim on record is another's, and the certificate came in through this one all along."""
    present = world.admit("SN-1", OTHER_CLAIM)
    world.granted["SN-1"] = frozenset({present})
    drill(world)
    assert world.status("SN-1") == "SUSPENDED"


@pytest.mark.parametrize("record_left", [True, False])
def test_a_released_or_deleted_device_s_former_certificate_is_switched_off(world, record_left):
    former = world.moved_on("SN-1")
    if record_left:
        world.table.items["SN-1"] = to_item(record(certificate_ids=frozenset({former})))
    else:
        del world.table.items["SN-1"]
    (outcome,) = drill(world).outcomes
    assert (outcome.ok, outcome.report) == (True, None)
    assert world.iot.certificates[former] == "INACTIVE"


def test_records_of_the_log_are_read_a_hundred_at_a_time(world):
    for n in range(101):
        world.granted[f"SN-{n}"] = frozenset({f"{n:064x}"})
    before = world.requests.count
    assert len(list(leak(world).concerned(world.table))) == 101
    assert world.requests.count - before == 3


@pytest.mark.parametrize(
    ("status", "result", "part"),
    [
        ("ACTIVE", Result.CHANGED, "is now INACTIVE"),
        ("INACTIVE", Result.ALREADY, "is INACTIVE already"),
        ("REVOKED", Result.ALREADY, "is REVOKED already"),
        ("PENDING_ACTIVATION", Result.ALREADY, "cannot connect"),
        (None, Result.ALREADY, "is deleted already"),
    ],
)
def test_a_former_certificate_in_each_status(world, status, result, part):
    former = world.moved_on("SN-1", status=status)
    if status is None:
        del world.iot.certificates[former]
    (outcome,) = drill(world).outcomes
    assert outcome.former[0].result is result
    assert part in outcome.former[0].sentence
    assert world.iot.certificates.get(former) == ("INACTIVE" if status == "ACTIVE" else status)


def test_a_former_certificate_that_cannot_be_switched_stops_nothing_else(world):
    world.moved_on("SN-1")
    cell = quarantine(world)
    world.iot.failures["update_certificate"] = [client_error("CertificateStateException")]
    found = leak(world)
    (listed,) = found.concerned(world.table)
    outcome = contain(found, cell, listed)
    assert not outcome.ok
    assert "could not be switched off" in outcome.former[0].sentence
    world.iot.failures["update_certificate"] = [client_error("AccessDeniedException")]
    with pytest.raises(Exception, match="AccessDenied"):
        contain(found, cell, listed)


# One device


@pytest.mark.parametrize("status", [Status.PROVISIONING, Status.ACTIVE, Status.SUSPENDED])
def test_a_device_is_put_into_quarantine_and_lifted(world, status):
    certificate = world.admit("SN-1", status=status)
    cell = quarantine(world)
    for result in (Result.CHANGED, Result.ALREADY):
        report = cell.put("SN-1")
        assert report.ok
        assert result is Result.CHANGED or report.result is Result.ALREADY
        assert report.sentence.endswith(f"; thing acme-SN-1 is in {GROUP}.")
        assert world.status("SN-1") == "SUSPENDED"
        assert world.iot.certificates[certificate] == "INACTIVE"
        assert world.iot.groups[GROUP] == {"acme-SN-1"}
    report = cell.lift("SN-1")
    assert report.ok
    assert world.status("SN-1") == ("ACTIVE" if status == "SUSPENDED" else status)
    assert (world.iot.certificates[certificate], world.iot.groups[GROUP]) == ("ACTIVE", set())


def test_a_revoked_device_stays_so_and_its_certificate_is_revoked(world):
    certificate = world.admit("SN-1", status=Status.REVOKED)
    assert quarantine(world).put("SN-1").ok
    assert (world.status("SN-1"), world.iot.certificates[certificate]) == ("REVOKED", "REVOKED")
    assert not quarantine(world).lift("SN-1").ok
    assert world.iot.groups[GROUP] == {"acme-SN-1"}


@pytest.mark.parametrize("serial", ["SN-9", "no such number"])
def test_a_device_without_a_record_is_refused(world, serial):
    cell = quarantine(world)
    for action in (cell.put, cell.lift, cell.give_back):
        assert action(serial).result is Result.REFUSED


def test_a_damaged_record_s_device_is_cut_off_all_the_same(world):
    certificate = world.admit("SN-1")
    world.table.items["SN-1"] |= {"deviceType": {"N": "1"}}
    report = quarantine(world).put("SN-1")
    assert report.result is Result.REFUSED
    assert world.iot.certificates[certificate] == "INACTIVE"
    assert world.iot.groups[GROUP] == {"acme-SN-1"}


@pytest.mark.parametrize("named", [True, False])
def test_the_thing_is_the_record_s_or_follows_from_its_name(world, named):
    world.admit("SN-1")
    if named:
        world.table.items["SN-1"]["thingName"] = {"S": "own"}
        world.iot.things["own"] = "x"
    quarantine(world).put("SN-1")
    assert world.iot.groups[GROUP] == {"own" if named else "acme-SN-1"}


def test_without_a_group_or_a_thing_the_device_is_cut_off_all_the_same(world):
    world.admit("SN-1")
    assert GROUP not in quarantine(world, group=None).put("SN-1").sentence
    assert quarantine(world, group=None).lift("SN-1").ok
    world.iot.things.clear()
    report = quarantine(world).put("SN-1")
    assert (report.ok, GROUP in report.sentence) == (True, False)
    assert world.status("SN-1") == "SUSPENDED"


def test_a_group_that_does_not_take_the_thing_is_no_success_and_no_obstacle(world):
    certificate = world.admit("SN-1")
    world.iot.failures["add_thing_to_thing_group"] = [client_error("InvalidRequestException")] * 2
    report = quarantine(world).put("SN-1")
    assert report.result is Result.FAILED
    assert f"thing acme-SN-1 could not join {GROUP}" in report.sentence
    assert world.iot.certificates[certificate] == "INACTIVE"
    world.table.items["SN-1"] |= {"deviceType": {"N": "1"}}
    assert quarantine(world).put("SN-1").result is Result.REFUSED


def test_whether_there_is_a_group_is_not_guessed(world):
    assert group_of(world.iot, "acme") == GROUP
    assert group_of(world.iot, "other") is None
    world.iot.failures["describe_thing_group"] = [client_error("AccessDeniedException")]
    with pytest.raises(Exception, match="AccessDenied"):
        group_of(world.iot, "acme")


# A serial number that a stranger had


@pytest.mark.parametrize("status", [Status.PROVISIONING, Status.ACTIVE])
def test_a_serial_number_is_given_back_and_the_stranger_s_certificate_is_dead(world, status):
    certificate = world.admit("SN-1", status=status)
    quarantine(world).put("SN-1")
    report = quarantine(world).give_back("SN-1")
    assert report.ok
    assert (world.status("SN-1"), world.iot.certificates[certificate]) == ("ENROLLED", "REVOKED")
    assert world.iot.groups[GROUP] == set()
    assert "certificateId" not in world.table.items["SN-1"]
    assert quarantine(world).give_back("SN-1").ok


def test_giving_back_may_be_killed_after_any_request():
    whole = World()
    whole.admit("SN-1")
    quarantine(whole).put("SN-1")
    before = whole.requests.count
    quarantine(whole).give_back("SN-1")
    requests = whole.requests.count - before
    for last in range(1, requests):
        world = World()
        certificate = world.admit("SN-1")
        quarantine(world).put("SN-1")
        world.requests.last = world.requests.count + last
        with pytest.raises(KilledError):
            quarantine(world).give_back("SN-1")
        assert world.iot.certificates[certificate] != "ACTIVE"
        world.requests.last = None
        assert quarantine(world).give_back("SN-1").ok
        assert world.state() == whole.state(), f"killed after request {last}"


def test_a_claim_that_is_none_of_the_stranger_s_is_never_released(world):
    certificate = world.admit("SN-1", OTHER_CLAIM)
    report = quarantine(world).give_back("SN-1")
    assert report.result is Result.REFUSED
    assert "not in quarantine" in report.sentence
    assert (world.status("SN-1"), world.iot.certificates[certificate]) == ("ACTIVE", "ACTIVE")


def test_a_device_suspended_before_it_was_ever_let_in_is_given_back(world):
    waiting = record(serial_number="SN-1", status=Status.SUSPENDED, suspended_from=Status.ENROLLED)
    world.table.items["SN-1"] = to_item(waiting)
    assert quarantine(world).give_back("SN-1").ok
    assert world.status("SN-1") == "ENROLLED"


def test_a_record_that_cannot_be_resumed_is_not_given_back(world):
    world.admit("SN-1", status=Status.SUSPENDED)
    world.table.items["SN-1"] |= {"deviceType": {"N": "1"}}
    assert not quarantine(world).give_back("SN-1").ok
    assert world.status("SN-1") == "SUSPENDED"


def test_devices_are_dealt_with_side_by_side(world):
    for n in range(8):
        world.admit(f"SN-{n}")
    together = threading.Barrier(4, timeout=10)
    found = leak(world)

    def deal(listed):
        together.wait()
        return Outcome(concerned=listed, report=None)

    run = Run(lambda: found.concerned(world.table), deal, repeat=False)
    for todo in run.rounds():
        assert sum(1 for _ in run.deal_with(todo)) == 8
