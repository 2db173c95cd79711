from dataclasses import replace

import pytest

from device_registry.reasons import Denial
from device_registry.record import ReprovisionPolicy, Status
from tests.unit.builders import CERTIFICATE, NOW, OTHER_CERTIFICATE, record
from tools.decommission.inventory import Certificate, Details, Unit
from tools.registry.diagnosis import Refusal, Verdict, diagnose
from tools.registry.explain import DENIALS
from tools.registry.explain import denial as explain_denial
from tools.registry.explain import status as explain_status

THING = "acme-SN-0001"
UNIT = Unit(thing_name=THING, serial_number="SN-0001", certificate_ids=frozenset())
NOTHING = Details(unit=UNIT, thing_exists=False)


def at_aws(*, status="ACTIVE", policies=("acme-sensor",), things=(THING,), exists=True, **more):
    """What AWS IoT has: the certificate that the builder's records hold."""
    held = Certificate(
        certificate_id=more.get("certificate_id", OTHER_CERTIFICATE),
        arn="arn",
        status=status,
        policies=policies,
        things=things,
    )
    return Details(unit=UNIT, thing_exists=exists, certificates=(held,))


def refused(reason, at=NOW - 5):
    return Refusal(reason=reason, at=at, explained=DENIALS[reason])


def claimed(status, ago=3_600, **changes):
    return record(status=status, claimed_at=NOW - ago, status_changed_at=NOW - ago, **changes)


@pytest.mark.parametrize("reason", Denial)
def test_a_stranger_that_was_refused_is_told_why(reason):
    found = diagnose(None, NOTHING, refused(reason), NOW)
    assert found.verdict is Verdict.REFUSED
    assert (found.why, found.advice) == (DENIALS[reason].why, DENIALS[reason].advice)


@pytest.mark.parametrize("details", [None, NOTHING, at_aws()])
def test_a_stranger_that_was_never_seen(details):
    found = diagnose(None, details, None, NOW)
    assert found.verdict is Verdict.NOT_ENROLLED
    exists = details is not None and details.thing_exists
    assert ("has a thing of its name" in found.why) == exists
    assert ("no refusal of it was found" in found.why) != exists


def test_a_damaged_record_is_named():
    found = diagnose("claimedAt", at_aws(), refused(Denial.MALFORMED_RECORD), NOW)
    assert found.verdict is Verdict.MALFORMED
    assert "claimedAt" in found.why


@pytest.mark.parametrize("reason", Denial)
def test_an_enrolled_device_that_was_refused_since(reason):
    enrolled = record(status=Status.ENROLLED)
    found = diagnose(enrolled, NOTHING, refused(reason), NOW)
    assert found.verdict is Verdict.REFUSED
    assert found.why == DENIALS[reason].why


@pytest.mark.parametrize("reason", Denial)
@pytest.mark.parametrize("at", [NOW - 90_000, NOW - 86_400])
def test_a_refusal_before_the_enrolment_says_nothing_where_it_was_of_the_moment(reason, at):
    """The record's time is that of the second: what was refused in it came before."""
    of_the_moment = {
        Denial.ALREADY_ACTIVE,
        Denial.CLAIMED_BY_OTHER_CERTIFICATE,
        Denial.NOT_HOME_REGION,
        Denial.REVOKED,
        Denial.SUSPENDED,
        Denial.UNKNOWN_SERIAL,
    }
    found = diagnose(record(), NOTHING, refused(reason, at + 0.9), NOW)
    expected = Verdict.WAITING if reason in of_the_moment else Verdict.REFUSED
    assert found.verdict is expected


def test_a_refusal_of_an_unreadable_time_counts():
    found = diagnose(record(), NOTHING, refused(Denial.UNKNOWN_SERIAL, None), NOW)
    assert found.verdict is Verdict.REFUSED


@pytest.mark.parametrize("status", [Status.PROVISIONING, Status.ACTIVE])
@pytest.mark.parametrize("reason", [Denial.WRONG_CLAIM, Denial.ALREADY_ACTIVE])
def test_who_was_let_in_after_a_refusal_is_not_refused(status, reason):
    after = claimed(status, ago=3_600)
    let_in = diagnose(after, at_aws(), refused(reason, NOW - 3_700), NOW)
    assert let_in.verdict in (Verdict.CLAIMED, Verdict.WORKING)
    assert diagnose(after, at_aws(), refused(reason), NOW).verdict is Verdict.REFUSED


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({}, "it has not asked."),
        ({"required_claim_certificate_id": CERTIFICATE}, f"Only certificate {CERTIFICATE[:12]}"),
        ({"enrolment_expires_at": NOW}, "its enrolment is over"),
        ({"enrolment_expires_at": NOW + 1}, "it has not asked."),
        ({"enrolment_expires_at": NOW, "provisioned_at": NOW - 9}, "it has not asked."),
    ],
)
def test_an_enrolled_device_that_never_asked(changes, part):
    found = diagnose(record(**changes), NOTHING, None, NOW)
    assert found.verdict is Verdict.WAITING
    assert part in found.why


@pytest.mark.parametrize("status", [Status.SUSPENDED, Status.REVOKED])
@pytest.mark.parametrize(
    ("by", "reason", "part"),
    [("arn", "lost", " By arn: lost."), (None, "lost", " Reason: lost."), ("arn", None, "")],
)
def test_a_device_that_an_operator_cut_off(status, by, reason, part):
    closed = record(status=status, status_changed_by=by, status_reason=reason)
    for details in (None, NOTHING, at_aws(status="REVOKED"), at_aws(status="INACTIVE")):
        found = diagnose(closed, details, refused(Denial.UNKNOWN_SERIAL), NOW)
        assert found.verdict is Verdict.CUT_OFF
        means = explain_status(closed, NOW)
        assert (found.why, found.advice) == (means.why + part, means.advice)


@pytest.mark.parametrize(
    ("status", "command"), [(Status.SUSPENDED, "suspend"), (Status.REVOKED, "revoke")]
)
def test_a_device_that_can_still_connect_is_only_half_cut_off(status, command):
    found = diagnose(record(status=status), at_aws(), None, NOW)
    assert found.verdict is Verdict.HALF_CUT_OFF
    assert f"{OTHER_CERTIFICATE[:12]}... ACTIVE" in found.why
    assert found.advice.startswith(f"Run `{command}` again")


@pytest.mark.parametrize("status", [Status.PROVISIONING, Status.ACTIVE])
def test_without_aws_iot_the_record_answers(status):
    stands = claimed(status)
    found = diagnose(stands, None, None, NOW)
    assert found.verdict is (Verdict.CLAIMED if status == "PROVISIONING" else Verdict.WORKING)
    assert found.why == explain_status(stands, NOW).why


@pytest.mark.parametrize("status", [Status.PROVISIONING, Status.ACTIVE])
def test_all_is_in_place(status):
    found = diagnose(claimed(status), at_aws(), None, NOW)
    assert found.verdict is (Verdict.CLAIMED if status == "PROVISIONING" else Verdict.WORKING)
    assert ("nothing has confirmed" in found.why) == (status == "PROVISIONING")
    assert (THING in found.advice) == (status == "ACTIVE")


@pytest.mark.parametrize("status", [Status.PROVISIONING, Status.ACTIVE])
@pytest.mark.parametrize(
    ("details", "part"),
    [
        (at_aws(exists=False), f"thing {THING} does not exist"),
        (at_aws(things=("acme-SN-2",)), f"not attached to thing {THING}"),
        (at_aws(policies=()), "has no policy of its own"),
        (at_aws(status="INACTIVE"), "its certificate is INACTIVE"),
        (at_aws(status="REVOKED"), "its certificate is REVOKED"),
        (at_aws(certificate_id=CERTIFICATE), "its certificate is deleted"),
        (NOTHING, "its certificate is deleted"),
    ],
)
def test_what_is_missing_at_aws_iot_is_named(status, details, part):
    found = diagnose(claimed(status), details, None, NOW)
    assert found.verdict is (Verdict.STUCK if status == "PROVISIONING" else Verdict.BROKEN)
    assert part in found.why
    assert "release" in found.advice


@pytest.mark.parametrize("gated", [False, True])
def test_a_claim_that_never_ended(gated):
    pending = at_aws(status="PENDING_ACTIVATION", things=(), exists=False)
    found = diagnose(claimed(Status.PROVISIONING), pending, None, NOW, gated=gated)
    assert found.verdict is Verdict.STUCK
    assert ("dead-letter queue" in found.advice) == gated
    assert ("RegisterThing" in found.advice) != gated


@pytest.mark.parametrize(("ago", "verdict"), [(59, Verdict.CLAIMED), (60, Verdict.STUCK)])
def test_a_claim_of_a_moment_ago_is_given_time(ago, verdict):
    pending = at_aws(status="PENDING_ACTIVATION", things=(), exists=False)
    assert diagnose(claimed(Status.PROVISIONING, ago), pending, None, NOW).verdict is verdict


def test_every_answer_is_in_sentences():
    stands = [record(status=status) for status in Status]
    stands.append(replace(stands[0], reprovision_policy=ReprovisionPolicy.REPLACE))
    for each in (None, "deviceType", *stands):
        for details in (None, NOTHING, at_aws(), at_aws(status="PENDING_ACTIVATION")):
            for reason in (None, *Denial):
                refusal = reason and Refusal(
                    reason=reason, at=NOW, explained=explain_denial(reason, None)
                )
                found = diagnose(each, details, refusal, NOW)
                assert found.why.endswith(".")
                assert found.advice.endswith(".")
                assert ".." not in found.why.replace("...", "")


@pytest.mark.parametrize(
    ("status", "verdict"), [(Status.PROVISIONING, Verdict.STUCK), (Status.ACTIVE, Verdict.BROKEN)]
)
def test_a_device_that_is_left_in_quarantine_is_allowed_nothing(status, verdict):
    details = replace(at_aws(), groups=("acme-devices", "acme-quarantine"))
    found = diagnose(claimed(status), details, None, NOW)
    assert found.verdict is verdict
    assert "acme-quarantine" in found.why
    assert "incident lift" in found.advice
    elsewhere = replace(details, groups=("other-quarantine",))
    assert diagnose(claimed(status), elsewhere, None, NOW).verdict is not verdict


def test_what_cannot_connect_is_not_named_as_what_can():
    held = at_aws().certificates[0]
    details = replace(
        at_aws(), certificates=(held, replace(held, certificate_id="a" * 64, status="INACTIVE"))
    )
    found = diagnose(record(status=Status.REVOKED), details, None, NOW)
    assert "aaaa" not in found.why


def test_a_refusal_away_from_home_is_over_when_the_home_has_moved():
    refusal = refused(Denial.NOT_HOME_REGION, NOW - 50)
    moved = record(home_region="eu-central-1", home_changed_at=NOW - 40)
    assert diagnose(moved, NOTHING, refusal, NOW).verdict is Verdict.WAITING
    before = replace(moved, home_changed_at=NOW - 60)
    assert diagnose(before, NOTHING, refusal, NOW).verdict is Verdict.REFUSED
    other = refused(Denial.UNKNOWN_SERIAL, NOW - 50)
    assert diagnose(moved, NOTHING, other, NOW).verdict is Verdict.REFUSED
