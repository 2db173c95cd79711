from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber

from tests.unit.tools.device.fakes import FakeTime
from tools.device.claims import ClaimCertificate, TrustedUserClaim
from tools.device.failures import ClaimUnavailable, ExitCode
from tools.device.model import ClientCredentials


def test_a_claim_certificate_is_read_from_its_files(tmp_path):
    (tmp_path / "c.pem").write_text("cert")
    (tmp_path / "k.pem").write_text("key")
    claim = ClaimCertificate(tmp_path / "c.pem", tmp_path / "k.pem")
    assert claim.credentials() == ClientCredentials("cert", "key")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_claim_file_that_cannot_be_read_is_named(tmp_path, content):
    (tmp_path / "c.pem").write_text("cert")
    if content is not None:
        (tmp_path / "k.pem").write_bytes(content)
    with pytest.raises(ClaimUnavailable, match=r"k\.pem cannot be read") as failure:
        ClaimCertificate(tmp_path / "c.pem", tmp_path / "k.pem").credentials()
    assert failure.value.exit_code is ExitCode.REFUSED


@pytest.fixture
def iot():
    return boto3.client(
        "iot", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


def answer(number, expires_at):
    return {
        "certificateId": "a" * 64,
        "certificatePem": f"cert {number}",
        "keyPair": {"PublicKey": "public", "PrivateKey": f"key {number}"},
        "expiration": datetime.fromtimestamp(expires_at, UTC),
    }


def test_a_temporary_claim_serves_until_shortly_before_it_expires(iot):
    clock = FakeTime(1000)
    asked = {"templateName": "acme-sensors"}
    with Stubber(iot) as stubber:
        stubber.add_response("create_provisioning_claim", answer(1, 1300), asked)
        stubber.add_response("create_provisioning_claim", answer(2, 1540), asked)
        claim = TrustedUserClaim(iot, "acme-sensors", clock)
        first = ClientCredentials("cert 1", "key 1")
        assert claim.credentials() == first
        clock.now = 1239
        assert claim.credentials() == first
        clock.now = 1240
        assert claim.credentials() == ClientCredentials("cert 2", "key 2")
        stubber.assert_no_pending_responses()


def test_a_user_who_is_not_trusted_is_told_what_is_missing(iot):
    with Stubber(iot) as stubber:
        stubber.add_client_error("create_provisioning_claim", "AccessDeniedException")
        with pytest.raises(ClaimUnavailable, match="iot:CreateProvisioningClaim"):
            TrustedUserClaim(iot, "acme-sensors").credentials()
