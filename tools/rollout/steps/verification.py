"""Verification of a target: a device provisions itself there, with the target's own rights."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tools.rollout.model import Target
from tools.rollout.record import Check
from tools.rollout.steps.interface import StepError

SESSION_NAME = "iot-provisioning-verification"


class Seen(Protocol):
    """One check, as the verification has it."""

    @property
    def name(self) -> str:
        """What was looked at."""

    @property
    def passed(self) -> bool:
        """Whether it is as it has to be."""

    @property
    def detail(self) -> str:
        """What was seen."""


def verification(
    verify: Callable[[Mapping[str, Any], boto3.Session], Sequence[Seen]],
) -> Callable[[Target, dict[str, Any]], tuple[Check, ...]]:
    """Return the step.

    Args:
        verify: provisions a device with a stack's outputs and a session; raises what botocore
            raises, or a ``ValueError`` whose message is a sentence.
    """

    def step(target: Target, outputs: dict[str, Any]) -> tuple[Check, ...]:
        try:
            seen = verify(outputs, session_in(target))
        except KeyError as error:
            raise StepError(
                f"The configuration does not pass on the root module's output {error}, which the"
                " verification reads: pass it on under its name."
            ) from error
        except (BotoCoreError, ClientError, ValueError) as error:
            raise StepError(f"The verification could not be made. {error}") from error
        return tuple(
            Check(name=check.name, passed=check.passed, detail=check.detail) for check in seen
        )

    return step


def session_in(target: Target) -> boto3.Session:
    """Return a session in the target, as the role that Terraform becomes there.

    Its credentials are in memory only, for an hour.
    """
    caller = boto3.Session(region_name=target.region)
    if target.role_arn is None:
        return caller
    asked_for = {} if target.external_id is None else {"ExternalId": target.external_id}
    assume: Callable[..., Mapping[str, Any]] = caller.client("sts").assume_role
    answer = assume(RoleArn=target.role_arn, RoleSessionName=SESSION_NAME, **asked_for)
    given = answer["Credentials"]
    return boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        region_name=target.region,
    )
