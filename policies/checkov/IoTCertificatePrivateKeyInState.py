from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.values import attribute, is_missing


class IoTCertificatePrivateKeyInState(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure the private key of an AWS IoT certificate is not made into the state",
            id="CKV_AWSIOT_30",
            categories=(CheckCategories.SECRETS,),
            supported_resources=("aws_iot_certificate",),
            guideline=(
                "With neither csr nor certificate_pem AWS IoT makes the key, and the provider keeps"
                " it as private_key in the state, readable for everybody who can plan. Make the key"
                " where it is used, outside Terraform, and hand over its signing request:"
                ' csr = file("claim.csr.pem"). A key that has been in a state stays in its old'
                " versions: replace the certificate. AWS: API Reference,"
                " CreateCertificateFromCsr."
            ),
        )
        self.severity = get_severity("CRITICAL")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["csr", "certificate_pem"]
        # A plan leaves out certificate_pem where it is not set, because AWS IoT will set it.
        has_certificate = attribute(conf, "certificate_pem") is not None
        is_made = is_missing(conf, "csr") and not has_certificate
        return CheckResult.FAILED if is_made or _was_made(conf) else CheckResult.PASSED


def _was_made(conf: dict[str, list[Any]]) -> bool:
    """Whether the state has the key already, and with it the certificate."""
    return attribute(conf, "private_key") is not None


check = IoTCertificatePrivateKeyInState()
