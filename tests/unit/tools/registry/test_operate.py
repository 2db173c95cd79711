import pytest
from botocore.exceptions import ClientError

from device_registry.record import Status, from_item, to_item
from device_registry.transitions import ALLOWED_FROM, Action
from tests.unit.builders import CERTIFICATE, NOW, OTHER_CERTIFICATE, record
from tests.unit.tools.fakes import FakeIot, FakeTable, client_error
from tools.registry.operate import Result, operate

BY = "arn:aws:iam::123456789012:user/operator"
LATER = {
    Action.SUSPEND: Status.SUSPENDED,
    Action.RESUME: Status.ACTIVE,
    Action.REVOKE: Status.REVOKED,
    Action.RELEASE: Status.ENROLLED,
}


def device(status, **changes):
    changes.setdefault("claimed_at", NOW)
    changes.setdefault("certificate_id", CERTIFICATE)
    changes.setdefault("certificate_ids", frozenset({CERTIFICATE, OTHER_CERTIFICATE}))
    if status is Status.SUSPENDED:
        changes.setdefault("suspended_from", Status.ACTIVE)
    return FakeTable(to_item(record(status=status, **changes)))


def certificates(present="ACTIVE", earlier="ACTIVE"):
    iot = FakeIot()
    iot.certificates = {CERTIFICATE: present, OTHER_CERTIFICATE: earlier}
    return iot


def run(table, action, iot=None, serial="SN-0001"):
    return operate(table, iot, serial, action, by=BY, reason="ticket 4711")


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("status", Status)
def test_each_action_in_each_status(action, status):
    table = device(status)
    report = run(table, action)
    after = from_item(table.items["SN-0001"])
    if status in ALLOWED_FROM[action]:
        assert report.result is Result.CHANGED
        assert (after.status, after.status_changed_by) == (LATER[action], BY)
        assert after.status_reason == "ticket 4711"
        assert f"is now {after.status} (was {status})" in report.sentence
    else:
        assert after.status is status
        assert table.writes == []
        assert report.result in (Result.ALREADY, Result.REFUSED)
    if status is Status.REVOKED:
        assert after.status is Status.REVOKED
    assert report.ok == (report.result is not Result.REFUSED)
    assert run(table, action).result is not Result.CHANGED


@pytest.mark.parametrize(
    ("action", "status", "present", "earlier"),
    [
        (Action.SUSPEND, Status.ACTIVE, "INACTIVE", "INACTIVE"),
        (Action.REVOKE, Status.ACTIVE, "REVOKED", "REVOKED"),
        (Action.RELEASE, Status.ACTIVE, "INACTIVE", "INACTIVE"),
    ],
)
def test_present_and_earlier_certificates_are_cut_off(action, status, present, earlier):
    iot = certificates()
    run(device(status), action, iot)
    assert iot.certificates == {CERTIFICATE: present, OTHER_CERTIFICATE: earlier}


def test_resume_brings_back_the_present_certificate_and_no_earlier_one():
    iot = certificates("INACTIVE", "INACTIVE")
    run(device(Status.SUSPENDED), Action.RESUME, iot)
    assert iot.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}


@pytest.mark.parametrize("status", ["REVOKED", "PENDING_ACTIVATION", "PENDING_TRANSFER"])
def test_resume_activates_nothing_that_was_not_deactivated(status):
    iot = certificates(status)
    run(device(Status.SUSPENDED), Action.RESUME, iot)
    assert iot.certificates[CERTIFICATE] == status


def test_suspend_leaves_a_certificate_alone_that_was_never_active():
    iot = certificates("PENDING_ACTIVATION")
    run(device(Status.PROVISIONING), Action.SUSPEND, iot)
    assert iot.certificates[CERTIFICATE] == "PENDING_ACTIVATION"


def test_the_record_is_closed_before_a_certificate_is_touched():
    table, iot = device(Status.ACTIVE), certificates()
    iot.failures["describe_certificate"] = [client_error("AccessDeniedException")]
    with pytest.raises(ClientError):
        run(table, Action.REVOKE, iot)
    assert from_item(table.items["SN-0001"]).status is Status.REVOKED
    assert iot.certificates[CERTIFICATE] == "ACTIVE"
    report = run(table, Action.REVOKE, iot)
    assert report.result is Result.CHANGED
    assert iot.certificates[CERTIFICATE] == "REVOKED"


def test_a_certificate_that_cannot_be_switched_fails_this_device_only():
    table, iot = device(Status.ACTIVE), certificates()
    iot.failures["update_certificate"] = [client_error("CertificateStateException")]
    report = run(table, Action.SUSPEND, iot)
    assert report.result is Result.FAILED
    assert "Run the command again" in report.sentence


def test_a_deleted_certificate_is_no_obstacle():
    assert run(device(Status.ACTIVE), Action.REVOKE, FakeIot()).result is Result.CHANGED


@pytest.mark.parametrize(
    ("serial", "part"), [("SN-9", "is not enrolled"), ("a b", "is not a serial number")]
)
def test_an_unknown_device_is_refused_in_a_sentence(serial, part):
    report = run(device(Status.ACTIVE), Action.SUSPEND, serial=serial)
    assert report.result is Result.REFUSED
    assert part in report.sentence


def test_a_malformed_record_is_refused_and_left_alone():
    table = device(Status.ACTIVE)
    del table.items["SN-0001"]["claimedAt"]
    report = run(table, Action.REVOKE)
    assert report.result is Result.REFUSED
    assert "malformed (claimedAt)" in report.sentence


def test_a_change_in_between_is_read_anew():
    table = device(Status.ENROLLED)
    table.meanwhile = lambda: table.items.update(device(Status.ACTIVE).items)
    assert "(was ACTIVE)" in run(table, Action.SUSPEND).sentence


def test_a_record_that_never_rests_is_a_failure():
    table = device(Status.ENROLLED)

    def again():
        table.meanwhile = again

    table.meanwhile = again
    assert run(table, Action.SUSPEND).result is Result.FAILED
