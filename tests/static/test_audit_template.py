"""The CloudFormation body of the audit against what CloudFormation documents.

No endpoint serves these resource types, so what AWS would refuse must be found here: each type's
properties, their kinds and which are required, as in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IoT.html.
"""

import json
import re
import subprocess

import pytest
from jsonschema import Draft202012Validator

from tests.support.terraform import ROOT
from tools import terraform_env

MODULE = ROOT / "terraform/modules/account-baseline"
ROLE = "arn:aws:iam::123456789012:role/audit"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:findings"

TEXT = {"type": "string"}
SWITCH = {"type": "boolean"}


def structure(properties, *required):
    """The schema of an object that has no other properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def pattern(expression):
    return TEXT | {"pattern": f"^({expression})$"}


def several(items):
    return {"type": "array", "items": items, "uniqueItems": True, "minItems": 1}


def check(**settings):
    configuration = {"Configuration": structure(settings)} if settings else {}
    return structure({"Enabled": SWITCH, **configuration})


NAME = pattern("[a-zA-Z0-9:_-]{1,128}")
CHECKS = {
    "AuthenticatedCognitoRoleOverlyPermissiveCheck": check(),
    "CaCertificateExpiringCheck": check(),
    "CaCertificateKeyQualityCheck": check(),
    "ConflictingClientIdsCheck": check(),
    "DeviceCertificateAgeCheck": check(CertAgeThresholdInDays=TEXT),
    "DeviceCertificateExpiringCheck": check(CertExpirationThresholdInDays=TEXT),
    "DeviceCertificateKeyQualityCheck": check(),
    "DeviceCertificateSharedCheck": check(),
    "IntermediateCaRevokedForActiveDeviceCertificatesCheck": check(),
    "IoTPolicyPotentialMisConfigurationCheck": check(),
    "IotPolicyOverlyPermissiveCheck": check(),
    "IotRoleAliasAllowsAccessToUnusedServicesCheck": check(),
    "IotRoleAliasOverlyPermissiveCheck": check(),
    "LoggingDisabledCheck": check(),
    "RevokedCaCertificateStillActiveCheck": check(),
    "RevokedDeviceCertificateStillActiveCheck": check(),
    "UnauthenticatedCognitoRoleOverlyPermissiveCheck": check(),
}
TYPES = {
    "AWS::IoT::AccountAuditConfiguration": structure(
        {
            "AccountId": pattern("[0-9]{12}"),
            "AuditCheckConfigurations": structure(CHECKS),
            "AuditNotificationTargetConfigurations": structure(
                {"Sns": structure({"Enabled": SWITCH, "RoleArn": TEXT, "TargetArn": TEXT})}
            ),
            "RoleArn": TEXT,
        },
        "AccountId",
        "AuditCheckConfigurations",
        "RoleArn",
    ),
    "AWS::IoT::ScheduledAudit": structure(
        {
            "DayOfMonth": pattern("[1-9]|[12][0-9]|3[01]|LAST"),
            "DayOfWeek": {"enum": ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]},
            "Frequency": {"enum": ["DAILY", "WEEKLY", "BIWEEKLY", "MONTHLY"]},
            "ScheduledAuditName": NAME,
            "TargetCheckNames": several(pattern("[A-Z_]+_CHECK")),
        },
        "Frequency",
        "TargetCheckNames",
    ),
    "AWS::IoT::MitigationAction": structure(
        {
            "ActionName": NAME,
            "ActionParams": structure(
                {
                    "AddThingsToThingGroupParams": structure(
                        {"OverrideDynamicGroups": SWITCH, "ThingGroupNames": several(NAME)},
                        "ThingGroupNames",
                    ),
                    "PublishFindingToSnsParams": structure({"TopicArn": TEXT}, "TopicArn"),
                    "UpdateDeviceCertificateParams": structure(
                        {"Action": {"enum": ["DEACTIVATE"]}}, "Action"
                    ),
                }
            )
            | {"minProperties": 1, "maxProperties": 1},
            "RoleArn": TEXT,
        },
        "ActionParams",
        "RoleArn",
    ),
}
RESOURCE = {
    "oneOf": [
        structure(
            {"Type": {"const": name}, "Properties": schema, "DependsOn": several(TEXT)},
            "Type",
            "Properties",
        )
        for name, schema in TYPES.items()
    ]
}
BODY = structure(
    {
        "AWSTemplateFormatVersion": {"const": "2010-09-09"},
        "Description": TEXT,
        "Resources": {
            "type": "object",
            "propertyNames": pattern("[A-Za-z0-9]{1,255}"),
            "additionalProperties": RESOURCE,
        },
    },
    "Resources",
)


def faults(body):
    """What of a body CloudFormation would refuse."""
    found = [error.json_path for error in Draft202012Validator(BODY).iter_errors(body)]
    for resource in body["Resources"].values():
        found += [name for name in resource.get("DependsOn", []) if name not in body["Resources"]]
    names = [
        resource["Properties"].get("ActionName")
        for resource in body["Resources"].values()
        if resource["Type"] == "AWS::IoT::MitigationAction"
    ]
    return found + [name for name in set(names) if names.count(name) > 1]


def given(**changes):
    """What the module gives to the template: as little as it can, and `changes`."""
    return {
        "account_id": "123456789012",
        "role_arn": ROLE,
        "checks": {"LoggingDisabledCheck": {"Enabled": True}},
        "notifications": None,
        "schedule": {
            "name": "iot-baseline-audit",
            "frequency": "DAILY",
            "day_of_week": None,
            "day_of_month": None,
            "checks": ["LOGGING_DISABLED_CHECK"],
        },
        "mitigation_actions": {},
    } | changes


def action(key, **changes):
    nothing = {"deactivate_certificate": False, "thing_groups": None, "topic_arn": None}
    return {"name": f"iot-baseline-{key}", "role_arn": ROLE, **nothing, **changes}


def render(tmp_path, values):
    """The body as Terraform renders it."""
    environment = terraform_env.environment()
    expression = f'templatefile("{MODULE}/audit.json.tftpl", jsondecode(file("values.json")))'
    (tmp_path / "values.json").write_text(json.dumps(values))
    done = subprocess.run(
        [environment["TERRAFORM"], "console"],
        cwd=tmp_path,
        env=environment,
        input=f"jsonencode({expression})\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # The console prints a string as a string; that string is the JSON of the body's text.
    return json.loads(json.loads(json.loads(done.stdout)))


LEAST = given()
MOST = given(
    checks={name: {"Enabled": True} for name in CHECKS}
    | {
        "DeviceCertificateAgeCheck": {
            "Enabled": True,
            "Configuration": {"CertAgeThresholdInDays": "365"},
        },
        "DeviceCertificateExpiringCheck": {
            "Enabled": True,
            "Configuration": {"CertExpirationThresholdInDays": "30"},
        },
    },
    notifications={"topic_arn": TOPIC, "role_arn": ROLE},
    schedule=LEAST["schedule"] | {"frequency": "WEEKLY", "day_of_week": "MON"},
    mitigation_actions={
        "off": action("off", deactivate_certificate=True),
        "quarantine": action("quarantine", thing_groups=["shop-quarantine", "isolated"]),
        "tell": action("tell", topic_arn=TOPIC),
    },
)
MONTHLY = given(schedule=LEAST["schedule"] | {"frequency": "MONTHLY", "day_of_month": "LAST"})


@pytest.mark.parametrize("values", [LEAST, MOST, MONTHLY], ids=["least", "most", "monthly"])
def test_cloudformation_takes_the_body(tmp_path, values):
    body = render(tmp_path, values)
    assert faults(body) == []
    assert set(TYPES) >= {resource["Type"] for resource in body["Resources"].values()}


def test_most_uses_every_type_and_all_seventeen_checks(tmp_path):
    resources = render(tmp_path, MOST)["Resources"]
    assert {resource["Type"] for resource in resources.values()} == set(TYPES)
    configuration = resources["AccountAuditConfiguration"]["Properties"]
    assert set(configuration["AuditCheckConfigurations"]) == set(CHECKS)
    assert len(CHECKS) == 17


def test_the_checks_are_on_before_an_audit_is_scheduled(tmp_path):
    scheduled = render(tmp_path, LEAST)["Resources"]["ScheduledAudit"]
    assert scheduled["DependsOn"] == ["AccountAuditConfiguration"]


def test_the_module_knows_each_check_by_both_its_names():
    names = re.findall(
        r"^    ([A-Z_]+_CHECK) += \"(\w+)\"$", (MODULE / "audit.tf").read_text(), re.MULTILINE
    )
    assert {property_name for _, property_name in names} == set(CHECKS)
    assert len(names) == 17
    for name, property_name in names:
        assert name.replace("_", "") == property_name.upper()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            {"AccountAuditConfiguration.Properties.RoleArn": ...},
            "$.Resources.AccountAuditConfiguration",
        ),
        (
            {"AccountAuditConfiguration.Properties.AccountId": "1"},
            "$.Resources.AccountAuditConfiguration",
        ),
        (
            {"AccountAuditConfiguration.Properties.AuditCheckConfigurations.LoggingCheck": {}},
            "$.Resources.AccountAuditConfiguration",
        ),
        ({"ScheduledAudit.Properties.Frequency": "HOURLY"}, "$.Resources.ScheduledAudit"),
        ({"ScheduledAudit.Properties.TargetCheckNames": []}, "$.Resources.ScheduledAudit"),
        ({"ScheduledAudit.DependsOn": ["Nobody"]}, "Nobody"),
        ({"ScheduledAudit.Type": "AWS::IoT::AuditSuppression"}, "$.Resources.ScheduledAudit"),
    ],
)
def test_a_body_that_cloudformation_would_refuse_is_found(tmp_path, change, fault):
    body = render(tmp_path, LEAST)
    ((path, value),) = change.items()
    *parents, last = path.split(".")
    target = body["Resources"]
    for name in parents:
        target = target[name]
    target.pop(last, None)
    if value is not ...:
        target[last] = value
    assert faults(body) == [fault]
