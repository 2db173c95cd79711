"""A device with its certificate from the factory: how long it knocks, and what it says then."""

import hashlib
import json
import ssl

import pytest
from click.testing import CliRunner

from tests.unit.tools.device.fakes import FakeEndpoint, FakeTime
from tools.device import cli
from tools.device.failures import (
    ActionDenied,
    ConnectionRefused,
    ExitCode,
    NotAdmitted,
    NotReachable,
    ServerNotTrusted,
    UnusableCredentials,
    connection_failure,
)
from tools.device.just_in_time import PATIENCE, come_up
from tools.device.maker import Maker
from tools.device.model import ClientCredentials, DeviceSpec, Greeting, Message
from tools.device.provisioner import RetryPolicy

DEVICE = DeviceSpec("SN-1", "lamp")
HUNG_UP = "AWS_ERROR_MQTT_UNEXPECTED_HANGUP"


def ended(name, reason_code=None):
    return connection_failure("iot.example:8883", "acme-SN-1", name, reason_code)


@pytest.fixture(scope="module")
def maker():
    return Maker({"CommonName": "Maker"})


@pytest.fixture(scope="module")
def credentials(maker):
    return maker.device({"CommonName": "acme-SN-1"})


@pytest.fixture
def endpoint():
    return FakeEndpoint()


@pytest.fixture
def clock():
    return FakeTime()


@pytest.fixture
def start(endpoint, credentials, clock):
    def come_up_here(device_credentials=credentials, **options):
        return come_up(
            DEVICE,
            device_credentials,
            "acme-SN-1",
            transport=endpoint,
            timer=clock,
            sleep=clock.sleep,
            **options,
        )

    return come_up_here


def test_it_connects_under_the_things_name_again_until_it_is_let_in(
    start, endpoint, credentials, clock
):
    endpoint.script["connect"] = [ended(HUNG_UP), NotReachable("here", "lost"), ended(HUNG_UP)]
    endpoint.arriving = (Message("t", b"hi"),)
    lines = []
    greeting = Greeting(("dt/{thing}/{serial}/{type}",), ("cmd/{thing}",), listen_seconds=3)
    result = start(greeting=greeting, report=lines.append)
    assert endpoint.of("connect") == [("connect", "acme-SN-1", credentials)] * 4
    assert endpoint.names()[4:] == ["subscribe", "publish", "close"]
    assert [line.partition(" s: ")[2] for line in lines] == [
        f"The device is not let in yet (hung up: {HUNG_UP}).",
        str(NotReachable("here", "lost")),
        f"The device is not let in yet (hung up: {HUNG_UP}).",
    ]
    assert result.attempts == 4
    assert (result.serial_number, result.thing_name) == ("SN-1", "acme-SN-1")
    assert result.published == ("dt/acme-SN-1/SN-1/lamp",)
    assert result.messages == (Message("t", b"hi"),)
    *waits, listening = clock.slept
    assert listening == 3
    assert result.timings.admission == pytest.approx(sum(waits))
    assert result.timings.total == pytest.approx(sum(waits) + 3)


def test_a_device_that_was_provisioned_before_is_let_in_at_once(start, endpoint):
    assert start().attempts == 1
    assert endpoint.names() == ["connect", "close"]


def test_the_certificates_id_is_the_one_that_aws_iot_computes(start, maker, credentials):
    expected = hashlib.sha256(ssl.PEM_cert_to_DER_cert(credentials.certificate_pem)).hexdigest()
    assert start().certificate_id == expected
    chain = ClientCredentials(credentials.certificate_pem + maker.certificate_pem, "key")
    assert start(chain).certificate_id == expected


@pytest.mark.parametrize("pem", ["no PEM", ""])
def test_a_certificate_that_is_none_is_not_presented(start, endpoint, pem):
    with pytest.raises(UnusableCredentials):
        start(ClientCredentials(pem, "key"))
    assert endpoint.calls == []


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ended(HUNG_UP), "PENDING_ACTIVATION, the template or the gate failed"),
        (ended("AWS_IO_SOCKET_CLOSED"), "the CA that signed the certificate is not registered"),
        (ended("AWS_IO_TLS_ERROR_ALERT_RECEIVED"), "CA that signed the certificate is not regis"),
        (ended("REFUSED", 135), "the client id must be the name of the device's thing"),
    ],
)
def test_a_device_that_is_never_let_in_says_how_the_last_connection_ended(
    start, endpoint, error, advice
):
    endpoint.script["connect"] = [ended(HUNG_UP), error, error]
    with pytest.raises(NotAdmitted) as failure:
        start(retry=RetryPolicy(attempts=3))
    assert str(failure.value).startswith("The endpoint did not admit client 'acme-SN-1' in 3 tries")
    assert error.reason in str(failure.value)
    assert advice in str(failure.value)
    assert failure.value.attempts == 3
    assert failure.value.last is failure.value.__cause__ is error
    assert failure.value.exit_code is ExitCode.REFUSED
    assert not failure.value.transient


def test_one_try_is_called_one_try(start, endpoint):
    endpoint.script["connect"] = [ended(HUNG_UP)]
    with pytest.raises(NotAdmitted, match=r"in 1 try over 0 s"):
        start(retry=RetryPolicy(attempts=1))


def test_after_the_deadline_no_connection_begins(start, endpoint):
    endpoint.script["connect"] = [ended(HUNG_UP)] * 5
    with pytest.raises(NotAdmitted) as failure:
        start(retry=RetryPolicy(attempts=5, deadline=0.0))
    assert failure.value.attempts == 1


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (NotReachable("here", "refused"), 3),
        (ServerNotTrusted("here", "untrusted"), 1),
        (UnusableCredentials("no key"), 1),
    ],
)
def test_other_failures_stay_what_they_are(start, endpoint, error, attempts):
    endpoint.script["connect"] = [error] * 3
    with pytest.raises(type(error)) as failure:
        start(retry=RetryPolicy(attempts=3))
    assert failure.value is error
    assert len(endpoint.of("connect")) == attempts


def test_what_a_device_may_not_do_once_it_is_in_is_not_tried_again(start, endpoint):
    endpoint.script["publish"] = [ActionDenied("publish on", "t", "135")]
    with pytest.raises(ActionDenied):
        start(greeting=Greeting(publish=("t",), subscribe=()))
    assert endpoint.names() == ["connect", "publish", "close"]


def test_patience_outlasts_the_tries_that_fit_into_it():
    # Half of each wait on average, and tries that take no time at all.
    waits = [min(2.0**n, PATIENCE.max_delay) / 2 for n in range(PATIENCE.attempts - 1)]
    assert sum(waits) > PATIENCE.deadline


# --- the command


@pytest.fixture
def run(tmp_path, credentials, transport):
    files = {"certificate": credentials.certificate_pem, "key": credentials.private_key_pem}
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    def invoke(*arguments):
        options = [f"--{name}={tmp_path / name}" for name in files]
        options += ["--client-id", "acme-SN-1", "--endpoint", "a-ats.iot.example"]
        return CliRunner().invoke(cli.device, ["just-in-time", *options, *arguments])

    return invoke


def test_the_command_says_who_connected(run, transport, credentials):
    transport.arriving = (Message("t", b"hi"),)
    answer = run("--address", "127.0.0.1", "--port", "443")
    assert answer.exit_code == 0
    assert "acme-SN-1 connected as acme-SN-1 at the first try (" in answer.stdout
    assert "Certificate: " in answer.stdout
    assert "t: hi" in answer.stdout
    assert transport.endpoint == cli.Endpoint("a-ats.iot.example", 443, "127.0.0.1", None)
    assert transport.of("connect") == [("connect", "acme-SN-1", credentials)]
    assert transport.of("publish")[0][1] == "$aws/things/acme-SN-1/shadow/update"


def test_the_command_says_each_try(run, transport):
    transport.script["connect"] = [ended(HUNG_UP)]
    answer = run("--silent", "--serial", "SN-1")
    assert "SN-1 connected as acme-SN-1 after 2 tries (" in answer.stdout
    assert "Try 1 failed" in answer.stderr
    assert "claim" not in answer.stderr


def test_the_command_answers_in_json(run, transport):
    transport.arriving = (Message("t", b"\xff"),)
    answer = run("--json", "--serial=SN-1", "--type=lamp", "--publish=dt/{serial}/{type}")
    document = json.loads(answer.stdout)
    assert document.pop("certificateId")
    assert document.pop("seconds").keys() == {"admission", "total"}
    assert document == {
        "serialNumber": "SN-1",
        "thingName": "acme-SN-1",
        "attempts": 1,
        "published": ["dt/SN-1/lamp"],
        "messages": [{"topic": "t", "payload": "\ufffd"}],
    }
    assert answer.stderr == ""


def test_the_command_gives_up_with_the_exit_code_of_a_refusal(run, transport):
    transport.script["connect"] = [ended(HUNG_UP)] * 3
    answer = run("--attempts", "1", "--json")
    assert answer.exit_code == ExitCode.REFUSED
    assert json.loads(answer.stdout)["error"] == "NotAdmitted"
    answer = run("--deadline", "0.0000001")
    assert answer.exit_code == ExitCode.REFUSED
    assert "Error: The endpoint did not admit client 'acme-SN-1' in 1 try" in answer.stderr
    assert len(transport.of("connect")) == 2


def test_a_file_that_is_no_text_is_wrong_usage(run, transport, tmp_path):
    (tmp_path / "key").write_bytes(b"\xff\x00")
    answer = run()
    assert answer.exit_code == ExitCode.USAGE
    assert "The certificate or its key cannot be read" in answer.stderr
    assert transport.calls == []


def test_silence_and_a_topic_exclude_each_other(run, transport):
    answer = run("--silent", "--publish", "t")
    assert answer.exit_code == ExitCode.USAGE
    assert transport.calls == []


def test_how_far_a_connection_got():
    refused = ConnectionRefused("c", "why", explicit=True)
    assert (refused.explicit, refused.unheard) == (True, False)
    assert not ended(HUNG_UP).unheard
    assert ended("AWS_IO_SOCKET_CLOSED").unheard
