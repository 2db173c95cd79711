"""What went half way: found by looking at the records, whatever became of the events.

Stateless: each run lists what may need something and takes it in an order of its own, so that what
one run has no time for the next ones come to. It goes slowly, since AWS IoT allows an account some
ten calls a second to look at certificates, and devices that come in need those more.
"""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from botocore.exceptions import BotoCoreError, ClientError

from device_lifecycle import activation, confirm, enforce, errors, identities, journal, strangers
from device_lifecycle.errors import RetryError
from device_lifecycle.first_shadow import FirstShadowError
from device_lifecycle.runtime import Runtime
from device_lifecycle.settings import ConfirmBy, Lifecycle
from device_registry.certificates import ACTIVE, INACTIVE, PENDING, of_device, permitted
from device_registry.record import DeviceRecord, Item, MalformedRecordError, Status, from_item

# How far back changes are looked at again. The stream has settled them, but for what AWS IoT had in
# its hands at that moment: a certificate about to be activated when its device was cut off.
RECENT_SECONDS = 3600
# How long after a lease its certificate is looked at. One that nobody activates cannot connect.
LAPSED_SECONDS = 86_400
# A claim this young is about to be confirmed by its events.
YOUNG_SECONDS = 60
PAUSE_SECONDS = 0.2
RESERVE_SECONDS = 20.0


@dataclass(kw_only=True)
class Counts:
    """What a run saw and did. ``left`` is what it had no time for."""

    checked: int = 0
    confirmed: int = 0
    stuck: int = 0
    lapsed: int = 0
    superseded: int = 0
    cutOff: int = 0  # noqa: N815  as the log line has it
    quarantined: int = 0
    malformed: int = 0
    failed: int = 0
    left: int = 0


def run(
    config: Lifecycle, stuck_seconds: int, runtime: Runtime, order: random.Random | None = None
) -> Counts:
    """Look at everything that may need something, until it is done or the time is up.

    Args:
        config: the settings.
        stuck_seconds: after how long a record that is still PROVISIONING counts as stuck.
        runtime: the means.
        order: decides what comes first.

    Raises:
        ClientError, BotoCoreError: the list of what to look at cannot be read.
    """
    sweep = _Sweep(config, runtime, stuck_seconds)
    found = list(sweep.find())
    (order or random.SystemRandom()).shuffle(found)
    sweep.work(found)
    runtime.journal.tell(journal.SWEEP, {}, numbers=asdict(sweep.counts))
    return sweep.counts


class _Sweep:
    def __init__(self, config: Lifecycle, runtime: Runtime, stuck_seconds: int) -> None:
        self._config = config
        self._runtime = runtime
        self._stuck_seconds = stuck_seconds
        self._now = int(runtime.clock())
        self.counts = Counts()

    def find(self) -> Iterator[tuple[str, str]]:
        """Yield what may need something: serial numbers, and things in quarantine."""
        store = self._runtime.store
        for item in store.in_status(Status.PROVISIONING):
            record = self._read(item)
            if record is not None:
                self.counts.stuck += self._age(record) >= self._stuck_seconds
                if self._age(record) >= YOUNG_SECONDS or record.retired_certificate_ids:
                    yield "device", record.serial_number
        for status in (Status.REVOKED, Status.SUSPENDED, Status.ENROLLED, Status.ACTIVE):
            for item in store.in_status(status, since=self._now - RECENT_SECONDS):
                record = self._read(item)
                if record is not None and set(of_device(record)) - permitted(record):
                    yield "device", record.serial_number
        if self._config.quarantine_group is not None:
            pages = self._runtime.clients.iot().get_paginator("list_things_in_thing_group")
            for page in pages.paginate(thingGroupName=self._config.quarantine_group):
                yield from (("thing", name) for name in page["things"])

    def _read(self, item: Item) -> DeviceRecord | None:
        try:
            return from_item(item)
        except MalformedRecordError:
            self.counts.malformed += 1
            return None

    def _age(self, record: DeviceRecord) -> int:
        return self._now - record.status_changed_at

    def work(self, found: list[tuple[str, str]]) -> None:
        """Look at each, slowly; one that fails stops no other."""
        for number, (kind, name) in enumerate(found):
            if self._runtime.seconds_left() < RESERVE_SECONDS:
                self.counts.left = len(found) - number
                return
            self.counts.checked += 1
            try:
                if kind == "device":
                    self._on_device(name)
                else:
                    self.counts.quarantined += strangers.shut(self._runtime, self._config, name)
            except (
                BotoCoreError,
                ClientError,
                FirstShadowError,
                MalformedRecordError,
                RetryError,
            ) as error:
                self.counts.failed += 1
                field = "serialNumber" if kind == "device" else "thingName"
                told = {field: name, "detail": errors.describe(error)}
                # What the next run may do is no fault yet.
                by_hand = isinstance(error, FirstShadowError | MalformedRecordError)
                level = "ERROR" if by_hand else "WARN"
                self._runtime.journal.tell(journal.FAULT, told, level=level)
            self._runtime.sleep(PAUSE_SECONDS)

    def _on_device(self, serial_number: str) -> None:
        record = self._runtime.store.get(serial_number)
        if record is not None and record.status is Status.PROVISIONING:
            if self._is_confirmed(record):
                reason = f"{confirm.REASONS[self._config.confirm_by]}, found by the sweep"
                self.counts.confirmed += activation.activate(self._runtime, record, reason)
                activation.ensure_first_shadow(self._runtime, self._config, record)
            elif _is_lapsed(record, self._now):
                self.counts.lapsed += self._give_up(record)
        off = enforce.settle(self._runtime, serial_number)
        if record is not None and permitted(record):
            self.counts.superseded += len(off)
        else:
            self.counts.cutOff += len(off)

    def _is_confirmed(self, record: DeviceRecord) -> bool:
        """Tell whether what the lost event would have told is so."""
        clients, thing_name = self._runtime.clients, str(record.thing_name)
        if self._config.confirm_by is ConfirmBy.THING_EVENT:
            return identities.is_provisioned(clients.iot(), thing_name, str(record.certificate_id))
        # A connection does not say which of the thing's certificates it is under, and one under an
        # earlier certificate outlives that by minutes.
        only = of_device(record) == [record.certificate_id]
        return only and identities.connected_as(clients.iot_data(), thing_name)

    def _give_up(self, record: DeviceRecord) -> bool:
        """Switch off a certificate that nobody activated while its claim lasted.

        The claim lapses without a write, so its holder may ask for it again at this very moment: it
        is read again after, and then the certificate is what AWS IoT was about to make it.
        """
        iot, certificate_id = self._runtime.clients.iot(), str(record.certificate_id)
        if identities.status_of(iot, certificate_id) != PENDING:
            return False
        identities.switch(iot, certificate_id, INACTIVE)
        again = self._runtime.store.get(record.serial_number)
        if again is not None and _is_claimed_anew(record, again):
            identities.switch(iot, certificate_id, ACTIVE)
            return False
        told = {**journal.of_device(record), "from": PENDING, "to": INACTIVE, "reason": "lapsed"}
        self._runtime.journal.tell(journal.CERTIFICATE_SWITCHED, told)
        return True


def _is_lapsed(record: DeviceRecord, now: int) -> bool:
    lease = record.lease_expires_at
    return lease is not None and now - LAPSED_SECONDS < lease <= now


def _is_claimed_anew(record: DeviceRecord, again: DeviceRecord) -> bool:
    claims = [(each.status, each.claimed_at) for each in (record, again)]
    return claims[0] != claims[1] and record.certificate_id in permitted(again)
