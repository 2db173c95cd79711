"""Audit suppressions for what every claim trips: a shared certificate, and its policy.

Follows https://docs.aws.amazon.com/iot/latest/apireference/API_CreateAuditSuppression.html. Neither
CloudFormation nor Terraform's provider has a resource for it, so a command makes them.
"""

import enum
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from device_registry.aws_errors import EXISTS, error_code

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

SHARED_CERTIFICATE = "DEVICE_CERTIFICATE_SHARED_CHECK"
PERMISSIVE_POLICY = "IOT_POLICY_OVERLY_PERMISSIVE_CHECK"
CHECKS = (SHARED_CERTIFICATE, PERMISSIVE_POLICY)


class Result(enum.StrEnum):
    """What became of one suppression."""

    MADE = "suppressed"
    RENEWED = "renewed"
    REMOVED = "removed"


@dataclass(frozen=True)
class Suppression:
    """One finding that audits shall not report: a check, and the resource that it is about.

    Attributes:
        check: Its name in AWS IoT's API.
        resource: A ``ResourceIdentifier`` of that API.
    """

    check: str
    resource: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """The resource in words."""
        version = self.resource.get("policyVersionIdentifier")
        if version is None:
            return f"certificate {self.resource['deviceCertificateId']}"
        return f"policy {version['policyName']}, version {version['policyVersionId']}"


def for_certificates(certificate_ids: Iterable[str]) -> Iterator[Suppression]:
    """Yield what keeps audits from reporting that these are used by several clients."""
    for certificate_id in sorted(certificate_ids):
        yield Suppression(SHARED_CERTIFICATE, {"deviceCertificateId": certificate_id})


def for_policies(iot: "IoTClient", policy_names: Iterable[str]) -> Iterator[Suppression]:
    """Yield the same for the default version of each policy: another version is judged anew.

    Raises:
        ClientError: There is no policy of such a name, or AWS refused to tell.
    """
    for name in sorted(policy_names):
        version = iot.get_policy(policyName=name)["defaultVersionId"]
        identifier = {"policyName": name, "policyVersionId": version}
        yield Suppression(PERMISSIVE_POLICY, {"policyVersionIdentifier": identifier})


def existing(
    iot: "IoTClient",
    checks: Iterable[str],
    certificate_ids: Collection[str],
    policy_names: Collection[str],
) -> Iterator[Suppression]:
    """Yield the suppressions that there are for these, of every version of the policies."""
    paginator = iot.get_paginator("list_audit_suppressions")
    for check in checks:
        for page in paginator.paginate(checkName=check):
            for found in page["suppressions"]:
                resource = found["resourceIdentifier"]
                policy = resource.get("policyVersionIdentifier", {}).get("policyName")
                if resource.get("deviceCertificateId") in certificate_ids or policy in policy_names:
                    yield Suppression(check, resource)


def suppress(
    iot: "IoTClient", suppression: Suppression, *, why: str, until: datetime | None
) -> Result:
    """Make a suppression, or give one that there is this reason and end; None: no end.

    Raises:
        ClientError: AWS refused.
    """
    settings: dict[str, Any] = {
        "checkName": suppression.check,
        "resourceIdentifier": suppression.resource,
        "description": why,
        "suppressIndefinitely": until is None,
    }
    if until is not None:
        settings["expirationDate"] = until
    try:
        iot.create_audit_suppression(**settings)
    except ClientError as error:
        if error_code(error) != EXISTS:
            raise
        iot.update_audit_suppression(**settings)
        return Result.RENEWED
    return Result.MADE


def remove(iot: "IoTClient", suppression: Suppression) -> Result:
    """Remove a suppression; one that is gone already is no error of AWS's.

    Raises:
        ClientError: AWS refused.
    """
    resource: Any = suppression.resource
    iot.delete_audit_suppression(checkName=suppression.check, resourceIdentifier=resource)
    return Result.REMOVED
