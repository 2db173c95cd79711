"""Several endpoints for one device: the order to try them in, and a transport that follows it.

A device that was provisioned where there are several Regions is told their endpoints by the
template's DeviceConfiguration, under `CONFIGURATION_KEY`. Each connection is one round through
them. Rounds are repeated by whoever connects, with the same retry policy as for one endpoint: a
device is back at latest one wait of its policy, and one round, after any of them serves again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tools.device.failures import DeviceError
from tools.device.model import ClientCredentials
from tools.device.ports import Session, Transport

CONFIGURATION_KEY = "mqttEndpoints"
"""Of the DeviceConfiguration: host names, separated by commas, in the order to try."""

RETURN_AFTER_SECONDS = 900.0
"""How long a device keeps to another endpoint than its first before it tries that again."""

_Way = TypeVar("_Way")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Memory:
    """Which of several endpoints served last, by its place in the order, and since when."""

    index: int = 0
    since: float = 0.0


@dataclass(frozen=True)
class Way:
    """An endpoint by its name, and the way to it."""

    name: str
    transport: Transport


def configured_names(configuration: Mapping[str, Any]) -> tuple[str, ...]:
    """The endpoints of a DeviceConfiguration, in the order to try; none if it names none."""
    listed = configuration.get(CONFIGURATION_KEY)
    if not isinstance(listed, str):
        return ()
    return tuple(dict.fromkeys(name for each in listed.split(",") if (name := each.strip())))


def is_time_to_return(memory: Memory, now: float, return_after: float) -> bool:
    """Whether a device has kept to another endpoint than its first for long enough."""
    return memory.index != 0 and now - memory.since >= return_after


def order(count: int, memory: Memory, now: float, return_after: float) -> tuple[int, ...]:
    """The places of ``count`` endpoints in the order to try them now.

    The one that served last comes first, unless it is time to return: then all are tried as listed.
    """
    listed = range(count)
    if is_time_to_return(memory, now, return_after):
        return tuple(listed)
    return (memory.index, *(index for index in listed if index != memory.index))


def first_to_serve(ways: Sequence[_Way], attempt: Callable[[_Way], _Result]) -> _Result:
    """The result of the first attempt that succeeds.

    Raises:
        DeviceError: None did. It is one that another round may cure, if there was one.
    """
    failures: list[DeviceError] = []
    for way in ways:
        try:
            return attempt(way)
        except DeviceError as failure:
            failures.append(failure)
    raise next((failure for failure in failures if failure.transient), failures[0])


class Failover:
    """A transport over several endpoints. May be used from several threads.

    Args:
        ways: The endpoints in the order to try, at least one.
        return_after: Seconds after which the first is preferred again.
        first: The place of the one to begin with.
        report: Takes a line about each endpoint that does not serve.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        ways: Sequence[Way],
        *,
        return_after: float = RETURN_AFTER_SECONDS,
        first: int = 0,
        report: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ways = tuple(ways)
        self._return_after = return_after
        self._report = report
        self._clock = clock
        self._memory = Memory(first, clock())

    @property
    def current(self) -> str:
        """The name of the endpoint that served last, whichever device it was."""
        return self._ways[self._memory.index].name

    def connect(self, credentials: ClientCredentials, client_id: str) -> Session:
        """See `tools.device.ports.Transport.connect`. One round."""
        places = order(len(self._ways), self._memory, self._clock(), self._return_after)
        return first_to_serve(places, lambda index: self._through(index, credentials, client_id))

    def return_to_first(self, credentials: ClientCredentials, client_id: str) -> Session | None:
        """A connection to the first endpoint, if it is time to return and it serves.

        If it does not, the device keeps to where it is, and the time begins anew.
        """
        memory, now = self._memory, self._clock()
        if not is_time_to_return(memory, now, self._return_after):
            return None
        try:
            return self._through(0, credentials, client_id)
        except DeviceError:
            self._memory = Memory(memory.index, self._clock())
            return None

    def _through(self, index: int, credentials: ClientCredentials, client_id: str) -> Session:
        way = self._ways[index]
        try:
            session = way.transport.connect(credentials, client_id)
        except DeviceError as failure:
            if self._report is not None and len(self._ways) > 1:
                self._report(f"{way.name} does not serve: {failure}")
            raise
        now = self._clock()
        if index != self._memory.index or is_time_to_return(self._memory, now, self._return_after):
            self._memory = Memory(index, now)
        return session
