"""Accounts and Regions whose devices need no stack: certificates are registered by hand."""

import contextlib
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.support.endpoint import client
from tools.device.model import ClientCredentials
from tools.device.session import discover_host_name
from tools.endpoint import Endpoint

FIRST, SECOND = "eu-west-1", "eu-central-1"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "iot.amazonaws.com"},
        }
    ],
}


class Place:
    """One account and Region, with a policy that allows devices everything.

    Args:
        account: The endpoint in its account.
        region: The Region.
    """

    def __init__(self, account: Endpoint, region: str) -> None:
        self.endpoint = account.in_region(region)
        self.iot, self.shadows = (client(self.endpoint, name) for name in ("iot", "iot-data"))
        self.name = discover_host_name(self.iot)
        self.iot.create_policy(policyName="all", policyDocument=json.dumps(POLICY))

    def register(self, credentials: ClientCredentials) -> None:
        """Register a device's certificate, ACTIVE, whoever signed it."""
        answer = self.iot.register_certificate_without_ca(
            certificatePem=credentials.certificate_pem, status="ACTIVE"
        )
        self.iot.attach_policy(policyName="all", target=answer["certificateArn"])

    def status(self, credentials: ClientCredentials) -> str | None:
        """The status of a device's certificate here, None if it is not known."""
        certificate_id = fingerprint(credentials)
        with contextlib.suppress(self.iot.exceptions.ResourceNotFoundException):
            answer = self.iot.describe_certificate(certificateId=certificate_id)
            return answer["certificateDescription"]["status"]
        return None


def fingerprint(credentials: ClientCredentials) -> str:
    """The id that AWS IoT gives a certificate."""
    certificate = x509.load_pem_x509_certificate(credentials.certificate_pem.encode())
    return certificate.fingerprint(hashes.SHA256()).hex()
