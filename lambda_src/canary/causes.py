"""What is likely wrong, from what AWS answered and from what can be seen. Each is a sentence."""

from botocore.exceptions import BotoCoreError, ClientError

from canary.failures import DeviceFailure, Rejected
from canary.target import Means, Target
from canary.template import Template
from device_registry.aws_errors import error_code, is_not_found
from device_registry.record import Item, Status

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedException"})
_FORBIDDEN = 403


def describe(error: Exception) -> str:
    """Say what was answered, or that nothing was."""
    if isinstance(error, DeviceFailure):
        return str(error)
    if isinstance(error, ClientError):
        # There need not be one, and it may be null.
        message = (error.response["Error"].get("Message") or "no message").rstrip(".")
        return f"AWS answered {error.operation_name} with {error_code(error)}: {message}."
    return f"There was no answer: {str(error).rstrip('.')}."


def of_call(error: BotoCoreError | ClientError, target: Target) -> str:
    """Say why AWS did not do what was asked with the caller's own credentials."""
    if not isinstance(error, ClientError):
        return "Network, Region or credentials of the canary."
    if error_code(error) in _DENIED:
        return (
            f"The canary's own role or credentials lack the permission for {error.operation_name}."
        )
    if is_not_found(error) and error.operation_name in ("GetItem", "PutItem", "Query"):
        return f"The registry's table {target.table_name} is gone."
    if is_not_found(error) and "Provisioning" in error.operation_name:
        return f"The template {target.template_name} is gone."
    return "AWS IoT or Amazon DynamoDB itself, or a quota."


def of_registration(
    rejected: Rejected, template: Template, missing: list[str], item: Item | None
) -> str:
    """Say why an enrolled device was not registered.

    Args:
        rejected: AWS IoT's answer.
        template: the template as it is now.
        missing: the policies that the device was to get and that do not exist.
        item: the device's record as it is now.
    """
    if not template.enabled:
        return "The template is disabled."
    if missing:
        return f"The policy {', '.join(missing)} is missing."
    status = (item or {}).get("status", {}).get("S")
    if status == Status.PROVISIONING:
        return (
            "The hook said yes. The provisioning role lacks a permission, or a thing type or a "
            "thing group is missing."
        )
    words = f"{rejected.error_code} {rejected.error_message}".lower()
    if "denied" in words and "invok" in words:
        return (
            "AWS IoT may not invoke the hook: its permission was removed, or the function is gone."
        )
    if rejected.status_code == _FORBIDDEN:
        return (
            "The hook refused a device that is enrolled. Its decision log says why: it has no "
            "permission to write the registry's table, the table that it is told of is gone or "
            "another one, or the hook is broken."
        )
    return "The hook is broken: it raises, answers too late, or answers no decision."


def of_connection() -> str:
    """Say why a device that is registered cannot connect, or not do what its policy lets it."""
    return (
        "The policy of the device type is missing, or no longer lets a device do this, or the "
        "certificate is not ACTIVE."
    )


def missing_policies(means: Means, names: list[str]) -> list[str]:
    """Return those of the policies that do not exist, as far as the caller may know.

    Raises:
        BotoCoreError: there was no answer.
    """
    missing = []
    for name in names:
        try:
            means.iot.get_policy(policyName=name)
        except ClientError as error:
            if is_not_found(error):
                missing.append(name)
    return missing
