"""Deals with every device that an incident concerns; may be repeated at any time."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tools.incident.leak import Concerned, Leak
from tools.incident.quarantine import Quarantine
from tools.ordered import in_order
from tools.registry import raw
from tools.registry.operate import Report

# AWS takes ten UpdateCertificate a second. More under way only means more that are throttled.
_WORKERS = 4
# The index may be a moment behind, and a registration that was under way may still end: so the list
# is read again until it names nobody new.
_ROUNDS = 10
_PAUSE_SECONDS = 3


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one device: as it was listed, its own report, and its former certificates'."""

    concerned: Concerned
    report: Report | None
    former: tuple[Report, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all is as it should be."""
        return all(each.ok for each in (self.report, *self.former) if each is not None)


class Run:
    """Goes through the devices of an incident.

    Args:
        find: lists the devices, anew each time.
        deal: deals with one; runs in several threads.
        repeat: whether to list again until nobody is new.
        sleep: waits for a number of seconds.

    Attributes:
        outcomes: what became of each device, in the order in which they were dealt with.
        left: how many were new when the list was read for the last time.
    """

    def __init__(
        self,
        find: Callable[[], Iterable[Concerned]],
        deal: Callable[[Concerned], Outcome],
        *,
        repeat: bool,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._find = find
        self._deal = deal
        self._repeat = repeat
        self._sleep = sleep
        self.outcomes: list[Outcome] = []
        self.left = 0

    def rounds(self) -> Iterator[list[Concerned]]:
        """Yield who is to be dealt with, list after list, until nobody is new."""
        todo = list(self._find())
        if self._repeat and not todo:
            self._sleep(_PAUSE_SECONDS)
            todo = self._new()
        for _ in range(_ROUNDS):
            if not todo:
                return
            yield todo
            if not self._repeat:
                return
            self._sleep(_PAUSE_SECONDS)
            todo = self._new()
        self.left = len(todo)

    def _new(self) -> list[Concerned]:
        done = {outcome.concerned.serial_number for outcome in self.outcomes}
        return [each for each in self._find() if each.serial_number not in done]

    def deal_with(self, todo: list[Concerned]) -> Iterator[Outcome]:
        """Deal with these, and yield what became of each.

        Raises:
            ClientError, BotoCoreError: AWS refused in a way that concerns all devices.
        """
        for _, outcome in in_order(self._deal, todo, workers=_WORKERS):
            self.outcomes.append(outcome)
            yield outcome


def contain(leak: Leak, quarantine: Quarantine, listed: Concerned) -> Outcome:
    """Deal with one device of a leaked claim, by its record as it stands now.

    Former certificates go first: they are retired when the device is suspended, and nothing that
    ends the suspension brings them back.

    Raises:
        ClientError, BotoCoreError: AWS cannot be used at all, for any device.
    """
    serial = listed.serial_number
    present = raw.text(listed.item, "certificateId") if listed.item and listed.came_in else None
    known = (*listed.former, present) if present else listed.former
    concerned = leak.judge(serial, quarantine.registry.get(serial), known)
    former = tuple(quarantine.switch_off(serial, each) for each in concerned.former)
    report = quarantine.put(serial) if concerned.came_in else None
    return Outcome(concerned=concerned, report=report, former=former)
