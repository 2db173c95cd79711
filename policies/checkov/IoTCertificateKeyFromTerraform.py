from __future__ import annotations

import re
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.results import worst
from iot_documents.values import attribute, is_unresolved

SOURCES = ("csr", "certificate_pem", "ca_certificate_pem", "verification_certificate_pem")
OF_TLS_PROVIDER = re.compile(r"\btls_(?:cert_request|locally_signed_cert|self_signed_cert)\.")
READ_FROM_FILE = re.compile(r"\bfile\(")


class IoTCertificateKeyFromTerraform(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure the key behind an AWS IoT certificate or CA is not one of Terraform's",
            id="CKV_AWSIOT_31",
            categories=(CheckCategories.SECRETS,),
            supported_resources=("aws_iot_certificate", "aws_iot_ca_certificate"),
            guideline=(
                "tls_cert_request, tls_self_signed_cert and tls_locally_signed_cert take a private"
                " key, which tls_private_key or a variable holds, and that is in the state and in"
                " every plan. With the key of a CA its reader makes devices. Make the key outside"
                " Terraform, in an HSM or AWS Private CA for a CA, and hand over its signing"
                ' request or certificate: csr = file("claim.csr.pem"). See'
                " https://registry.terraform.io/providers/hashicorp/tls/latest/docs/resources/private_key"
            ),
        )
        self.severity = get_severity("CRITICAL")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = list(SOURCES)
        return worst(
            _judge(value) for name in SOURCES if (value := attribute(conf, name)) is not None
        )


def _judge(value: Any) -> CheckResult:
    if OF_TLS_PROVIDER.search(str(value)):
        return CheckResult.FAILED
    if READ_FROM_FILE.search(str(value)) or not is_unresolved(value):
        return CheckResult.PASSED
    return CheckResult.UNKNOWN


check = IoTCertificateKeyFromTerraform()
