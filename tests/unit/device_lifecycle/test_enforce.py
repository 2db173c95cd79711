"""AWS IoT agrees with the record, whatever the stream brings and in whatever order."""

import copy
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from device_lifecycle import changes, enforce, identities
from device_lifecycle.errors import RetryError
from device_registry.record import Status, to_item
from tests.unit.builders import CERTIFICATE, NOW, OTHER_CERTIFICATE, record
from tests.unit.device_lifecycle.fakes import THING, event, lines, stream_record

BOTH = frozenset({CERTIFICATE, OTHER_CERTIFICATE})
ON = {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "ACTIVE"}


def device(status=Status.ACTIVE, **changes):
    values = {"certificate_id": CERTIFICATE, "certificate_ids": BOTH, "thing_name": THING}
    return record(status=status, **{"claimed_at": NOW - 60, **values, **changes})


def turn(world, before, after):
    """Store a record, and hand the function its change."""
    world.table.put_item(TableName="registry", Item=to_item(after))
    told = stream_record(to_item(before) if before else None, to_item(after))
    return enforce.run({"Records": [told]}, world.config(), world.runtime())


def switched(line):
    """What a line tells of a certificate, of the one device."""
    assert (line["serialNumber"], line["thingName"]) == ("SN-0001", THING)
    return line["certificateId"], line["from"], line["to"], line["reason"]


@pytest.fixture
def on(world):
    world.aws.certificates = dict(ON)
    world.aws.connections[THING] = {}
    return world


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.SUSPENDED, ["INACTIVE", "INACTIVE"]),
        (Status.REVOKED, ["REVOKED", "REVOKED"]),
        (Status.ENROLLED, ["INACTIVE", "INACTIVE"]),
    ],
)
def test_a_device_that_is_cut_off(on, capsys, status, expected):
    assert turn(on, device(), device(status)) == {"batchItemFailures": []}
    assert list(on.aws.certificates.values()) == expected
    assert on.aws.connections == {}
    told = lines(capsys)
    kinds = ["state-change", "certificate-switched", "certificate-switched", "connection-dropped"]
    assert [line["event"] for line in told] == kinds
    assert told[-1]["outcome"] == "dropped"
    assert [switched(line) for line in told[1:3]] == [
        (certificate_id, "ACTIVE", now, status)
        for certificate_id, now in zip(ON, expected, strict=True)
    ]
    remembered = BOTH if status is Status.SUSPENDED else None
    assert on.stored().suspended_certificate_ids == remembered


@pytest.mark.parametrize("status", ["INACTIVE", "PENDING_ACTIVATION", "REVOKED", None])
def test_what_is_off_is_left_alone_but_the_connection_is_closed(on, status):
    on.aws.certificates = {} if status is None else dict.fromkeys(BOTH, status)
    turn(on, device(), device(Status.SUSPENDED))
    assert "UpdateCertificate" not in on.aws.calls
    assert on.aws.connections == {}
    assert on.stored().suspended_certificate_ids is None


def test_revoked_is_for_every_certificate(on):
    on.aws.certificates = {CERTIFICATE: "PENDING_ACTIVATION", OTHER_CERTIFICATE: "INACTIVE"}
    turn(on, device(Status.SUSPENDED), device(Status.REVOKED))
    assert set(on.aws.certificates.values()) == {"REVOKED"}


def test_resume_brings_back_what_the_suspension_switched_off_and_the_record_permits(on, capsys):
    on.aws.certificates = dict.fromkeys(BOTH, "INACTIVE")
    suspended = device(Status.SUSPENDED, suspended_certificate_ids=BOTH)
    turn(on, suspended, device())
    assert on.aws.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}
    assert on.aws.connections == {THING: {}}
    (line,) = lines(capsys, "certificate-switched")
    assert switched(line) == (CERTIFICATE, "INACTIVE", "ACTIVE", "ACTIVE")


@pytest.mark.parametrize("status", ["REVOKED", None])
def test_resume_brings_back_nothing_else(on, status):
    on.aws.certificates = {} if status is None else {CERTIFICATE: status}
    turn(on, device(Status.SUSPENDED, suspended_certificate_ids=BOTH), device())
    assert "UpdateCertificate" not in on.aws.calls
    turn(on, device(Status.SUSPENDED), device())
    assert "UpdateCertificate" not in on.aws.calls


def test_a_confirmed_device_needs_its_earlier_certificates_no_more(on):
    turn(on, device(Status.PROVISIONING, lease_expires_at=NOW), device())
    assert on.aws.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}
    assert on.aws.connections == {THING: {}}


@pytest.mark.parametrize("before", [Status.ENROLLED, Status.ACTIVE])
def test_a_claim_switches_nothing(on, before):
    turn(on, device(before), device(Status.PROVISIONING, lease_expires_at=NOW))
    assert on.aws.calls == []


def test_a_change_that_is_over_undoes_nothing(on):
    """A release and a suspension, told after the device was claimed anew and resumed."""
    retired = frozenset({OTHER_CERTIFICATE})
    now = device(Status.PROVISIONING, lease_expires_at=NOW, retired_certificate_ids=retired)
    on.table.put_item(TableName="registry", Item=to_item(now))
    for status in (Status.ENROLLED, Status.SUSPENDED, Status.REVOKED):
        told = stream_record(to_item(device()), to_item(device(status)))
        assert enforce.run({"Records": [told]}, on.config(), on.runtime()) == {
            "batchItemFailures": []
        }
    assert on.aws.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}
    assert on.aws.connections == {THING: {}}


@pytest.mark.parametrize("meanwhile", [False, True])
def test_what_is_retired_is_not_brought_back(on, meanwhile):
    """The record says so before the certificate is looked at, or just as it is switched on."""
    on.aws.certificates = dict.fromkeys(BOTH, "INACTIVE")
    resumed = device(Status.PROVISIONING, lease_expires_at=NOW)
    retired = replace(resumed, retired_certificate_ids=frozenset({OTHER_CERTIFICATE}))

    def retire(operation, _):
        if operation == "UpdateCertificate":
            on.table.put_item(TableName="registry", Item=to_item(retired))

    on.aws.before = retire if meanwhile else on.aws.before
    turn(
        on,
        device(Status.SUSPENDED, suspended_certificate_ids=BOTH),
        resumed if meanwhile else retired,
    )
    assert on.aws.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}


def test_a_resumption_told_after_the_next_suspension_is_kept_for_its_end(on):
    on.aws.certificates = dict.fromkeys(BOTH, "INACTIVE")
    again = device(Status.SUSPENDED, suspended_certificate_ids=frozenset({CERTIFICATE}))
    on.table.put_item(TableName="registry", Item=to_item(again))
    resumed = device(Status.SUSPENDED, suspended_certificate_ids=BOTH)
    told = stream_record(to_item(resumed), to_item(device()))
    noted = []
    on.table.before = noted.append
    enforce.run({"Records": [told]}, on.config(), on.runtime())
    assert set(on.aws.certificates.values()) == {"INACTIVE"}
    assert on.stored().suspended_certificate_ids == BOTH
    assert len(noted) == 1


def test_resumed_before_an_earlier_suspensions_certificate_is_noted(on):
    on.aws.certificates = dict.fromkeys(BOTH, "INACTIVE")
    on.table.put_item(TableName="registry", Item=to_item(device(Status.SUSPENDED)))
    later = device(status_changed_at=NOW)
    on.table.before = lambda _: on.table.put_item(TableName="registry", Item=to_item(later))
    enforce.settle(on.runtime(), "SN-0001", resumed=frozenset({CERTIFICATE}))
    assert on.aws.certificates[CERTIFICATE] == "ACTIVE"


def test_resumed_while_it_is_switched_off(on):
    """The operator's write comes between the note and the switch: what was switched is undone."""
    calls = iter(range(9))

    def resume(operation, _):
        if operation == "UpdateCertificate" and next(calls) == 0:
            later = device(status_changed_at=NOW, certificate_ids=frozenset({CERTIFICATE}))
            on.table.put_item(TableName="registry", Item=to_item(later))

    on.aws.before = resume
    turn(on, device(), device(Status.SUSPENDED))
    assert on.aws.certificates[CERTIFICATE] == "ACTIVE"


def test_resumed_before_it_is_switched_off(on):
    later = device(status_changed_at=NOW)
    on.table.before = lambda _: on.table.put_item(TableName="registry", Item=to_item(later))
    turn(on, device(), device(Status.SUSPENDED))
    assert on.aws.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "INACTIVE"}
    assert on.aws.calls.count("UpdateCertificate") == 1


def test_the_record_is_deleted_meanwhile(on, capsys):
    key = {"serialNumber": {"S": "SN-0001"}}
    on.aws.before = lambda *_: on.table.delete_item(TableName="registry", Key=key)
    assert turn(on, device(), device(Status.REVOKED)) == {"batchItemFailures": []}
    lines(capsys)
    assert turn(on, device(), device(Status.REVOKED)) == {"batchItemFailures": []}


def test_a_record_that_keeps_changing_comes_again(on, capsys):
    moments = iter(range(NOW, NOW + 99))

    def change(operation, _):
        if operation == "UpdateCertificate":
            on.aws.certificates = dict(ON)
            later = device(Status.SUSPENDED, status_changed_at=next(moments))
            on.table.put_item(TableName="registry", Item=to_item(later))

    on.aws.before = change
    answer = turn(on, device(), device(Status.SUSPENDED))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    fault = lines(capsys, "lifecycle-fault")[0]
    assert fault["detail"] == "RetryError: the record kept changing"
    with pytest.raises(RetryError):
        enforce.settle(on.runtime(), "SN-0001")


def test_one_that_fails_stops_no_other_and_comes_again(on, capsys):
    on.aws.answers["DescribeCertificate"] = "ThrottlingException"
    told = stream_record(to_item(device()), to_item(device(Status.REVOKED)), 7)
    on.table.put_item(TableName="registry", Item=to_item(device(Status.REVOKED)))
    harmless = stream_record(None, to_item(record(serial_number="SN-0002")), 8)
    answer = enforce.run({"Records": [told, harmless]}, on.config(), on.runtime())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "7"}]}
    told = lines(capsys)
    assert [line["event"] for line in told] == ["state-change", "lifecycle-fault", "state-change"]
    assert told[1]["detail"] == "DescribeCertificate: ThrottlingException"
    assert told[1]["level"] == "WARN"
    assert (told[2]["from"], told[2]["to"]) == ("none", "ENROLLED")


def test_a_certificate_that_cannot_be_switched_stops_none_of_its_device(on):
    def refuse(operation, params):
        on.aws.answers.pop("UpdateCertificate", None)
        if params.get("certificateId") == CERTIFICATE:
            on.aws.answers["UpdateCertificate"] = "CertificateStateException"

    on.aws.before = refuse
    answer = turn(on, device(), device(Status.REVOKED))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert on.aws.certificates == {CERTIFICATE: "ACTIVE", OTHER_CERTIFICATE: "REVOKED"}


def test_a_damaged_record_is_told_of_once(on, capsys):
    damaged = {**to_item(device(Status.REVOKED)), "deviceType": {"N": "1"}}
    on.table.put_item(TableName="registry", Item=damaged)
    told = stream_record(to_item(device()), damaged)
    assert enforce.run({"Records": [told]}, on.config(), on.runtime()) == {"batchItemFailures": []}
    fault = lines(capsys, "lifecycle-fault")[0]
    assert fault["serialNumber"] == "SN-0001"
    assert fault["detail"] == "MalformedRecordError: deviceType"
    assert fault["level"] == "ERROR"


def damage(world, status):
    damaged = {**to_item(device(status)), "deviceType": {"N": "1"}}
    world.table.put_item(TableName="registry", Item=damaged)
    told = stream_record(to_item(device()), damaged)
    return enforce.run({"Records": [told]}, world.config(), world.runtime())


def test_a_device_whose_record_is_damaged_is_revoked_all_the_same(on, capsys):
    on.aws.certificates[OTHER_CERTIFICATE] = "INACTIVE"
    assert damage(on, Status.REVOKED) == {"batchItemFailures": []}
    assert on.aws.certificates == dict.fromkeys(BOTH, "REVOKED")
    assert on.aws.connections == {}
    *told, dropped = lines(capsys, "certificate-switched", "connection-dropped")
    assert {switched(line) for line in told} == {
        (CERTIFICATE, "ACTIVE", "REVOKED", "REVOKED"),
        (OTHER_CERTIFICATE, "INACTIVE", "REVOKED", "REVOKED"),
    }
    named = (dropped["outcome"], dropped["serialNumber"], dropped["thingName"])
    assert named == ("dropped", "SN-0001", THING)
    on.aws.certificates.pop(CERTIFICATE)
    assert damage(on, Status.REVOKED) == {"batchItemFailures": []}
    assert lines(capsys, "certificate-switched") == []


def test_what_a_damaged_record_cannot_revoke_now_comes_again(on):
    on.aws.answers["UpdateCertificate"] = "ThrottlingException"
    assert damage(on, Status.REVOKED) == {"batchItemFailures": [{"itemIdentifier": "0"}]}


def test_a_damaged_record_that_is_not_revoked_switches_nothing(on):
    assert damage(on, Status.SUSPENDED) == {"batchItemFailures": []}
    assert on.aws.certificates == ON


def test_a_damaged_record_may_name_no_thing_and_no_certificate(on):
    item = {**to_item(device()), "certificateIds": {"S": "x"}, "thingName": {"N": "1"}}
    after = {**item, "status": {"S": "REVOKED"}, "certificateId": {"S": "not-a-certificate"}}
    on.table.put_item(TableName="registry", Item=after)
    answer = enforce.run({"Records": [stream_record(item, after)]}, on.config(), on.runtime())
    assert answer == {"batchItemFailures": []}
    assert on.aws.certificates == ON


def test_what_there_is_no_time_for_comes_again(on, capsys):
    on.seconds_left = 14.0
    answer = turn(on, device(), device(Status.REVOKED))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert on.aws.calls == []
    assert lines(capsys) == []


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("ResourceNotFoundException", "none"),
        ("UnknownOperationException", "failed: UnknownOperationException"),
    ],
)
def test_a_connection_that_cannot_be_closed_is_aws_own_to_close(on, capsys, code, outcome):
    on.aws.answers["DeleteConnection"] = code
    assert turn(on, device(), device(Status.REVOKED)) == {"batchItemFailures": []}
    assert lines(capsys, "connection-dropped")[0]["outcome"] == outcome


def test_an_sdk_that_does_not_know_connections():
    assert identities.drop_connection(object(), THING) == "unsupported"
    assert identities.connected_as(object(), THING) is False


def test_a_connection_that_is_not_said_to_be_up_is_none(on):
    on.aws.connections[THING] = {"thingName": THING}
    assert identities.connected_as(on.runtime().clients.iot_data(), THING) is False


def test_a_device_without_a_thing_has_no_connection(on):
    turn(on, device(), device(Status.REVOKED, thing_name=None))
    assert "DeleteConnection" not in on.aws.calls


def test_what_was_switched_off_is_named(on):
    on.table.put_item(TableName="registry", Item=to_item(device(Status.REVOKED)))
    assert enforce.settle(on.runtime(), "SN-0001") == [CERTIFICATE, OTHER_CERTIFICATE]


@pytest.mark.parametrize("resumed", [frozenset(), BOTH])
def test_a_device_that_is_as_its_record_says_is_read_once(on, resumed):
    on.table.put_item(
        TableName="registry", Item=to_item(device(certificate_ids=frozenset({CERTIFICATE})))
    )
    reads = []
    on.table.reading = reads.append
    assert enforce.settle(on.runtime(), "SN-0001", resumed=resumed) == []
    assert len(reads) == 1


def test_settling_what_is_settled_does_nothing(on):
    on.table.put_item(TableName="registry", Item=to_item(device(Status.SUSPENDED)))
    on.aws.certificates = dict.fromkeys(BOTH, "INACTIVE")
    assert enforce.settle(on.runtime(), "SN-0001") == []
    assert on.aws.connections == {THING: {}}
    on.aws.answers["DescribeCertificate"] = "InternalFailureException"
    with pytest.raises(ClientError):
        enforce.settle(on.runtime(), "SN-0001")


# What a change tells.

REVOKED = event("table_stream")["Records"][0]


def altered(new=None, old=None):
    told = copy.deepcopy(REVOKED)
    for name, image in (("NewImage", new), ("OldImage", old)):
        told["dynamodb"][name] |= image or {}
    return told


def test_the_fields_of_a_change():
    change = changes.read(REVOKED)
    assert change.fields == {
        "serialNumber": "SN-0001",
        "deviceType": "temperature-sensor",
        "by": "arn:aws:iam::123456789012:user/operator",
        "from": "ACTIVE",
        "to": "REVOKED",
        "reason": "stolen",
        "thingName": THING,
        "certificateId": CERTIFICATE,
        "claimCertificateId": "c1a1" * 16,
        "templateName": "acme-default",
        "batch": None,
        "changedAt": "1790000000",
        "changeId": "7de3041dd709b024af6f29e4fa13d34c",
    }
    assert change.is_cut_off
    assert change.concerns_certificates
    assert change.resumed == frozenset()
    assert changes.read(altered(new={"batch": {"S": "2026-09"}})).fields["batch"] == "2026-09"


def test_the_present_certificate_is_one_of_the_devices():
    told = altered()
    del told["dynamodb"]["NewImage"]["certificateIds"]
    assert changes.read(told).certificate_ids == {CERTIFICATE}


def test_whom_a_change_does_not_name_is_not_guessed():
    told = altered()
    del told["dynamodb"]["NewImage"]["statusChangedBy"]
    assert changes.read(told).fields["by"] is None


def test_a_record_that_came_and_one_that_went():
    item = to_item(device())
    came, went = changes.read(stream_record(None, item)), changes.read(stream_record(item, None))
    assert (came.before, came.after, came.fields["by"]) == ("none", "ACTIVE", item_by(item))
    assert (went.before, went.after, went.fields["by"]) == ("ACTIVE", "none", None)
    assert went.fields["certificateId"] == CERTIFICATE
    assert not came.concerns_certificates
    assert not went.concerns_certificates
    suspended = to_item(device(Status.SUSPENDED))
    assert not changes.read(stream_record(suspended, None)).concerns_certificates


@pytest.mark.parametrize("status", [Status.SUSPENDED, Status.REVOKED])
def test_a_record_that_is_put_back_and_lets_nobody_in(on, status):
    assert turn(on, None, device(status)) == {"batchItemFailures": []}
    assert "ACTIVE" not in on.aws.certificates.values()


def test_a_record_that_is_new_and_waits_costs_nothing(on):
    turn(on, None, record(status=Status.ENROLLED))
    assert on.aws.calls == []


def item_by(item):
    return item["enrolledBy"]["S"]


def test_a_claim_is_by_its_template_and_a_new_one_in_the_same_status_is_a_change():
    claim = {"lease_expires_at": NOW, "template_name": "acme-default"}
    first = to_item(device(Status.PROVISIONING, **claim))
    claimed = changes.read(stream_record(to_item(record()), first))
    assert claimed.fields["by"] == "acme-default"
    second = {**first, "certificateId": {"S": OTHER_CERTIFICATE}}
    anew = changes.read(stream_record(first, second))
    assert (anew.before, anew.after) == ("PROVISIONING", "PROVISIONING")
    assert anew.fields["certificateId"] == OTHER_CERTIFICATE
    assert not anew.concerns_certificates


def test_what_is_no_change():
    assert changes.read(altered(new={"status": {"S": "ACTIVE"}})) is None


def test_images_are_not_trusted():
    change = changes.read(altered(new={"status": {"N": "1"}, "deviceType": {"S": 7}}))
    assert (change.after, change.fields["deviceType"]) == ("none", None)
    told = altered()
    told["dynamodb"]["Keys"] = {"serialNumber": {"N": "1"}}
    assert changes.read(told).serial_number == ""
