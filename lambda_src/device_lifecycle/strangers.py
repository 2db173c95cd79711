"""Things that no record speaks of: made by hand, or by just-in-time provisioning without a gate."""

from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from device_lifecycle import errors, events, identities, journal
from device_lifecycle.runtime import Runtime
from device_lifecycle.settings import Lifecycle, UnexpectedThings
from device_registry import certificates
from device_registry.certificates import ACTIVE, INACTIVE, PENDING
from device_registry.record import MalformedRecordError

# A thing is made before its certificate is attached to it, and activated after that.
_PAUSES_SECONDS = (1.0, 2.0, 4.0)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A thing's certificates. ``held`` are those that an enrolled device may use or holds."""

    active: Sequence[str]
    held: Sequence[str]
    complete: bool


def meet(runtime: Runtime, config: Lifecycle, thing_name: str) -> None:
    """Do with an unexpected thing what the settings say.

    Raises:
        ClientError, BotoCoreError: AWS refused.
    """
    if config.unexpected_things is UnexpectedThings.IGNORE:
        return
    if thing_name.startswith(config.ignored_thing_prefixes):
        return
    outcome, detail, failure = "reported", None, None
    if config.quarantine_group is not None:
        outcome, detail, failure = _quarantine(runtime, config, config.quarantine_group, thing_name)
    told = {"outcome": outcome, "detail": detail, "thingName": thing_name}
    runtime.journal.tell(journal.UNEXPECTED_THING, told, level="WARN")
    if failure is not None:
        raise failure


def _quarantine(
    runtime: Runtime, config: Lifecycle, group: str, thing_name: str
) -> tuple[str, str | None, Exception | None]:
    iot = runtime.clients.iot()
    found = _look(runtime, config, thing_name)
    if found is None:
        return "gone", None, None
    if found.held:
        # The group would cut off the enrolled device too: an operator must untangle this.
        return "reported", f"it has the certificate of an enrolled device: {found.held[0]}", None
    failure: Exception | None = None
    try:
        iot.add_thing_to_thing_group(thingName=thing_name, thingGroupName=group)
    except (BotoCoreError, ClientError) as error:
        # Somebody deleted the group, or the thing is in as many as AWS IoT takes: without the
        # group's policy, only its certificates keep it out.
        failure = error
    for pause in _PAUSES_SECONDS:
        if found is None or found.complete:
            break
        runtime.sleep(pause)
        found = _look(runtime, config, thing_name)
    told = f"{shut(runtime, config, thing_name)} certificates switched off"
    if failure is not None:
        return "reported", f"{told}, and not in {group}: {errors.describe(failure)}", failure
    return "quarantined", told, None


def shut(
    runtime: Runtime, config: Lifecycle, thing_name: str, *, still_in: str | None = None
) -> int:
    """Switch a thing's ACTIVE certificates off, and return how many that were.

    One that holds an enrolled device's claim is left alone, and one that the device of this name
    goes on with until its new one is confirmed: an operator may just have let it out.

    Args:
        runtime: the means.
        config: the settings.
        thing_name: the thing.
        still_in: the group that it was listed in, some time ago: an operator may have let a thing
            out since that no record speaks of.

    Raises:
        ClientError, BotoCoreError: AWS refused.
    """
    found = _look(runtime, config, thing_name)
    off = [] if found is None else [each for each in found.active if each not in found.held]
    if off and still_in is not None:
        groups = identities.groups_of(runtime.clients.iot(), thing_name)
        off = off if still_in in groups else []
    for certificate_id in off:
        identities.switch(runtime.clients.iot(), certificate_id, INACTIVE)
        told = {"thingName": thing_name, "certificateId": certificate_id}
        told |= {"from": ACTIVE, "to": INACTIVE, "reason": "quarantined"}
        runtime.journal.tell(journal.CERTIFICATE_SWITCHED, told)
    return len(off)


def _look(runtime: Runtime, config: Lifecycle, thing_name: str) -> Found | None:
    iot = runtime.clients.iot()
    attached = certificates.attached_to(iot, thing_name)
    if attached is None:
        return None
    permitted = _permitted(runtime, config, thing_name)
    statuses = {each: certificates.status_of(iot, each) for each in sorted(attached)}
    return Found(
        active=[each for each, status in statuses.items() if status == ACTIVE],
        held=[each for each in statuses if each in permitted or runtime.store.is_held(each)],
        complete=bool(statuses) and PENDING not in statuses.values(),
    )


def _permitted(runtime: Runtime, config: Lifecycle, thing_name: str) -> frozenset[str]:
    """Return the certificates that the thing's own record permits."""
    serial = events.serial_number(config.registry.name_prefix, thing_name)
    try:
        record = None if serial is None else runtime.store.get(serial)
    except MalformedRecordError:
        # Provisioning refuses its device too.
        return frozenset()
    if record is None or record.thing_name != thing_name:
        return frozenset()
    return certificates.permitted(record)
