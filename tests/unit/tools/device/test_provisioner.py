import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.unit.tools.device.fakes import CLAIM, FakeClaim, FakeEndpoint, FakeTime
from tools.device.failures import (
    ActionDenied,
    ConnectionRefused,
    NoAnswer,
    NotReachable,
    Rejected,
)
from tools.device.keys import new_private_key
from tools.device.model import SILENT, ClientCredentials, DeviceSpec, Greeting, KeyFlow, Message
from tools.device.provisioner import Place, Provisioner, RetryPolicy, connect
from tools.device.state import Identity
from tools.device.store import CredentialStore, EndpointStore

DEVICE = DeviceSpec("SN-1", "temperature", parameters={"Location": "Hall-1"})
PARAMETERS = {"SerialNumber": "SN-1", "DeviceType": "temperature", "Location": "Hall-1"}
BUSY = Rejected("RegisterThing", 429, "TooManyRequests", "slow down")
FORBIDDEN = Rejected("RegisterThing", 403, "AccessDenied", "Access Denied")
BAD_REQUEST = Rejected("RegisterThing", 400, "InvalidCertificateOwnershipToken", "invalid")
LOST = NotReachable("endpoint", "lost")
SILENCE = NoAnswer("RegisterThing", 15)


@pytest.fixture
def endpoint():
    return FakeEndpoint()


@pytest.fixture
def clock():
    return FakeTime()


@pytest.fixture
def lines():
    return []


@pytest.fixture
def provisioner(tmp_path, endpoint, clock, lines):
    def make(key_flow=KeyFlow.KEYS, **fields):
        return Provisioner(
            transport=endpoint,
            template_name="acme-sensors",
            claim=FakeClaim(),
            store=CredentialStore(tmp_path / "devices"),
            key_flow=key_flow,
            report=lines.append,
            clock=clock,
            timer=clock,
            sleep=clock.sleep,
            **fields,
        )

    return make


def test_a_new_device_claims_registers_and_reconnects_as_itself(provisioner, endpoint):
    result = provisioner().provision(DEVICE)
    assert endpoint.names() == ["connect", "create", "register", "close", "connect", "close"]
    claim, own = endpoint.of("connect")
    assert claim[1:] == ("claim-acme-sensors-SN-1", CLAIM)
    assert own[1] == result.thing_name == "acme-SN-1"
    assert own[2].certificate_pem == "certificate 1"
    assert own[2].private_key_pem == "key made by AWS IoT"
    assert endpoint.of("register") == [("register", "acme-sensors", "token 1", PARAMETERS)]
    assert result.certificate_id == f"{1:064x}"
    assert result.device_configuration == {"interval": "60"}
    assert (result.attempts, result.resumed) == (1, False)


def test_the_client_id_prefix_can_be_chosen(provisioner, endpoint):
    provisioner(client_id_prefix="factory-").provision(DEVICE)
    assert endpoint.of("connect")[0][1] == "factory-SN-1"


def test_in_the_csr_flow_the_key_never_leaves_the_device(provisioner, endpoint):
    result = provisioner(KeyFlow.CSR).provision(DEVICE)
    ((_, request),) = endpoint.of("csr")
    csr = x509.load_pem_x509_csr(request.encode())
    assert csr.is_signature_valid
    assert csr.subject.rfc4514_string() == "CN=SN-1"
    key = serialization.load_pem_private_key(Path(result.private_key_file).read_bytes(), None)
    assert isinstance(key.curve, ec.SECP256R1)
    assert key.public_key() == csr.public_key()
    sent = repr([call for call in endpoint.calls if call[0] != "connect"])
    assert "PRIVATE KEY" not in sent
    header = new_private_key().splitlines()[0]
    assert endpoint.of("connect")[1][2].private_key_pem.startswith(header)


def test_a_key_whose_request_was_not_answered_is_used_again(provisioner, endpoint):
    endpoint.script["csr"] = [NoAnswer("CreateCertificateFromCsr", 15)]
    provisioner(KeyFlow.CSR).provision(DEVICE)
    first, second = (x509.load_pem_x509_csr(call[1].encode()) for call in endpoint.of("csr"))
    assert first.public_key() == second.public_key()


@pytest.mark.parametrize("serial", ["x" * 64, "x" * 65])
def test_a_long_serial_number_still_fits_a_common_name(provisioner, endpoint, serial):
    provisioner(KeyFlow.CSR).provision(DeviceSpec(serial, "temperature"))
    csr = x509.load_pem_x509_csr(endpoint.of("csr")[0][1].encode())
    assert csr.subject.rfc4514_string() == "CN=" + "x" * 64


def test_a_provisioned_device_does_not_claim_again(provisioner, endpoint):
    first = provisioner().provision(DEVICE)
    endpoint.calls.clear()
    again = provisioner().provision(DEVICE)
    assert endpoint.names() == ["connect", "close"]
    assert (again.resumed, again.attempts) == (True, 0)
    assert again.certificate_id == first.certificate_id
    assert again.timings.certificate == again.timings.registration == 0


def test_a_lost_answer_repeats_registration_with_the_same_certificate(provisioner, endpoint):
    endpoint.script["register"] = [SILENCE, LOST]
    result = provisioner().provision(DEVICE)
    assert endpoint.certificates == 1
    assert [call[2] for call in endpoint.of("register")] == ["token 1"] * 3
    assert result.attempts == 3
    # After a lost answer the session is not trusted: a new one each time.
    assert [c[1] for c in endpoint.of("connect")] == ["claim-acme-sensors-SN-1"] * 3 + ["acme-SN-1"]


def test_a_busy_service_is_asked_again_on_the_same_connection(provisioner, endpoint, clock, lines):
    endpoint.script["create"] = [BUSY]
    endpoint.script["register"] = [BUSY, Rejected("RegisterThing", 500, "", "")]
    result = provisioner().provision(DEVICE)
    assert result.attempts == 4
    assert endpoint.certificates == 1
    assert len(endpoint.of("connect")) == 2
    assert len(clock.slept) == len(lines) == 3


def test_the_waits_have_full_jitter_within_a_doubling_bound(provisioner, endpoint, clock):
    endpoint.script["connect"] = [LOST] * 7
    policy = RetryPolicy(attempts=8, first_delay=2.0, max_delay=10.0, deadline=1000)
    provisioner(retry=policy).provision(DEVICE)
    assert len(clock.slept) == 7
    for wait, bound in zip(clock.slept, [2, 4, 8, 10, 10, 10, 10], strict=True):
        assert 0 <= wait <= bound
    assert len(set(clock.slept)) == 7


def test_after_the_last_attempt_the_last_failure_is_raised(provisioner, endpoint):
    endpoint.script["register"] = [SILENCE, LOST, BUSY]
    with pytest.raises(Rejected) as failure:
        provisioner(retry=RetryPolicy(attempts=3)).provision(DEVICE)
    assert failure.value is BUSY
    assert endpoint.open_sessions == 0


def test_no_try_begins_after_the_deadline(provisioner, endpoint):
    endpoint.script["register"] = [LOST] * 5
    with pytest.raises(NotReachable):
        provisioner(retry=RetryPolicy(deadline=0)).provision(DEVICE)
    assert len(endpoint.of("register")) == 1


@pytest.mark.parametrize("refusal", [FORBIDDEN, Rejected("RegisterThing", 404, "", "")])
def test_a_refusal_is_final(provisioner, endpoint, clock, refusal):
    endpoint.script["register"] = [refusal]
    with pytest.raises(Rejected):
        provisioner().provision(DEVICE)
    assert endpoint.names() == ["connect", "create", "register", "close"]
    assert clock.slept == []


def test_a_device_refused_once_presents_the_same_certificate_later(provisioner, endpoint):
    endpoint.script["register"] = [FORBIDDEN]
    with pytest.raises(Rejected):
        provisioner().provision(DEVICE)
    assert provisioner().provision(DEVICE).thing_name == "acme-SN-1"
    assert endpoint.certificates == 1


def test_a_token_older_than_an_hour_is_not_presented(provisioner, endpoint, clock):
    endpoint.script["register"] = [FORBIDDEN]
    with pytest.raises(Rejected):
        provisioner().provision(DEVICE)
    clock.now += 3600
    provisioner().provision(DEVICE)
    assert [call[2] for call in endpoint.of("register")] == ["token 1", "token 2"]


def test_a_token_that_aws_iot_forgot_is_replaced_once(provisioner, endpoint):
    endpoint.script["register"] = [FORBIDDEN, BAD_REQUEST, BAD_REQUEST]
    with pytest.raises(Rejected):
        provisioner().provision(DEVICE)
    with pytest.raises(Rejected) as failure:
        provisioner().provision(DEVICE)
    assert failure.value is BAD_REQUEST
    assert [call[2] for call in endpoint.of("register")] == ["token 1", "token 1", "token 2"]


def test_a_fresh_certificate_that_is_a_bad_request_is_not_replaced(provisioner, endpoint):
    endpoint.script["register"] = [BAD_REQUEST]
    with pytest.raises(Rejected):
        provisioner().provision(DEVICE)
    assert endpoint.certificates == 1


def test_a_crash_after_registration_is_not_another_claim(provisioner, endpoint):
    endpoint.script["connect"] = [None, KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        provisioner().provision(DEVICE)
    assert provisioner().provision(DEVICE).resumed
    assert endpoint.certificates == 1


def test_the_claim_session_ends_when_interrupted(provisioner, endpoint):
    endpoint.script["register"] = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        provisioner().provision(DEVICE)
    assert endpoint.open_sessions == 0


def test_a_claim_that_is_not_accepted_is_not_tried_again(provisioner, endpoint):
    endpoint.script["connect"] = [ConnectionRefused("c", "reason code 135", explicit=True)]
    with pytest.raises(ConnectionRefused):
        provisioner().provision(DEVICE)
    assert endpoint.names() == ["connect"]


def test_a_fresh_identity_may_take_a_moment_to_be_accepted(provisioner, endpoint):
    refused = ConnectionRefused("acme-SN-1", "reason code 135", explicit=True)
    endpoint.script["connect"] = [None, refused, None]
    assert provisioner().provision(DEVICE).thing_name == "acme-SN-1"
    # From now on it is known to work, so that a refusal is final.
    endpoint.script["connect"] = [refused]
    endpoint.calls.clear()
    with pytest.raises(ConnectionRefused):
        provisioner().provision(DEVICE)
    assert endpoint.names() == ["connect"]


def test_a_client_id_too_long_is_found_before_anything_is_sent(provisioner, endpoint):
    with pytest.raises(ValueError, match="shorter client id prefix"):
        provisioner(client_id_prefix="p" * 128).provision(DEVICE)
    assert endpoint.calls == []


def test_a_connected_device_subscribes_publishes_and_listens(provisioner, endpoint, clock):
    endpoint.arriving = (Message("t", b"{}"),)
    greeting = Greeting(("a/{thing}", "$aws/things/{thing}/shadow/update"), ("b/{serial}",), 2.5)
    result = provisioner(greeting=greeting).provision(DEVICE)
    assert [c[0] for c in endpoint.calls[4:]] == [
        "connect", "subscribe", "publish", "publish", "close",
    ]  # fmt: skip
    assert endpoint.of("subscribe") == [("subscribe", "b/SN-1")]
    report = {"serialNumber": "SN-1", "deviceType": "temperature"}
    assert [(c[1], json.loads(c[2])) for c in endpoint.of("publish")] == [
        ("a/acme-SN-1", report),
        ("$aws/things/acme-SN-1/shadow/update", {"state": {"reported": report}}),
    ]
    assert clock.slept == [2.5]
    assert result.messages == endpoint.arriving
    assert result.published == ("a/acme-SN-1", "$aws/things/acme-SN-1/shadow/update")


def test_a_topic_that_is_not_allowed_ends_the_session(provisioner, endpoint):
    endpoint.script["publish"] = [ActionDenied("publish on", "a", "reason code 135")]
    with pytest.raises(ActionDenied):
        provisioner(greeting=Greeting(("a",), ())).provision(DEVICE)
    assert endpoint.open_sessions == 0


def test_an_unregistered_identity_cannot_connect(tmp_path, endpoint):
    with pytest.raises(ValueError, match="is not registered"):
        connect(
            DEVICE,
            Identity("id", CLAIM),
            transport=endpoint,
            store=CredentialStore(tmp_path),
            greeting=SILENT,
        )


def test_nothing_reported_or_logged_holds_a_key_or_a_token(provisioner, endpoint, lines, caplog):
    caplog.set_level(logging.DEBUG)
    endpoint.script["register"] = [SILENCE, BUSY]
    result = provisioner().provision(DEVICE)
    said = "\n".join(lines) + caplog.text + json.dumps(result.as_json()) + repr(result)
    assert lines
    assert "token 1" not in said
    assert "key made by" not in said


class OtherClaim:
    def credentials(self):
        return OTHER


OTHER = ClientCredentials("claim certificate of the second", "its key")


@pytest.fixture
def second():
    endpoint = FakeEndpoint()
    # Certificates of two Regions are never the same.
    endpoint.certificates = 500
    return endpoint


@pytest.fixture
def at_both(provisioner, second, tmp_path):
    """A provisioner for two endpoints, each of which knows a claim of its own."""
    one, two = (EndpointStore(tmp_path / "devices", name) for name in ("one", "two"))
    place = Place(second, OtherClaim(), two)
    return replace(provisioner(), store=one, elsewhere=(place,))


@pytest.mark.parametrize(
    ("operation", "failure"),
    [("connect", LOST), ("create", SILENCE), ("register", SILENCE), ("register", FORBIDDEN)],
)
def test_the_next_endpoint_has_its_turn_when_one_does_not_serve(
    at_both, endpoint, second, clock, lines, operation, failure
):
    endpoint.script[operation] = [failure]
    result = at_both.provision(DEVICE)
    assert result.certificate_id == f"{501:064x}"
    claim, own = second.of("connect")
    assert claim[2] == OTHER
    assert own[2].certificate_pem == "certificate 501"
    assert second.of("register")[0][2] == "token 501"
    assert (result.attempts, result.resumed) == (2, False)
    assert clock.slept == [], "the same round"
    assert lines == [f"Endpoint 1 of 2 does not serve: {failure}"]
    assert endpoint.open_sessions == second.open_sessions == 0
    assert at_both.provision(DEVICE).resumed


def test_each_endpoint_is_presented_what_it_has_issued_itself(at_both, endpoint, second):
    """The registry may have granted the serial number although the answer was lost."""
    endpoint.script["register"] = [SILENCE]
    second.script["register"] = [FORBIDDEN]
    result = at_both.provision(DEVICE)
    assert result.certificate_id == f"{1:064x}"
    assert [call[2] for call in endpoint.of("register")] == ["token 1", "token 1"]
    assert [call[2] for call in second.of("register")] == ["token 501"]
    assert endpoint.certificates == 1
    # Where it is registered it connects first.
    assert len(second.of("connect")) == 1


def test_an_interrupted_device_finds_what_is_under_way_at_each(at_both, endpoint, second):
    endpoint.script["register"] = [SILENCE]
    second.script["register"] = [FORBIDDEN]
    with pytest.raises(NoAnswer):
        replace(at_both, retry=RetryPolicy(attempts=1)).provision(DEVICE)
    at_both.provision(DEVICE)
    assert [call[2] for call in endpoint.of("register")] == ["token 1", "token 1"]


def test_a_refusal_by_all_is_final(at_both, endpoint, second, clock):
    for each in (endpoint, second):
        each.script["register"] = [FORBIDDEN]
    with pytest.raises(Rejected) as refusal:
        at_both.provision(DEVICE)
    assert refusal.value.status_code == 403
    assert clock.slept == []


def test_a_refusal_is_not_final_while_another_endpoint_is_down(at_both, endpoint, second, clock):
    endpoint.script["connect"] = [LOST]
    second.script["register"] = [FORBIDDEN]
    assert at_both.provision(DEVICE).certificate_id == f"{1:064x}"
    assert len(clock.slept) == 1


def test_the_first_connection_fails_over_too(at_both, endpoint, second):
    endpoint.script["connect"] = [None, LOST]
    result = at_both.provision(DEVICE)
    assert result.certificate_id == f"{1:064x}"
    assert [call[1] for call in second.of("connect")] == ["acme-SN-1"]
