"""From an event of AWS IoT to a record that is ACTIVE.

The event only says which device to look at. What it may change is one step, PROVISIONING to ACTIVE
under the claim that was read; the write's condition holds that whatever else happens meanwhile.
"""

from collections.abc import Callable, Mapping
from typing import Any

from device_lifecycle import activation, events, identities, journal, strangers
from device_lifecycle.errors import RetryError
from device_lifecycle.events import Connected, ThingWritten
from device_lifecycle.runtime import Runtime
from device_lifecycle.settings import ConfirmBy, Lifecycle
from device_registry.record import DeviceRecord, Status

REASONS: Mapping[ConfirmBy, str] = {
    ConfirmBy.FIRST_CONNECTION: "first connection",
    ConfirmBy.THING_EVENT: "thing registered",
}

_ATTEMPTS = 3
# RegisterThing writes the thing first, then attaches the certificate, then activates it.
_PAUSES_SECONDS = (0.5, 1.5, 3.0)

Check = Callable[[DeviceRecord], bool]


def run(event: Any, config: Lifecycle, runtime: Runtime) -> None:
    """Act on one event.

    Raises:
        RetryError, ClientError, BotoCoreError: not done; worth another try.
        MalformedRecordError, FirstShadowError: not done, and nothing that a repetition mends.
    """
    match events.read(event):
        case Connected() as connected:
            _on_connection(connected, config, runtime)
        case ThingWritten(thing_name):
            _on_thing(thing_name, config, runtime)


def _on_connection(connected: Connected, config: Lifecycle, runtime: Runtime) -> None:
    serial = events.serial_number(config.registry.name_prefix, connected.client_id)
    if serial is None or config.confirm_by is not ConfirmBy.FIRST_CONNECTION:
        return

    def is_claim(record: DeviceRecord) -> bool:
        return (record.thing_name, record.certificate_id) == (
            connected.client_id,
            connected.certificate_id,
        )

    _confirm(serial, config, runtime, is_claim, lambda _: True)


def _on_thing(thing_name: str, config: Lifecycle, runtime: Runtime) -> None:
    serial = events.serial_number(config.registry.name_prefix, thing_name)
    record = None if serial is None else runtime.store.get(serial)
    if record is None or record.thing_name not in (None, thing_name):
        strangers.meet(runtime, config, thing_name)
    elif config.confirm_by is ConfirmBy.THING_EVENT:
        if config.registry.regions.claimed_elsewhere(record):
            # Its thing here is a copy, and says nothing of what became of the registration there.
            return

        def is_claim(record: DeviceRecord) -> bool:
            return record.thing_name == thing_name

        _confirm(
            record.serial_number,
            config,
            runtime,
            is_claim,
            lambda record: _await_registration(runtime, thing_name, str(record.certificate_id)),
        )


def _confirm(
    serial_number: str, config: Lifecycle, runtime: Runtime, is_claim: Check, is_confirmed: Check
) -> None:
    """Turn the record ACTIVE, if it is PROVISIONING under the claim that the event is about."""
    for _ in range(_ATTEMPTS):
        record = runtime.store.get(serial_number)
        if record is None or not is_claim(record):
            return
        if record.status is Status.ACTIVE:
            activation.ensure_first_shadow(runtime, config, record)
            return
        if record.status is not Status.PROVISIONING:
            told = {"outcome": "unchanged", "reason": record.status, **journal.of_device(record)}
            runtime.journal.tell(journal.ACTIVATION, told)
            return
        if not is_confirmed(record):
            raise RetryError("the certificate is not ACTIVE and attached yet")
        if activation.activate(runtime, record, REASONS[config.confirm_by]):
            activation.ensure_first_shadow(runtime, config, record)
            return
    raise RetryError("the record kept changing")


def _await_registration(runtime: Runtime, thing_name: str, certificate_id: str) -> bool:
    iot = runtime.clients.iot()
    for pause in _PAUSES_SECONDS:
        if identities.is_provisioned(iot, thing_name, certificate_id):
            return True
        runtime.sleep(pause)
    return identities.is_provisioned(iot, thing_name, certificate_id)
