"""How certificates stand, which of them a record permits, and what becomes of the others."""

import hashlib
import ssl

import pytest
from botocore.exceptions import ClientError

from device_registry.certificates import (
    attached_to,
    cut_off,
    of_device,
    permitted,
    status_of,
    verified_pem,
)
from device_registry.record import Status
from tests.unit.aws_in_memory import Answer, client_of
from tests.unit.builders import CERTIFICATE, NOW, OTHER_CERTIFICATE, record
from tools.registry.certificates import SWITCHES, Action

BOTH = frozenset({CERTIFICATE, OTHER_CERTIFICATE})
STATUSES = ["ACTIVE", "INACTIVE", "REVOKED", "PENDING_ACTIVATION", "PENDING_TRANSFER", None]
CLOSED = {
    Action.SUSPEND: Status.SUSPENDED,
    Action.REVOKE: Status.REVOKED,
    Action.RELEASE: Status.ENROLLED,
}


def device(status, **changes):
    return record(
        status=status,
        certificate_id=CERTIFICATE,
        certificate_ids=BOTH,
        claimed_at=NOW,
        **changes,
    )


@pytest.fixture
def iot():
    """AWS IoT with one certificate."""

    def aws(operation, params):
        assert operation == "DescribeCertificate"
        if params["certificateId"] != CERTIFICATE:
            raise Answer("ResourceNotFoundException")
        return {"certificateDescription": {"status": "INACTIVE"}}

    client = client_of("iot")
    client.aws = aws
    return client


def test_how_a_certificate_stands(iot):
    assert status_of(iot, CERTIFICATE) == "INACTIVE"
    assert status_of(iot, OTHER_CERTIFICATE) is None


def test_a_refusal_says_nothing_of_the_certificate(iot):
    def refuse(*_):
        raise Answer("ThrottlingException")

    iot.aws = refuse
    with pytest.raises(ClientError, match="ThrottlingException"):
        status_of(iot, CERTIFICATE)


def test_a_thing_has_certificates_and_others_that_are_none(iot):
    arn = f"arn:aws:iot:us-east-1:123456789012:cert/{CERTIFICATE}"

    def aws(operation, params):
        assert operation == "ListThingPrincipals"
        if params["thingName"] != "acme-SN-0001":
            raise Answer("ResourceNotFoundException")
        return {"principals": ["us-east-1:a-cognito-identity", arn]}

    iot.aws = aws
    assert attached_to(iot, "acme-SN-0001") == {CERTIFICATE: arn}
    assert attached_to(iot, "acme-SN-0002") is None


def test_the_present_certificate_comes_first():
    assert of_device(device(Status.ACTIVE)) == [CERTIFICATE, OTHER_CERTIFICATE]
    assert of_device(record()) == []
    assert of_device(record(certificate_ids=BOTH)) == sorted(BOTH)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.ENROLLED, frozenset()),
        (Status.PROVISIONING, BOTH),
        (Status.ACTIVE, {CERTIFICATE}),
        (Status.SUSPENDED, frozenset()),
        (Status.REVOKED, frozenset()),
    ],
)
def test_permitted(status, expected):
    assert permitted(device(status)) == expected


def test_what_had_its_turn_is_not_permitted_again():
    retired = device(Status.PROVISIONING, retired_certificate_ids=frozenset({OTHER_CERTIFICATE}))
    assert permitted(retired) == {CERTIFICATE}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("action", CLOSED)
def test_the_function_and_the_operators_command_switch_alike(action, status):
    plan = SWITCHES[action]
    expected = plan.to if status in plan.when else None
    assert cut_off(device(CLOSED[action]), status) == expected


@pytest.mark.parametrize("status", [Status.PROVISIONING, Status.ACTIVE])
def test_a_certificate_that_had_its_turn_goes_inactive(status):
    assert cut_off(device(status), "ACTIVE") == "INACTIVE"
    assert cut_off(device(status), "PENDING_ACTIVATION") is None


ENCODING = b"any encoding"
PEM = ssl.DER_cert_to_PEM_cert(ENCODING)
ITS_ID = hashlib.sha256(ENCODING).hexdigest()


def test_a_pem_is_kept_if_it_is_that_certificates():
    assert verified_pem(PEM, ITS_ID) == PEM
    assert verified_pem(f"{PEM}\n", ITS_ID) == PEM


@pytest.mark.parametrize(
    ("pem", "certificate_id"),
    [
        (PEM, CERTIFICATE),
        ("", ITS_ID),
        ("no PEM", ITS_ID),
        (PEM.replace("YW55", "YW5"), ITS_ID),
        (PEM + "\n" * 16_384, ITS_ID),
    ],
    ids=["another's", "nothing", "none", "not base64", "too long"],
)
def test_a_pem_that_is_not_kept(pem, certificate_id):
    assert verified_pem(pem, certificate_id) is None
