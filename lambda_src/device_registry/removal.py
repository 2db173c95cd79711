"""Removals that may be repeated: what is gone counts as removed, and AWS is given time to see it.

AWS IoT refuses to delete what it still sees attached:
https://docs.aws.amazon.com/iot/latest/apireference/API_DeleteCertificate.html
"""

from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import ClientError

from device_registry.aws_errors import error_code, is_not_found

_NOT_SETTLED = frozenset({"DeleteConflictException", "InvalidRequestException"})


def remove_if_there(call: Callable[..., Any], **arguments: Any) -> None:
    """Call AWS to delete or to detach what may be gone already.

    Raises:
        ClientError, BotoCoreError: AWS refused.
    """
    try:
        call(**arguments)
    except ClientError as error:
        if not is_not_found(error):
            raise


def remove_settled(
    call: Callable[..., Any],
    *,
    pauses: Iterable[float],
    sleep: Callable[[float], None],
    **arguments: Any,
) -> None:
    """Do the same, and again as long as AWS still sees what was detached a moment ago.

    Args:
        call: the client's method.
        pauses: seconds to wait before each repetition.
        sleep: waits for a number of seconds.
        arguments: the request.

    Raises:
        ClientError, BotoCoreError: AWS refused, the last time too.
    """
    for pause in pauses:
        try:
            return remove_if_there(call, **arguments)
        except ClientError as error:
            if error_code(error) not in _NOT_SETTLED:
                raise
            sleep(pause)
    return remove_if_there(call, **arguments)
