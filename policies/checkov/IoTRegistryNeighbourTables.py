from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from checkov.common.bridgecrew.severities import get_severity
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from iot_documents.arns import reaches
from iot_documents.documents import document
from iot_documents.results import worst
from iot_documents.statements import Statement, statements

# Below a table, its indexes and its stream may well be named by a wildcard.
BEGINS_WITH = re.compile(r":table/[^/*?]*[*?]")
TABLE = re.compile(r":table/")
# Rights to what a table holds: to list tables, for one, is a right to all or to none.
ITEMS = tuple(
    f"dynamodb:{action}"
    for action in (
        *("GetItem", "Query", "Scan", "PutItem", "UpdateItem", "DeleteItem"),
        *("BatchGetItem", "BatchWriteItem"),
        *("PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"),
    )
)


class IoTRegistryNeighbourTables(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Ensure the right to a table is not one to every table whose name begins like it",
            id="CKV_AWSIOT_44",
            categories=(CheckCategories.IAM,),
            supported_resources=("aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy"),
            guideline=(
                "table/device-registry* is meant for the table and its indexes, and also matches"
                " device-registry-backup, and the registry of the next stack; table/*"
                " and * match every table. Name"
                " table/device-registry and, where an index is read, table/device-registry/index/*."
                " AWS: DynamoDB Developer Guide, Using IAM with DynamoDB."
            ),
        )
        self.severity = get_severity("LOW")

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        self.evaluated_keys = ["policy"]
        policy = document(conf, "policy")
        if policy is None:
            return CheckResult.UNKNOWN
        return worst(
            result
            for statement in statements(policy)
            if statement.allows
            for resource in statement.resources
            for result in _judged(statement, resource)
        )


def _judged(statement: Statement, resource: str) -> Iterator[CheckResult]:
    if reaches(resource, "dynamodb", "table/~"):
        if any(map(statement.covers, ITEMS)):
            yield CheckResult.FAILED
    elif TABLE.search(resource):
        yield CheckResult.FAILED if BEGINS_WITH.search(resource) else CheckResult.PASSED


check = IoTRegistryNeighbourTables()
