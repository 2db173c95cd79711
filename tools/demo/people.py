"""The people of the demonstration, each with an access key and as few permissions as will do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from device_registry.aws_errors import error_code
from tools.aws_errors import ACCESS_DENIED
from tools.demo.scenario import FIELD_SERVICE
from tools.demo.stack import Stack
from tools.endpoint import Endpoint

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot_data import IoTDataPlaneClient
    from mypy_boto3_logs import CloudWatchLogsClient


@dataclass(frozen=True)
class Person:
    """Somebody with an access key of their own at the endpoint.

    Attributes:
        arn: Of the IAM user.
        endpoint: Where.
        access_key_id: Of the user.
        secret_access_key: Belongs to it.
    """

    arn: str
    endpoint: Endpoint
    access_key_id: str
    secret_access_key: str

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session(
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name=self.endpoint.region,
        )

    def client(self, service: Any) -> Any:
        """A boto3 client that acts for this person."""
        return self._session.client(service, endpoint_url=self.endpoint.url)

    @cached_property
    def iot(self) -> IoTClient:
        """AWS IoT."""
        client: IoTClient = self.client("iot")
        return client

    @cached_property
    def iot_data(self) -> IoTDataPlaneClient:
        """AWS IoT's device shadows."""
        client: IoTDataPlaneClient = self.client("iot-data")
        return client

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """Amazon DynamoDB."""
        client: DynamoDBClient = self.client("dynamodb")
        return client

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """Amazon CloudWatch Logs."""
        client: CloudWatchLogsClient = self.client("logs")
        return client


def root_user(endpoint: Endpoint) -> Person:
    """The account's root user, who applies the stack and hires the others."""
    account = endpoint.account_id
    return Person(f"arn:aws:iam::{account}:root", endpoint, account, "test")


def hire_operator(root: Person, stack: Stack, name: str = "operator") -> Person:
    """Somebody who enrols and revokes devices, and looks at them: no permission beyond that."""
    iot = f"arn:aws:iot:{root.endpoint.region}:{root.endpoint.account_id}"
    logs = f"arn:aws:logs:{root.endpoint.region}:{root.endpoint.account_id}"
    outputs = stack.outputs
    table = f"arn:aws:dynamodb:{root.endpoint.region}:{root.endpoint.account_id}:table"
    may = {
        f"{table}/{outputs['registry_table_name']}": [
            "dynamodb:BatchGetItem",
            "dynamodb:GetItem",
            "dynamodb:PartiQLInsert",
            "dynamodb:UpdateItem",
        ],
        # Two calls that the embedded endpoint checks otherwise than AWS. AWS has no action of the
        # first name and checks PartiQLInsert on the table; the second it checks on the certificate.
        "*": ["dynamodb:BatchExecuteStatement", "iot:ListAttachedPolicies"],
        outputs["kms_key_arn"]: ["kms:Decrypt"],
        f"{iot}:thing/{stack.name_prefix}-*": [
            "iot:DescribeThing",
            "iot:GetThingShadow",
            "iot:ListThingGroupsForThing",
            "iot:ListThingPrincipals",
        ],
        f"{iot}:cert/*": [
            "iot:DescribeCertificate",
            "iot:ListAttachedPolicies",
            "iot:UpdateCertificate",
        ],
        **{f"{logs}:log-group:{group}*": ["logs:FilterLogEvents"] for group in stack.log_groups},
    }
    person, iam = _hire(root, name)
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": resource}
        for resource, actions in may.items()
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    iam.put_user_policy(
        UserName=name, PolicyName="operate-devices", PolicyDocument=json.dumps(document)
    )
    return person


def hire_technician(root: Person, stack: Stack) -> Person:
    """A trusted user: has the one policy that the stack made for such people."""
    person, iam = _hire(root, "technician")
    arn = stack.outputs["templates"][FIELD_SERVICE]["trusted_user_policy_arn"]
    iam.attach_user_policy(UserName="technician", PolicyArn=arn)
    return person


def _hire(root: Person, name: str) -> tuple[Person, IAMClient]:
    iam: IAMClient = root.client("iam")
    user = iam.create_user(UserName=name)["User"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    person = Person(user["Arn"], root.endpoint, key["AccessKeyId"], key["SecretAccessKey"])
    return person, iam


def is_held_back(technician: Person) -> bool:
    """Whether the endpoint enforces IAM: a technician may not list the account's things."""
    try:
        technician.iot.list_things(maxResults=1)
    except ClientError as error:
        if error_code(error) in ACCESS_DENIED:
            return True
        raise
    return False
