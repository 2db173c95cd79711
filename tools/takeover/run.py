"""Goes through the records of a take-over; may be repeated at any time.

What has moved is at home here and left alone, so an interrupted run goes on where it is run again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from device_registry.aws_errors import error_code
from tools.aws_errors import RUN_ENDING
from tools.ordered import in_order
from tools.registry.table import READ_BATCH, ConditionFailedError, RegistryTable, StoredItem
from tools.takeover.plan import CLAIMABLE, Move, Outcome, TakeOver, judge

_ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which records are looked at: those of a batch, those that are named, or else all."""

    batch: str | None = None
    serials: Sequence[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one record; ``problem`` is a sentence where it could not be moved."""

    serial_number: str
    outcome: Outcome
    problem: str | None = None


Candidate = tuple[str, StoredItem | None]


def count(registry: RegistryTable, plan: TakeOver, selection: Selection) -> Counter[Outcome]:
    """Return how many records would become what. Nothing is written.

    Raises:
        ThrottledError, ClientError, BotoCoreError: the registry cannot be used.
    """
    found: Counter[Outcome] = Counter()
    for _, item in _candidates(registry, plan, selection):
        verdict = Outcome.UNKNOWN if item is None else judge(item, plan)
        found[Outcome.MOVED if isinstance(verdict, Move) else verdict] += 1
    return found


def move(
    registry: RegistryTable, plan: TakeOver, selection: Selection, *, workers: int
) -> Iterator[Result]:
    """Move the homes that the plan concerns, and yield what became of each record.

    Raises:
        ThrottledError, ClientError, BotoCoreError: the registry cannot be used.
    """

    def work(candidate: Candidate) -> Result:
        return _move(registry, plan, *candidate)

    candidates = _candidates(registry, plan, selection)
    for _, result in in_order(work, candidates, workers=workers):
        yield result


def _candidates(
    registry: RegistryTable, plan: TakeOver, selection: Selection
) -> Iterator[Candidate]:
    if selection.serials is not None:
        for start in range(0, len(selection.serials), READ_BATCH):
            serials = selection.serials[start : start + READ_BATCH]
            items = registry.get_many(serials)
            yield from ((serial, items.get(serial)) for serial in serials)
        return
    if selection.batch is not None:
        found = registry.by_batch(selection.batch)
    elif plan.every_status:
        found = registry.every()
    else:
        found = registry.by_status(CLAIMABLE)
    yield from ((item["serialNumber"]["S"], item) for item in found)


def _move(registry: RegistryTable, plan: TakeOver, serial: str, item: StoredItem | None) -> Result:
    for _ in range(_ATTEMPTS):
        if item is None:
            return Result(serial_number=serial, outcome=Outcome.UNKNOWN)
        verdict = judge(item, plan)
        if isinstance(verdict, Outcome):
            return Result(serial_number=serial, outcome=verdict)
        try:
            registry.update(verdict.arguments)
        except ConditionFailedError as error:
            item = error.item
        except ClientError as error:
            if error_code(error) in RUN_ENDING:
                raise
            return _failed(serial, f"DynamoDB refused the record of {serial}: {error}.")
        else:
            return Result(serial_number=serial, outcome=Outcome.MOVED)
    return _failed(serial, f"The record of {serial} kept changing.")


def _failed(serial: str, problem: str) -> Result:
    return Result(serial_number=serial, outcome=Outcome.FAILED, problem=problem)
