"""From a certificate to what is asked of the registry."""

import time

import pytest

from device_registry.claim import ClaimRequest
from jitr_gate import decide
from jitr_gate.settings import from_environment
from provisioning_hook.request import InvalidParameterError
from tests.unit.builders import CERTIFICATE
from tests.unit.jitr_gate.fakes import CA, GATE_ENVIRONMENT, device_pem


def asked(pem, device=None, **changes):
    environ = {k: v for k, v in {**GATE_ENVIRONMENT, **changes}.items() if v is not None}
    presented = decide.read(pem)
    device = device or decide.Device()
    config = from_environment(environ)
    return decide.claim_request(presented, CERTIFICATE, config, time.time(), device)


def test_what_is_asked_of_the_registry():
    assert asked(device_pem()) == ClaimRequest(
        serial_number="SN-0001",
        device_type="temperature-sensor",
        manufacturer="AcmeIoT",
        certificate_id=CERTIFICATE,
        claim_certificate_id=CA,
        template_name="acme-maker",
        thing_name="acme-SN-0001",
    )


def test_without_a_manufacturer_none_is_named():
    assert asked(device_pem(), MANUFACTURER_FIELD=None).manufacturer == ""


def test_a_device_type_that_cannot_be_one_is_named_by_its_field():
    device = decide.Device()
    pem = device_pem(CommonName="SN-1", Organization="AcmeIoT", OrganizationalUnit="Gate way")
    message = r"^OrganizationalUnit: characters or a length that cannot be used$"
    with pytest.raises(InvalidParameterError, match=message):
        asked(pem, device, DEVICE_TYPE=None, DEVICE_TYPE_FIELD="OrganizationalUnit")
    assert device == decide.Device(serial_number="SN-1", device_type="Gate way")
