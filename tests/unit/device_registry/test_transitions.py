"""What an operator may do in which status."""

from dataclasses import replace

import pytest

from device_registry.record import MalformedRecordError, Status, from_item, status_shard, to_item
from device_registry.transitions import (
    Action,
    Change,
    TransitionRefusedError,
    target,
    transition_update,
)
from tests.unit.builders import NOW, OTHER_CERTIFICATE, record

CHANGE = Change(by="operator", reason="lost", at=NOW)
TABLE = {
    (Action.SUSPEND, Status.ENROLLED): Status.SUSPENDED,
    (Action.SUSPEND, Status.PROVISIONING): Status.SUSPENDED,
    (Action.SUSPEND, Status.ACTIVE): Status.SUSPENDED,
    (Action.RESUME, Status.SUSPENDED): Status.ENROLLED,
    (Action.REVOKE, Status.ENROLLED): Status.REVOKED,
    (Action.REVOKE, Status.PROVISIONING): Status.REVOKED,
    (Action.REVOKE, Status.ACTIVE): Status.REVOKED,
    (Action.REVOKE, Status.SUSPENDED): Status.REVOKED,
    (Action.RELEASE, Status.PROVISIONING): Status.ENROLLED,
    (Action.RELEASE, Status.ACTIVE): Status.ENROLLED,
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("action", Action)
def test_where_each_action_leads(action, status):
    before = record(status=status)
    expected = TABLE.get((action, status))
    if expected is None:
        with pytest.raises(TransitionRefusedError):
            target(before, action)
        with pytest.raises(TransitionRefusedError):
            transition_update(before, action, CHANGE)
    else:
        assert target(before, action) is expected


@pytest.mark.parametrize("action", Action)
@pytest.mark.failure_mode("S1")
def test_nothing_leads_out_of_revoked(action):
    with pytest.raises(TransitionRefusedError):
        target(record(status=Status.REVOKED), action)


@pytest.mark.parametrize("status", [Status.ENROLLED, Status.PROVISIONING, Status.ACTIVE])
def test_resume_goes_back_to_where_it_was(status):
    suspended = record(status=Status.SUSPENDED, suspended_from=status)
    assert target(suspended, Action.RESUME) is status


def test_the_refusal_says_what_would_be_allowed():
    with pytest.raises(TransitionRefusedError) as refused:
        target(record(), Action.RELEASE)
    assert str(refused.value) == (
        "SN-0001 is ENROLLED; release is for devices that are ACTIVE, PROVISIONING."
    )


def test_suspend_remembers_where_it_came_from():
    assert transition_update(record(status=Status.ACTIVE), Action.SUSPEND, CHANGE) == {
        "Key": {"serialNumber": {"S": "SN-0001"}},
        "ConditionExpression": "#status = :from AND statusChangedAt = :since",
        "UpdateExpression": (
            "SET #status = :to, statusShard = :statusShard, statusChangedAt = :at,"
            " statusChangedBy = :by, statusReason = :reason, suspendedFrom = :from"
        ),
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {
            ":from": {"S": "ACTIVE"},
            ":since": {"N": str(NOW - 86_400)},
            ":to": {"S": "SUSPENDED"},
            ":statusShard": {"S": status_shard(Status.SUSPENDED, "SN-0001")},
            ":at": {"N": str(NOW)},
            ":by": {"S": "operator"},
            ":reason": {"S": "lost"},
        },
        "ReturnValues": "ALL_NEW",
    }


def test_resume_does_not_lead_to_a_record_that_nobody_could_read():
    damaged = record(status=Status.SUSPENDED, suspended_from=Status.ACTIVE, certificate_id=None)
    with pytest.raises(MalformedRecordError, match="certificateId"):
        transition_update(damaged, Action.RESUME, CHANGE)


def test_resume_notes_which_suspension_is_over():
    update = transition_update(record(status=Status.SUSPENDED), Action.RESUME, CHANGE)
    assert update["UpdateExpression"].endswith(
        ", lastSuspendedAt = :since REMOVE suspendedFrom, suspendedCertificateIds"
    )
    assert update["ExpressionAttributeValues"][":since"] == {"N": str(NOW - 86_400)}


def test_every_other_action_forgets_it():
    update = transition_update(record(status=Status.SUSPENDED), Action.REVOKE, CHANGE)
    assert update["UpdateExpression"].endswith(
        " statusReason = :reason REMOVE suspendedFrom, suspendedCertificateIds"
    )


def test_suspend_remembers_which_certificates_it_switches_off():
    update = transition_update(
        record(status=Status.ACTIVE),
        Action.SUSPEND,
        CHANGE,
        suspended_certificate_ids=frozenset({"bb" * 32, "aa" * 32}),
    )
    assert update["UpdateExpression"].endswith(
        ", suspendedFrom = :from, suspendedCertificateIds = :suspended"
    )
    values = update["ExpressionAttributeValues"]
    assert values[":suspended"] == {"SS": ["aa" * 32, "bb" * 32]}


def test_a_released_record_forgets_the_claim_but_not_who_had_it(registry):
    before = record(status=Status.ACTIVE, lease_expires_at=NOW, template_name="acme-default")
    registry.put_item(TableName="registry", Item=to_item(before))
    update = transition_update(before, Action.RELEASE, CHANGE)
    after = from_item(registry.update_item(TableName="registry", **update)["Attributes"])
    assert after == replace(
        before,
        status=Status.ENROLLED,
        retired_certificate_ids=frozenset({OTHER_CERTIFICATE}),
        certificate_id=None,
        claim_certificate_id=None,
        template_name=None,
        claimed_at=None,
        lease_expires_at=None,
        status_changed_at=NOW,
        status_changed_by="operator",
        status_reason="lost",
    )
