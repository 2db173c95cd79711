"""Who came in through a leaked claim certificate, and how the claim is closed.

A record keeps the claim of its present certificate: through which claim certificate, and when. A
device that got another certificate since through another claim, or whose claim was released, is
found by the hook's decision log alone. Its present certificate, if it has one, is not the leaked
claim's doing, so its record is left alone; what the leaked claim brought in is switched off.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from device_registry.certificates import status_of
from tools.authorities.closing import Target, needs
from tools.registry import raw
from tools.registry.table import READ_BATCH, RegistryTable, StoredItem

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient


@dataclass(frozen=True, kw_only=True)
class Concerned:
    """A device that an incident concerns.

    Attributes:
        serial_number: the device.
        item: its record; None for none.
        came_in: whether the device as it is now is concerned, and not only ``former``.
        former: certificates that came in through the leaked claim, and are not the present one.
    """

    serial_number: str
    item: StoredItem | None
    came_in: bool
    former: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Leak:
    """What came in through one claim certificate since a moment.

    Args:
        certificate_id: the claim certificate.
        since: seconds since 1970.
        granted: what the decision log says was let in: certificates by serial number.
    """

    certificate_id: str
    since: int
    granted: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def concerned(self, registry: RegistryTable) -> Iterator[Concerned]:
        """Yield every device that came in, those first that the registry knows of, newest first.

        The index may be a moment behind: ``judge`` what was read anew before acting on it.
        """
        listed = set()
        for item in registry.by_claim_certificate(self.certificate_id, since=self.since):
            serial = item["serialNumber"]["S"]
            listed.add(serial)
            yield self.judge(serial, item)
        others = sorted(self.granted.keys() - listed)
        for start in range(0, len(others), READ_BATCH):
            batch = others[start : start + READ_BATCH]
            items = registry.get_many(batch)
            for serial in batch:
                yield self.judge(serial, items.get(serial))

    def judge(self, serial: str, item: StoredItem | None, known: tuple[str, ...] = ()) -> Concerned:
        """Say how a device is concerned, as its record stands.

        Args:
            serial: the device.
            item: its record; None for none.
            known: certificates that are known to have come in through the claim.
        """
        present = raw.text(item, "certificateId") if item else None
        through = self.granted.get(serial, frozenset()).union(known)
        return Concerned(
            serial_number=serial,
            item=item,
            came_in=present in through or (item is not None and self._holds(item)),
            former=tuple(sorted(through - {present})),
        )

    def _holds(self, item: StoredItem) -> bool:
        """Tell whether a record's present claim is of this claim certificate, and so young."""
        claimed_at = raw.seconds(item, "claimedAt")
        return (
            raw.text(item, "claimCertificateId") == self.certificate_id
            and claimed_at is not None
            and claimed_at >= self.since
        )


def close_claim(iot: "IoTClient", certificate_id: str, target: Target) -> str | None:
    """Take a claim certificate out of use; return its status before, None where there is none.

    Raises:
        ClientError, BotoCoreError: AWS IoT refused.
    """
    status = status_of(iot, certificate_id)
    if status is not None and needs(target, status):
        iot.update_certificate(certificateId=certificate_id, newStatus=target.value)
    return status


def disable_template(iot: "IoTClient", name: str) -> None:
    """Switch a provisioning template off, for every claim; a repeat changes nothing.

    Raises:
        ClientError, BotoCoreError: AWS IoT refused, or has no such template.
    """
    if iot.describe_provisioning_template(templateName=name).get("enabled"):
        iot.update_provisioning_template(templateName=name, enabled=False)
