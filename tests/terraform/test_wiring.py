"""How the parts of an applied stack fit together, as AWS's own APIs describe them.

Most of these are what the naive design (notes, one script, one function) gets wrong.
"""

import json
import re

import pytest
from botocore.exceptions import ClientError

from device_registry.names import ATTRIBUTE_VALUE
from device_registry.record import DeviceRecord, ReprovisionPolicy, Status
from provisioning_hook import response
from tests.support.terraform import ROOT
from tools.device.failures import Rejected

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint]
failure_mode = pytest.mark.failure_mode

CERTIFICATE_ID = "AWS::IoT::Certificate::Id"
DENIED = 403


@pytest.fixture(params=["minimal_stack", "complete_stack"])
def stack(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def provisioned(complete_stack, factory_claim):
    """A device that came through the claim certificate of the complete example."""
    complete_stack.enrol("SN-WIRED", device_type="temperature-sensor", manufacturer="Acme")
    sent = {"Manufacturer": "Acme", "FirmwareVersion": "v1.2.3", "Location": "Hall-4"}
    return complete_stack.provision(
        "SN-WIRED", "temperature-sensor", claim=factory_claim, parameters=sent
    )


def overrides():
    record = DeviceRecord(
        serial_number="SN-1",
        device_type="gateway",
        status=Status.PROVISIONING,
        enrolled_at=1,
        enrolled_by="test",
        status_changed_at=1,
        reprovision_policy=ReprovisionPolicy.NEVER,
        certificate_id="a" * 64,
        claimed_at=2,
        lease_expires_at=3,
    )
    return response.allowed(record, "acme", 2)["parameterOverrides"]


def references(value):
    """Every name that a Ref in a template's body names."""
    if isinstance(value, dict):
        own = {value["Ref"]} if "Ref" in value else set()
        return own.union(*map(references, value.values()))
    if isinstance(value, list):
        return set().union(*map(references, value))
    return set()


def bodies(stack):
    return [json.loads(stack.describe_template(key)["templateBody"]) for key in templates(stack)]


def templates(stack):
    return sorted(stack.outputs["templates"])


def arn(stack, service, resource):
    return f"arn:aws:{service}:{stack.endpoint.region}:{stack.endpoint.account_id}:{resource}"


# --- template and hook


def test_templates_are_enabled(stack):
    assert all(stack.describe_template(key)["enabled"] for key in templates(stack))


@failure_mode("B3", "B4")
def test_every_reference_is_declared_and_none_is_the_certificates_arn(stack):
    for body in bodies(stack):
        assert references(body["Resources"]) <= set(body["Parameters"])
        assert {name for name in references(body) if name.startswith("AWS::")} == {CERTIFICATE_ID}


@failure_mode("B3")
def test_every_override_of_the_hook_is_declared(stack):
    for body in bodies(stack):
        assert set(overrides()) <= set(body["Parameters"])
        # What the hook always sets needs no default; all else has one.
        without = {name for name, one in body["Parameters"].items() if "Default" not in one}
        assert without == {*overrides(), CERTIFICATE_ID}


@failure_mode("B5", "S5")
def test_thing_type_group_and_policy_come_from_the_hook_alone(stack):
    for body in bodies(stack):
        thing = body["Resources"]["thing"]["Properties"]
        assert thing["ThingName"] == {"Ref": "ThingName"}
        assert thing["ThingTypeName"] == {"Ref": "ThingTypeName"}
        assert thing["ThingGroups"] == [{"Ref": "ThingGroupName"}]
        policies = [r for r in body["Resources"].values() if r["Type"] == "AWS::IoT::Policy"]
        assert [r["Properties"] for r in policies] == [{"PolicyName": {"Ref": "PolicyName"}}]


@failure_mode("B5", "B6", "B12")
def test_what_the_hook_names_exists_for_every_kind_of_device(stack):
    iot = stack.client("iot")
    parent = stack.outputs["parent_thing_group_name"]
    for kind in stack.outputs["device_types"]:
        name = f"{stack.name_prefix}-{kind}"
        iot.get_policy(policyName=name)
        iot.describe_thing_type(thingTypeName=name)
        group = iot.describe_thing_group(thingGroupName=name)
        assert group["thingGroupMetadata"]["parentGroupName"] == parent


@failure_mode("B2", "S8")
def test_each_template_may_call_the_alias_and_nobody_else_may(stack):
    name = stack.outputs["hook_function_name"]
    policy = json.loads(stack.client("lambda").get_policy(FunctionName=name)["Policy"])
    alias = arn(stack, "lambda", f"function:{name}:live")
    allowed = {}
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        assert statement["Principal"] == {"Service": "iot.amazonaws.com"}
        assert statement["Action"] == "lambda:InvokeFunction"
        assert statement["Resource"] == alias
        account = {"StringEquals": {"AWS:SourceAccount": stack.endpoint.account_id}}
        source = statement["Condition"]["ArnLike"]["AWS:SourceArn"]
        assert statement["Condition"] == account | {"ArnLike": {"AWS:SourceArn": source}}
        allowed[source] = statement["Sid"]
    assert set(allowed) == {stack.template(key)["arn"] for key in templates(stack)}
    for key in templates(stack):
        hook = stack.describe_template(key)["preProvisioningHook"]
        assert hook == {"payloadVersion": "2020-04-01", "targetArn": alias}


@failure_mode("B2")
@pytest.mark.parametrize("name", ["shop-factory-2", "shop-factor", "another"])
def test_a_template_that_is_not_listed_cannot_use_the_hook(complete_stack, name):
    ours = complete_stack.describe_template()
    with pytest.raises(ClientError, match="Access denied during lambda validation"):
        complete_stack.client("iot").create_provisioning_template(
            templateName=name,
            templateBody=ours["templateBody"],
            provisioningRoleArn=ours["provisioningRoleArn"],
            preProvisioningHook=ours["preProvisioningHook"],
            enabled=True,
        )


@failure_mode("B11", "O6")
def test_the_hook_answers_within_the_time_that_aws_iot_waits(stack):
    function = stack.client("lambda").get_function_configuration(
        FunctionName=stack.outputs["hook_function_name"], Qualifier="live"
    )
    assert function["Timeout"] <= 5
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert set(function["Environment"]["Variables"]) == {
        "CLAIM_LEASE_SECONDS",
        "DEVICE_REGISTRY_TABLE",
        "NAME_PREFIX",
    }


# --- what a device gets


@failure_mode("B6", "B7")
def test_a_device_has_its_type_and_more_than_three_attributes(complete_stack, provisioned):
    thing = complete_stack.thing("SN-WIRED")
    assert thing["thingTypeName"] == "shop-temperature-sensor"
    attributes = thing["attributes"]
    moment = attributes.pop("provisionedAt")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment)
    assert attributes == {
        "serialNumber": "SN-WIRED",
        "manufacturer": "Acme",
        "firmwareVersion": "v1.2.3",
        "location": "Hall-4",
        "provisionedBy": "shop-factory",
        "label": "Acme/temperature-sensor",
    }
    assert all(ATTRIBUTE_VALUE.fullmatch(value) for value in (*attributes.values(), moment))


@failure_mode("B13")
def test_a_device_is_in_the_group_of_its_kind_and_in_no_other(complete_stack, provisioned):
    iot = complete_stack.client("iot")
    groups = iot.list_thing_groups_for_thing(thingName=provisioned.thing_name)["thingGroups"]
    assert [group["groupName"] for group in groups] == ["shop-temperature-sensor"]


@failure_mode("B8")
def test_the_certificate_is_active_and_has_the_one_policy(complete_stack, provisioned):
    iot = complete_stack.client("iot")
    (principal,) = iot.list_thing_principals(thingName=provisioned.thing_name)["principals"]
    assert principal.endswith(f":cert/{provisioned.certificate_id}")
    certificate = iot.describe_certificate(certificateId=provisioned.certificate_id)
    assert certificate["certificateDescription"]["status"] == "ACTIVE"
    policies = iot.list_attached_policies(target=principal)["policies"]
    assert [policy["policyName"] for policy in policies] == ["shop-temperature-sensor"]


def test_a_device_is_told_its_configuration(provisioned):
    assert provisioned.device_configuration == {
        "telemetryIntervalSeconds": "60",
        "topicRoot": "shop/temperature-sensor/shop-SN-WIRED",
    }


@failure_mode("S4")
def test_the_record_binds_serial_certificate_claim_and_template(complete_stack, provisioned):
    record = complete_stack.record("SN-WIRED")
    assert record.certificate_id == provisioned.certificate_id
    claim = complete_stack.template()["claim_certificates"]["line-1"]
    assert record.claim_certificate_id == claim["id"]
    assert record.template_name == "shop-factory"
    assert record.thing_name == provisioned.thing_name


def refused(stack, serial, kind, **sent):
    before = stack.thing_names()
    with pytest.raises(Rejected) as rejected:
        stack.provision(serial, kind, **sent)
    assert rejected.value.status_code == DENIED
    assert stack.thing_names() == before
    certificate = stack.store.load(serial).certificate_id
    described = stack.client("iot").describe_certificate(certificateId=certificate)
    assert described["certificateDescription"]["status"] == "PENDING_ACTIVATION"
    return stack.decisions(serial)[-1]


@failure_mode("S2")
def test_a_serial_number_that_nobody_enrolled_gets_nothing(complete_stack, factory_claim):
    decision = refused(complete_stack, "SN-UNKNOWN", "gateway", claim=factory_claim)
    assert decision["reason"] == "UNKNOWN_SERIAL"
    assert complete_stack.record("SN-UNKNOWN") is None


@failure_mode("S5")
def test_a_device_cannot_choose_a_mightier_kind(complete_stack, factory_claim):
    complete_stack.enrol("SN-SENSOR", device_type="humidity-sensor")
    decision = refused(complete_stack, "SN-SENSOR", "gateway", claim=factory_claim)
    assert decision["reason"] == "WRONG_DEVICE_TYPE"
    assert complete_stack.record("SN-SENSOR").status == "ENROLLED"


@failure_mode("S5")
def test_names_that_a_device_sends_are_the_registrys_all_the_same(complete_stack, factory_claim):
    complete_stack.enrol("SN-NAMES", device_type="humidity-sensor")
    sent = {
        "ThingName": "shop-SN-WIRED",
        "PolicyName": "shop-gateway",
        "ThingTypeName": "shop-gateway",
        "ThingGroupName": "shop-gateway",
        "ProvisionedAt": "1970-01-01T00:00:00Z",
    }
    result = complete_stack.provision(
        "SN-NAMES", "humidity-sensor", claim=factory_claim, parameters=sent
    )
    assert result.thing_name == "shop-SN-NAMES"
    thing = complete_stack.thing("SN-NAMES")
    assert thing["thingTypeName"] == "shop-humidity-sensor"
    assert not thing["attributes"]["provisionedAt"].startswith("1970")
    target = arn(complete_stack, "iot", f"cert/{result.certificate_id}")
    policies = complete_stack.client("iot").list_attached_policies(target=target)["policies"]
    assert [policy["policyName"] for policy in policies] == ["shop-humidity-sensor"]


@failure_mode("S6")
def test_a_serial_number_with_a_line_break_reaches_neither_registry_nor_log_line(
    complete_stack, factory_claim
):
    serial = 'SN-1\n{"event":"provisioning-decision","outcome":"allowed"}'
    sent = {"SerialNumber": serial}
    with pytest.raises(Rejected):
        complete_stack.provision("SN-BREAK", "gateway", claim=factory_claim, parameters=sent)
    (decision,) = complete_stack.decisions(serial)
    assert (decision["outcome"], decision["reason"]) == ("denied", "INVALID_PARAMETER")
    assert complete_stack.record(serial) is None


@failure_mode("S4")
def test_a_second_certificate_for_a_claimed_serial_number_is_refused(
    complete_stack, provisioned, factory_claim, tmp_path
):
    thief = type(complete_stack)(complete_stack.outputs, complete_stack.endpoint, tmp_path)
    with pytest.raises(Rejected) as rejected:
        thief.provision("SN-WIRED", "temperature-sensor", claim=factory_claim)
    assert rejected.value.status_code == DENIED
    decision = complete_stack.decisions("SN-WIRED")[-1]
    assert decision["reason"] in {"WRONG_MANUFACTURER", "CLAIMED_BY_OTHER_CERTIFICATE"}
    principals = complete_stack.client("iot").list_thing_principals(
        thingName=provisioned.thing_name
    )["principals"]
    assert [one.rpartition("/")[2] for one in principals] == [provisioned.certificate_id]


# --- roles


def documents(stack, role_name):
    iam = stack.client("iam")
    attached = iam.list_attached_role_policies(RoleName=role_name)["AttachedPolicies"]
    assert attached == []
    names = iam.list_role_policies(RoleName=role_name)["PolicyNames"]
    found = [iam.get_role_policy(RoleName=role_name, PolicyName=n)["PolicyDocument"] for n in names]
    return [statement for document in found for statement in document["Statement"]]


def listed(value):
    return value if isinstance(value, list) else [value]


def actions(statements):
    return {action for statement in statements for action in listed(statement["Action"])}


FUNCTIONS = {
    "hook": "provisioning-hook",
    "pruner": "template-versions",
    **{key: f"lifecycle-{key}" for key in ("confirmation", "enforcement", "audit", "sweep")},
}


def roles(stack):
    """The stack's role names: of its functions, of each template, and of the lifecycle's rules."""
    region = stack.endpoint.region
    prefix = stack.name_prefix
    return {
        **{key: f"{prefix}-{function}-{region}" for key, function in FUNCTIONS.items()},
        **{key: f"{prefix}-{key}-provision-{region}" for key in templates(stack)},
        "rules": f"{prefix}-lifecycle-rule-{region}",
    }


@failure_mode("S8")
def test_every_role_is_for_one_service_on_behalf_of_this_account_and_source(stack):
    iam = stack.client("iam")
    account = {"aws:SourceAccount": stack.endpoint.account_id}
    for purpose, name in roles(stack).items():
        trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        (statement,) = trust["Statement"]
        condition = statement["Condition"]
        assert condition["StringEquals"] == account
        if purpose in FUNCTIONS:
            function = arn(stack, "lambda", f"function:{name.removesuffix('-eu-west-1')}")
            assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
            assert condition["ArnLike"] == {"aws:SourceArn": [function, f"{function}:*"]}
        else:
            assert statement["Principal"] == {"Service": "iot.amazonaws.com"}
            assert condition["ArnLike"] == {"aws:SourceArn": arn(stack, "iot", "*")}


def test_there_are_no_other_roles(minimal_stack, complete_stack):
    listed_roles = minimal_stack.client("iam").list_roles()["Roles"]
    expected = {*roles(minimal_stack).values(), *roles(complete_stack).values()}
    ours = {f"{minimal_stack.name_prefix}-", f"{complete_stack.name_prefix}-"}
    found = {role["RoleName"] for role in listed_roles}
    assert {name for name in found if name.startswith(tuple(ours))} == expected


@failure_mode("S10")
def test_the_hook_may_change_one_table_and_nothing_else(stack):
    statements = documents(stack, roles(stack)["hook"])
    assert actions(statements) == {
        "dynamodb:UpdateItem",
        "kms:Decrypt",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    table = arn(stack, "dynamodb", f"table/{stack.outputs['registry_table_name']}")
    group = arn(stack, "logs", f"log-group:{stack.outputs['hook_log_group_name']}")
    resources = {statement["Sid"]: statement["Resource"] for statement in statements}
    assert resources["ClaimRecord"] == table
    assert resources["WriteOwnLogGroup"] == f"{group}:log-stream:*"
    assert resources["ReadTableKeyThroughDynamoDb"].startswith(arn(stack, "kms", "key/"))
    # AWS X-Ray has no resource types for these actions.
    assert [sid for sid, resource in resources.items() if resource == "*"] == ["SendTraces"]


@failure_mode("B8", "S10")
def test_the_provisioning_role_may_register_devices_of_this_stack_and_no_more(stack):
    statements = documents(stack, roles(stack)["factory"])
    assert actions(statements) - {"iot:AddThingToBillingGroup", "iot:DescribeBillingGroup"} == {
        "iot:AddThingToThingGroup",
        "iot:AttachPolicy",
        "iot:AttachPrincipalPolicy",
        "iot:AttachThingPrincipal",
        "iot:CreateThing",
        "iot:DescribeCertificate",
        "iot:DescribeThing",
        "iot:DescribeThingGroup",
        "iot:DescribeThingType",
        "iot:DetachThingPrincipal",
        "iot:GetPolicy",
        "iot:ListAttachedPolicies",
        "iot:ListPolicyPrincipals",
        "iot:ListPrincipalPolicies",
        "iot:ListPrincipalThings",
        "iot:ListTargetsForPolicy",
        "iot:ListThingGroupsForThing",
        "iot:ListThingPrincipals",
        "iot:RegisterThing",
        "iot:UpdateCertificate",
        "iot:UpdateThing",
        "iot:UpdateThingGroupsForThing",
    }
    # RegisterThing has no resource type; certificates have no names to tell them by.
    scoped = [s for s in statements if actions([s]) != {"iot:RegisterThing"}]
    own = tuple(
        arn(stack, "iot", f"{kind}/{stack.name_prefix}-")
        for kind in ("thing", "thingtype", "thinggroup", "policy")
    )
    certificates = arn(stack, "iot", "cert/*")
    resources = {r for statement in scoped for r in listed(statement["Resource"])}
    assert {r for r in resources if not r.startswith(own)} == {certificates}


def test_the_pruner_may_list_and_delete_versions_of_these_templates(stack):
    statements = documents(stack, roles(stack)["pruner"])
    (prune,) = [s for s in statements if s["Sid"] == "PruneTemplateVersions"]
    assert set(prune["Action"]) == {
        "iot:DeleteProvisioningTemplateVersion",
        "iot:ListProvisioningTemplateVersions",
    }
    assert set(prune["Resource"]) == {stack.template(key)["arn"] for key in templates(stack)}


# --- claim


def claim_statements(stack, key="factory"):
    iot = stack.client("iot")
    names = stack.template(key)["claim_policy_names"].values()
    found = [json.loads(iot.get_policy(policyName=name)["policyDocument"]) for name in names]
    return [statement for document in found for statement in document["Statement"]]


@failure_mode("B9", "S9")
def test_a_claim_may_use_exactly_the_topics_of_enrolment(complete_stack):
    allowed = {}
    for statement in claim_statements(complete_stack):
        assert statement["Effect"] == "Allow"
        for action in listed(statement["Action"]):
            allowed.setdefault(action, set()).update(listed(statement["Resource"]))
    requests = {
        f"{topic}/{form}"
        for topic in (
            "$aws/certificates/create",
            "$aws/certificates/create-from-csr",
            "$aws/provisioning-templates/shop-factory/provision",
        )
        for form in ("json", "cbor")
    }
    answers = {f"{topic}/{end}" for topic in requests for end in ("accepted", "rejected")}

    def arns(kind, topics):
        return {arn(complete_stack, "iot", f"{kind}/{topic}") for topic in topics}

    assert allowed == {
        "iot:Connect": arns("client", {"claim-shop-factory-*"}),
        "iot:Publish": arns("topic", requests),
        "iot:Receive": arns("topic", answers),
        "iot:Subscribe": arns("topicfilter", answers),
    }


@failure_mode("S9")
def test_no_topic_of_a_claim_is_a_wildcard(stack):
    for key in templates(stack):
        for statement in claim_statements(stack, key):
            if statement["Action"] != "iot:Connect":
                assert not [one for one in listed(statement["Resource"]) if "*" in one]


def test_the_claim_certificate_has_the_claim_policies_and_no_other(complete_stack):
    template = complete_stack.template()
    attached = complete_stack.client("iot").list_attached_policies(
        target=template["claim_certificates"]["line-1"]["arn"]
    )["policies"]
    assert {one["policyName"] for one in attached} == set(template["claim_policy_names"].values())


def test_a_trusted_user_may_issue_claims_of_one_template(stack):
    iam = stack.client("iam")
    for key in templates(stack):
        policy = stack.template(key)["trusted_user_policy_arn"]
        version = iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=policy, VersionId=version)["PolicyVersion"]
        statements = {s["Action"]: s["Resource"] for s in found["Document"]["Statement"]}
        assert statements == {
            "iot:CreateProvisioningClaim": stack.template(key)["arn"],
            "iot:DescribeEndpoint": "*",
        }


# --- devices' policies


@failure_mode("S7")
def test_devices_policies_name_the_device_itself_and_its_shadow_and_jobs(stack):
    iot = stack.client("iot")
    own = "${iot:Connection.Thing.ThingName}"
    for name, kind in stack.outputs["device_types"].items():
        document = iot.get_policy(policyName=kind["policy_name"])["policyDocument"]
        statements = json.loads(document)["Statement"]
        assert len(re.sub(r"\s", "", document)) <= 2048
        resources = {r for statement in statements for r in listed(statement["Resource"])}
        assert all(own in resource for resource in resources), resources
        (connect,) = [s for s in statements if s["Action"] == "iot:Connect"]
        assert connect["Condition"] == {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}
        # The camera of the example is one that has a policy file of the user's.
        for topic in ("shadow", "jobs") if name != "camera" else ():
            assert arn(stack, "iot", f"topic/$aws/things/{own}/{topic}/*") in resources


# --- registry, logs, metrics


def table_of(stack):
    name = stack.outputs["registry_table_name"]
    return stack.client("dynamodb").describe_table(TableName=name)["Table"]


@failure_mode("B10", "O7")
def test_the_table_is_on_demand_and_its_indexes_have_no_hot_partition(stack):
    described = table_of(stack)
    assert described["KeySchema"] == [{"AttributeName": "serialNumber", "KeyType": "HASH"}]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    capacity = [described, *described["GlobalSecondaryIndexes"]]
    assert not any(
        one.get("ProvisionedThroughput", {}).get("ReadCapacityUnits") for one in capacity
    )
    keys = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in described["GlobalSecondaryIndexes"]
    }
    assert keys == {
        "by-certificate": ["certificateId"],
        "by-claim-certificate": ["claimCertificateId", "claimedAt"],
        "by-status": ["statusShard", "statusChangedAt"],
    }


def test_the_stream_carries_both_images(stack):
    assert table_of(stack)["StreamSpecification"] == {
        "StreamEnabled": True,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }


@failure_mode("S11")
def test_the_registry_is_protected_and_the_logs_are_kept_and_encrypted(stack):
    described = table_of(stack)
    assert described["DeletionProtectionEnabled"] is True
    key = described["SSEDescription"]["KMSMasterKeyArn"]
    assert described["SSEDescription"]["SSEType"] == "KMS"
    backups = stack.client("dynamodb").describe_continuous_backups(TableName=described["TableName"])
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    keys = stack.client("kms")
    assert keys.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    groups = stack.client("logs").describe_log_groups(
        logGroupNamePrefix=f"/aws/lambda/{stack.name_prefix}-"
    )["logGroups"]
    assert {group["logGroupName"] for group in groups} == {
        f"/aws/lambda/{stack.name_prefix}-{function}" for function in FUNCTIONS.values()
    }
    for group in groups:
        assert group["retentionInDays"] == 365
        assert group["kmsKeyId"] == key


@failure_mode("B17", "B18", "O8")
def test_refusals_are_counted_from_the_log_that_the_hook_writes(complete_stack, factory_claim):
    with pytest.raises(Rejected):
        complete_stack.provision("SN-COUNTED", "gateway", claim=factory_claim)
    line = complete_stack.decisions("SN-COUNTED")[-1]
    filters = complete_stack.client("logs").describe_metric_filters(
        logGroupName=complete_stack.outputs["hook_log_group_name"]
    )["metricFilters"]
    counted = {}
    for one in filters:
        fields = dict(re.findall(r'\$\.(\w+) = "([^"]+)"', one["filterPattern"]))
        assert {name: line[name] for name in fields} == fields, "the line would not be counted"
        (metric,) = one["metricTransformations"]
        assert all(
            selector.removeprefix("$.") in line for selector in metric["dimensions"].values()
        )
        assert not metric["metricNamespace"].startswith("AWS/")
        counted[metric["metricName"]] = metric["metricNamespace"]
    metrics = complete_stack.outputs["hook_metrics"]
    assert counted == {
        metrics[name]["name"]: metrics["namespace"] for name in ("denials", "decisions")
    }


# --- create = false


def test_create_false_plans_nothing_for_any_module(workspace):
    nothing = workspace("tests/terraform/fixtures/nothing")
    called = set(re.findall(r'source\s*=\s*"([^"]+)"', (nothing.directory / "main.tf").read_text()))
    modules = {path.name for path in (ROOT / "terraform/modules").iterdir() if path.is_dir()}
    assert {source.rpartition("/")[2] for source in called} - {"aws"} == modules | {"terraform"}
    plan = nothing.plan()
    assert plan.changes == {}
    assert not plan.changed
