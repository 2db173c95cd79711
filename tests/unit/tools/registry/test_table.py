import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from device_registry.aws_errors import error_code
from device_registry.record import Status
from tools.aws_errors import RUN_ENDING
from tools.cli.errors import explain
from tools.registry import table as tables
from tools.registry.table import (
    ConditionFailedError,
    InsertRefused,
    NoTable,
    Pause,
    RegistryTable,
    ThrottledError,
)


@pytest.fixture
def waits(monkeypatch):
    waits = []
    monkeypatch.setattr(Pause.__init__, "__defaults__", (waits.append,))
    return waits


@pytest.fixture
def stub():
    client = boto3.client(
        "dynamodb",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    with Stubber(client) as stubber:
        yield stubber
    client.close()


def registry(stub):
    return RegistryTable(stub.client, "registry")


def item(serial):
    return {"serialNumber": {"S": serial}}


def test_keys_that_were_left_are_asked_for_again(stub, waits):
    keys = [item("A"), item("B")]
    stub.add_response(
        "batch_get_item",
        {
            "Responses": {"registry": [item("A")]},
            "UnprocessedKeys": {"registry": {"Keys": [item("B")]}},
        },
        {"RequestItems": {"registry": {"Keys": keys, "ConsistentRead": True}}},
    )
    stub.add_response(
        "batch_get_item",
        {"Responses": {"registry": [item("B")]}, "UnprocessedKeys": {}},
        {"RequestItems": {"registry": {"Keys": [item("B")], "ConsistentRead": True}}},
    )
    assert registry(stub).get_many(["A", "B"]) == {"A": item("A"), "B": item("B")}
    assert len(waits) == 1


def test_keys_that_are_always_left_end_the_wait(stub, waits):
    for _ in range(tables._ROUNDS_WITHOUT_PROGRESS + 1):
        stub.add_response(
            "batch_get_item",
            {"Responses": {}, "UnprocessedKeys": {"registry": {"Keys": [item("A")]}}},
        )
    with pytest.raises(ThrottledError):
        registry(stub).get_many(["A"])
    assert len(waits) == tables._ROUNDS_WITHOUT_PROGRESS
    assert max(waits) <= tables._LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize("code", ["AccessDenied", "ResourceNotFound"])
def test_a_refusal_that_holds_for_every_row_ends_the_run(stub, waits, code):
    answer = {"Responses": [{}, {"Error": {"Code": code, "Message": "why"}}]}
    stub.add_response("batch_execute_statement", answer)
    with pytest.raises(ClientError) as refused:
        registry(stub).insert_many([item("A"), item("B")])
    assert error_code(refused.value) in RUN_ENDING
    assert "PartiQLInsert" in explain(refused.value)


def test_inserts_succeed_and_fail_each_alone_and_throttled_ones_are_repeated(stub, waits):
    def error(code):
        return {"Error": {"Code": code, "Message": "why"}}

    stub.add_response(
        "batch_execute_statement",
        {
            "Responses": [
                {},
                error("DuplicateItem"),
                error("ThrottlingError"),
                error("ValidationError"),
            ]
        },
        {"Statements": ANY},
    )
    stub.add_response(
        "batch_execute_statement",
        {"Responses": [{}]},
        {
            "Statements": [
                {
                    "Statement": "INSERT INTO \"registry\" VALUE {'serialNumber': ?}",
                    "Parameters": [{"S": "C"}],
                }
            ]
        },
    )
    results = registry(stub).insert_many([item(serial) for serial in "ABCD"])
    assert results == [True, False, True, InsertRefused("ValidationError", "why")]


def test_inserts_share_requests_of_25(stub, waits):
    for count in (25, 5):
        stub.add_response("batch_execute_statement", {"Responses": [{}] * count})
    assert registry(stub).insert_many([item(str(n)) for n in range(30)]) == [True] * 30
    stub.assert_no_pending_responses()


@pytest.mark.parametrize("stands", [None, {"serialNumber": {"S": "A"}}])
def test_a_failed_condition_brings_what_is_stored(stub, stands):
    stub.add_client_error(
        "update_item",
        "ConditionalCheckFailedException",
        modeled_fields={"Item": stands} if stands else None,
    )
    with pytest.raises(ConditionFailedError) as failed:
        registry(stub).update({"Key": item("A")})
    assert failed.value.item == stands


def test_a_status_is_read_from_all_its_shards_newest_first(stub):
    for shard in range(16):
        stub.add_response(
            "query",
            {"Items": [{**item(f"S{shard}"), "statusChangedAt": {"N": f"{100 + shard % 5}.5"}}]},
            {
                "TableName": "registry",
                "IndexName": "by-status",
                "KeyConditionExpression": "statusShard = :key",
                "ExpressionAttributeValues": {":key": {"S": f"ACTIVE#{shard:02d}"}},
                "ScanIndexForward": False,
            },
        )
    times = [
        float(each["statusChangedAt"]["N"]) for each in registry(stub).by_status([Status.ACTIVE])
    ]
    assert len(times) == 16
    assert times == sorted(times, reverse=True)


def test_a_certificate_s_records_can_be_narrowed_to_statuses(stub):
    stub.add_response(
        "query",
        {"Items": [item("A")]},
        {
            "TableName": "registry",
            "IndexName": "by-claim-certificate",
            "KeyConditionExpression": "claimCertificateId = :key",
            "ExpressionAttributeValues": {
                ":key": {"S": "c"},
                ":s0": {"S": "ACTIVE"},
                ":s1": {"S": "REVOKED"},
            },
            "ExpressionAttributeNames": {"#status": "status"},
            "FilterExpression": "#status IN (:s0, :s1)",
            "ScanIndexForward": False,
        },
    )
    found = registry(stub).by_claim_certificate("c", [Status.ACTIVE, Status.REVOKED])
    assert list(found) == [item("A")]


def test_a_claim_certificate_s_records_can_be_narrowed_to_a_time(stub):
    stub.add_response(
        "query",
        {"Items": [item("A")]},
        {
            "TableName": "registry",
            "IndexName": "by-claim-certificate",
            "KeyConditionExpression": "claimCertificateId = :key AND claimedAt >= :since",
            "ExpressionAttributeValues": {":key": {"S": "c"}, ":since": {"N": "7"}},
            "ScanIndexForward": False,
        },
    )
    assert list(registry(stub).by_claim_certificate("c", since=7)) == [item("A")]


def test_a_batch_is_found_by_reading_all_pages(stub):
    asked = {
        "TableName": "registry",
        "FilterExpression": "#batch = :batch",
        "ExpressionAttributeNames": {"#batch": "batch"},
        "ExpressionAttributeValues": {":batch": {"S": "spring"}},
    }
    first = {"Items": [item("A")], "LastEvaluatedKey": item("A")}
    stub.add_response("scan", first, asked)
    stub.add_response("scan", {"Items": [item("B")]}, asked | {"ExclusiveStartKey": item("A")})
    assert list(registry(stub).by_batch("spring")) == [item("A"), item("B")]


def test_every_record_is_found_by_reading_all_pages_without_a_filter(stub):
    first = {"Items": [item("A")], "LastEvaluatedKey": item("A")}
    stub.add_response("scan", first, {"TableName": "registry"})
    stub.add_response(
        "scan",
        {"Items": [item("B")]},
        {"TableName": "registry", "ExclusiveStartKey": item("A")},
    )
    assert list(registry(stub).every()) == [item("A"), item("B")]


@pytest.mark.parametrize(("answer", "exists"), [(None, True), ("ResourceNotFoundException", False)])
def test_a_table_that_is_not_there_is_told_from_one_that_is(stub, answer, exists):
    if answer is None:
        stub.add_response("describe_table", {"Table": {}}, {"TableName": "registry"})
    else:
        stub.add_client_error("describe_table", answer)
    assert registry(stub).exists() is exists


def test_whether_a_table_is_there_is_not_guessed(stub):
    stub.add_client_error("describe_table", "AccessDeniedException")
    with pytest.raises(ClientError):
        registry(stub).exists()


def test_a_table_that_was_deleted_has_no_records_and_is_not_asked(stub):
    gone = NoTable(stub.client, "registry")
    assert gone.get("A") is None
    assert list(gone.ever_claimed()) == []
    assert gone.deletion_protection() is False
    gone.delete("A", Status.REVOKED)
