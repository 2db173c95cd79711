"""Options that several commands share, and the connections that follow from them.

Region, credentials and endpoint come from the environment, as for every AWS tool:
https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html.
"""

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import click
from botocore.config import Config

from canary.tls import SECURE_MQTT_PORT
from device_registry import names
from tools.cli.stack import DEFAULT_PARENT_GROUP_SUFFIX, Stack, StackFileError, read
from tools.registry.table import RegistryTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_logs import CloudWatchLogsClient

STACK_VARIABLE = "IOT_PROVISIONING_STACK"
# Every command that runs calls in parallel stays below this many connections.
CONNECTIONS = 32
# AWS IoT's control plane takes ten calls a second for most operations: adaptive mode finds the
# rate that is not throttled and keeps to it.
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
CLIENT_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 10},
    max_pool_connections=CONNECTIONS,
    connect_timeout=5,
    read_timeout=30,
    user_agent_extra="iot-provisioning-tools",
)

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass
class Deployment:
    """The stack that a command works on, and the clients to do so. Nothing connects before use."""

    stack: Stack

    def table_name(self) -> str:
        """Return the registry table's name, or end with what to give."""
        return self._required(self.stack.table_name, "--table")

    def name_prefix(self) -> str:
        """Return the stack's name prefix, or end with what to give."""
        return self._required(self.stack.name_prefix, "--name-prefix")

    def parent_group(self) -> str:
        """Return the name of the group above all device types' groups."""
        named = self.stack.parent_thing_group_name
        return named or f"{self.name_prefix()}-{DEFAULT_PARENT_GROUP_SUFFIX}"

    @staticmethod
    def _required(value: str | None, option: str) -> str:
        if value is None:
            raise click.UsageError(
                f"Which stack? Give --stack FILE (the output of `terraform output -json`), set "
                f"{STACK_VARIABLE}, or give {option}."
            )
        return value

    @cached_property
    def registry(self) -> RegistryTable:
        """The registry table."""
        name = self.table_name()
        return RegistryTable(self.dynamodb, name)

    @cached_property
    def _session(self) -> boto3.Session:
        return _session()

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """A client for Amazon DynamoDB."""
        return self._session.client("dynamodb", config=CLIENT_CONFIG)

    @cached_property
    def iot(self) -> "IoTClient":
        """A client for AWS IoT."""
        return self._session.client("iot", config=CLIENT_CONFIG)

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """A client for Amazon CloudWatch Logs."""
        return self._session.client("logs", config=CLIENT_CONFIG)

    @cached_property
    def caller_arn(self) -> str:
        """Who is doing this, as AWS STS sees it."""
        return self._session.client("sts", config=CLIENT_CONFIG).get_caller_identity()["Arn"]


def _name_prefix(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Any:
    if value is not None and not names.matches(names.NAME_PREFIX, value):
        raise click.BadParameter(
            f"{value!r} is not a name prefix: 2 to 20 lower-case letters, digits and hyphens, "
            "beginning with a letter."
        )
    return value


_OPTIONS: dict[str, Callable[[_Command], _Command]] = {
    "table": click.option(
        "--table", "table_name", metavar="NAME", help="The registry table, instead of the stack's."
    ),
    "name_prefix": click.option(
        "--name-prefix",
        metavar="PREFIX",
        callback=_name_prefix,
        help="The stack's name prefix, instead of the stack file's.",
    ),
    "log_group": click.option(
        "--log-group",
        "hook_log_group_name",
        metavar="NAME",
        help="The hook's log group, instead of the stack's.",
    ),
}


def stack_option(names_region: str) -> Callable[[_Command], _Command]:
    """Give a command ``--stack``, passed as ``stack_file``; say what names one of its Regions."""
    return click.option(
        "--stack",
        "stack_file",
        envvar=STACK_VARIABLE,
        show_envvar=True,
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help=f"What `terraform output -json` printed. Of several Regions, {names_region} names "
        "the one that is meant.",
    )


def broker_options(command: _Command) -> _Command:
    """Give a command ``--address``, ``--port`` and ``--ca-file``: where a canary connects."""
    for option in (
        click.option(
            "--ca-file",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            metavar="FILE",
            help="PEM file of the roots that may sign the endpoint's certificate. Default: the "
            "system's.",
        ),
        click.option(
            "--port",
            type=click.IntRange(1, 65535),
            default=SECURE_MQTT_PORT,
            show_default=True,
            help="TCP port there.",
        ),
        click.option(
            "--address",
            metavar="HOST",
            help="Where devices connect, instead of looking the account's endpoint up.",
        ),
    ):
        command = option(command)
    return command


def stack_options(*extra: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command ``--stack`` and the named options, and pass it a ``Deployment``."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def wrapper(*args: Any, stack_file: Path | None, **kwargs: Any) -> Any:
            given: dict[str, Any] = {
                name: kwargs.pop(name)
                for name in ("table_name", "name_prefix", "hook_log_group_name")
                if name in kwargs
            }
            return command(*args, deployment=_deployment(stack_file, given), **kwargs)

        decorated: Callable[..., Any] = wrapper
        for name in reversed(extra):
            decorated = _OPTIONS[name](decorated)
        return stack_option("AWS_REGION")(decorated)

    return decorate


def _session() -> boto3.Session:
    """A session in the Region of AWS_REGION, which boto3 alone does not read."""
    return boto3.Session(region_name=os.environ.get("AWS_REGION") or None)


def _deployment(stack_file: Path | None, given: dict[str, Any]) -> Deployment:
    try:
        stack = read(stack_file, lambda: _session().region_name) if stack_file else Stack()
    except StackFileError as error:
        raise click.UsageError(str(error)) from error
    return Deployment(replace(stack, **{k: v for k, v in given.items() if v is not None}))
