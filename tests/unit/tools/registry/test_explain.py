from dataclasses import replace

import pytest

from device_registry.claim import NEVER
from device_registry.reasons import Denial
from device_registry.record import ReprovisionPolicy, Status
from tests.unit.builders import NOW, record
from tools.registry.explain import DENIALS, denial, status


def test_every_denial_is_explained_and_nothing_else():
    assert set(DENIALS) == set(Denial)
    for explanation in DENIALS.values():
        assert explanation.why.endswith(".")
        assert explanation.advice.endswith(".")
    assert len({explanation.why for explanation in DENIALS.values()}) == len(Denial)


@pytest.mark.parametrize("each", Status)
def test_every_status_is_explained(each):
    explanation = status(record(status=each), NOW)
    assert explanation.why.endswith(".")
    assert explanation.advice.endswith(".")


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"status": Status.ENROLLED, "enrolment_expires_at": NOW + 1}, "may be provisioned now"),
        ({"status": Status.ENROLLED, "enrolment_expires_at": NOW}, "enrolment is over"),
        (
            {"status": Status.ENROLLED, "enrolment_expires_at": NOW, "provisioned_at": NOW - 9},
            "may be provisioned now",
        ),
        ({"status": Status.PROVISIONING, "lease_expires_at": NEVER}, "does not lapse"),
        ({"status": Status.PROVISIONING, "lease_expires_at": NOW + 1}, "until the lease is over"),
        ({"status": Status.PROVISIONING, "lease_expires_at": NOW}, "may be claimed again"),
        (
            {
                "status": Status.PROVISIONING,
                "lease_expires_at": NOW,
                "enrolment_expires_at": NOW,
            },
            "so is its enrolment",
        ),
        (
            {"status": Status.ACTIVE, "reprovision_policy": ReprovisionPolicy.REPLACE},
            "may take the place",
        ),
        (
            {"status": Status.ACTIVE, "reprovision_policy": ReprovisionPolicy.NEVER},
            "no second one",
        ),
    ],
)
def test_the_moment_and_the_policy_matter(changes, part):
    assert part in status(record(**changes), NOW).why


def test_resume_is_said_to_lead_back():
    suspended = replace(record(status=Status.SUSPENDED), suspended_from=Status.ACTIVE)
    assert "ACTIVE" in status(suspended, NOW).advice


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({}, "Enrol it again with a later enrolmentExpiresAt."),
        ({"status": Status.PROVISIONING}, "Use `release`, then enrol it again"),
        ({"status": Status.REVOKED}, "It is REVOKED since"),
    ],
)
def test_what_to_do_about_an_expired_enrolment_depends_on_the_record(changes, advice):
    assert denial(Denial.ENROLMENT_EXPIRED, record(**changes)).advice.startswith(advice)


def test_without_a_record_a_denial_is_explained_all_the_same():
    for reason, explained in DENIALS.items():
        assert denial(reason, None) == explained


def test_a_lost_claim_is_said_not_to_come_back_by_waiting():
    explained = DENIALS[Denial.CLAIMED_BY_OTHER_CERTIFICATE].advice
    assert "release" in explained
    assert "wait" not in explained
    assert "never with one that held the claim" in explained


@pytest.mark.parametrize(
    ("reason", "deleted"),
    [
        (Denial.UNKNOWN_SERIAL, True),
        (Denial.ENROLMENT_EXPIRED, True),
        (Denial.SUSPENDED, True),
        (Denial.REVOKED, False),
        (Denial.CERTIFICATE_REVOKED, False),
        (Denial.CERTIFICATE_NOT_VALID, False),
        (Denial.INVALID_PARAMETER, False),
        (Denial.CRL_UNAVAILABLE, False),
        (Denial.REGISTRY_UNAVAILABLE, False),
    ],
)
def test_a_certificate_that_a_gate_refused_has_to_go_before_the_device_may_ask_again(
    reason, deleted
):
    suspended = record(status=Status.SUSPENDED)
    for known in (None, suspended):
        assert ("delete-certificate" in denial(reason, known, gated=True).advice) is deleted
        assert "delete-certificate" not in denial(reason, known).advice
        assert denial(reason, known, gated=True).advice.startswith(denial(reason, known).advice)


@pytest.mark.parametrize(
    "reason",
    [
        Denial.UNKNOWN_SERIAL,
        Denial.WRONG_CLAIM,
        Denial.WRONG_DEVICE_TYPE,
        Denial.WRONG_MANUFACTURER,
    ],
)
def test_what_may_come_of_a_ca_is_not_laid_on_the_device_alone(reason):
    explained = DENIALS[reason]
    assert any(word in explained.why + explained.advice for word in ("CA", "maker"))


@pytest.mark.parametrize(
    ("record_home", "default_home", "named"),
    [
        ("eu-central-1", "eu-west-1", "eu-central-1"),
        (None, "eu-west-1", "eu-west-1"),
        (None, None, None),
    ],
)
def test_who_asked_away_from_home_is_told_where_that_is(record_home, default_home, named):
    known = record(home_region=record_home)
    explained = denial(Denial.NOT_HOME_REGION, known, default_home=default_home)
    if named is None:
        assert explained == DENIALS[Denial.NOT_HOME_REGION]
    else:
        assert explained.why.startswith(f"{named} decides")
        assert f"`take-over --from {named}`" in explained.advice
