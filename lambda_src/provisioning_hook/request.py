"""Reading the event: everything in it may have been chosen by whoever holds a claim certificate.

Follows https://docs.aws.amazon.com/iot/latest/developerguide/pre-provisioning-hook.html.
"""

from collections.abc import Mapping
from typing import Any

from device_registry import names
from device_registry.claim import ClaimRequest
from device_registry.reasons import Denial, RefusalError

MAX_PARAMETERS = 64
PSEUDO_PARAMETER_PREFIX = "AWS::"


class InvalidRequestError(RefusalError):
    """The event is not what AWS IoT documents; the message names the field."""

    denial = Denial.INVALID_REQUEST


class InvalidParameterError(RefusalError):
    """A parameter that the device sent cannot be used; the message names it."""

    denial = Denial.INVALID_PARAMETER


def parse(event: Any, name_prefix: str) -> ClaimRequest:
    """Return the claim request that an event stands for.

    Args:
        event: what AWS IoT passed to the function, payload version 2020-04-01.
        name_prefix: the prefix of the thing's name.

    Raises:
        InvalidRequestError: the event is not of the documented shape.
        InvalidParameterError: a parameter is missing, or would be refused by AWS IoT later.
    """
    if not isinstance(event, Mapping):
        raise InvalidRequestError("event")
    for field in ("certificateId", "claimCertificateId"):
        if not names.matches(names.CERTIFICATE_ID, event.get(field)):
            raise InvalidRequestError(field)
    parameters = event.get("parameters", {})  # a device may send none
    if not isinstance(parameters, Mapping):
        raise InvalidRequestError("parameters")
    _check(parameters)
    pem = event.get("certificatePem")
    return ClaimRequest(
        serial_number=parameters["SerialNumber"],
        device_type=parameters["DeviceType"],
        manufacturer=parameters.get("Manufacturer", ""),
        certificate_id=event["certificateId"],
        claim_certificate_id=event["claimCertificateId"],
        template_name=_template_name(event.get("templateArn")),
        thing_name=names.thing_name(name_prefix, parameters["SerialNumber"]),
        certificate_pem=pem if isinstance(pem, str) else None,
    )


def _check(parameters: Mapping[Any, Any]) -> None:
    """Refuse before the claim is taken what RegisterThing would refuse after it.

    Every value must do as a thing attribute: the template may use any of them as one.
    """
    if len(parameters) > MAX_PARAMETERS:
        raise InvalidParameterError("too many parameters")
    if not names.matches(names.SERIAL_NUMBER, parameters.get("SerialNumber")):
        raise InvalidParameterError("SerialNumber")
    if not names.matches(names.DEVICE_TYPE, parameters.get("DeviceType")):
        raise InvalidParameterError("DeviceType")
    for name, value in parameters.items():
        if not isinstance(name, str) or name.startswith(PSEUDO_PARAMETER_PREFIX):
            raise InvalidParameterError("a pseudo parameter")
        if not names.matches(names.ATTRIBUTE_VALUE, value):
            raise InvalidParameterError(name)


def _template_name(arn: Any) -> str:
    """Return the name at the end of ``arn:PARTITION:iot:REGION:ACCOUNT:provisioningtemplate/NAME``.

    Raises:
        InvalidRequestError: it is not the ARN of a provisioning template.
    """
    head, separator, name = str(arn).partition(":provisioningtemplate/")
    if not (separator and head.startswith("arn:") and names.matches(names.TEMPLATE_NAME, name)):
        raise InvalidRequestError("templateArn")
    return name
