"""From an event to a decision that is carried out.

The order of the steps is what makes it safe: the claim first, which one certificate only can have;
then what a device needs; then the certificate ACTIVE, which starts it all; and then the claim once
more. A run that is stopped before the activation leaves the certificate pending, and the event of
the next connection does what is missing: its claim is a repeat, and each step finds its state. One
that is stopped after it leaves that last question, which Lambda's repetition of the event asks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from device_registry import aws_errors, identity
from device_registry.certificates import ACTIVE, PENDING
from device_registry.claim import ClaimRequest
from device_registry.decision_log import FAULTS
from device_registry.reasons import Denial, Grant, RefusalError
from device_registry.table import Granted, Refused
from jitr_gate import admission, crl, crl_object, decide, request, settings
from jitr_gate.decide import Device

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_s3 import S3Client

Claim = Callable[[settings.Settings, ClaimRequest], Granted | Refused]


class Clients(Protocol):
    """Makes AWS clients."""

    def iot(self) -> "IoTClient":
        """Return the client of AWS IoT's control plane."""

    def s3(self) -> "S3Client":
        """Return the client of S3."""


class CertificateRevokedError(RefusalError):
    """The certificate is on its CA's revocation list."""

    denial = Denial.CERTIFICATE_REVOKED


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was decided, or why nothing was, and what the log adds to it."""

    verdict: Grant | Denial | request.Reason
    detail: str | None = None
    device: Device = field(default_factory=Device)
    thing_name: str | None = None

    @property
    def is_fault(self) -> bool:
        """Whether nothing was decided for good, so that the event is worth another try."""
        return self.verdict in FAULTS


def run(
    event: Any, environ: Mapping[str, str], clients: Clients, claim: Claim, now: float
) -> Outcome:
    """Decide on one certificate and carry the decision out.

    Args:
        event: what the topic rule passed on.
        environ: the function's environment variables.
        clients: makes AWS clients.
        claim: takes the claim in the registry.
        now: seconds since 1970.

    Returns:
        The outcome. No error is raised: one that nobody foresaw is a fault.
    """
    device = Device()
    try:
        config = settings.from_environment(environ)
        certificate_id = request.certificate_id(event, config.ca_certificate_id)
        gate = _Gate(config, certificate_id, clients, claim, device)
        return gate.decide(now)
    except request.IgnoredError as ignored:
        return Outcome(verdict=ignored.reason, detail=ignored.detail, device=device)
    except RefusalError as error:
        return Outcome(verdict=error.denial, detail=str(error), device=device)
    except Exception as error:  # noqa: BLE001  fail closed, and name it in the log
        detail = aws_errors.describe(error)
        return Outcome(verdict=Denial.INTERNAL_ERROR, detail=detail, device=device)


@dataclass(frozen=True)
class _Gate:
    config: settings.Settings
    certificate_id: str
    clients: Clients
    claim: Claim
    device: Device

    def decide(self, now: float) -> Outcome:
        iot = self.clients.iot()
        found = admission.describe(iot, self.certificate_id, self.config.ca_certificate_id)
        try:
            asked = self._ask(found.pem, now)
        except RefusalError as error:
            refusal = Refused(denial=error.denial, detail=str(error))
            return self._refuse(refusal, when=found.status)
        answer = self.claim(self.config, asked)
        if isinstance(answer, Refused):
            if found.status == PENDING and self._may_be_told_otherwise(answer.denial):
                return Outcome(verdict=answer.denial, device=self.device)
            return self._refuse(answer, when=found.status)
        if found.status == ACTIVE and answer.grant is Grant.REPEAT:
            raise request.IgnoredError(request.Reason.NOT_PENDING, found.status)
        overrides = identity.parameters(
            answer.record, self.config.registry.name_prefix, answer.claimed_at
        )
        identity.prepare(iot, found.arn, overrides)
        admission.activate(iot, self.certificate_id)
        return self._confirm(asked, answer)

    def _may_be_told_otherwise(self, denial: Denial) -> bool:
        """Tell whether what another Region knows, its decision or the very record, is to come."""
        absent = denial is Denial.UNKNOWN_SERIAL and self.config.registry.regions.several
        return absent or denial is Denial.NOT_HOME_REGION

    def _ask(self, pem: str, now: float) -> ClaimRequest:
        """Return what to ask of the registry.

        Raises:
            RefusalError: the certificate will not do, or cannot be checked.
        """
        presented = decide.read(pem)
        asked = decide.claim_request(presented, self.certificate_id, self.config, now, self.device)
        asked = replace(asked, certificate_pem=pem)
        if self.config.crl is not None:
            listed = crl_object.read(self.clients.s3(), self.config.crl)
            if crl.is_revoked(listed, presented, now):
                raise CertificateRevokedError("on the revocation list")
        return asked

    def _confirm(self, asked: ClaimRequest, answer: Granted) -> Outcome:
        """Ask for the claim again, now that the certificate is ACTIVE.

        An operator who suspends, revokes or releases a device writes the record first and switches
        its certificates after. If that write came before this question, the answer is a refusal
        and the certificate is switched off here. If it came after, so did the operator's look at
        the certificates, which finds this one ACTIVE and switches it off. There is no third order.
        Where this run is stopped right here, or the registry does not answer, that is a failure:
        Lambda calls again, and asks for the claim although the certificate is ACTIVE. The
        operator's command looks again for a while, too.
        """
        try:
            again = self.claim(self.config, asked)
        except RefusalError as error:
            detail = f"{error}, after the activation"
            return Outcome(verdict=error.denial, detail=detail, device=self.device)
        if isinstance(again, Refused):
            return self._refuse(again, when=ACTIVE)
        return Outcome(verdict=answer.grant, device=self.device, thing_name=asked.thing_name)

    def _refuse(self, refusal: Refused, *, when: str) -> Outcome:
        """Keep the device out for good, unless the verdict is that there can be none now."""
        if refusal.denial not in FAULTS:
            admission.shut_out(
                self.clients.iot(),
                self.certificate_id,
                when=when,
                refused_status=self.config.refused_status,
            )
        return Outcome(verdict=refusal.denial, detail=refusal.detail, device=self.device)
