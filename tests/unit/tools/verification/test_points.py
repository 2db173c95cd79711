"""Each point is what was seen, that it could not be, or why it was not asked."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.stub import Stubber

from canary.checks import Check, Name
from tools.verification import points
from tools.verification.run import Verification

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REFUSED = Verification((Check(Name.STRANGER, True, "refused with 403 AccessDenied: no"),))
ARN = "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration"
VERSION = {"PolicyArn": ARN, "VersionId": "v3"}
CODES = list(points.QUOTAS)


@pytest.fixture
def session():
    return boto3.Session("x", "x", region_name="eu-west-1")


@pytest.fixture
def stubbed(session):
    """`stubbed(service)`: a client and its script."""
    stubs = []

    def stub(service):
        client = session.client(service)
        stubs.append(Stubber(client))
        stubs[-1].activate()
        return client, stubs[-1]

    yield stub
    for each in stubs:
        each.assert_no_pending_responses()


def test_how_the_stranger_was_refused():
    assert points.refusal(REFUSED) == "refused with 403 AccessDenied: no"


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        ([], "no value of the last 15 minutes yet"),
        ([(1.0, 2.0), (0.0, 1.0)], "it moved: 1 failures in 3 calls"),
        ([(0.0, 4.0)], "it did not move: 0 failures in 4 calls"),
    ],
)
def test_whether_the_metric_moved(stubbed, values, seen):
    cloudwatch, stub = stubbed("cloudwatch")
    stub.add_response(
        "get_metric_statistics",
        {"Datapoints": [{"Sum": total, "SampleCount": count} for total, count in values]},
        {
            "Namespace": "AWS/IoT",
            "MetricName": "RegisterThingFailed",
            "Dimensions": [{"Name": "TemplateName", "Value": "acme-factory"}],
            "StartTime": NOW - timedelta(minutes=15),
            "EndTime": NOW + timedelta(minutes=1),
            "Period": 60,
            "Statistics": ["Sum", "SampleCount"],
        },
    )
    assert points.failures(cloudwatch, "acme-factory", NOW).startswith(seen)


@pytest.mark.parametrize(
    ("statements", "seen"),
    [
        ([{"Action": sorted(points.KNOWN_ACTIONS)}], "30 in v3; the same as in October 2022"),
        (
            [{"Action": "iot:New"}, {"Action": sorted(points.KNOWN_ACTIONS - {"iot:GetPolicy"})}],
            "30 in v3; new: iot:New; gone: iot:GetPolicy",
        ),
    ],
)
def test_how_the_managed_policy_changed(stubbed, statements, seen):
    iam, stub = stubbed("iam")
    stub.add_response("get_policy", {"Policy": {"DefaultVersionId": "v3"}}, {"PolicyArn": ARN})
    document = {"Statement": statements}
    answer = {"PolicyVersion": {"Document": points.json.dumps(document)}}
    stub.add_response("get_policy_version", answer, VERSION)
    assert points.managed_policy(iam, "aws") == seen


def test_a_document_that_is_read_already_is_taken_as_it_is(stubbed):
    class Iam:
        def get_policy(self, **_):
            return {"Policy": {"DefaultVersionId": "v3"}}

        def get_policy_version(self, **_):
            actions = sorted(points.KNOWN_ACTIONS)
            return {"PolicyVersion": {"Document": {"Statement": [{"Action": actions}]}}}

    assert points.managed_policy(Iam(), "aws").endswith("October 2022")


def test_rates_are_the_accounts_and_those_by_default(stubbed):
    quotas, stub = stubbed("service-quotas")
    for code in CODES:
        asked = {"ServiceCode": "iotcore", "QuotaCode": code}
        stub.add_response("get_aws_default_service_quota", {"Quota": {"Value": 10.0}}, asked)
        if code == CODES[0]:
            stub.add_response("get_service_quota", {"Quota": {"Value": 50.0}}, asked)
        else:
            stub.add_client_error(
                "get_service_quota", "NoSuchResourceException", expected_params=asked
            )
    seen = points.rates(quotas)
    assert seen.startswith("RegisterThing over MQTT 50 (default 10), CreateKeysAndCertificate")
    assert seen.endswith("just in time 10 (default 10)")


@pytest.mark.parametrize(
    ("quotas_listed", "seen"),
    [
        (
            [
                ("Fleet provisioning templates", 256.0, False),
                ("Maximum policies attached to a certificate", 10.0, False),
                ("Provisioning template versions", 5.0, True),
                ("Things", 1.0, False),
            ],
            "Fleet provisioning templates: 256, Maximum policies attached to a certificate: 10",
        ),
        ([], "AWS Service Quotas lists none about templates or policies"),
    ],
)
def test_limits_that_nobody_raises(stubbed, quotas_listed, seen):
    quotas, stub = stubbed("service-quotas")
    listed = [
        {"QuotaName": name, "Value": value, "Adjustable": adjustable}
        for name, value, adjustable in quotas_listed
    ]
    stub.add_response("list_aws_default_service_quotas", {"Quotas": listed})
    assert points.fixed_limits(quotas) == seen


@pytest.mark.parametrize(
    ("configured", "seen"),
    [
        ({"CA_CERTIFICATE": {"Enabled": True}}, "cannot tell"),
        ({"CA_CERTIFICATE": {"Enabled": False}}, "is off"),
        ({}, "is off"),
    ],
)
def test_whether_ca_certificate_events_are_on(stubbed, configured, seen):
    iot, stub = stubbed("iot")
    stub.add_response("describe_event_configurations", {"eventConfigurations": configured})
    assert seen in points.events(iot)


def test_every_point_is_told_whatever_could_be_read(session, monkeypatch):
    def client(service, **_):
        made = boto3.Session.client(session, service)
        stub = Stubber(made)
        stub.activate()
        for operation in (
            "get_metric_statistics",
            "get_policy",
            "get_aws_default_service_quota",
            "list_aws_default_service_quotas",
            "describe_event_configurations",
        ):
            if hasattr(made, operation):
                stub.add_client_error(operation, "AccessDeniedException", "no")
                break
        return made

    monkeypatch.setattr(session, "client", client)
    told = points.look(session, "acme-factory", REFUSED)
    assert told[0].seen == "refused with 403 AccessDenied: no"
    asked = [point for point in told if point.asked]
    assert len(asked) == 6
    assert all(point.seen.startswith("could not be read. ") for point in asked[1:4])
    rest = [point for point in told if not point.asked]
    assert len(rest) == 6
    assert all(point.seen.startswith("not asked, because ") for point in rest)
    assert all(point.question.endswith("?") for point in told)
