"""What went half way: found by looking at the records, whatever became of the events.

Stateless: each run lists what may need something and takes it in an order of its own, so that what
one run has no time for the next ones come to. It goes slowly, since AWS IoT allows an account some
ten calls a second to look at certificates, and devices that come in need those more.
"""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from botocore.exceptions import BotoCoreError, ClientError

from device_lifecycle import (
    activation,
    confirm,
    enforce,
    errors,
    identities,
    journal,
    replication,
    strangers,
)
from device_lifecycle.runtime import Runtime
from device_lifecycle.settings import ConfirmBy, Lifecycle
from device_registry.certificates import ACTIVE, INACTIVE, PENDING, of_device, permitted, status_of
from device_registry.record import (
    STATUS_SHARDS,
    DeviceRecord,
    Item,
    MalformedRecordError,
    Status,
    from_item,
)
from device_registry.shadow_parameter import FirstShadowError

# How far back changes are looked at again. The stream has settled them, but for what AWS IoT had in
# its hands at that moment: a certificate about to be activated when its device was cut off.
RECENT_SECONDS = 3600
# How long after a lease its certificate is looked at. One that nobody activates cannot connect.
LAPSED_SECONDS = 86_400
# A claim this young is about to be confirmed by its events.
YOUNG_SECONDS = 60
PAUSE_SECONDS = 0.2
RESERVE_SECONDS = 20.0
# Who must be out comes first.
_LISTED = (
    Status.REVOKED,
    Status.SUSPENDED,
    Status.ENROLLED,
    Status.PROVISIONING,
    Status.ACTIVE,
)


@dataclass(kw_only=True)
class Counts:
    """What a run saw and did. ``left`` is what it had no time for: at least so many."""

    checked: int = 0
    confirmed: int = 0
    stuck: int = 0
    lapsed: int = 0
    superseded: int = 0
    cutOff: int = 0  # noqa: N815  as the log line has it
    replicated: int = 0
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
    order = order or random.SystemRandom()
    found = list(sweep.find(order))
    order.shuffle(found)
    sweep.work(found)
    runtime.journal.tell(journal.SWEEP, {}, numbers=asdict(sweep.counts))
    return sweep.counts


class _Sweep:
    def __init__(self, config: Lifecycle, runtime: Runtime, stuck_seconds: int) -> None:
        self._config = config
        self._runtime = runtime
        self._stuck_seconds = stuck_seconds
        self._regions = config.registry.regions
        self._now = int(runtime.clock())
        # By device type, so that one that has none is asked for once a run.
        self._has_shadow: dict[str, bool] = {}
        self.counts = Counts()

    def find(self, order: random.Random) -> Iterator[tuple[str, str]]:
        """Yield what may need something: serial numbers, and things in quarantine.

        It ends when half of the run's time is over, and goes through the index in another order
        each time, so that a fleet that is too large to be listed at once is seen in several runs.
        """
        shards = list(range(STATUS_SHARDS))
        order.shuffle(shards)
        time_to_work = self._runtime.seconds_left() / 2
        for kind, name in self._candidates(shards):
            if self._runtime.seconds_left() < time_to_work:
                # This one, and nobody knows how many after it.
                self.counts.left = 1
                return
            if name is not None:
                yield kind, name

    def _candidates(self, shards: list[int]) -> Iterator[tuple[str, str | None]]:
        """Yield all there is to look at; None in place of what needs nothing."""
        recent = self._now - RECENT_SECONDS
        for status in _LISTED:
            since = 0 if status is Status.PROVISIONING else recent
            for shard in shards:
                for item in self._runtime.store.in_status(status, shard, since=since):
                    record = self._read(item)
                    concerned = record is not None and self._may_need_something(record)
                    yield "device", record.serial_number if record and concerned else None
        if self._config.quarantine_group is not None:
            yield from self._quarantined(self._config.quarantine_group)

    def _quarantined(self, group: str) -> Iterator[tuple[str, str]]:
        pages = self._runtime.clients.iot().get_paginator("list_things_in_thing_group")
        try:
            for page in pages.paginate(thingGroupName=group):
                yield from (("thing", name) for name in page["things"])
        except (BotoCoreError, ClientError) as error:
            # Devices do not wait for a group that somebody deleted.
            self._fail({}, error)

    def _may_need_something(self, record: DeviceRecord) -> bool:
        if record.status is Status.PROVISIONING:
            # Every Region counts a device of a fleet that several share: one of them may be lost.
            self.counts.stuck += self._age(record) >= self._stuck_seconds
            return self._age(record) >= YOUNG_SECONDS or bool(record.retired_certificate_ids)
        if self._age(record) >= YOUNG_SECONDS and replication.is_due(record, self._regions):
            return True
        if record.status is Status.ACTIVE and self._lacks_first_shadow(record):
            return True
        return bool(set(of_device(record)) - permitted(record))

    def _lacks_first_shadow(self, record: DeviceRecord) -> bool:
        path = self._config.shadow_parameters
        if path is None or record.shadow_written_at is not None:
            return False
        if self._regions.claimed_elsewhere(record):
            return False
        if self._age(record) < YOUNG_SECONDS:
            return False
        if record.device_type not in self._has_shadow:
            runtime = self._runtime
            try:
                shadow = runtime.parameters.get(runtime.clients.ssm(), path, record.device_type)
                self._has_shadow[record.device_type] = shadow is not None
            except (BotoCoreError, ClientError, FirstShadowError):
                # Told of where it is to be written.
                self._has_shadow[record.device_type] = True
        return self._has_shadow[record.device_type]

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
                self.counts.left += len(found) - number
                return
            self.counts.checked += 1
            try:
                if kind == "device":
                    self._on_device(name)
                else:
                    group = self._config.quarantine_group
                    self.counts.quarantined += strangers.shut(
                        self._runtime, self._config, name, still_in=group
                    )
            except errors.EITHER as error:
                field = "serialNumber" if kind == "device" else "thingName"
                self._fail({field: name}, error)
            self._runtime.sleep(PAUSE_SECONDS)

    def _fail(self, about: dict[str, str], error: Exception) -> None:
        self.counts.failed += 1
        # What the next run may do is no fault yet.
        by_hand = isinstance(error, errors.BY_HAND)
        told = {**about, "detail": errors.describe(error)}
        self._runtime.journal.tell(journal.FAULT, told, level="ERROR" if by_hand else "WARN")

    def _on_device(self, serial_number: str) -> None:
        record = self._runtime.store.get(serial_number)
        if record is not None and record.status is Status.PROVISIONING:
            if self._is_confirmed(record):
                reason = f"{confirm.REASONS[self._config.confirm_by]}, found by the sweep"
                self.counts.confirmed += activation.activate(self._runtime, record, reason)
            elif _is_lapsed(record, self._now) and not self._regions.claimed_elsewhere(record):
                self.counts.lapsed += self._give_up(record)
        off = enforce.settle(self._runtime, serial_number)
        record = self._runtime.store.get(serial_number)
        if record is not None and permitted(record):
            self.counts.superseded += len(off)
        else:
            self.counts.cutOff += len(off)
        if record is not None and replication.is_due(record, self._regions):
            self._replicate(serial_number)
        if record is not None and record.status is Status.ACTIVE:
            activation.ensure_first_shadow(self._runtime, self._config, record)

    def _replicate(self, serial_number: str) -> None:
        """Make the copy that the stream should have brought, and see that it is still permitted.

        A fault may come after the certificate is ACTIVE here: that is seen to all the same.
        """
        due = True
        try:
            due = replication.ensure(self._runtime, self._config, serial_number)
            self.counts.replicated += due
        finally:
            if due:
                enforce.settle(self._runtime, serial_number)

    def _is_confirmed(self, record: DeviceRecord) -> bool:
        """Tell whether what the lost event would have told is so."""
        clients, thing_name = self._runtime.clients, str(record.thing_name)
        if self._config.confirm_by is ConfirmBy.THING_EVENT:
            if self._regions.claimed_elsewhere(record):
                return False
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
        if status_of(iot, certificate_id) != PENDING:
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
