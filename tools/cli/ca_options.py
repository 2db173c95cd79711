"""What the commands under ``ca`` share: which CA, which file, how many of how many."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from device_registry import names
from tools.authorities import pem
from tools.authorities.pem import UnusableFileError
from tools.authorities.registered import RegisteredCertificate
from tools.authorities.settings import Authority
from tools.cli.console import plural, progress
from tools.cli.errors import OperatorError
from tools.cli.options import Deployment
from tools.cli.stack import Stack
from tools.registry.certificates import short

_Task = TypeVar("_Task")


def entry_of(stack: Stack, name: str) -> Authority:
    """Return the stack's CA of that key, name or certificate id.

    Raises:
        click.UsageError: the stack file has none.
    """
    for entry in stack.certificate_authorities.values():
        if name in {entry.key, entry.name, entry.certificate_id}:
            return entry
    known = ", ".join(sorted(stack.certificate_authorities)) or "none"
    raise click.UsageError(
        f"The stack file has no CA {name!r}; it has: {known}. Give --stack FILE, the output of "
        "`terraform output -json` after the CA was applied. To list or close one that was removed "
        "from it, give its certificate id."
    )


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A CA that a command line names; ``key`` is None where no stack file knows it."""

    certificate_id: str
    key: str | None

    @property
    def title(self) -> str:
        """What the CA is called in a sentence."""
        return self.key or short(self.certificate_id)


def choose(deployment: Deployment, name: str) -> Chosen:
    """Return the CA that a command line names; an id or ARN needs no stack file."""
    stack = deployment.stack
    identifier = name.rpartition("/")[2]
    if not names.matches(names.CERTIFICATE_ID, identifier):
        entry = entry_of(stack, name)
        return Chosen(certificate_id=entry.certificate_id, key=entry.key)
    keys = [
        entry.key
        for entry in stack.certificate_authorities.values()
        if entry.certificate_id == identifier
    ]
    return Chosen(certificate_id=identifier, key=keys[0] if keys else None)


ca_option = click.option(
    "--ca",
    "name",
    required=True,
    metavar="NAME|ID",
    help="The CA: its key in the stack, or its certificate id or ARN.",
)


def use_file(path: Path, read: Callable[[bytes], _Task]) -> _Task:
    """Return what ``read`` makes of a file.

    Raises:
        OperatorError: it cannot be read, or is not what it should be.
    """
    try:
        return read(pem.read(path))
    except UnusableFileError as error:
        raise OperatorError(f"{path} cannot be used. {error}") from error


def counts(found: Iterable[RegisteredCertificate]) -> str:
    """Return how many certificates there are, in all and by status."""
    counts = Counter(each.status for each in found)
    listed = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))
    return f"{plural(counts.total(), 'certificate')} ({listed})"


def unknown_authority(chosen: Chosen) -> str:
    """Say that the account and Region know nothing of the CA."""
    return (
        f"CA {chosen.certificate_id} is not registered here, and nor is anything it signed: check "
        "AWS_REGION and the account."
    )


def shown(description: str, steps: Iterable[_Task], *, total: int) -> Iterator[_Task]:
    """Pass steps on and show how many of ``total`` there were."""
    with progress("done") as bar:
        task = bar.add_task(description, total=total, count=0)
        for count, step in enumerate(steps, 1):
            yield step
            bar.update(task, completed=count, count=count)
