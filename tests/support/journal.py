"""What a test run made and said, in files that `secrets_check.py` looks through at the end.

Every process of a run writes a file of its own into one directory, which the environment variable
`ENDPOINT_JOURNAL` names: the test processes, and each embedded endpoint, whoever starts it (the
demo does so in a process of its own). So what an endpoint logged is there after it was stopped or
killed, also of log groups that were deleted. The directory is the owner's only, and goes with the
run: it holds the secrets that the run made.

`endpoint_server.py` loads this module by its path: it imports nothing of the project.
"""

import contextlib
import json
import os
import re
import secrets
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

VARIABLE = "ENDPOINT_JOURNAL"
PRIVATE_KEY = "a private key"
TOKEN = "an ownership token"
CREDENTIALS = "a secret of AWS credentials"
# `secrets.token_urlsafe` makes names, too; what stands for a right is as long as a key.
TOKEN_BYTES = 32
SECRET_ACCESS_KEY = re.compile(rb"<SecretAccessKey>([^<]+)<")
# An endpoint says so in its log, where `secrets_check.py` looks for it.
NOT_KEPT = "JOURNAL: log events were not kept"

# --- writing


class Journal:
    """One process's file. Every entry is there for others to read when its call returns."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / f"{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        self._file = self._path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def close(self) -> None:
        """Write no more."""
        self._file.close()

    def hello(self, name: str) -> None:
        """Say whose journal this is, once all that writes it is in place."""
        self._write(hello=name)

    def secret(self, kind: str, *values: bytes) -> None:
        """Keep the values of which none may be found anywhere."""
        self._write(secret=kind, values=[value.hex() for value in values])

    def output(self, where: str, text: str) -> None:
        """Keep what was captured of a test, or of a process that one started."""
        if text.strip():
            self._write(where=where, text=text)

    def log_events(self, group: str, where: str, messages: Iterable[str]) -> None:
        """Keep events of a log group."""
        self._write(group=group, where=where, messages=list(messages))

    def _write(self, **entry: Any) -> None:
        line = json.dumps(entry)
        with self._lock:
            self._file.write(f"{line}\n")
            self._file.flush()


def of_this_run() -> Journal | None:
    """A new file in the run's directory, or None where no run asks for one."""
    directory = os.environ.get(VARIABLE)
    return Journal(Path(directory)) if directory else None


# --- what is made


def private_values(key: Any) -> tuple[bytes, ...]:
    """The numbers of a private key that are not also in its public key."""
    numbers = key.private_numbers()
    match numbers:
        case rsa.RSAPrivateNumbers():
            found = (numbers.d, numbers.p, numbers.q)
        case ec.EllipticCurvePrivateNumbers():
            found = (numbers.private_value,)
        case _:
            found = (numbers.x,)
    return tuple(number.to_bytes((number.bit_length() + 7) // 8) for number in found)


def note_private_keys(note: Callable[..., None]) -> Callable[[], None]:
    """Keep every key that this process makes from now on; returns what ends that.

    Args:
        note: `Journal.secret`.
    """

    def noting(make):
        def make_and_note(*arguments, **options):
            key = make(*arguments, **options)
            note(PRIVATE_KEY, *private_values(key))
            return key

        return make_and_note

    with contextlib.ExitStack() as undo:
        for module in (dsa, ec, rsa):
            undo.callback(setattr, module, "generate_private_key", module.generate_private_key)
            module.generate_private_key = noting(module.generate_private_key)
        return undo.pop_all().close


def note_endpoint(journal: Journal, engine: Callable[[str], Any]) -> None:
    """Keep what the embedded endpoint makes and logs, in every account and region.

    Args:
        journal: Where.
        engine: Gives the engine's modules by their names.
    """
    note_private_keys(journal.secret)
    _note_credentials(journal, engine)
    _note_ownership_tokens(journal)
    _note_log_events(journal, engine("services.cloudwatch_logs"), engine("core.responses"))


def _note_credentials(journal: Journal, engine: Callable[[str], Any]) -> None:
    iam, sts = engine("services.iam"), engine("services.sts")
    create, register = iam._IAM_HANDLERS["CreateAccessKey"], sts.register_session

    def create_and_note(request):
        answer = create(request)
        made = SECRET_ACCESS_KEY.search(answer[2])
        if made:
            journal.secret(CREDENTIALS, made[1])
        return answer

    def register_and_note(access_key, session):
        values = [session.get(name) or "" for name in ("SecretAccessKey", "SessionToken")]
        journal.secret(CREDENTIALS, *(value.encode() for value in values if value))
        register(access_key, session)

    iam._IAM_HANDLERS["CreateAccessKey"] = create_and_note
    sts.register_session = register_and_note


def _note_ownership_tokens(journal: Journal) -> None:
    token_urlsafe = secrets.token_urlsafe

    def token_and_note(nbytes=None):
        made = token_urlsafe(nbytes)
        if nbytes and nbytes >= TOKEN_BYTES:
            journal.secret(TOKEN, made.encode())
        return made

    secrets.token_urlsafe = token_and_note


def _note_log_events(journal: Journal, logs: Any, responses: Any) -> None:
    deliver = logs._fanout_to_subscription_filters

    # Whoever writes to a log group, a caller or a function, calls this.
    def keep_and_deliver(group_name, stream_name, events):
        try:
            account, region = responses.get_account_id(), responses.get_region()
            where = f"{group_name} of {account} in {region}, stream {stream_name}"
            group = f"{account} {region} {group_name}"
            journal.log_events(group, where, [str(event.get("message", "")) for event in events])
        except Exception as error:  # noqa: BLE001 - the engine would pass over it in silence
            # Not its text, which might hold what the events do.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            at = f"{Path(frame.filename).name}:{frame.lineno}"
            print(f"{NOT_KEPT}: {type(error).__name__} at {at}", flush=True)
        deliver(group_name, stream_name, events)

    logs._fanout_to_subscription_filters = keep_and_deliver


# --- reading


def entries(directory: Path) -> Iterator[dict[str, Any]]:
    """Every entry that a run wrote, file by file; for one that cannot be read, where it is."""
    for path in sorted(directory.glob("*.jsonl")):
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield json.loads(line)
                except ValueError:
                    # A process that was killed, or still writes, may have left half a line: the
                    # last one. What may have come after it meanwhile begins in its middle.
                    if not line.endswith(b"\n"):
                        break
                    yield {"unreadable": f"line {number} of {path.name}"}


def endpoint_logs(directory: Path) -> Iterator[tuple[str, str]]:
    """The name and the text of each endpoint's own log."""
    for path in sorted(directory.glob("*.log")):
        yield path.stem, path.read_text(encoding="utf-8", errors="replace")
