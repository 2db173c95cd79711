"""The scheduled function: its settings, what it logs, and when it fails."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from canary import handler, settings, target
from canary.checks import NOT_REACHED, Check, Name, failed
from canary.tls import Credentials, Endpoint
from device_registry.reasons import MisconfiguredError
from tests.unit.aws_in_memory import client_of
from tests.unit.canary.world import TARGET, World

CONTEXT = SimpleNamespace(aws_request_id="r-1")
ENVIRONMENT = {
    "DEVICE_REGISTRY_TABLE": "registry",
    "NAME_PREFIX": "acme",
    "TEMPLATE_NAME": "acme-factory",
    "CLAIM_CLIENT_ID_PREFIX": "claim-acme-factory-",
    "DEVICE_TYPE": "sensor",
    "CONFIRMED": "true",
    "FIRST_SHADOW_PARAMETER": "/acme/sensor/first-shadow",
}


@pytest.fixture
def world(monkeypatch):
    made = World()
    made.DescribeEndpoint = lambda **_: {"endpointAddress": "abc-ats.iot:4566"}
    clients = {name: client_of(name) for name in ("dynamodb", "iot", "iot-data", "ssm")}
    made.endpoints = []

    def client(service, *, config):
        assert config is handler.CONFIG
        clients[service].aws = made.aws
        return clients[service]

    def connect(endpoint, credentials, client_id):
        made.endpoints.append(endpoint)
        return made.open_connection(credentials, client_id)

    monkeypatch.setattr(handler.boto3, "client", client)
    monkeypatch.setattr(target, "open_connection", connect)
    monkeypatch.setattr(handler.time, "time", lambda: made.now)
    monkeypatch.setattr(handler.time, "sleep", made.sleep)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return made


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_run_in_which_all_is_well(world, capsys):
    checks = handler.lambda_handler({}, CONTEXT)
    assert [check["name"] for check in checks] == list(Name)
    assert all(check["passed"] for check in checks)
    *each, last = lines(capsys)
    assert [(line["event"], line["check"], line["outcome"]) for line in each] == [
        ("canary-check", name, "passed") for name in Name
    ]
    assert (last["event"], last["level"], last["outcome"]) == ("canary", "INFO", "passed")
    assert (last["failed"], last["requestId"]) == (0, "r-1")
    assert set(world.endpoints) == {Endpoint(server_name="abc-ats.iot")}
    assert world.is_empty()


def test_a_finding_is_logged_and_no_error_of_the_function(world, capsys):
    world.template["enabled"] = False
    handler.lambda_handler({}, CONTEXT)
    *each, last = lines(capsys)
    assert {line["outcome"] for line in each} == {"failed"}
    assert (last["level"], last["outcome"], last["failed"]) == ("ERROR", "failed", 1)
    assert (last["check"], last["detail"]) == ("stack", "The template acme-factory is disabled.")


def test_no_key_and_no_token_is_logged(world, capsys):
    created = world.create

    def create():
        accepted, said = created()
        return accepted, said | {"privateKey": "hidden"}

    world.create = create
    handler.lambda_handler({}, CONTEXT)
    assert "hidden" not in capsys.readouterr().out


def test_where_nothing_can_be_looked_at_the_function_fails(world, capsys):
    world.refused = {"DescribeEndpoint": "AccessDeniedException"}
    with pytest.raises(ClientError):
        handler.lambda_handler({}, CONTEXT)
    (line,) = lines(capsys)
    assert (line["event"], line["outcome"], line["failed"]) == ("canary", "failed", 1)
    assert line["detail"] == "DescribeEndpoint: AccessDeniedException"


def test_a_missing_setting_is_named(world, monkeypatch, capsys):
    monkeypatch.delenv("TEMPLATE_NAME")
    with pytest.raises(MisconfiguredError):
        handler.lambda_handler({}, CONTEXT)
    (line,) = lines(capsys)
    assert line["detail"] == "TEMPLATE_NAME is missing or wrong"


def test_the_settings_are_the_environments():
    wanted = replace(TARGET, first_shadow_parameter="/acme/sensor/first-shadow")
    assert settings.target(ENVIRONMENT) == wanted
    without = {name: ENVIRONMENT[name] for name in ENVIRONMENT if name != "FIRST_SHADOW_PARAMETER"}
    assert settings.target(without | {"CONFIRMED": "false"}) == replace(
        wanted, confirmed=False, first_shadow_parameter=None
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEVICE_REGISTRY_TABLE", ""),
        ("NAME_PREFIX", "Acme"),
        ("TEMPLATE_NAME", "x" * 37),
        ("CLAIM_CLIENT_ID_PREFIX", "a+"),
        ("DEVICE_TYPE", "*"),
        ("CONFIRMED", "yes"),
    ],
)
def test_a_wrong_setting_is_named(name, value):
    with pytest.raises(MisconfiguredError, match=name):
        settings.target(ENVIRONMENT | {name: value})


def test_an_emulators_broker_may_be_elsewhere():
    assert settings.broker({}) == (None, 8883, None)
    elsewhere = {"MQTT_ADDRESS": "127.0.0.1", "MQTT_PORT": "1884", "MQTT_CA_FILE": "/ca.pem"}
    assert settings.broker(elsewhere) == ("127.0.0.1", 1884, "/ca.pem")
    with pytest.raises(MisconfiguredError, match="MQTT_PORT"):
        settings.broker({"MQTT_PORT": "none"})


def test_what_was_not_reached_is_not_counted():
    checks = [Check("a", True, ""), Check("b", False, "no"), Check("c", False, NOT_REACHED)]
    assert failed(checks) == [checks[1]]


def test_the_way_to_the_broker_is_the_endpoints(world):
    means = handler._means()
    means.open_connection(Credentials("claim", "key"), "me")
    assert world.endpoints == [Endpoint(server_name="abc-ats.iot")]
