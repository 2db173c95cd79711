"""The gate's settings."""

import pytest

from device_registry.reasons import MisconfiguredError
from jitr_gate.settings import CrlObject, Settings, Source, from_environment
from provisioning_hook import settings as registry_settings
from tests.unit.builders import REGIONS
from tests.unit.jitr_gate.fakes import CA, CRL_ENVIRONMENT, GATE_ENVIRONMENT


def changed(**changes):
    environ = {**CRL_ENVIRONMENT, **changes}
    return {key: value for key, value in environ.items() if value is not None}


def test_settings():
    assert from_environment(GATE_ENVIRONMENT) == Settings(
        registry=registry_settings.Settings("registry", "acme", 3600, REGIONS),
        gate_name="acme-maker",
        ca_certificate_id=CA,
        serial_number=Source(field="CommonName"),
        device_type=Source(value="temperature-sensor"),
        manufacturer=Source(field="Organization"),
        refused_status="INACTIVE",
        crl=None,
    )


def test_the_other_choices():
    config = from_environment(
        changed(
            SERIAL_NUMBER_FIELD="SerialNumber",
            DEVICE_TYPE=None,
            DEVICE_TYPE_FIELD="OrganizationalUnit",
            MANUFACTURER="AcmeIoT",
            MANUFACTURER_FIELD=None,
            REFUSED_CERTIFICATE_STATUS="REVOKED",
            CLAIM_LEASE_SECONDS="never",
        )
    )
    assert config.registry.claim_lease_seconds is None
    assert config.serial_number == Source(field="SerialNumber")
    assert config.device_type == Source(field="OrganizationalUnit")
    assert config.manufacturer == Source(value="AcmeIoT")
    assert config.refused_status == "REVOKED"
    assert config.crl == CrlObject("acme-lists", "maker.crl", "123456789012")


def test_a_manufacturer_may_be_left_out():
    assert from_environment(changed(MANUFACTURER_FIELD=None)).manufacturer == Source()


@pytest.mark.parametrize(
    "name",
    [
        "DEVICE_REGISTRY_TABLE",
        "NAME_PREFIX",
        "CLAIM_LEASE_SECONDS",
        "GATE_NAME",
        "CA_CERTIFICATE_ID",
        "SERIAL_NUMBER_FIELD",
        "DEVICE_TYPE",
        "REFUSED_CERTIFICATE_STATUS",
        "CRL_BUCKET",
        "CRL_KEY",
        "CRL_BUCKET_OWNER",
    ],
)
def test_a_missing_variable_is_named(name):
    with pytest.raises(MisconfiguredError, match=f"^{name}$"):
        from_environment(changed(**{name: None}))


@pytest.mark.parametrize("only", ["CRL_BUCKET", "CRL_KEY", "CRL_BUCKET_OWNER"])
def test_a_revocation_list_is_named_in_full_or_not_at_all(only):
    with pytest.raises(MisconfiguredError, match=r"^CRL_"):
        from_environment({**GATE_ENVIRONMENT, only: CRL_ENVIRONMENT[only]})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATE_NAME", ""),
        ("GATE_NAME", "acme maker"),
        ("GATE_NAME", "a" * 37),
        ("CA_CERTIFICATE_ID", "C1A1" * 16),
        ("CA_CERTIFICATE_ID", "c1a1"),
        ("SERIAL_NUMBER_FIELD", "Id"),
        ("SERIAL_NUMBER_FIELD", "AWS::IoT::Certificate::CommonName"),
        ("DEVICE_TYPE", "Gateway"),
        ("DEVICE_TYPE", ""),
        ("MANUFACTURER_FIELD", "Locality"),
        ("REFUSED_CERTIFICATE_STATUS", "ACTIVE"),
        ("REFUSED_CERTIFICATE_STATUS", "inactive"),
        ("CRL_BUCKET", ""),
        ("CRL_KEY", ""),
        ("CRL_BUCKET_OWNER", ""),
        ("CRL_BUCKET_OWNER", "12345678901"),
        ("CRL_BUCKET_OWNER", "\u0661" * 12),
    ],
)
def test_a_wrong_value_is_named(name, value):
    with pytest.raises(MisconfiguredError, match=f"^{name}$"):
        from_environment(changed(**{name: value}))


def test_a_fixed_value_is_checked_like_a_device_s():
    with pytest.raises(MisconfiguredError, match=r"^MANUFACTURER$"):
        from_environment(changed(MANUFACTURER="Acme IoT", MANUFACTURER_FIELD=None))


def test_a_field_is_checked_where_there_is_no_fixed_value():
    with pytest.raises(MisconfiguredError, match=r"^DEVICE_TYPE_FIELD$"):
        from_environment(changed(DEVICE_TYPE=None, DEVICE_TYPE_FIELD="Id"))


@pytest.mark.parametrize("name", ["DEVICE_TYPE", "MANUFACTURER"])
def test_a_value_and_a_field_for_it_contradict_each_other(name):
    environ = changed(**{name: "x", f"{name}_FIELD": "Country"})
    with pytest.raises(MisconfiguredError, match=f"^{name}$"):
        from_environment(environ)
