"""A device's certificates at AWS IoT, switched together with its record.

Follows https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html. A device
that is connected when its certificate leaves ACTIVE is disconnected within a few minutes.
"""

from dataclasses import dataclass

from device_registry.certificates import ACTIVE, INACTIVE, PENDING, REVOKED, CertificateStatus
from device_registry.transitions import Action


@dataclass(frozen=True, kw_only=True)
class Switch:
    """Sets a certificate to ``to``, if its status is one of ``when``."""

    to: CertificateStatus
    when: frozenset[str]


# PENDING_ACTIVATION cannot connect. It is only touched for good: set INACTIVE, a later `resume`
# would activate a certificate that AWS IoT never did.
SWITCHES = {
    Action.SUSPEND: Switch(to=INACTIVE, when=frozenset({ACTIVE})),
    Action.RESUME: Switch(to=ACTIVE, when=frozenset({INACTIVE})),
    Action.REVOKE: Switch(to=REVOKED, when=frozenset({ACTIVE, INACTIVE, PENDING})),
    Action.RELEASE: Switch(to=INACTIVE, when=frozenset({ACTIVE})),
}


def short(certificate_id: str) -> str:
    """Return enough of a certificate id to tell it from others by eye."""
    return f"{certificate_id[:12]}..."
