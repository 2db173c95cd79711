"""The choices of the root module that no example makes, as its variables.

Things confirm, strangers are quarantined, the trail is archived, claims are guarded, a template
comes inside its CA's configuration. `make checkov` plans it, `make least-privilege` applies it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

CLAIM = "line-1"
GATEWAY = "gateway"
NAME_PREFIX = "choices"
# The policy of the device type, for a template that names one.
GATEWAY_POLICY = f"{NAME_PREFIX}-{GATEWAY}"
# Keys of the CAs.
LAMPS, KEYED_GATEWAYS = "lamps", "keyed-gw"


def lamp_template(policy: Mapping[str, str]) -> dict[str, Any]:
    """A body of one's own.

    Args:
        policy: What it says about its AWS IoT policy, `PolicyName` or `PolicyDocument`.
    """
    name = "AWS::IoT::Certificate::CommonName"
    own_id = "AWS::IoT::Certificate::Id"
    resources = {
        "Thing": {"ThingName": {"Ref": name}},
        "Certificate": {"CertificateId": {"Ref": own_id}, "Status": "ACTIVE"},
        "Policy": policy,
    }
    return {
        "Parameters": {name: {"Type": "String"}, own_id: {"Type": "String"}},
        "Resources": {
            kind.lower(): {"Type": f"AWS::IoT::{kind}", "Properties": properties}
            for kind, properties in resources.items()
        },
    }


def variables(
    csr_pem: str, ca_pems: Mapping[str, str], key_arn: str, lamp_policy: Mapping[str, str]
) -> dict[str, Any]:
    """The variables of the root module.

    Args:
        csr_pem: Signing request of the claim certificate.
        ca_pems: Certificates of the CAs `LAMPS` and `KEYED_GATEWAYS`.
        key_arn: The key of the revocation list that the gate of `KEYED_GATEWAYS` reads.
        lamp_policy: See `lamp_template`.
    """
    return {
        "name_prefix": NAME_PREFIX,
        "device_types": {GATEWAY: {"reprovision_policy": "replace"}},
        "templates": {
            "factory": {
                "override_settings": {"thing_groups": "REPLACE"},
                "billing_group": "cost-centre",
                "claim_certificates": {CLAIM: {"csr_pem": csr_pem}},
            },
        },
        "jitp_templates": {
            "lamps": {
                "inline": True,
                "thing_name_prefix": f"{NAME_PREFIX}-lamp-",
                "template_body": json.dumps(lamp_template(lamp_policy)),
            },
        },
        "certificate_authorities": {
            LAMPS: {"certificate_pem": ca_pems[LAMPS], "template": "lamps"},
            KEYED_GATEWAYS: {
                "certificate_pem": ca_pems[KEYED_GATEWAYS],
                "gate": "registry",
                "gate_settings": {
                    "serial_number": {"parameter": "SerialNumber"},
                    "device_type": {"value": GATEWAY},
                    "crl": {"bucket": "revocations", "key": "list.crl", "kms_key_arn": key_arn},
                },
            },
        },
        "monitoring": {"claim_budgets": {f"factory/{CLAIM}": 100}},
        "claim_guard": {"enabled": True},
        "canary": {"enabled": True},
        "device_lifecycle": {
            "confirm_by": "THING_EVENT",
            "thing_events": True,
            "unexpected_things": "quarantine",
            "audit": {"archive": {"lock_days": 1}},
        },
    }
