"""AWS clients, made at first use and kept while the execution environment lives."""

from functools import cache
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.config import Config

from device_registry.shadow_parameter import ParameterStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot_data import IoTDataPlaneClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

# AWS IoT throttles its control plane at a few calls a second. Waiting is cheap: no device waits for
# these functions, and what one does not finish is delivered again. A call that is asked five times
# and never answered ends before the shortest of their timeouts.
CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 5},
)


class Clients(Protocol):
    """Makes AWS clients."""

    def dynamodb(self) -> "DynamoDBClient":
        """Return the client of DynamoDB."""

    def iot(self) -> "IoTClient":
        """Return the client of AWS IoT's control plane."""

    def iot_data(self) -> "IoTDataPlaneClient":
        """Return the client of AWS IoT's data plane."""

    def ssm(self) -> ParameterStore:
        """Return the client of Systems Manager's parameters."""


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the client of DynamoDB."""
    return boto3.client("dynamodb", config=CONFIG)


@cache
def iot() -> "IoTClient":
    """Return the client of AWS IoT's control plane."""
    return boto3.client("iot", config=CONFIG)


@cache
def iot_data() -> "IoTDataPlaneClient":
    """Return the client of AWS IoT's data plane: shadows and connections."""
    return boto3.client("iot-data", config=CONFIG)


@cache
def logs() -> "CloudWatchLogsClient":
    """Return the client of CloudWatch Logs."""
    return boto3.client("logs", config=CONFIG)


@cache
def s3() -> "S3Client":
    """Return the client of S3."""
    return boto3.client("s3", config=CONFIG)


@cache
def ssm() -> ParameterStore:
    """Return the client of Systems Manager's parameters."""
    client: ParameterStore = boto3.client("ssm", config=CONFIG)
    return client
