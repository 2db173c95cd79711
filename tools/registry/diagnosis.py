"""Why a device is where it is: one answer from its record, its last refusal and AWS IoT."""

from dataclasses import dataclass
from enum import StrEnum

from device_registry.certificates import ACTIVE, PENDING
from device_registry.reasons import Denial
from device_registry.record import DeviceRecord, Status
from tools.decommission.inventory import Certificate, Details
from tools.incident.quarantine import GROUP_SUFFIX
from tools.registry.certificates import short
from tools.registry.explain import Explanation
from tools.registry.explain import status as explain_status

# Between the hook's answer and the end of RegisterThing lie seconds.
_UNDER_WAY_SECONDS = 60
# These follow from where the record stood: a record that has moved on since refutes them. Any other
# reason holds until the device was let in.
_OF_THE_MOMENT = frozenset(
    {
        Denial.ALREADY_ACTIVE,
        Denial.CLAIMED_BY_OTHER_CERTIFICATE,
        Denial.NOT_HOME_REGION,
        Denial.REVOKED,
        Denial.SUSPENDED,
        Denial.UNKNOWN_SERIAL,
    }
)


class Verdict(StrEnum):
    """How a device stands, in a word."""

    REFUSED = "refused"
    NOT_ENROLLED = "not-enrolled"
    MALFORMED = "malformed"
    WAITING = "waiting"
    CLAIMED = "claimed"
    STUCK = "stuck"
    CUT_OFF = "cut-off"
    HALF_CUT_OFF = "half-cut-off"
    BROKEN = "broken"
    WORKING = "working"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The last refusal: its reason, when (seconds since 1970, None if unreadable), its meaning."""

    reason: str
    at: float | None
    explained: Explanation


@dataclass(frozen=True)
class Diagnosis:
    """How a device stands, why, and what to do."""

    verdict: Verdict
    why: str
    advice: str


def diagnose(
    record: DeviceRecord | str | None,
    details: Details | None,
    refusal: Refusal | None,
    now: int,
    *,
    gated: bool = False,
) -> Diagnosis:
    """Say how a device stands.

    Args:
        record: its record, the attribute that is wrong with it, or None.
        details: what AWS IoT has for it; None where that could not be read.
        refusal: its newest refusal, as far back as somebody looked; None for none.
        now: seconds since 1970.
        gated: whether the gate of a CA let the device in, and not the provisioning hook.
    """
    if record is None:
        return _stranger(details, refusal)
    if isinstance(record, str):
        return Diagnosis(
            Verdict.MALFORMED,
            f"Its record is damaged ({record}): provisioning refuses it.",
            "Mend the item in the table, or delete it and enrol the device again; `revoke` cuts it "
            "off as it is.",
        )
    if record.status in _CLOSED:
        return _closed(record, details, now)
    if refusal is not None and _holds(refusal, record):
        return Diagnosis(Verdict.REFUSED, refusal.explained.why, refusal.explained.advice)
    return _open(record, details, now, gated=gated)


def _open(record: DeviceRecord, details: Details | None, now: int, *, gated: bool) -> Diagnosis:
    if record.status is Status.ENROLLED:
        return _enrolled(record, now)
    if record.status is Status.PROVISIONING:
        return _provisioning(record, details, now, gated=gated)
    return _active(record, details, now)


def _stranger(details: Details | None, refusal: Refusal | None) -> Diagnosis:
    if refusal is not None:
        return Diagnosis(Verdict.REFUSED, refusal.explained.why, refusal.explained.advice)
    if details is not None and details.thing_exists:
        return Diagnosis(
            Verdict.NOT_ENROLLED,
            "Nobody enrolled this serial number, and AWS IoT has a thing of its name all the same: "
            "it was made by hand, by a CA's template, or its record was deleted.",
            "Find out who made it. Enrol the device if it is yours; `decommission` removes what it "
            "has.",
        )
    return Diagnosis(
        Verdict.NOT_ENROLLED,
        "Nobody enrolled this serial number, and no refusal of it was found.",
        "Compare it with what the device sends, letter by letter. If that is what it sends, the "
        "device has not reached provisioning: look at its network, its clock and its claim "
        "certificate; and enrol it.",
    )


def _holds(refusal: Refusal, record: DeviceRecord) -> bool:
    """Tell whether a refusal still says why the device is out."""
    if refusal.at is None:
        return True
    changed = [record.claimed_at or 0]
    if refusal.reason in _OF_THE_MOMENT:
        changed += [record.enrolled_at, record.status_changed_at]
    if refusal.reason == Denial.NOT_HOME_REGION:
        changed.append(record.home_changed_at or 0)
    # A record's times are whole seconds: the refusal before the change may bear the later one.
    return int(refusal.at) > max(changed)


_CLOSED = {Status.SUSPENDED: "suspend", Status.REVOKED: "revoke"}


def _closed(record: DeviceRecord, details: Details | None, now: int) -> Diagnosis:
    means = explain_status(record, now)
    who = f" By {record.status_changed_by}" if record.status_changed_by else ""
    reason = f"{who or ' Reason'}: {record.status_reason}." if record.status_reason else ""
    left = [each for each in _certificates(details) if each.status == ACTIVE]
    if left:
        named = ", ".join(f"{short(each.certificate_id)} {each.status}" for each in left)
        return Diagnosis(
            Verdict.HALF_CUT_OFF,
            f"{means.why}{reason} But the device can still connect: certificate {named}.",
            f"Run `{_CLOSED[record.status]}` again: it finishes what was interrupted.",
        )
    return Diagnosis(Verdict.CUT_OFF, f"{means.why}{reason}", means.advice)


def _enrolled(record: DeviceRecord, now: int) -> Diagnosis:
    means = explain_status(record, now)
    expires_at = record.enrolment_expires_at
    if record.provisioned_at is None and expires_at is not None and expires_at <= now:
        return Diagnosis(Verdict.WAITING, means.why, means.advice)
    tied = (
        f" Only certificate {short(record.required_claim_certificate_id)} brings it in."
        if record.required_claim_certificate_id
        else ""
    )
    return Diagnosis(
        Verdict.WAITING,
        f"It may be provisioned, and no refusal since says why it is not: it has not asked.{tied}",
        "Look at the device: power, network, clock, the endpoint's name. Then at what it comes "
        "with: the claim certificate must be ACTIVE and its template enabled, or the CA active.",
    )


def _certificates(details: Details | None) -> tuple[Certificate, ...]:
    return details.certificates if details else ()


def _present(record: DeviceRecord, details: Details) -> Certificate | None:
    found = (c for c in details.certificates if c.certificate_id == record.certificate_id)
    return next(found, None)


_PENDING = Explanation(
    "It was let in, and AWS IoT never activated its certificate: RegisterThing failed after the "
    "hook's answer, or the device gave up.",
    "Look at RegisterThing in the AWS IoT log: the template's role, a thing type or group that is "
    "missing, a quota. The device may ask again; with a new certificate once the lease is over or "
    "after `release`.",
)
_PENDING_AT_GATE = Explanation(
    "The gate let it in and never activated its certificate: it was interrupted, or AWS refused it "
    "a call.",
    "Look at the gate's log and its dead-letter queue. When the reason has gone, delete the "
    "certificate (aws iot delete-certificate --certificate-id ID), and the device's next "
    "connection asks anew.",
)


def _provisioning(
    record: DeviceRecord, details: Details | None, now: int, *, gated: bool
) -> Diagnosis:
    means = explain_status(record, now)
    if details is None:
        return Diagnosis(Verdict.CLAIMED, means.why, means.advice)
    certificate = _present(record, details)
    if certificate is not None and certificate.status == ACTIVE:
        fault = _fault(certificate, details, record)
        if fault is None:
            return Diagnosis(
                Verdict.CLAIMED,
                "It has its certificate and its thing, and nothing has confirmed that it connected "
                "with them.",
                "Nothing, if it is switched off or came up a moment ago. If it is connected and "
                "this stays so, look at what confirms devices: its function's errors and failures.",
            )
        return Diagnosis(Verdict.STUCK, fault.why, fault.advice)
    if (record.claimed_at or 0) > now - _UNDER_WAY_SECONDS:
        return Diagnosis(
            Verdict.CLAIMED,
            "It was let in a moment ago, and AWS IoT may still be making its thing.",
            "Ask again in a minute.",
        )
    if certificate is not None and certificate.status == PENDING:
        means = _PENDING_AT_GATE if gated else _PENDING
        return Diagnosis(Verdict.STUCK, means.why, means.advice)
    return Diagnosis(
        Verdict.STUCK,
        f"It was let in, and its certificate is {_state(certificate)}: it cannot connect.",
        "Find out who did that. `release` lets it in with a new certificate.",
    )


def _active(record: DeviceRecord, details: Details | None, now: int) -> Diagnosis:
    means = explain_status(record, now)
    if details is None:
        return Diagnosis(Verdict.WORKING, means.why, means.advice)
    certificate = _present(record, details)
    if certificate is None or certificate.status != ACTIVE:
        return Diagnosis(
            Verdict.BROKEN,
            f"Its record is ACTIVE, and its certificate is {_state(certificate)}: it cannot "
            "connect.",
            "Find out who did that: no command of these leaves a device so. `release` lets it in "
            "with a new certificate; `suspend` or `revoke` make the record say what is so.",
        )
    fault = _fault(certificate, details, record)
    if fault is not None:
        return Diagnosis(Verdict.BROKEN, fault.why, fault.advice)
    return Diagnosis(
        Verdict.WORKING,
        "It has its identity: certificate, thing and policy are in place, and no refusal since.",
        f"If it cannot connect, look at the device: its client id has to be "
        f"{details.unit.thing_name}, its clock right, its key the one of certificate "
        f"{short(certificate.certificate_id)}. If it lost that key, use `release`.",
    )


def _state(certificate: Certificate | None) -> str:
    return "deleted" if certificate is None else certificate.status


def _fault(certificate: Certificate, details: Details, record: DeviceRecord) -> Explanation | None:
    """Say what an ACTIVE certificate lacks."""
    thing = details.unit.thing_name
    again = "`release` it and let the device ask anew: provisioning makes what is missing."
    if not details.thing_exists:
        return Explanation(f"Its certificate is ACTIVE, and thing {thing} does not exist.", again)
    if thing not in certificate.things:
        return Explanation(
            f"Its certificate is ACTIVE and not attached to thing {thing}: policies that name the "
            "thing allow it nothing.",
            again,
        )
    group = f"{str(thing).removesuffix(record.serial_number)}{GROUP_SUFFIX}"
    if group in details.groups:
        return Explanation(
            f"Its record lets it go on, and its thing is still in {group}, whose policy allows it "
            "nothing.",
            f"`incident lift {record.serial_number} --reason ...` takes it out, if it is yours.",
        )
    if not certificate.policies:
        return Explanation(
            "Its certificate is ACTIVE and has no policy of its own: unless its group has one, it "
            "is allowed nothing.",
            again,
        )
    return None
