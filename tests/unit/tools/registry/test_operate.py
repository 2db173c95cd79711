import time

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


def run(table, action, iot=None, serial="SN-0001", **more):
    return operate(
        table, iot, serial, action, by=BY, reason="ticket 4711", sleep=lambda _: None, **more
    )


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


@pytest.mark.parametrize("status", ["REVOKED", "PENDING_ACTIVATION", "PENDING_TRANSFER"])
def test_resume_activates_nothing_that_was_not_deactivated(status):
    iot = certificates(status)
    suspended = device(Status.SUSPENDED, suspended_certificate_ids=frozenset({CERTIFICATE}))
    run(suspended, Action.RESUME, iot)
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
    assert "run the same command again" in report.sentence


def test_a_deleted_certificate_is_no_obstacle():
    assert run(device(Status.ACTIVE), Action.REVOKE, FakeIot()).result is Result.CHANGED


@pytest.mark.parametrize(
    ("serial", "part"), [("SN-9", "is not enrolled"), ("a b", "is not a serial number")]
)
def test_an_unknown_device_is_refused_in_a_sentence(serial, part):
    report = run(device(Status.ACTIVE), Action.SUSPEND, serial=serial)
    assert report.result is Result.REFUSED
    assert part in report.sentence


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


def test_resume_never_activates_what_the_suspension_did_not_switch():
    table, iot = device(Status.ACTIVE), certificates("ACTIVE", "INACTIVE")
    run(table, Action.SUSPEND, iot)
    assert iot.certificates == {CERTIFICATE: "INACTIVE", OTHER_CERTIFICATE: "INACTIVE"}
    run(table, Action.RESUME, iot)
    assert iot.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}
    assert "suspendedCertificateIds" not in table.items["SN-0001"]


def test_resume_never_activates_what_was_retired():
    table, iot = device(Status.ACTIVE), certificates()
    run(table, Action.SUSPEND, iot)
    # Noted by the suspension after it was retired.
    table.items["SN-0001"]["retiredCertificateIds"] = {"SS": [OTHER_CERTIFICATE]}
    assert run(table, Action.RESUME, iot).ok
    assert iot.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}
    # Not even for a moment.
    assert ("update_certificate", OTHER_CERTIFICATE, "ACTIVE") not in iot.calls


def test_resume_takes_back_what_is_retired_while_it_is_activated():
    table, iot = device(Status.ACTIVE), certificates()
    run(table, Action.SUSPEND, iot)
    update = iot.update_certificate

    def retire(certificateId, newStatus):  # noqa: N803
        update(certificateId=certificateId, newStatus=newStatus)
        table.items["SN-0001"]["retiredCertificateIds"] = {"SS": [OTHER_CERTIFICATE]}

    iot.update_certificate = retire
    report = run(table, Action.RESUME, iot)
    assert report.ok
    assert report.sentence.endswith(f"certificate {OTHER_CERTIFICATE[:12]}... is now INACTIVE.")
    assert iot.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}


def test_a_lost_key_stays_dead_through_release_suspend_and_resume():
    table, iot = device(Status.ACTIVE), certificates()
    for action in (Action.RELEASE, Action.SUSPEND, Action.RESUME):
        run(table, action, iot)
    assert from_item(table.items["SN-0001"]).status is Status.ENROLLED
    assert iot.certificates == {CERTIFICATE: "INACTIVE", OTHER_CERTIFICATE: "INACTIVE"}


@pytest.mark.parametrize("status", [Status.ENROLLED, Status.PROVISIONING, Status.ACTIVE])
def test_resume_of_a_device_that_is_not_suspended_switches_nothing(status):
    iot = certificates("INACTIVE", "INACTIVE")
    assert run(device(status), Action.RESUME, iot).result is Result.ALREADY
    assert set(iot.certificates.values()) == {"INACTIVE"}


def test_a_resume_that_stopped_halfway_is_finished_by_the_next():
    table, iot = device(Status.ACTIVE), certificates()
    run(table, Action.SUSPEND, iot)
    iot.failures["update_certificate"] = [client_error("InternalFailureException")]
    report = run(table, Action.RESUME, iot)
    assert report.result is Result.FAILED
    assert "stays SUSPENDED" in report.sentence
    assert run(table, Action.RESUME, iot).ok
    assert set(iot.certificates.values()) == {"ACTIVE"}


def test_a_suspension_that_stopped_halfway_is_finished_by_the_next_and_resumed_whole():
    table, iot = device(Status.ACTIVE), certificates()
    run(table, Action.SUSPEND)
    assert "suspendedCertificateIds" not in table.items["SN-0001"]
    run(table, Action.SUSPEND, iot)
    assert set(iot.certificates.values()) == {"INACTIVE"}
    run(table, Action.RESUME, iot)
    assert set(iot.certificates.values()) == {"ACTIVE"}


@pytest.mark.parametrize(
    ("status", "certificate"), [(Status.REVOKED, "REVOKED"), (Status.ACTIVE, "ACTIVE")]
)
def test_a_resume_that_lost_the_race_takes_back_what_it_activated(status, certificate):
    table, iot = device(Status.ACTIVE), certificates()
    run(table, Action.SUSPEND, iot)
    table.meanwhile = lambda: table.items.update(device(status).items)
    report = run(table, Action.RESUME, iot)
    assert report.ok == (status is Status.ACTIVE)
    assert set(iot.certificates.values()) == {certificate}


def test_a_newer_suspension_is_not_resumed_by_an_older_command():
    table, iot = device(Status.ACTIVE), certificates()
    run(table, Action.SUSPEND, iot)
    anew = device(Status.SUSPENDED, status_changed_at=NOW)
    table.meanwhile = lambda: table.items.update(anew.items)
    assert "suspended anew meanwhile" in run(table, Action.RESUME, iot).sentence
    assert set(iot.certificates.values()) == {"INACTIVE"}


def test_a_release_never_hits_a_claim_that_is_newer_than_the_command():
    table, iot = device(Status.PROVISIONING), certificates()
    newer = device(Status.PROVISIONING, certificate_id=OTHER_CERTIFICATE, claimed_at=NOW + 9)
    table.meanwhile = lambda: table.items.update(newer.items)
    report = run(table, Action.RELEASE, iot)
    assert report.result is Result.REFUSED
    assert "claimed anew meanwhile" in report.sentence
    assert from_item(table.items["SN-0001"]).status is Status.PROVISIONING
    assert set(iot.certificates.values()) == {"ACTIVE"}


def test_a_release_says_what_became_of_the_certificate():
    sentence = run(device(Status.ACTIVE), Action.RELEASE, certificates()).sentence
    assert f"certificate {CERTIFICATE[:12]}... is now INACTIVE" in sentence


def _fresh(iot, action, activated_after=None):
    """Run an action on a claim in flight; AWS IoT activates the certificate after some waits."""
    table, waits = device(Status.PROVISIONING, claimed_at=int(time.time())), []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == activated_after:
            iot.certificates[CERTIFICATE] = "ACTIVE"

    report = operate(table, iot, "SN-0001", action, by=BY, reason="x", sleep=sleep)
    return table, report, waits


@pytest.mark.parametrize(
    ("action", "status"),
    [
        (Action.SUSPEND, "INACTIVE"),
        (Action.REVOKE, "REVOKED"),
        (Action.RELEASE, "INACTIVE"),
    ],
)
def test_a_certificate_that_is_activated_while_the_record_is_closed_is_caught(action, status):
    iot = certificates("PENDING_ACTIVATION", "REVOKED")
    table, report, waits = _fresh(iot, action, activated_after=2)
    assert report.ok
    assert iot.certificates[CERTIFICATE] == status
    assert len(waits) == 2
    if action is Action.SUSPEND:
        assert table.items["SN-0001"]["suspendedCertificateIds"] == {"SS": [CERTIFICATE]}


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.RELEASE])
def test_a_certificate_that_stays_pending_is_said_and_is_no_success(action):
    iot = certificates("PENDING_ACTIVATION", "REVOKED")
    table, report, waits = _fresh(iot, action)
    assert report.result is Result.FAILED
    again = {
        Action.SUSPEND: "run the same command again in a minute",
        Action.RELEASE: f"run it again with --certificate {CERTIFICATE} in a minute",
    }
    assert again[action] in report.sentence
    assert sum(waits) <= 6
    table.items["SN-0001"]["statusChangedAt"] = {"N": str(int(time.time()) - 60)}
    iot.certificates[CERTIFICATE] = "ACTIVE"
    assert run(table, action, iot).ok
    assert iot.certificates[CERTIFICATE] == "INACTIVE"


def test_a_device_that_was_let_in_long_ago_is_not_waited_for():
    waits = []
    operate(
        device(Status.ACTIVE),
        certificates(),
        "SN-0001",
        Action.SUSPEND,
        by=BY,
        reason="x",
        sleep=waits.append,
    )
    assert waits == []


def damaged(**changes):
    table = device(Status.ACTIVE)
    table.items["SN-0001"] |= {"claimedAt": {"S": "yesterday"}, **changes}
    return table


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"certificateIds": {"L": [{"S": OTHER_CERTIFICATE}, {"N": "1"}]}},
        {"status": {"N": "7"}, "statusChangedAt": {"BOOL": True}},
    ],
)
def test_a_malformed_record_is_revoked_by_what_can_be_read_of_it(changes):
    table, iot = damaged(**changes), certificates()
    report = run(table, Action.REVOKE, iot)
    assert report.ok
    assert "malformed" in report.sentence
    assert table.items["SN-0001"]["status"] == {"S": "REVOKED"}
    assert set(iot.certificates.values()) == {"REVOKED"}
    assert run(table, Action.REVOKE, iot).result is Result.ALREADY


def test_a_malformed_record_s_certificates_are_suspended_and_the_record_is_named():
    table, iot = damaged(), certificates()
    before = dict(table.items["SN-0001"])
    report = run(table, Action.SUSPEND, iot)
    assert report.result is Result.REFUSED
    assert "malformed (claimedAt)" in report.sentence
    assert table.items["SN-0001"] == before
    assert set(iot.certificates.values()) == {"INACTIVE"}


@pytest.mark.parametrize("action", [Action.RESUME, Action.RELEASE])
def test_a_malformed_record_is_not_let_in(action):
    table, iot = damaged(), certificates("INACTIVE", "INACTIVE")
    report = run(table, action, iot)
    assert report.result is Result.REFUSED
    assert table.writes == []
    assert set(iot.certificates.values()) == {"INACTIVE"}


def test_one_certificate_that_cannot_be_switched_does_not_save_the_others():
    iot = certificates()
    iot.failures["update_certificate"] = [client_error("CertificateStateException")]
    assert run(device(Status.ACTIVE), Action.REVOKE, iot).result is Result.FAILED
    assert sorted(iot.certificates.values()) == ["ACTIVE", "REVOKED"]


def test_a_release_that_is_repeated_leaves_a_newer_claim_alone():
    """The first run released OTHER_CERTIFICATE and stopped; CERTIFICATE claimed since."""
    table, iot = device(Status.PROVISIONING), certificates()
    report = run(table, Action.RELEASE, iot, certificate_id=OTHER_CERTIFICATE)
    assert report.ok
    assert "claimed anew since" in report.sentence
    assert from_item(table.items["SN-0001"]).status is Status.PROVISIONING
    assert iot.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}


def test_a_release_of_one_certificate_s_claim():
    table = device(Status.PROVISIONING)
    assert run(table, Action.RELEASE, certificate_id="ab" * 32).result is Result.REFUSED
    assert table.writes == []
    iot = certificates()
    assert run(table, Action.RELEASE, iot, certificate_id=CERTIFICATE).result is Result.CHANGED
    assert set(iot.certificates.values()) == {"INACTIVE"}
    assert run(table, Action.RELEASE, iot, certificate_id=CERTIFICATE).result is Result.ALREADY


def test_what_a_suspension_is_about_to_switch_is_noted_in_the_same_write():
    """Killed right after it, and finished by hand at AWS IoT, it can still be resumed."""
    table, iot = device(Status.ACTIVE), certificates("ACTIVE", "INACTIVE")
    update = table.update

    def killed_after(arguments):
        update(arguments)
        raise KeyboardInterrupt

    table.update = killed_after
    with pytest.raises(KeyboardInterrupt):
        run(table, Action.SUSPEND, iot)
    table.update = update
    assert table.items["SN-0001"]["suspendedCertificateIds"] == {"SS": [CERTIFICATE]}
    iot.certificates[CERTIFICATE] = "INACTIVE"
    run(table, Action.RESUME, iot)
    assert iot.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}
