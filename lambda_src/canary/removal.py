"""Everything that belongs to one canary, removed. Each step may be repeated.

Nothing else is touched: things by names that begin with the reserved prefix, and certificates that
the run was given, that its record names or that its things have.
AWS refuses to delete a thing that has certificates, and a certificate that is active or has things:
https://docs.aws.amazon.com/iot/latest/apireference/API_DeleteCertificate.html
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from canary import registry
from canary.target import Means, Target
from device_registry import certificates, shadow_parameter
from device_registry.certificates import INACTIVE, PENDING
from device_registry.record import Item
from device_registry.removal import remove_if_there, remove_settled

# A detachment may take a while to be seen by the next call.
_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
_CLASSIC: dict[str, str] = {}


def stranger(serial: str) -> str:
    """Return the serial number that the run enrols nowhere."""
    return f"{serial}-stranger"


def neighbour(serial: str) -> str:
    """Return the serial number of a thing whose topics are not the run's; there is none."""
    return f"{serial}-neighbour"


def remove(means: Means, target: Target, serial: str, issued: Iterable[str] = ()) -> str:
    """Remove a run's things, certificates, shadows and, last, its record; say what there was.

    Args:
        means: the means.
        target: where it was provisioned.
        serial: the run's serial number.
        issued: the ids of the certificates that it was given, as far as that is known.

    Raises:
        FirstShadowError: nobody can tell which shadows there are; nothing was removed.
        ClientError, BotoCoreError: AWS refused; repeating goes on from here.
    """
    # Asked first, so that a refusal leaves nothing half removed.
    first = first_shadow(means, target)
    # The run writes the classic one itself.
    shadows = [_CLASSIC, first] if first else [_CLASSIC]
    things = [target.thing_name(each) for each in (serial, stranger(serial), neighbour(serial))]
    ids = {*issued, *_of_record(registry.read(means, target, serial))}
    removed = 0
    for thing in things:
        attached = certificates.attached_to(means.iot, thing)
        if attached is None:
            continue
        removed += 1
        ids |= attached.keys()
        for arn in attached.values():
            remove_if_there(means.iot.detach_thing_principal, thingName=thing, principal=arn)
    found = sum(_delete_certificate(means, each) for each in sorted(ids))
    for thing in things:
        remove_settled(
            means.iot.delete_thing, pauses=_PAUSES_SECONDS, sleep=means.sleep, thingName=thing
        )
        for shadow in shadows:
            remove_if_there(means.iot_data.delete_thing_shadow, thingName=thing, **shadow)
    registry.delete(means, target, serial)
    return f"{removed} thing(s) and {found} certificate(s) of {serial} removed, and its record"


def _of_record(item: Item | None) -> Iterator[str]:
    """Yield the certificates that a record names, be it as damaged as it may."""
    item = item or {}
    yield from item.get("certificateIds", {}).get("SS", ())
    with suppress(KeyError):
        yield item["certificateId"]["S"]


def _delete_certificate(means: Means, certificate_id: str) -> bool:
    """Delete a certificate, with its policies taken off; False: it is gone already."""
    status = certificates.status_of(means.iot, certificate_id)
    if status is None:
        return False
    if status in (certificates.ACTIVE, PENDING):
        means.iot.update_certificate(certificateId=certificate_id, newStatus=INACTIVE)
    remove_settled(
        means.iot.delete_certificate,
        pauses=_PAUSES_SECONDS,
        sleep=means.sleep,
        certificateId=certificate_id,
        forceDelete=True,
    )
    return True


def first_shadow(means: Means, target: Target) -> dict[str, str] | None:
    """Return the arguments that name what the device lifecycle writes; None where it does not.

    Raises:
        FirstShadowError: the parameter holds something else.
        ClientError, BotoCoreError: Systems Manager refused.
    """
    if target.first_shadow_parameter is None:
        return None
    shadow = shadow_parameter.read(means.ssm, target.first_shadow_parameter)
    if shadow is None:
        return None
    return {"shadowName": shadow.name} if shadow.name is not None else _CLASSIC
