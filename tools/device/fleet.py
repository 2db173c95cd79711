"""Many devices at once, from a CSV file."""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tools.device.failures import DeviceError
from tools.device.model import DeviceSpec, ProvisioningResult
from tools.device.provisioner import Provisioner

DEFAULT_CONCURRENCY = 10
"""The account-wide default quota of RegisterThing and CreateKeysAndCertificate per second:
https://docs.aws.amazon.com/general/latest/gr/iot-core.html#fleet-provisioning-limits"""

_SERIAL, _TYPE, _MANUFACTURER = "serialNumber", "deviceType", "manufacturer"
_PARAMETER_PREFIX = "parameter."


@dataclass(frozen=True)
class Outcome:
    """What became of one device.

    Attributes:
        device: The device.
        ending: The result when it connected with an identity of its own, else why it did not.
        seconds: From the start of its first try to the end of its last.
    """

    device: DeviceSpec
    ending: ProvisioningResult | DeviceError
    seconds: float

    @property
    def result(self) -> ProvisioningResult | None:
        """The result, None when there is an error."""
        return None if isinstance(self.ending, DeviceError) else self.ending

    @property
    def error(self) -> DeviceError | None:
        """The error, None when there is a result."""
        return self.ending if isinstance(self.ending, DeviceError) else None


def provision_many(
    provisioner: Provisioner,
    devices: Iterable[DeviceSpec],
    *,
    concurrency: int = DEFAULT_CONCURRENCY,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Provision devices concurrently. One device's failure does not stop the others.

    Args:
        provisioner: What they have in common.
        devices: The devices, of distinct serial numbers.
        concurrency: How many at once, at least 1.
        on_outcome: Called in the caller's thread as devices finish.

    Returns:
        One outcome per device, in the devices' order.

    Raises:
        ValueError: Two devices have one serial number, or ``concurrency`` is below 1.
    """
    batch = list(devices)
    counts = Counter(device.serial_number for device in batch)
    repeated = [serial for serial, count in counts.items() if count > 1]
    if repeated:
        raise ValueError(f"More than one device has the serial number {', '.join(repeated)}.")

    def run(device: DeviceSpec) -> Outcome:
        start = time.perf_counter()
        ending: ProvisioningResult | DeviceError
        try:
            ending = provisioner.provision(device)
        except DeviceError as error:
            ending = error
        return Outcome(device, ending, time.perf_counter() - start)

    with ThreadPoolExecutor(concurrency, thread_name_prefix="device") as pool:
        futures: list[Future[Outcome]] = [pool.submit(run, device) for device in batch]
        try:
            for future in as_completed(futures):
                outcome = future.result()
                if on_outcome is not None:
                    on_outcome(outcome)
        except BaseException:
            # Interrupted: let the devices under way end, begin no further one.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def read_devices(file: Path) -> Iterator[DeviceSpec]:
    """The devices of a CSV file with a header line (UTF-8).

    The columns serialNumber and deviceType are needed. A column ``parameter.NAME`` is sent as the
    template parameter NAME. Every other column is ignored but manufacturer, so that a file that
    devices are enrolled from can be used as it is.

    Raises:
        ValueError: A needed column or value is missing; the message names the line.
        OSError: The file cannot be read.
    """
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        missing = [name for name in (_SERIAL, _TYPE) if name not in (rows.fieldnames or ())]
        if missing:
            raise ValueError(f"{file}: the header line lacks the column {' and '.join(missing)}.")
        for row in rows:
            serial, device_type = row[_SERIAL], row[_TYPE]
            if not serial or not device_type:
                raise ValueError(
                    f"{file}, line {rows.line_num}: {_SERIAL} and {_TYPE} must not be empty."
                )
            yield DeviceSpec(
                serial,
                device_type,
                row.get(_MANUFACTURER) or None,
                {
                    name.removeprefix(_PARAMETER_PREFIX): value
                    for name, value in row.items()
                    # The key of surplus cells is None.
                    if name and name.startswith(_PARAMETER_PREFIX) and value
                },
            )
