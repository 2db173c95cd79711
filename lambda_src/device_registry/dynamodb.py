"""DynamoDB over HTTPS with botocore's signer and connection pool, without a botocore client.

A client loads service models that one fixed operation does not need, and that is most of a cold
start (docs/decisions.md has the figures). Credentials, signing and TLS stay botocore's.

Follows https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
and https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html.
"""

import json
import os
import re
import socket
import time
from collections.abc import Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ContainerProvider, Credentials, EnvProvider
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.loaders import create_loader

from device_registry.reasons import Denial, RefusalError

CONNECT_TIMEOUT_SECONDS = 0.5
READ_TIMEOUT_SECONDS = 1.0
ATTEMPT_SECONDS = CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS
ATTEMPTS = 2
PAUSE_SECONDS = 0.05
# As botocore's clients do: with Nagle's algorithm the body would wait some 40 ms for the headers
# to be acknowledged.
SOCKET_OPTIONS = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]

CONDITION_FAILED = "ConditionalCheckFailedException"
RETRYABLE = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)


class RegistryUnavailableError(RefusalError):
    """DynamoDB gave no answer that can be used; the message is an error code or a class name."""

    denial = Denial.REGISTRY_UNAVAILABLE


class ConditionFailedError(Exception):
    """The condition was not met. ``item`` is the item as it stands, or None where there is none."""

    def __init__(self, item: Mapping[str, Any] | None) -> None:
        super().__init__("the condition was not met")
        self.item = item


def endpoint_url(environ: Mapping[str, str]) -> str:
    """Return the endpoint: the one set for DynamoDB, the one set for all services, or AWS's own.

    Raises:
        KeyError: ``AWS_REGION`` is not set.
    """
    region = environ["AWS_REGION"]
    configured = environ.get("AWS_ENDPOINT_URL_DYNAMODB") or environ.get("AWS_ENDPOINT_URL")
    return configured or f"https://dynamodb.{region}.{_dns_suffix(region)}"


def _dns_suffix(region: str) -> str:
    partitions = create_loader().load_data("partitions")["partitions"]
    for partition in partitions:
        if re.fullmatch(partition["regionRegex"], region):
            return str(partition["outputs"]["dnsSuffix"])
    raise RegistryUnavailableError("UnknownRegion")


class DynamoDB:
    """One connection pool to DynamoDB in the function's Region. Nothing is read before first use.

    Args:
        environ: the function's environment variables.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._session = URLLib3Session(
            # The stubs are narrower than botocore's own callers.
            verify=environ.get("AWS_CA_BUNDLE") or True,  # type: ignore[arg-type]
            timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),  # type: ignore[arg-type]
            socket_options=SOCKET_OPTIONS,  # type: ignore[arg-type]
        )

    @cached_property
    def _url(self) -> str:
        return endpoint_url(self._environ)

    @cached_property
    def _signer(self) -> SigV4Auth:
        return SigV4Auth(self._credentials(), "dynamodb", self._environ["AWS_REGION"])

    def _credentials(self) -> Credentials:
        """Return the role's credentials: from the environment or, under SnapStart, the container.

        https://docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html
        """
        providers = (EnvProvider(self._environ), ContainerProvider(self._environ))
        for provider in providers:
            credentials = provider.load()
            if credentials is not None:
                return credentials
        raise RegistryUnavailableError("NoCredentials")

    def update_item(self, arguments: Mapping[str, Any], deadline: float) -> dict[str, Any] | None:
        """Run UpdateItem and return the attributes it answers, or None where it answers none.

        Args:
            arguments: the request of API_UpdateItem.
            deadline: on ``time.monotonic``'s clock, in seconds; no attempt starts that could
                outlast it.

        Raises:
            ConditionFailedError: the condition was not met.
            RegistryUnavailableError: anything else than an answer.
        """
        body = json.dumps(arguments)
        cause = "TimeBudgetExhausted"
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE_SECONDS)
            if time.monotonic() + ATTEMPT_SECONDS > deadline:
                break
            try:
                status, answer = self._post("UpdateItem", body)
            except (BotoCoreError, ValueError) as error:
                cause = type(error).__name__
                continue
            if status == HTTPStatus.OK:
                return answer.get("Attributes")
            cause = str(answer.get("__type", status)).rpartition("#")[2]
            if cause == CONDITION_FAILED:
                raise ConditionFailedError(answer.get("Item"))
            if cause not in RETRYABLE and status < HTTPStatus.INTERNAL_SERVER_ERROR:
                break
        raise RegistryUnavailableError(cause)

    def _post(self, operation: str, body: str) -> tuple[int, dict[str, Any]]:
        request = AWSRequest(
            method="POST",
            url=self._url,
            data=body,
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            },
        )
        self._signer.add_auth(request)
        response = self._session.send(request.prepare())
        answer = json.loads(response.content)
        if not isinstance(answer, dict):
            raise ValueError("not a JSON object")
        return response.status_code, answer
