from __future__ import annotations

import re
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.values import attribute, blocks, is_unresolved

OLD = re.compile(r"_TLS\d+_1_[01]_\d{4}_\d{2}")


class IoTDomainTlsVersion(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure an AWS IoT domain takes no connection below TLS 1.2",
            id="CKV_AWSIOT_41",
            categories=(CheckCategories.NETWORKING,),
            supported_resources=("aws_iot_domain_configuration",),
            guideline=(
                "IoTSecurityPolicy_TLS12_1_0_2015_01 and ..._1_0_2016_01 let devices connect with"
                " TLS 1.0 and 1.1. Leave tls_config out (AWS takes"
                " IoTSecurityPolicy_TLS13_1_2_2022_10 for a new domain) or name that one; a fleet"
                " that can do no better needs a skip that says until when. AWS: Developer"
                " Guide, Configuring TLS settings in domain configurations."
            ),
        )
        self.severity = get_severity("MEDIUM")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["tls_config/[0]/security_policy"]
        for block in blocks(conf, "tls_config"):
            policy = attribute(block, "security_policy")
            if is_unresolved(policy):
                return CheckResult.UNKNOWN
            if OLD.search(str(policy)):
                return CheckResult.FAILED
        return CheckResult.PASSED


check = IoTDomainTlsVersion()
