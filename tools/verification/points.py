"""What only a real account can answer about AWS IoT, each with what was seen there.

Asked is what can be read without harm. The rest is named with the reason, so that nobody takes
silence for an answer.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from canary.causes import describe
from canary.checks import Name
from tools.verification.run import Verification

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_service_quotas import ServiceQuotasClient

METRIC_MINUTES = 15
QUOTA_SERVICE = "iotcore"
# https://docs.aws.amazon.com/general/latest/gr/iot-core.html: what provisioning shares.
QUOTAS = {
    "L-B2BBBD8C": "RegisterThing over MQTT",
    "L-CAFFCA46": "CreateKeysAndCertificate over MQTT",
    "L-83161BB8": "CreateCertificateFromCsr over MQTT",
    "L-33A2AE15": "CreateProvisioningClaim",
    "L-3E927DFC": "certificates registered just in time",
}
FIXED = ("provisioning template", "policies attached", "policies per certificate")
REGISTRATION_POLICY = "policy/service-role/AWSIoTThingsRegistration"
# As of October 2022:
# https://docs.aws.amazon.com/iot/latest/developerguide/security-iam-awsmanpol.html
KNOWN_ACTIONS = frozenset(
    {
        "iot:AddThingToBillingGroup",
        "iot:AddThingToThingGroup",
        "iot:AttachPolicy",
        "iot:AttachPrincipalPolicy",
        "iot:AttachThingPrincipal",
        "iot:CreateCertificateFromCsr",
        "iot:CreatePolicy",
        "iot:CreateThing",
        "iot:DescribeBillingGroup",
        "iot:DescribeCertificate",
        "iot:DescribeThing",
        "iot:DescribeThingGroup",
        "iot:DescribeThingType",
        "iot:DetachPolicy",
        "iot:DetachThingPrincipal",
        "iot:GetPolicy",
        "iot:ListAttachedPolicies",
        "iot:ListPolicyPrincipals",
        "iot:ListPrincipalPolicies",
        "iot:ListPrincipalThings",
        "iot:ListTargetsForPolicy",
        "iot:ListThingGroupsForThing",
        "iot:ListThingPrincipals",
        "iot:RegisterCertificate",
        "iot:RegisterThing",
        "iot:RemoveThingFromBillingGroup",
        "iot:RemoveThingFromThingGroup",
        "iot:UpdateCertificate",
        "iot:UpdateThing",
        "iot:UpdateThingGroupsForThing",
    }
)


@dataclass(frozen=True)
class Point:
    """One question.

    Attributes:
        question: What nobody knows without an account.
        asked: Whether it was looked at.
        seen: What was seen, or why it was not asked.
    """

    question: str
    asked: bool
    seen: str


_NOT_ASKED = {
    "What becomes of a hook's override for a parameter that the template does not declare?": (
        "it needs a change of the hook, which devices ask meanwhile"
    ),
    "How are Fn::Sub, Fn::Select and Fn::Split written in a template?": (
        "it needs templates of its own, and the templates here use none of them"
    ),
    "Is a Ref to an undeclared parameter refused when a template is created?": (
        "it needs templates of its own; here every Ref is checked at plan"
    ),
    "What are a template's OverrideSettings when none are given?": (
        "it needs a template without them; here all are given"
    ),
    "Which aws:SourceArn does AWS IoT send when it takes a role for just-in-time provisioning or "
    "for a topic rule?": (
        "no log shows it; only a role whose trust names one value would tell, and devices need "
        "the role"
    ),
    "How large may the file of a bulk registration be?": "nothing here registers in bulk",
}


def look(session: boto3.Session, template_name: str, verification: Verification) -> list[Point]:
    """Look at everything that can be looked at without harm.

    Args:
        session: Whose credentials, and in which Region.
        template_name: The template that the verification tried.
        verification: What it saw.
    """
    now = datetime.fromtimestamp(time.time(), UTC)
    partition = session.get_partition_for_region(str(session.region_name))
    probes: dict[str, Callable[[], str]] = {
        "With which code and words is a device refused by the hook?": lambda: refusal(verification),
        "Does a refusal by the hook count as RegisterThingFailed?": lambda: failures(
            session.client("cloudwatch"), template_name, now
        ),
        "Which actions does AWSIoTThingsRegistration have by now?": lambda: managed_policy(
            session.client("iam"), partition
        ),
        "How many calls a second does this Region allow?": lambda: rates(
            session.client("service-quotas")
        ),
        "Which limits cannot be raised?": lambda: fixed_limits(session.client("service-quotas")),
        "Must CA_CERTIFICATE events be on for just-in-time registration to be told?": lambda: (
            events(session.client("iot"))
        ),
    }
    asked = [Point(question, True, _seen(probe)) for question, probe in probes.items()]
    return asked + [
        Point(question, False, f"not asked, because {reason}")
        for question, reason in _NOT_ASKED.items()
    ]


def _seen(probe: Callable[[], str]) -> str:
    try:
        return probe()
    except (ClientError, BotoCoreError) as error:
        return f"could not be read. {describe(error)}"


def refusal(verification: Verification) -> str:
    """Say how the stranger was refused."""
    stranger = next(each for each in verification.checks if each.name == Name.STRANGER)
    return stranger.detail


def failures(cloudwatch: "CloudWatchClient", template_name: str, now: datetime) -> str:
    """Say what the metric counted of late, the stranger among it."""
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/IoT",
        MetricName="RegisterThingFailed",
        Dimensions=[{"Name": "TemplateName", "Value": template_name}],
        StartTime=now - timedelta(minutes=METRIC_MINUTES),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )
    points = answer["Datapoints"]
    within = f"of the last {METRIC_MINUTES} minutes"
    if not points:
        return f"no value {within} yet: AWS publishes it late, so look again in a few minutes"
    failed = sum(point.get("Sum", 0) for point in points)
    calls = sum(point.get("SampleCount", 0) for point in points)
    verdict = "it moved" if failed else "it did not move"
    return f"{verdict}: {failed:g} failures in {calls:g} calls {within}"


def managed_policy(iam: "IAMClient", partition: str) -> str:
    """Say how AWS's policy for provisioning roles differs from what is known of it."""
    arn = f"arn:{partition}:iam::aws:{REGISTRATION_POLICY}"
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
    # botocore reads it; its types say that it might not have.
    document: Any = answer["Document"]
    document = json.loads(document) if isinstance(document, str) else document
    actions = {action for each in document["Statement"] for action in _listed(each["Action"])}
    added, gone = sorted(actions - KNOWN_ACTIONS), sorted(KNOWN_ACTIONS - actions)
    changes = [
        *([f"new: {', '.join(added)}"] if added else []),
        *([f"gone: {', '.join(gone)}"] if gone else []),
    ]
    return f"{len(actions)} in {version}; " + ("; ".join(changes) or "the same as in October 2022")


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def rates(quotas: "ServiceQuotasClient") -> str:
    """Say what the account may do in this Region, and what AWS gives by default."""
    told = []
    for code, name in QUOTAS.items():
        given = quotas.get_aws_default_service_quota(ServiceCode=QUOTA_SERVICE, QuotaCode=code)
        default = given["Quota"]["Value"]
        try:
            answer = quotas.get_service_quota(ServiceCode=QUOTA_SERVICE, QuotaCode=code)
            applied = answer["Quota"]["Value"]
        except quotas.exceptions.NoSuchResourceException:
            # Nobody ever asked for another.
            applied = default
        told.append(f"{name} {applied:g} (default {default:g})")
    return ", ".join(told)


def fixed_limits(quotas: "ServiceQuotasClient") -> str:
    """Say which limits about templates and policies no request raises."""
    pages = quotas.get_paginator("list_aws_default_service_quotas").paginate(
        ServiceCode=QUOTA_SERVICE
    )
    found = [
        f"{quota['QuotaName']}: {quota['Value']:g}"
        for page in pages
        for quota in page["Quotas"]
        if not quota["Adjustable"] and any(words in quota["QuotaName"].lower() for words in FIXED)
    ]
    return ", ".join(sorted(found)) or "AWS Service Quotas lists none about templates or policies"


def events(iot: "IoTClient") -> str:
    """Say whether CA_CERTIFICATE events are on, which together with a gated CA answers it."""
    configured = iot.describe_event_configurations()["eventConfigurations"]
    on = configured.get("CA_CERTIFICATE", {}).get("Enabled", False)
    if on:
        return "CA_CERTIFICATE is on here, so that this account cannot tell"
    return "CA_CERTIFICATE is off: where a device of a gated CA comes up, it need not be on"
