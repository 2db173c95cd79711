"""Devices that must not get in: each is told the same nothing, and the log says why."""

import time

import pytest

from device_registry.reasons import Denial
from device_registry.record import Status
from tools.device.model import DeviceSpec, registration_parameters

pytestmark = pytest.mark.endpoint

TYPE = "pressure-sensor"


def assert_refused(fleet, serial_number, denial, device_type=TYPE, **options):
    """The device gets 403, its certificate never works, no thing is made, the log says why."""
    answer = fleet.refused(serial_number, device_type, **options)
    assert answer.status_code == 403
    assert denial not in f"{answer.error_code} {answer.error_message}"
    certificate_id = fleet.store.load(serial_number).certificate_id
    assert fleet.certificate_status(certificate_id) == "PENDING_ACTIVATION"
    assert not fleet.has_thing(serial_number)
    assert fleet.reasons(serial_number, 1) == [denial]
    (entry,) = fleet.decisions(serial_number)
    assert entry["outcome"] == "denied"
    assert entry["certificateId"] == certificate_id
    assert entry["clientId"] == f"claim-acme-factory-{serial_number}"
    assert entry["templateArn"].endswith(":provisioningtemplate/acme-factory")
    return entry


def test_unknown_serial_number(fleet, serial_number):
    assert_refused(fleet, serial_number, Denial.UNKNOWN_SERIAL)
    assert fleet.record(serial_number) is None


@pytest.mark.parametrize("said", ["gateway", "humidity-sensor", "no-such-type"])
def test_wrong_device_type(fleet, serial_number, said):
    fleet.enrol(serial_number, device_type=TYPE)
    before = fleet.record(serial_number)
    assert_refused(fleet, serial_number, Denial.WRONG_DEVICE_TYPE, device_type=said)
    assert fleet.record(serial_number) == before


@pytest.mark.parametrize("parameters", [{"Manufacturer": "Fabrikam"}, {}])
def test_wrong_or_missing_manufacturer(fleet, serial_number, parameters):
    fleet.enrol(serial_number, device_type=TYPE, manufacturer="Northwind")
    assert_refused(fleet, serial_number, Denial.WRONG_MANUFACTURER, parameters=parameters)


def test_another_claim_certificate_than_the_enrolment_demands(fleet, serial_number):
    demanded = fleet.template()["claim_certificates"]["line-1"]["id"]
    fleet.enrol(serial_number, device_type=TYPE, required_claim_certificate_id=demanded)
    entry = assert_refused(fleet, serial_number, Denial.WRONG_CLAIM, line="line-2")
    used = fleet.template()["claim_certificates"]["line-2"]["id"]
    assert entry["claimCertificateId"] == used
    fleet.admit(serial_number, TYPE, line="line-1")


@pytest.mark.parametrize(
    ("status", "denial"),
    [(Status.SUSPENDED, Denial.SUSPENDED), (Status.REVOKED, Denial.REVOKED)],
)
def test_held_back_by_an_operator(fleet, serial_number, status, denial):
    fleet.enrol(serial_number, device_type=TYPE, status=status)
    assert_refused(fleet, serial_number, denial)
    assert fleet.record(serial_number).status is status


def test_an_enrolment_that_is_over(fleet, serial_number):
    over = int(time.time()) - 1
    fleet.enrol(serial_number, device_type=TYPE, enrolment_expires_at=over)
    assert_refused(fleet, serial_number, Denial.ENROLMENT_EXPIRED)


def test_an_enrolment_that_is_not_over_yet(fleet, serial_number):
    later = int(time.time()) + 600
    fleet.enrol(serial_number, device_type=TYPE, enrolment_expires_at=later)
    fleet.admit(serial_number, TYPE)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("enrolledAt", {"S": "yesterday"}),
        ("reprovisionPolicy", {"S": "sometimes"}),
        ("schemaVersion", {"N": "2"}),
        ("status", {"S": "LOST"}),
    ],
)
def test_a_malformed_record(fleet, serial_number, attribute, value):
    fleet.enrol(serial_number, device_type=TYPE)
    fleet.rewrite(serial_number, **{attribute: value})
    entry = assert_refused(fleet, serial_number, Denial.MALFORMED_RECORD)
    assert entry["level"] == "ERROR"
    assert attribute in entry["detail"]


@pytest.mark.parametrize("name", ["Location", "FirmwareVersion", "Manufacturer", "Undeclared"])
def test_a_value_that_no_thing_attribute_can_hold(fleet, serial_number, name):
    """B7: caught before the claim is taken, so that the device may try again."""
    fleet.enrol(serial_number, device_type=TYPE)
    entry = assert_refused(
        fleet, serial_number, Denial.INVALID_PARAMETER, parameters={name: "Hall 2\n+injected"}
    )
    assert entry["detail"] == name
    assert fleet.record(serial_number).status is Status.ENROLLED
    fleet.forget(serial_number)
    fleet.admit(serial_number, TYPE)


def test_a_second_certificate_while_the_first_holds_the_claim(fleet, serial_number):
    """S3, S4: neither takes the record over nor attaches itself to the thing."""
    fleet.enrol(serial_number, device_type=TYPE)
    # It does not connect with its certificate: that would put it into service.
    claim = fleet.claims["line-1"].credentials()
    with fleet.session(claim, f"claim-acme-factory-{serial_number}") as session:
        first = session.create_keys_and_certificate()
        parameters = registration_parameters(DeviceSpec(serial_number, TYPE))
        session.register_thing("acme-factory", first.ownership_token, parameters)
    held = fleet.record(serial_number)
    answer = fleet.refused(serial_number, TYPE)
    assert answer.status_code == 403
    assert fleet.reasons(serial_number, 2) == ["FIRST_CLAIM", Denial.CLAIMED_BY_OTHER_CERTIFICATE]
    assert fleet.record(serial_number) == held
    assert fleet.attached(serial_number) == [first.certificate_id]


def test_a_disabled_template_lets_nobody_in_and_asks_nobody(fleet, serial_number):
    fleet.enrol(serial_number, device_type=TYPE)
    iot, name = fleet.client("iot"), fleet.template()["name"]
    iot.update_provisioning_template(templateName=name, enabled=False)
    try:
        fleet.refused(serial_number, TYPE)
    finally:
        iot.update_provisioning_template(templateName=name, enabled=True)
    assert fleet.record(serial_number).status is Status.ENROLLED
    fleet.forget(serial_number)
    fleet.admit(serial_number, TYPE)
    assert fleet.reasons(serial_number, 1) == ["FIRST_CLAIM"]
