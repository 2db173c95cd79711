"""The environment: what is read, and what stops a function before it does harm."""

import pytest

from device_lifecycle import settings
from device_lifecycle.settings import (
    Archive,
    Audit,
    ConfirmBy,
    Enforcement,
    Lifecycle,
    Registry,
    UnexpectedThings,
)
from device_registry.reasons import MisconfiguredError
from tests.unit.builders import AT_HOME, REGIONS
from tests.unit.device_lifecycle.fakes import ENVIRONMENT, QUARANTINE

ARCHIVE = {"ARCHIVE_BUCKET": "acme-audit", "ARCHIVE_BUCKET_OWNER": "123456789012"}


REGISTRY = Registry(table_name="registry", name_prefix="acme", regions=REGIONS)


def test_what_is_read():
    assert settings.lifecycle(ENVIRONMENT) == Lifecycle(
        registry=REGISTRY,
        confirm_by=ConfirmBy.FIRST_CONNECTION,
        unexpected_things=UnexpectedThings.REPORT,
        quarantine_group=None,
        ignored_thing_prefixes=(),
        shadow_parameters="/iot-provisioning/acme/device-types",
    )


@pytest.mark.parametrize(
    ("value", "path"), [("", None), ("/path", "/path")], ids=["no path", "a path"]
)
def test_what_enforcement_reads(value, path):
    config = settings.enforcement(ENVIRONMENT | {"SHADOW_PARAMETERS": value})
    assert config == Enforcement(registry=REGISTRY, shadow_parameters=path)
    several = settings.enforcement(ENVIRONMENT | {"DEFAULT_HOME_REGION": "us-east-1"})
    assert several.registry.regions == AT_HOME


def test_what_may_be_read_besides():
    more = {**ENVIRONMENT, **QUARANTINE, "SHADOW_PARAMETERS": "", "IGNORED_THING_PREFIXES": "a,,b"}
    config = settings.lifecycle(more)
    assert config.quarantine_group == "acme-quarantine"
    assert config.ignored_thing_prefixes == ("a", "b")
    assert config.shadow_parameters is None
    assert settings.lifecycle({**more, "UNEXPECTED_THINGS": "ignore"}).quarantine_group is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEVICE_REGISTRY_TABLE", None),
        ("DEVICE_REGISTRY_TABLE", ""),
        ("NAME_PREFIX", None),
        ("NAME_PREFIX", "Acme"),
        ("CONFIRM_BY", None),
        ("CONFIRM_BY", "first_connection"),
        ("UNEXPECTED_THINGS", "delete"),
        ("QUARANTINE_GROUP", None),
        ("QUARANTINE_GROUP", "a group"),
    ],
)
def test_what_cannot_work_is_named(name, value):
    environ = {**ENVIRONMENT, **QUARANTINE, name: value}
    if value is None:
        del environ[name]
    with pytest.raises(MisconfiguredError, match=f"^{name}$"):
        settings.lifecycle(environ)


@pytest.mark.parametrize("value", ["60", "604800"])
def test_how_long_is_stuck(value):
    assert settings.stuck_seconds({"STUCK_SECONDS": value}) == int(value)


@pytest.mark.parametrize("environ", [{}, *({"STUCK_SECONDS": v} for v in ("59", "604801", "1e3"))])
def test_what_is_no_time(environ):
    with pytest.raises(MisconfiguredError, match=r"^STUCK_SECONDS$"):
        settings.stuck_seconds(environ)


def test_where_the_trail_goes():
    environ = {"AUDIT_LOG_GROUP": "/audit"}
    assert settings.audit(environ) == Audit(log_group="/audit", archive=None)
    archive = Archive(bucket="acme-audit", owner="123456789012")
    assert settings.audit({**environ, **ARCHIVE}) == Audit(log_group="/audit", archive=archive)


@pytest.mark.parametrize("name", ["AUDIT_LOG_GROUP", *ARCHIVE])
def test_half_a_trail_is_none(name):
    environ = {"AUDIT_LOG_GROUP": "/audit", **ARCHIVE}
    del environ[name]
    with pytest.raises(MisconfiguredError, match=f"^{name}$"):
        settings.audit(environ)


@pytest.mark.parametrize("owner", ["12345678901", "1234567890123", "acme-account"])
def test_an_owner_that_is_no_account_is_named(owner):
    environ = {"AUDIT_LOG_GROUP": "/audit", **ARCHIVE, "ARCHIVE_BUCKET_OWNER": owner}
    with pytest.raises(MisconfiguredError, match=r"^ARCHIVE_BUCKET_OWNER$"):
        settings.audit(environ)
