"""What every step needs to act: clients, the table, the log, the first shadows, the clock."""

from collections.abc import Callable
from dataclasses import dataclass

from device_lifecycle.clients import Clients
from device_lifecycle.first_shadow import Parameters
from device_lifecycle.journal import Journal
from device_lifecycle.store import Store


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """One invocation's means.

    ``clock`` returns seconds since 1970, ``sleep`` waits for a number of seconds, ``seconds_left``
    says how long the invocation may still take.
    """

    clients: Clients
    store: Store
    journal: Journal
    seconds_left: Callable[[], float]
    parameters: Parameters
    clock: Callable[[], float]
    sleep: Callable[[float], None]
