from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.templates import AUTHORITY
from iot_documents.values import is_certainly_set, is_missing, known

WITHOUT_PROOF = "SNI_ONLY"


class IoTCaModeVerification(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure a CA is registered with the proof that its certificate mode asks for",
            id="CKV_AWSIOT_10",
            categories=(CheckCategories.GENERAL_SECURITY,),
            supported_resources=(AUTHORITY,),
            guideline=(
                "In DEFAULT mode AWS IoT wants proof that you hold the CA's key, a certificate for"
                " your registration code: set verification_certificate_pem. In SNI_ONLY mode it"
                " takes none, and refuses the registration at the apply, after a plan that looked"
                " well: remove verification_certificate_pem there. Prefer DEFAULT, which gives a CA"
                " to one account per Region. AWS: Developer Guide, Register your CA certificate."
            ),
        )
        self.severity = get_severity("MEDIUM")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["certificate_mode", "verification_certificate_pem"]
        mode = known(conf, "certificate_mode")
        if mode is None and not is_missing(conf, "certificate_mode"):
            return CheckResult.UNKNOWN
        without = is_missing(conf, "verification_certificate_pem")
        if not without and not is_certainly_set(conf, "verification_certificate_pem"):
            return CheckResult.UNKNOWN
        return CheckResult.PASSED if without == (mode == WITHOUT_PROOF) else CheckResult.FAILED


check = IoTCaModeVerification()
