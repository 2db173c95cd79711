"""What ``show`` tells of a record."""

from dataclasses import fields

import pytest

from device_registry.record import DeviceRecord, ReprovisionPolicy, Status, to_item
from tests.unit.builders import NOW
from tests.unit.tools.cli.test_just_in_time import iot, registry, run  # noqa: F401 - fixtures
from tools.cli.console import iso

# Above the record, and below it: its schema, and the text of its certificate, are the tools' own
# business.
ELSEWHERE = {
    "serial_number",
    "status",
    "schema_version",
    "thing_name",
    "certificate_ids",
    "certificate_pem",
}
RECORD = DeviceRecord(
    serial_number="GW-1",
    device_type="gateway",
    status=Status.SUSPENDED,
    enrolled_at=NOW + 1,
    enrolled_by="arn:aws:iam::123456789012:user/factory",
    status_changed_at=NOW + 2,
    reprovision_policy=ReprovisionPolicy.REPLACE,
    manufacturer="Northwind",
    batch="spring",
    enrolment_expires_at=NOW + 3,
    required_claim_certificate_id="01" * 32,
    thing_name="acme-GW-1",
    certificate_id="02" * 32,
    claim_certificate_id="03" * 32,
    template_name="acme-fleet",
    claimed_at=NOW + 4,
    lease_expires_at=NOW + 5,
    certificate_ids=frozenset({"02" * 32, "04" * 32, "05" * 32}),
    provision_count=4711,
    provisioned_at=NOW + 6,
    home_region="eu-central-2",
    home_changed_at=NOW + 8,
    home_changed_by="arn:aws:iam::123456789012:user/rescuer",
    claimed_in="ap-southeast-4",
    status_changed_by="arn:aws:iam::123456789012:user/operator",
    status_reason="lost",
    suspended_from=Status.ACTIVE,
    suspended_certificate_ids=frozenset({"06" * 32, "07" * 32}),
    retired_certificate_ids=frozenset({"04" * 32, "05" * 32}),
    shadow_written_at=NOW + 7,
    last_suspended_at=NOW + 8,
)


def as_shown(value):
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return iso(value) if isinstance(value, int) and value >= NOW else str(value)


@pytest.mark.parametrize(
    "name", [each.name for each in fields(DeviceRecord) if each.name not in ELSEWHERE]
)
def test_every_attribute_of_the_record_is_shown(run, registry, name):  # noqa: F811
    value = getattr(RECORD, name)
    assert value is not None
    registry.items["GW-1"] = to_item(RECORD)
    result = run("show", "GW-1")
    assert result.exit_code == 0, result.output
    _, _, told = result.stdout.partition("\nRecord\n")
    assert as_shown(value) in told.partition("\nAt AWS IoT\n")[0]


def test_what_a_record_lacks_is_not_shown(run):  # noqa: F811
    told = run("show", "GW-1").stdout
    assert "First shadow" not in told
    assert "retired" not in told
