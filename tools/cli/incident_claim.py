"""``incident claim``: a claim certificate leaked."""

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from device_registry import names
from device_registry.certificates import status_of
from tools.authorities.closing import Target
from tools.cli.arguments import Since
from tools.cli.console import console, iso, json_line, note, plural
from tools.cli.errors import DONE, PARTLY
from tools.cli.findings import unless_refused
from tools.cli.incident_run import (
    carry_out,
    confirmed,
    count_sentence,
    device_json,
    dry_run_option,
    json_option,
    print_listed,
    print_outcomes,
    problems,
    quarantine_of,
    reason_option,
    yes_option,
)
from tools.cli.options import Deployment, stack_options
from tools.cli.stack import ClaimCertificate
from tools.incident.leak import Concerned, Leak, close_claim, disable_template
from tools.incident.run import Outcome, Run, contain
from tools.registry.certificates import short
from tools.registry.grants import through_claim

_EPILOG = """\b
Examples:
  iot-provisioning incident claim factory/line-1 --since 2026-11-21T10:00:00Z --dry-run
  iot-provisioning incident claim factory/line-1 --since 2026-11-21T10:00:00Z --template-off

First the claim certificate goes out of use, with --template-off its template too, so that nothing
new gets in. Then every device is put into quarantine whose present claim came through it since
TIME: its record is SUSPENDED, its ACTIVE certificates are INACTIVE, and its thing is in the group
<name prefix>-quarantine, if there is one. The list is read again until it names nobody new.

A record keeps the claim of its present certificate only. What came in through the leaked claim
before, and was released or replaced since, is found in the hook's decision log, as far back as
that is kept: such a certificate is set INACTIVE, and the device's record, which another claim
holds now, is left alone.

Every step may be repeated: an interrupted run is finished by running it again, with the same time.
AWS takes ten certificates a second: 10,000 devices take 17 minutes.

AWS actions: dynamodb:Query on the table's indexes, dynamodb:GetItem, BatchGetItem, UpdateItem;
iot:DescribeCertificate, iot:UpdateCertificate, iot:DescribeThingGroup, iot:AddThingToThingGroup,
iot:DescribeProvisioningTemplate, iot:UpdateProvisioningTemplate; logs:FilterLogEvents on the
hook's log group.

Exit code 1 if a device could not be put into quarantine, the claim is unknown, or nobody said
yes."""


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """A claim certificate; ``entry`` is None where no stack file knows it."""

    certificate_id: str
    entry: ClaimCertificate | None

    @property
    def title(self) -> str:
        return self.entry.key if self.entry else short(self.certificate_id)


@click.command(epilog=_EPILOG, short_help="Close a leaked claim, quarantine who came through.")
@click.argument("name", metavar="CLAIM")
@click.option(
    "--since",
    type=Since(),
    required=True,
    metavar="TIME",
    help="When it leaked: 2026-11-21T10:00:00Z, or how long ago (90m, 12h, 7d).",
)
@click.option(
    "--revoke-claim",
    is_flag=True,
    help="Set the claim certificate REVOKED, for good, and not INACTIVE.",
)
@click.option("--template-off", is_flag=True, help="Disable its template too, for every claim.")
@click.option("--no-log", is_flag=True, help="Do not search the decision log.")
@reason_option(required=False, shown="claim certificate ... leaked")
@dry_run_option
@yes_option
@json_option
@stack_options("table", "name_prefix", "log_group")
@click.pass_context
def claim(
    context: click.Context,
    name: str,
    since: int,
    reason: str | None,
    deployment: Deployment,
    *,
    revoke_claim: bool,
    template_off: bool,
    no_log: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Close a leaked CLAIM certificate and quarantine who came in through it.

    CLAIM is TEMPLATE/NAME as in the stack's claim_certificates, the name alone where one template
    has it, or the certificate's id or ARN.
    """
    chosen = _choose(deployment, name)
    drill = _Drill(
        deployment=deployment,
        chosen=chosen,
        since=since,
        reason=reason,
        target=Target.REVOKED if revoke_claim else Target.INACTIVE,
        template=_template(deployment, chosen) if template_off else None,
        searches_log=not no_log,
        as_json=as_json,
    )
    note(f"Since {iso(since)}. Give this very time when the command is run again.")
    context.exit(drill.list_only() if dry_run else drill.run(yes=yes))


def _choose(deployment: Deployment, name: str) -> _Chosen:
    """Return the claim certificate that a command line names.

    Raises:
        click.UsageError: the stack file has none of that name, or the id is of something else.
    """
    stack = deployment.stack
    identifier = name.rpartition("/")[2]
    if names.matches(names.CERTIFICATE_ID, identifier):
        if (key := stack.authority_key(identifier)) is not None:
            raise click.UsageError(
                f"That is CA {key}. `iot-provisioning ca deactivate --ca {key}` closes a CA."
            )
        found = [c for c in stack.claim_certificates if c.certificate_id == identifier]
        return _Chosen(certificate_id=identifier, entry=found[0] if found else None)
    found = [each for each in stack.claim_certificates if name in (each.key, each.name)]
    if len(found) == 1:
        return _Chosen(certificate_id=found[0].certificate_id, entry=found[0])
    known = ", ".join(sorted(each.key for each in stack.claim_certificates)) or "none"
    which = "several claim certificates" if found else "no claim certificate"
    raise click.UsageError(
        f"The stack file has {which} {name!r}; it has: {known}. Or give the certificate's id."
    )


def _template(deployment: Deployment, chosen: _Chosen) -> str:
    if chosen.entry is None:
        raise click.UsageError(
            "--template-off: the stack file does not say which template this claim certificate is "
            "for. Name the claim as the stack does, or set enabled = false for the template in "
            "Terraform."
        )
    return deployment.stack.template_names[chosen.entry.template]


@dataclass(frozen=True, kw_only=True)
class _Drill:
    deployment: Deployment
    chosen: _Chosen
    since: int
    reason: str | None
    target: Target
    template: str | None
    searches_log: bool
    as_json: bool

    def list_only(self) -> int:
        """Print whom it concerns."""
        status = status_of(self.deployment.iot, self.chosen.certificate_id)
        if (refusal := self._refusal(status)) is not None:
            note(refusal)
            return PARTLY
        missing: list[str] = []
        found = list(self._leak(missing).concerned(self.deployment.registry))
        if self.as_json:
            self._print_json(found, [], status, missing, remains=[], dry_run=True)
        else:
            print_listed(found)
        self._tell(missing)
        note(f"{self._counted(found)} A dry run: nothing was changed.")
        return DONE

    def run(self, *, yes: bool) -> int:
        """Close the claim and put the devices into quarantine."""
        deployment, certificate_id = self.deployment, self.chosen.certificate_id
        status = status_of(deployment.iot, certificate_id)
        if (refusal := self._refusal(status)) is not None:
            note(refusal)
            return PARTLY
        if not yes and not self._confirmed(status):
            note("Nothing was changed.")
            return PARTLY
        # First of all, whatever the rest takes: nothing new comes in.
        if close_claim(deployment.iot, certificate_id, self.target) is None:
            note(f"AWS IoT has no certificate {short(certificate_id)}: there is none to close.")
        else:
            status = status_of(deployment.iot, certificate_id)
            note(f"Claim certificate {self.chosen.title} is {status}.")
        if self.template is not None:
            disable_template(deployment.iot, self.template)
            note(f"Template {self.template} is disabled.")
        missing: list[str] = []
        quarantine = quarantine_of(deployment, self._reason(), missing)
        leak = self._leak(missing)
        run = Run(
            lambda: leak.concerned(deployment.registry),
            lambda listed: contain(leak, quarantine, listed),
            repeat=True,
        )
        carry_out(run, f"The claim is closed; {self._again()} finishes.")
        remains = self._remains()
        if self.as_json:
            found = [each.concerned for each in run.outcomes]
            group = quarantine.group
            self._print_json(found, run.outcomes, status, missing, remains=remains, group=group)
        else:
            print_outcomes(run.outcomes)
        note(count_sentence(run.outcomes))
        self._tell(missing)
        if not self.as_json:
            console().print("\nWhat remains")
            for number, sentence in enumerate(remains, 1):
                console().print(f"{number}. {sentence}")
        if run.left:
            note(f"{plural(run.left, 'more device')} came in meanwhile. Run the command again.")
        return PARTLY if run.left or problems(run.outcomes) else DONE

    def _refusal(self, status: str | None) -> str | None:
        """Say why the certificate cannot be a claim's; None where it may be."""
        certificate_id = self.chosen.certificate_id
        if self.chosen.entry is not None:
            return None
        holder = next(self.deployment.registry.by_certificate(certificate_id), None)
        if holder is not None:
            serial = holder["serialNumber"]["S"]
            return (
                f"That is the certificate of device {serial}, and no claim certificate: use "
                f"`iot-provisioning incident device {serial}`."
            )
        came_in = self.deployment.registry.by_claim_certificate(certificate_id)
        if status is None and next(came_in, None) is None:
            return (
                f"AWS IoT has no certificate {short(certificate_id)}, and no device came in "
                "through it: check AWS_REGION and the account."
            )
        return None

    def _leak(self, missing: list[str]) -> Leak:
        leak = Leak(certificate_id=self.chosen.certificate_id, since=self.since)
        log_group = self.deployment.stack.hook_log_group_name
        if not self.searches_log:
            missing.append(f"The decision log was not searched. {_UNKNOWN}")
            return leak
        if log_group is None:
            missing.append(f"There is no decision log: give --stack or --log-group. {_UNKNOWN}")
            return leak
        unread: list[str] = []
        granted = unless_refused(
            lambda: through_claim(
                self.deployment.logs,
                log_group,
                leak.certificate_id,
                since=self.since,
                now=int(time.time()),
            ),
            f"the decision log {log_group}",
            unread,
        )
        missing += [f"{sentence} {_UNKNOWN}" for sentence in unread]
        if granted is None:
            return leak
        missing.append(
            f"The registry keeps the claim of each device's present certificate only; what was "
            f"released or replaced since is known from {log_group}, as far back as that is kept."
        )
        return replace(leak, granted=granted)

    def _confirmed(self, status: str | None) -> bool:
        leak = Leak(certificate_id=self.chosen.certificate_id, since=self.since)
        found = list(leak.concerned(self.deployment.registry))
        if not self.as_json:
            print_listed(found)
        template = f", disable template {self.template}" if self.template else ""
        final = " The claim certificate is revoked for good." if self._is_final(status) else ""
        return confirmed(
            f"Set claim certificate {self.chosen.title} {self.target}{template}, and cut off "
            f"{plural(len(found), 'device')} that came in since {iso(self.since)}?{final} Go on?"
        )

    def _is_final(self, status: str | None) -> bool:
        return self.target is Target.REVOKED and status != Target.REVOKED

    def _reason(self) -> str:
        return self.reason or f"claim certificate {short(self.chosen.certificate_id)} leaked"

    def _again(self) -> str:
        """Return the command that goes on where this one ends: with this time, not this age."""
        entry = self.chosen.entry
        words = ["iot-provisioning", "incident", "claim"]
        words += [entry.key if entry else self.chosen.certificate_id, "--since", iso(self.since)]
        words += ["--revoke-claim"] if self.target is Target.REVOKED else []
        words += ["--template-off"] if self.template else []
        words += ["--reason", self.reason] if self.reason else []
        return f"`{shlex.join(words)}`"

    def _remains(self) -> list[str]:
        entry = self.chosen.entry
        template = entry.template if entry else "<template>"
        old = entry.name if entry else "<name>"
        new = f"{old}-2" if entry else "<new name>"
        shut = [f"in templates.{template}.claim_certificates.{old}: active = false"]
        shut += [f"in templates.{template}: enabled = false"] if self.template else []
        again = (
            f"Run {self._again()} once more in five minutes: AWS IoT disconnects who is connected "
            "with the claim within minutes only, and a registration may have been under way."
        )
        terraform = (
            "Before the next `terraform apply`, which would open it again, set "
            f"{' and '.join(shut)}."
        )
        successor = (
            f"A new claim: `iot-provisioning claim-csr --name {new} --out-dir claims`, then add "
            f'{new} = {{ csr_pem = file("claims/{new}.csr.pem") }} to '
            f"templates.{template}.claim_certificates, and its budget, if the old one has any, to "
            "monitoring.claim_budgets, and apply. It makes a new key: never make the request with "
            "the old one."
        )
        tied = (
            f"Devices whose enrolment names {short(self.chosen.certificate_id)} as "
            "requiredClaimCertificateId are refused until they are enrolled with the new one."
        )
        devices = (
            "Look at each device in quarantine. If it is yours: `iot-provisioning incident lift "
            "SERIAL --reason ...`. If a stranger had its serial number: the same with --release, "
            "and the device gets in with the new claim. If it is to stay out for good: "
            "`iot-provisioning revoke SERIAL --reason ...`."
        )
        return [again, terraform, successor, tied, devices]

    def _counted(self, found: Sequence[Concerned]) -> str:
        came_in = sum(each.came_in for each in found)
        former = sum(len(each.former) for each in found)
        return (
            f"{plural(came_in, 'device')} to cut off, and {plural(former, 'certificate')} that "
            "another has followed."
        )

    def _tell(self, sentences: Sequence[str]) -> None:
        for sentence in sentences:
            note(sentence)

    def _print_json(
        self,
        found: Sequence[Concerned],
        outcomes: Sequence[Outcome],
        status: str | None,
        missing: list[str],
        *,
        remains: list[str],
        group: str | None = None,
        dry_run: bool = False,
    ) -> None:
        done: dict[str, Outcome] = {each.concerned.serial_number: each for each in outcomes}
        entry = self.chosen.entry
        answer: dict[str, Any] = {
            "claimCertificateId": self.chosen.certificate_id,
            "claim": entry and entry.key,
            "status": status,
            "since": iso(self.since),
            "reason": self._reason(),
            "dryRun": dry_run,
            "template": self.template,
            "quarantineGroup": group,
            "devices": [
                device_json(each, done.get(each.serial_number)) for each in found if each.came_in
            ],
            "movedOn": [
                {
                    "serialNumber": each.serial_number,
                    "certificateId": certificate_id,
                    "sentence": done[each.serial_number].former[index].sentence if done else None,
                }
                for each in found
                for index, certificate_id in enumerate(each.former)
            ],
            "notShown": missing,
            "remains": remains,
        }
        json_line(answer)


_UNKNOWN = (
    "Which devices came in through the claim and have another certificate now is not known: the "
    "registry keeps the claim of the present one only."
)
