from dataclasses import replace

import pytest

from device_registry.record import ReprovisionPolicy, Status, from_item, to_item
from tests.unit.builders import CERTIFICATE, NOW, record
from tools.enrolment.compare import Change, Insert, Refused, Run, Unchanged, judge
from tools.enrolment.rows import Enrolment

RUN = Run(by="arn:aws:iam::123456789012:user/line", at=NOW)


def enrolment(**changes):
    values = {
        "serial_number": "SN-0001",
        "device_type": "temperature-sensor",
        "reprovision_policy": ReprovisionPolicy.NEVER,
    }
    return Enrolment(**{**values, **changes})


def stored(**changes):
    base = replace(record(**changes), manufacturer=None, batch=None)
    kept = {name: value for name, value in changes.items() if name in ("manufacturer", "batch")}
    return replace(base, **kept)


def test_a_new_device_gets_a_record_that_the_hook_reads():
    verdict = judge(enrolment(batch="B1"), None, RUN)
    assert isinstance(verdict, Insert)
    written = from_item(verdict.item)
    assert written.status is Status.ENROLLED
    assert (written.enrolled_by, written.enrolled_at) == (RUN.by, NOW)
    assert written.status_changed_at == NOW
    assert verdict.item["statusShard"]["S"].startswith("ENROLLED#")


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.REVOKED])
def test_a_row_that_says_what_is_stored_changes_nothing_whatever_the_status(status):
    item = to_item(stored(status=status, reprovision_policy=ReprovisionPolicy.NEVER))
    assert judge(enrolment(), item, RUN) == Unchanged()


@pytest.mark.parametrize("status", [Status.PROVISIONING, Status.ACTIVE, Status.SUSPENDED])
def test_a_device_that_left_enrolled_is_never_altered(status):
    item = to_item(stored(status=status))
    verdict = judge(enrolment(device_type="gateway"), item, RUN)
    assert isinstance(verdict, Refused)
    assert f"is {status} and differs in deviceType" in verdict.problem


@pytest.mark.parametrize("device_type", ["temperature-sensor", "gateway"])
def test_a_revoked_device_is_never_revived(device_type):
    item = to_item(stored(status=Status.REVOKED))
    verdict = judge(enrolment(device_type=device_type), item, RUN)
    assert isinstance(verdict, Refused)
    assert "final" in verdict.problem


def test_only_what_differs_is_written_and_the_history_stays():
    item = to_item(stored(batch="old", certificate_ids=frozenset({CERTIFICATE})))
    verdict = judge(enrolment(manufacturer="Acme"), item, RUN)
    assert isinstance(verdict, Change)
    names = verdict.arguments["ExpressionAttributeNames"].values()
    assert "certificateIds" not in names
    assert "REMOVE #batch" in verdict.arguments["UpdateExpression"]
    assert verdict.arguments["ConditionExpression"].startswith("#status = :enrolled AND ")
    assert "statusChangedAt" not in names


def test_a_second_row_of_the_run_with_other_values_is_refused():
    first = judge(enrolment(batch="one"), None, RUN)
    assert isinstance(first, Insert)
    assert judge(enrolment(batch="one"), first.item, RUN) == Unchanged()
    second = judge(enrolment(batch="two"), first.item, RUN)
    assert isinstance(second, Refused)
    assert "more than once in this run with different batch" in second.problem
    later = Run(by=RUN.by, at=RUN.at + 1)
    assert isinstance(judge(enrolment(batch="two"), first.item, later), Change)


def test_an_enrolment_that_is_over_is_not_written_and_not_held_against_an_old_file():
    over = enrolment(enrolment_expires_at=NOW)
    assert isinstance(judge(over, None, RUN), Refused)
    assert isinstance(judge(over, to_item(stored()), RUN), Refused)
    assert judge(over, to_item(stored(enrolment_expires_at=NOW)), RUN) == Unchanged()
    assert isinstance(judge(enrolment(enrolment_expires_at=NOW + 1), None, RUN), Insert)


def test_a_malformed_record_is_refused_and_left_alone():
    item = to_item(stored())
    verdict = judge(enrolment(), {**item, "enrolledAt": {"S": "x"}}, RUN)
    assert isinstance(verdict, Refused)
    assert "malformed (enrolledAt)" in verdict.problem


HOME, OTHER = "eu-west-1", "eu-central-1"


def test_a_new_record_has_the_home_of_its_row():
    verdict = judge(enrolment(home_region=OTHER), None, RUN)
    assert from_item(verdict.item).home_region == OTHER
    assert "homeRegion" not in judge(enrolment(), None, RUN).item


@pytest.mark.parametrize(
    ("stored_home", "default_home", "row_home"),
    [(OTHER, HOME, None), (OTHER, HOME, OTHER), (None, HOME, HOME), (None, None, None)],
)
def test_a_row_that_names_the_home_that_is_there_or_none_leaves_it(
    stored_home, default_home, row_home
):
    run = Run(by=RUN.by, at=NOW, default_home=default_home)
    item = to_item(stored(home_region=stored_home))
    assert judge(enrolment(home_region=row_home), item, run) == Unchanged()
    changed = judge(enrolment(home_region=row_home, batch="new"), item, run)
    assert isinstance(changed, Change)
    assert "homeRegion" not in changed.arguments["ExpressionAttributeNames"].values()


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.REVOKED])
@pytest.mark.parametrize(
    ("stored_home", "default_home", "named"),
    [(HOME, None, HOME), (None, HOME, HOME), (None, None, "the default Region")],
)
def test_enrolling_never_moves_a_home(status, stored_home, default_home, named):
    run = Run(by=RUN.by, at=NOW, default_home=default_home)
    item = to_item(stored(status=status, home_region=stored_home))
    verdict = judge(enrolment(home_region=OTHER), item, run)
    assert isinstance(verdict, Refused)
    assert verdict.problem.startswith(f"The home of SN-0001 is {named}, ")
    assert "`take-over` in eu-central-1." in verdict.problem
