"""What `verify` looks at follows from the stack's outputs."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from canary import target as canary_target
from canary.checks import NOT_REACHED, Check
from canary.target import Target
from canary.tls import Credentials, Endpoint
from tools.verification import run
from tools.verification.run import NothingToVerify, Verification

TEMPLATES = {
    "closed": {"name": "acme-closed", "claim_client_id_prefix": "closed-", "enabled": False},
    "factory": {"name": "acme-factory", "claim_client_id_prefix": "factory-", "enabled": True},
    "field": {"name": "acme-field", "claim_client_id_prefix": "field-", "enabled": True},
}
OUTPUTS = {
    "registry_table_name": "acme-device-registry",
    "name_prefix": "acme",
    "templates": TEMPLATES,
    "device_types": {"sensor": {}, "camera": {}},
    "device_lifecycle": {"functions": {}},
}


def test_the_first_enabled_template_and_the_first_device_type_are_tried():
    assert run.target(OUTPUTS) == Target(
        table_name="acme-device-registry",
        name_prefix="acme",
        template_name="acme-factory",
        claim_client_id_prefix="factory-",
        device_type="camera",
        confirmed=True,
        first_shadow_parameter="/iot-provisioning/acme/device-types/camera/first-shadow",
    )


def test_others_may_be_chosen():
    target = run.target(OUTPUTS, template="closed", device_type="sensor")
    assert (target.template_name, target.device_type) == ("acme-closed", "sensor")


def test_where_every_template_is_disabled_one_is_tried_all_the_same():
    outputs = OUTPUTS | {"templates": {"closed": TEMPLATES["closed"]}}
    assert run.target(outputs).template_name == "acme-closed"


def test_without_a_device_lifecycle_nobody_confirms_and_nobody_writes():
    target = run.target(OUTPUTS | {"device_lifecycle": None})
    assert (target.confirmed, target.first_shadow_parameter) == (False, None)


@pytest.mark.parametrize(
    ("outputs", "chosen", "sentence"),
    [
        ({"templates": {}}, {}, "has no template: no device"),
        ({"device_types": None}, {}, "has no device type: no device"),
        ({}, {"template": "x"}, "no template 'x'. It has closed, factory, field."),
        ({}, {"device_type": "x"}, "no device type 'x'. It has camera, sensor."),
        ({"templates": {}}, {"template": "x"}, "has no template: no device"),
    ],
)
def test_what_there_is_not_is_said(outputs, chosen, sentence):
    with pytest.raises(NothingToVerify) as nothing:
        run.target(OUTPUTS | outputs, **chosen)
    assert sentence in str(nothing.value)


def test_a_verification_passes_only_as_a_whole():
    passed, missed = Check("a", True, ""), Check("b", False, NOT_REACHED)
    assert Verification((passed,)).passed
    assert not Verification((passed, missed)).passed


class Session:
    """Makes clients, and keeps for what and how."""

    def __init__(self):
        self.made = {}

    def client(self, service, *, config):
        self.made[service] = config
        return SimpleNamespace(describe_endpoint=lambda **_: {"endpointAddress": "a:1"})


def test_it_runs_with_the_sessions_credentials_where_devices_connect(monkeypatch):
    session, seen = Session(), {}

    def fake(target, means):
        seen["target"] = target
        means.open_connection(Credentials("certificate", "key"), "me")
        return (Check("stack", True, ""),)

    monkeypatch.setattr(run.canary, "run", fake)
    monkeypatch.setattr(canary_target, "open_connection", lambda *asked: seen.update(asked=asked))
    verification = run.verify(
        OUTPUTS, session, address="127.0.0.1", port=1, ca_file=Path("/ca.pem"), template="field"
    )
    assert verification.passed
    assert seen["target"].template_name == "acme-field"
    endpoint = Endpoint(server_name="a", address="127.0.0.1", port=1, ca_file="/ca.pem")
    assert seen["asked"] == (endpoint, Credentials("certificate", "key"), "me")
    assert session.made.keys() == {"dynamodb", "iot", "iot-data", "ssm"}
    run.means(session, None, 8883, None).open_connection(Credentials("c", "k"), "me")
    assert seen["asked"][0] == Endpoint(server_name="a")
