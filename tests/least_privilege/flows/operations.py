"""What is called by alarms and by Terraform: the claim guard, and the pruner of templates."""

import secrets

from tests.e2e.fleet import Fleet
from tests.least_privilege.flows.flow import flow, invoke, see, soon, status
from tests.least_privilege.stacks import CHOICES, CLAIM, COMPLETE
from tests.support.canary import point_at_endpoint
from tests.support.stack import Stack

# What the pruner asks to be left when it has to wait, and little more: then it gives up at once.
PRUNER_SECONDS = 11
MOST_VERSIONS = 5


@flow(
    "an alarm has a claim certificate switched off",
    CHOICES,
    {("claim-guard", "claim-guard"): "iot:DescribeCertificate iot:UpdateCertificate"},
)
def guarded(stack: Fleet) -> None:
    claim = stack.template()["claim_certificates"][CLAIM]
    (arn,) = stack.outputs["claim_guard"]["alarm_arns"].values()
    metric = {"namespace": "AWS/IoT", "name": "ApproximateNumberOfThingsRegistered"}
    dimensions = {"dimensions": {"ClaimCertificateId": claim["id"]}}
    event = {
        "source": "aws.cloudwatch",
        "alarmArn": arn,
        "alarmData": {
            "alarmName": arn.rpartition(":")[2],
            "state": {"value": "ALARM"},
            "configuration": {"metrics": [{"metricStat": {"metric": metric | dimensions}}]},
        },
    }
    try:
        invoke(stack, stack.outputs["claim_guard"]["function_name"], event)
        see(status(stack, claim["id"]) == "INACTIVE", "the claim certificate stays ACTIVE")
    finally:
        stack.client("iot").update_certificate(certificateId=claim["id"], newStatus="ACTIVE")


def goes_off(stack: Stack, alarm_name: str) -> None:
    """Let an alarm that watches a claim's budget go off, whatever state it is in."""
    cloudwatch = stack.client("cloudwatch")
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[alarm_name])["MetricAlarms"]
    cloudwatch.set_alarm_state(AlarmName=alarm_name, StateValue="OK", StateReason="begin")
    value = {name: alarm[name] for name in ("MetricName", "Dimensions")}
    value |= {"Value": alarm["Threshold"] + 1}
    cloudwatch.put_metric_data(Namespace=alarm["Namespace"], MetricData=[value])


@flow(
    "a claim's budget alarm calls the guard",
    CHOICES,
    {("called by an alarm", "lambda-permission"): "lambda:InvokeFunction"},
)
def called(stack: Fleet) -> None:
    claim = stack.template()["claim_certificates"][CLAIM]
    (arn,) = stack.outputs["claim_guard"]["alarm_arns"].values()
    try:
        goes_off(stack, arn.rpartition(":")[2])
        off = soon(lambda: status(stack, claim["id"]) == "INACTIVE", 4)
        see(off, "the claim certificate stays ACTIVE")
    finally:
        stack.client("iot").update_certificate(certificateId=claim["id"], newStatus="ACTIVE")


@flow(
    "attack: an alarm that is not the stack's calls the guard",
    CHOICES,
    {("called by an alarm", "lambda-permission"): "AWS:SourceArn"},
)
def called_by_another(stack: Fleet) -> None:
    """Its name begins like that of the stack's own, so that the guard would take it for one."""
    cloudwatch, claim = stack.client("cloudwatch"), stack.template()["claim_certificates"][CLAIM]
    (arn,) = stack.outputs["claim_guard"]["alarm_arns"].values()
    ours = cloudwatch.describe_alarms(AlarmNames=[arn.rpartition(":")[2]])["MetricAlarms"][0]
    name = f"{ours['AlarmName']}-{secrets.token_hex(4)}"
    copied = ("MetricName", "Namespace", "Dimensions", "Period", "EvaluationPeriods", "Statistic")
    (function,) = (one for one in ours["AlarmActions"] if ":lambda:" in one)
    # The stack's own alarm watches the same metric, and stays out of this.
    cloudwatch.disable_alarm_actions(AlarmNames=[ours["AlarmName"]])
    try:
        cloudwatch.put_metric_alarm(
            **{key: ours[key] for key in copied},
            AlarmName=name,
            Threshold=ours["Threshold"],
            ComparisonOperator=ours["ComparisonOperator"],
            AlarmActions=[function],
        )
        goes_off(stack, name)
        off = soon(lambda: status(stack, claim["id"]) == "INACTIVE", 3)
    finally:
        cloudwatch.delete_alarms(AlarmNames=[name])
        cloudwatch.enable_alarm_actions(AlarmNames=[ours["AlarmName"]])
        stack.client("iot").update_certificate(certificateId=claim["id"], newStatus="ACTIVE")
    see(not off, "the attack gets through: a forged alarm switches the claim off")


@flow(
    "Terraform makes room for a template's next version",
    COMPLETE,
    {
        ("template-versions", "template-versions"): (
            "iot:ListProvisioningTemplateVersions iot:DeleteProvisioningTemplateVersion"
        )
    },
)
def pruned(stack: Fleet) -> None:
    iot, template = stack.client("iot"), stack.describe_template("field-service")
    name = template["templateName"]
    for _ in range(MOST_VERSIONS - versions(stack, name)):
        iot.create_provisioning_template_version(
            templateName=name, templateBody=template["templateBody"], setAsDefault=True
        )
    function = stack.outputs["template_versions_function_name"]
    # The code as it is, unpublished, since a published version keeps the time that it has.
    stack.client("lambda").update_function_configuration(
        FunctionName=function, Timeout=PRUNER_SECONDS
    )
    invoke(stack, function, {"templateName": name}, qualifier=None)
    see(versions(stack, name) < MOST_VERSIONS, "no version was deleted")


def versions(stack: Stack, name: str) -> int:
    """How many versions a template has."""
    answer = stack.client("iot").list_provisioning_template_versions(templateName=name)
    return len(answer["versions"])


@flow(
    "the canary is provisioned and removed",
    CHOICES,
    {
        ("canary", "canary"): (
            "dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query "
            "iot:CreateProvisioningClaim iot:DeleteCertificate iot:DeleteThing "
            "iot:DeleteThingShadow iot:DescribeCertificate iot:DescribeEndpoint "
            "iot:DescribeProvisioningTemplate iot:DescribeThing iot:DetachThingPrincipal "
            "iot:ListAttachedPolicies iot:ListThingGroupsForThing iot:ListThingPrincipals "
            "iot:UpdateCertificate"
        ),
        ("canary", "canary-shadow"): "ssm:GetParameter",
    },
)
def tried(stack: Stack) -> None:
    function = stack.outputs["canary"]["function_name"]
    # Flows keep events from the functions, so that nobody turns the record ACTIVE.
    point_at_endpoint(stack, function, CONFIRMED="false")
    for check in invoke(stack, function, {}, None):
        # What comes after the first colon has names in it.
        see(check["passed"], f"the canary's {check['name']}: {check['detail'].partition(':')[0]}")
