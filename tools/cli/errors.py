"""Exit codes, and errors as sentences: what happened, why, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
)

from device_registry.aws_errors import error_code, is_not_found
from tools.aws_errors import ACCESS_DENIED, INVALID_CREDENTIALS, THROTTLED
from tools.cli.console import printable

DONE = 0
PARTLY = 1
USAGE = 2
UNAVAILABLE = 3
INTERRUPTED = 130

EXIT_CODES = """\b
Exit codes:
  0    everything asked for is so
  1    something was refused, failed, was not found or was declined
  2    the command line is wrong
  3    the stack file, AWS or a file could not be used
  130  interrupted"""


class OperatorError(click.ClickException):
    """An error that ends the command; the message is one or more sentences."""

    exit_code = UNAVAILABLE

    def format_message(self) -> str:
        """Return the message; AWS and files put strangers' characters into it."""
        return printable(self.message)


class InterruptedRunError(click.ClickException):
    """The operator stopped the run; the message says how to continue."""

    exit_code = INTERRUPTED

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message: being stopped is no error."""
        click.echo(printable(self.message), file=file, err=True)


_CREDENTIALS = (
    "Sign in again (`aws sso login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY."
)


def explain(error: BotoCoreError | ClientError) -> str:
    """Say in sentences what went wrong between here and AWS."""
    if isinstance(error, ClientError):
        return _explain_answer(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"No usable AWS credentials were found. {_CREDENTIALS}"
    if isinstance(error, ProfileNotFound):
        return f"{error}. Check AWS_PROFILE against `aws configure list-profiles`."
    if isinstance(error, NoRegionError):
        return "No AWS Region is set. Set AWS_REGION to the Region of the stack."
    if isinstance(
        error,
        EndpointConnectionError | ConnectTimeoutError | ReadTimeoutError | ConnectionClosedError,
    ):
        return (
            f"{str(error).rstrip('.')}. Check the network, the proxy, AWS_REGION and "
            "AWS_ENDPOINT_URL, then run the command again."
        )
    return f"{str(error).rstrip('.')}. Check the AWS configuration (`aws configure list`)."


def _explain_answer(error: ClientError) -> str:
    code = error_code(error)
    operation = error.operation_name
    message = error.response["Error"].get("Message", "").rstrip(".") or "no message"
    if code in ACCESS_DENIED:
        return f"AWS denied {operation}: {message}. Give the caller this action, or use another."
    if code in INVALID_CREDENTIALS:
        return f"AWS does not accept the credentials ({code}: {message}). {_CREDENTIALS}"
    if code in THROTTLED:
        return f"AWS kept throttling {operation} through all retries ({code}). Run it again later."
    if is_not_found(error):
        return (
            f"{operation} found nothing: {message}. Check that the stack file, AWS_REGION and the "
            "account are those of one stack."
        )
    return f"AWS answered {code} to {operation}: {message}."


@contextmanager
def in_sentences() -> Iterator[None]:
    """Turn what AWS and the network raise into an error for the operator.

    Raises:
        OperatorError: in place of an error of botocore's.
    """
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(explain(error)) from error
