"""Verification of a target: a device provisions itself there, with the target's own rights."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from canary.checks import Check
from tools.role_session import role_session
from tools.rollout.model import Target
from tools.rollout.steps.interface import StepError


def verification(
    verify: Callable[[Mapping[str, Any], boto3.Session], Sequence[Check]],
) -> Callable[[Target, dict[str, Any]], tuple[Check, ...]]:
    """Return the step.

    Args:
        verify: provisions a device with a stack's outputs and a session; raises what botocore
            raises, or a ``ValueError`` whose message is a sentence.
    """

    def step(target: Target, outputs: dict[str, Any]) -> tuple[Check, ...]:
        try:
            session = role_session(target.region, target.role_arn, target.external_id)
            return tuple(verify(outputs, session))
        except KeyError as error:
            raise StepError(
                f"The configuration does not pass on the root module's output {error}, which the"
                " verification reads: pass it on under its name."
            ) from error
        except (BotoCoreError, ClientError, ValueError) as error:
            raise StepError(f"The verification could not be made. {error}") from error

    return step
