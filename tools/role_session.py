"""A session in a Region, as a role where one is named.

Follows https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html. The credentials
are in memory only, for an hour.
"""

from collections.abc import Callable
from typing import Any

import boto3

SESSION_NAME = "iot-provisioning-verify"


def role_session(region: str, role_arn: str | None, external_id: str | None) -> boto3.Session:
    """Return the caller's own session, or that of the role.

    Args:
        region: of the session.
        role_arn: of the role; None for the caller's own rights.
        external_id: what the role's trust policy asks for; None for nothing.

    Raises:
        ClientError, BotoCoreError: AWS refused, or there are no credentials to ask with.
    """
    caller = boto3.Session(region_name=region)
    if role_arn is None:
        return caller
    asked_for = {} if external_id is None else {"ExternalId": external_id}
    assume: Callable[..., Any] = caller.client("sts").assume_role
    given = assume(RoleArn=role_arn, RoleSessionName=SESSION_NAME, **asked_for)["Credentials"]
    return boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        region_name=region,
    )
