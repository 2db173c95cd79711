"""The audit trail: what the functions' log lines tell of decisions and changes, kept by itself.

Log lines arrive as CloudWatch Logs delivers them to a subscription, at least once. Each becomes one
entry of known fields only, under the id of the log line, which tells a repetition.

Follows https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html.
"""

import base64
import binascii
import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from device_lifecycle import errors
from device_lifecycle.journal import MAX_CHARACTERS
from device_lifecycle.settings import Archive, Audit
from device_registry.aws_errors import EXISTS, error_code, is_not_found

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

# A field that is not listed is left out, whatever a log line holds: no PEM, no token, no key.
FIELDS = (
    "timestamp",
    "event",
    "outcome",
    "reason",
    "detail",
    "by",
    "from",
    "to",
    "serialNumber",
    "deviceType",
    "thingName",
    "certificateId",
    "claimCertificateId",
    "templateName",
    "templateArn",
    "gate",
    "alarmName",
    "batch",
    "clientId",
    "changedAt",
    "changeId",
    "requestId",
)
# A device may write into its serial number what it should have kept.
_PEM = "-----BEGIN"
LEFT_OUT = "(left out)"
# What one PutLogEvents takes: each event counts 26 bytes beside its message. A subscription brings
# more at once, since what it brings is packed.
_CALL_BYTES = 1_048_576
_CALL_ENTRIES = 10_000
_ENTRY_BYTES = 26


class MalformedEventError(ValueError):
    """The event is none of CloudWatch Logs'."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One audit entry, at a time in milliseconds since 1970."""

    at: int
    fields: Mapping[str, str]

    def line(self) -> str:
        """Return the entry as a line of JSON."""
        return json.dumps(self.fields)


def run(event: Any, config: Audit, logs: "CloudWatchLogsClient", archive: "S3Client") -> int:
    """Keep what an event of CloudWatch Logs brings, and return how many entries that were.

    Raises:
        MalformedEventError: the event is none of CloudWatch Logs'.
        RetryError, ClientError, BotoCoreError: not kept; worth another try.
    """
    kept = entries(event)
    if kept:
        # The archive first: its object has the same name each time, so that a repetition is another
        # version of it and no second object.
        if config.archive is not None:
            _archive(archive, config.archive, kept)
        _put(logs, config.log_group, kept)
    return len(kept)


def entries(event: Any) -> list[Entry]:
    """Return the entries that an event of CloudWatch Logs holds, in the order of their time.

    Raises:
        MalformedEventError: the event is none of CloudWatch Logs'.
    """
    try:
        packed = base64.b64decode(event["awslogs"]["data"], validate=True)
        delivered = json.loads(gzip.decompress(packed))
        if delivered["messageType"] != "DATA_MESSAGE":
            return []
        found = _read(delivered["logGroup"], delivered["logEvents"])
        return sorted(found, key=lambda entry: entry.at)
    except (binascii.Error, EOFError, KeyError, OSError, TypeError, ValueError):
        raise MalformedEventError("awslogs") from None


def _read(source: str, log_events: Sequence[Mapping[str, Any]]) -> Iterator[Entry]:
    for log_event in log_events:
        try:
            told = json.loads(log_event["message"])
        except ValueError:
            continue
        if isinstance(told, Mapping):
            known = {name: _clean(told[name]) for name in FIELDS if isinstance(told.get(name), str)}
            yield Entry(
                at=int(log_event["timestamp"]),
                fields={**known, "source": source, "id": str(log_event["id"])},
            )


def _clean(value: str) -> str:
    return LEFT_OUT if _PEM in value else value[:MAX_CHARACTERS]


def _put(logs: "CloudWatchLogsClient", log_group: str, kept: Sequence[Entry]) -> None:
    """Write the entries to the audit log group, into a stream for each day.

    Follows https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html.
    """
    days: dict[str, list[Entry]] = {}
    for entry in kept:
        days.setdefault(_day(entry), []).append(entry)
    for day, of_day in days.items():
        for part in _parts(of_day):
            try:
                _put_part(logs, log_group, day, part)
            except ClientError as error:
                if not is_not_found(error):
                    raise
                _make_stream(logs, log_group, day)
                _put_part(logs, log_group, day, part)


def _parts(kept: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Yield the entries in parts that one call takes each."""
    part: list[Entry] = []
    size = 0
    for entry in kept:
        # Escaped JSON: each character is a byte.
        counts = len(entry.line()) + _ENTRY_BYTES
        if size + counts > _CALL_BYTES or len(part) == _CALL_ENTRIES:
            yield part
            part, size = [], 0
        part.append(entry)
        size += counts
    yield part


def _put_part(
    logs: "CloudWatchLogsClient", log_group: str, day: str, kept: Sequence[Entry]
) -> None:
    answer = logs.put_log_events(
        logGroupName=log_group,
        logStreamName=day,
        logEvents=[{"timestamp": entry.at, "message": entry.line()} for entry in kept],
    )
    if answer.get("rejectedLogEventsInfo"):
        raise errors.RetryError("entries outside the time that CloudWatch Logs accepts")


def _make_stream(logs: "CloudWatchLogsClient", log_group: str, day: str) -> None:
    try:
        logs.create_log_stream(logGroupName=log_group, logStreamName=day)
    except ClientError as error:
        # Another invocation was faster.
        if error_code(error) != EXISTS:
            raise


def _archive(s3: "S3Client", archive: Archive, kept: Sequence[Entry]) -> None:
    """Write the entries as one object, named by the day and the ids of its entries.

    Object lock demands a checksum: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html.
    """
    ids = "\n".join(entry.fields["id"] for entry in kept)
    name = hashlib.sha256(ids.encode()).hexdigest()
    s3.put_object(
        Bucket=archive.bucket,
        Key=f"audit/{_day(kept[0])}/{name}.jsonl",
        Body="".join(f"{entry.line()}\n" for entry in kept).encode(),
        ContentType="application/jsonl",
        ChecksumAlgorithm="SHA256",
        ExpectedBucketOwner=archive.owner,
    )


def _day(entry: Entry) -> str:
    return datetime.fromtimestamp(entry.at / 1000, UTC).strftime("%Y/%m/%d")
