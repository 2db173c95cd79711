"""What a status and a denial mean to an operator, and what to do about them."""

from dataclasses import dataclass, replace

from device_registry.claim import NEVER
from device_registry.reasons import Denial
from device_registry.record import DeviceRecord, ReprovisionPolicy, Status


@dataclass(frozen=True)
class Explanation:
    """Why it is so, and what to do."""

    why: str
    advice: str


DENIALS = {
    Denial.UNKNOWN_SERIAL: Explanation(
        "Nobody enrolled this serial number.",
        "Enrol it if the device is yours. If many strangers ask, look at the claim certificate "
        "they use, or ask the maker whose CA signed theirs.",
    ),
    Denial.WRONG_DEVICE_TYPE: Explanation(
        "The device named another type than the one it was enrolled with.",
        "Correct DeviceType in the device, the gate's settings or what the maker signs, or the "
        "deviceType of its enrolment.",
    ),
    Denial.WRONG_MANUFACTURER: Explanation(
        "The enrolment names a manufacturer, and the device named another one or none.",
        "Correct Manufacturer in the device, the gate's settings or what the maker signs, or the "
        "manufacturer of its enrolment.",
    ),
    Denial.WRONG_CLAIM: Explanation(
        "The enrolment ties the device to one claim certificate or CA, and it came with another.",
        "Find out how the device got the other one before changing requiredClaimCertificateId.",
    ),
    Denial.CLAIMED_BY_OTHER_CERTIFICATE: Explanation(
        "Another certificate holds the claim on this serial number, or took it over.",
        "If two devices use one serial number, find the second. If this is one device that lost "
        "its key, use `release`: it gets in with a new certificate, never with one that held the "
        "claim and lost it.",
    ),
    Denial.ALREADY_ACTIVE: Explanation(
        "The device has its identity, and its re-provisioning policy is 'never'.",
        "If it lost its key, use `release`; then it may be provisioned once more.",
    ),
    Denial.SUSPENDED: Explanation(
        "An operator suspended the device.", "Use `resume` when the reason has gone."
    ),
    Denial.REVOKED: Explanation(
        "An operator revoked the device, which is final.",
        "Give the device a new serial number if it may come back.",
    ),
    Denial.ENROLMENT_EXPIRED: Explanation(
        "The enrolment was over when the device asked.",
        "Enrol it again with a later enrolmentExpiresAt; if a certificate holds its claim, use "
        "`release` before.",
    ),
    Denial.NOT_HOME_REGION: Explanation(
        "Another Region decides on this serial number, its home, and the device asked here. This "
        "is what keeps one serial number from being granted twice.",
        "Nothing, if the device goes on to its next endpoint. If its home is lost, "
        "`take-over --from REGION` makes the Region of this stack the home.",
    ),
    Denial.INVALID_PARAMETER: Explanation(
        "The device sent a parameter, or its certificate a subject field, that AWS IoT could not "
        "use; the detail names it.",
        "Correct the device, or what its maker signs: values take letters, digits and "
        "_.,@/:#=[]- only, no spaces. A certificate that was refused stays so: the device needs "
        "a new one.",
    ),
    Denial.INVALID_REQUEST: Explanation(
        "The request was not of the form that AWS IoT documents; the detail names the field.",
        "Look at who calls the function: a template for just-in-time provisioning (it knows no "
        "claim certificate), a template with another payload version than 2020-04-01, or a caller "
        "other than AWS IoT.",
    ),
    Denial.CERTIFICATE_NOT_VALID: Explanation(
        "The device's certificate is not valid yet or no longer; the detail names the limit.",
        "Have its maker sign a new one, and look at the clock of whoever signs.",
    ),
    Denial.CERTIFICATE_REVOKED: Explanation(
        "The maker's CA revoked the device's certificate: it is on the CA's revocation list.",
        "Ask the maker why. The device may come back with a new certificate, if it is yours.",
    ),
    Denial.CRL_UNAVAILABLE: Explanation(
        "The maker's revocation list could not be used; the detail says why. Until it can, no "
        "device of that CA gets in, and none is refused for good.",
        "Put a current, complete list of that CA at the place that the gate reads, and see that "
        "the gate's role may read it.",
    ),
    Denial.MALFORMED_RECORD: Explanation(
        "The stored record is damaged; the detail names the attribute.",
        "Mend the item in the table, or delete it and enrol the device again.",
    ),
    Denial.REGISTRY_UNAVAILABLE: Explanation(
        "The function could not reach the registry table in time; the detail names the error.",
        "The device may simply try again. If it goes on: the function's role, the table and its "
        "key, throttling.",
    ),
    Denial.MISCONFIGURED: Explanation(
        "The function's environment is incomplete; the detail names the variable.",
        "Apply the Terraform stack again.",
    ),
    Denial.INTERNAL_ERROR: Explanation(
        "The function met an error that nobody foresaw, or AWS refused it a call; the detail "
        "names it.",
        "The device may try again. Look at what the detail names: a missing right or resource, "
        "throttling. Report anything else with the line from the log.",
    ),
}


# A gate sets the certificate that it refuses out of use. With these the certificate itself is in
# order, and may come again once the reason has gone.
_MAY_ASK_AGAIN = frozenset(
    {
        Denial.ALREADY_ACTIVE,
        Denial.CLAIMED_BY_OTHER_CERTIFICATE,
        Denial.ENROLMENT_EXPIRED,
        Denial.SUSPENDED,
        Denial.UNKNOWN_SERIAL,
        Denial.WRONG_CLAIM,
        Denial.WRONG_DEVICE_TYPE,
        Denial.WRONG_MANUFACTURER,
    }
)
_ASKING_AGAIN = (
    "The refused certificate stays out all the same: when the reason has gone, delete it "
    "(aws iot delete-certificate --certificate-id ID), and the device's next connection asks anew."
)


def denial(
    reason: Denial,
    record: DeviceRecord | None,
    *,
    gated: bool = False,
    default_home: str | None = None,
) -> Explanation:
    """Say what a denial means for the device as its record stands now.

    Args:
        reason: why it was refused.
        record: the device's record; None for none.
        gated: whether the gate of a CA refused it, and not the provisioning hook.
        default_home: the home Region of records that name none; None where nobody said.
    """
    explained = _for_record(reason, record, default_home)
    if gated and reason in _MAY_ASK_AGAIN:
        return replace(explained, advice=f"{explained.advice} {_ASKING_AGAIN}")
    return explained


def _for_record(
    reason: Denial, record: DeviceRecord | None, default_home: str | None
) -> Explanation:
    explained = DENIALS[reason]
    if record is None:
        return explained
    if reason is Denial.ENROLMENT_EXPIRED:
        return _expired(explained, record)
    home = record.home_region or default_home
    if reason is Denial.NOT_HOME_REGION and home is not None:
        return Explanation(
            f"{home} decides on this serial number, and the device asked here. One Region decides, "
            "so that no serial number is granted twice.",
            f"Nothing, if the device goes on to its endpoint in {home}. If that Region is lost, "
            f"`take-over --from {home}` lets the Region of this stack decide.",
        )
    return explained


def _expired(explained: Explanation, record: DeviceRecord) -> Explanation:
    match record.status:
        case Status.ENROLLED:
            advice = "Enrol it again with a later enrolmentExpiresAt."
        case Status.PROVISIONING:
            advice = "Use `release`, then enrol it again with a later enrolmentExpiresAt."
        case _:
            advice = f"It is {record.status} since; see what that means above."
    return replace(explained, advice=advice)


def status(record: DeviceRecord, now: int) -> Explanation:
    """Say what a record's status means at this moment, in seconds since 1970."""
    expires_at = record.enrolment_expires_at
    over = record.provisioned_at is None and expires_at is not None and expires_at <= now
    match record.status:
        case Status.ENROLLED if over:
            return Explanation(
                "It was never provisioned, and its enrolment is over.",
                "Enrol it again with a later enrolmentExpiresAt, or revoke it.",
            )
        case Status.ENROLLED:
            return Explanation(
                "It may be provisioned now.",
                "Power the device on; `suspend` holds it back, `revoke` shuts it out for good.",
            )
        case Status.PROVISIONING:
            return _provisioning(record, now, over=over)
        case Status.ACTIVE:
            return _active(record)
        case Status.SUSPENDED:
            return Explanation(
                "An operator suspended it: provisioning refuses it.",
                f"`resume` makes it {record.suspended_from or Status.ENROLLED} again; `revoke` "
                "shuts it out for good.",
            )
        case Status.REVOKED:
            return Explanation(
                "An operator revoked it, for good.",
                "Nothing brings it back. `decommission` removes what it left at AWS IoT.",
            )


def _provisioning(record: DeviceRecord, now: int, *, over: bool) -> Explanation:
    lease_ends = record.lease_expires_at
    if lease_ends == NEVER:
        return Explanation(
            "A certificate holds the claim, and it does not lapse: no other certificate gets in.",
            "Nothing, if the device works. If it lost its key, `release` lets its next certificate "
            "in; `suspend` or `revoke` cut it off.",
        )
    if lease_ends is not None and lease_ends > now:
        return Explanation(
            "A certificate holds the claim; until the lease is over no other certificate gets it.",
            "Wait, or use `release` to let another certificate in at once.",
        )
    if over:
        return Explanation(
            "It was claimed and never confirmed, the lease is over and so is its enrolment.",
            "`release` it and enrol it again with a later enrolmentExpiresAt.",
        )
    return Explanation(
        "It was claimed and never confirmed, and the lease is over: it may be claimed again.",
        "If the device works, nothing is to be done.",
    )


def _active(record: DeviceRecord) -> Explanation:
    if record.reprovision_policy is ReprovisionPolicy.REPLACE:
        return Explanation(
            "It has its identity; a new certificate may take the place of the present one.",
            "`suspend` or `revoke` cut it off.",
        )
    return Explanation(
        "It has its identity, and no second one is given out.",
        "`release` lets it be provisioned once more; `suspend` or `revoke` cut it off.",
    )
