"""AWS clients, made at first use and kept while the execution environment lives."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_s3 import S3Client

# AWS IoT throttles its control plane at a few calls a second. Waiting is cheap: no device waits for
# this function, and what it does not finish the next connection starts again. A call that is
# throttled five times ends before the function's timeout; one that is never answered does not.
CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 5},
)


@cache
def iot() -> "IoTClient":
    """Return the client of AWS IoT's control plane."""
    return boto3.client("iot", config=CONFIG)


@cache
def s3() -> "S3Client":
    """Return the client of S3."""
    return boto3.client("s3", config=CONFIG)
