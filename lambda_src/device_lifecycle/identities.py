"""Certificates, things and connections at AWS IoT. Each step may be repeated."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from device_registry.aws_errors import error_code, is_not_found
from device_registry.certificates import ACTIVE, CertificateStatus, attached_to, status_of

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot_data import IoTDataPlaneClient


def switch(iot: "IoTClient", certificate_id: str, to: CertificateStatus) -> None:
    """Set a certificate's status.

    Raises:
        ClientError, BotoCoreError: AWS IoT refused.
    """
    iot.update_certificate(certificateId=certificate_id, newStatus=to)


def groups_of(iot: "IoTClient", thing_name: str) -> frozenset[str]:
    """Return the names of the static groups that a thing is in; none where there is no such thing.

    Raises:
        ClientError, BotoCoreError: AWS IoT refused.
    """
    pages = iot.get_paginator("list_thing_groups_for_thing").paginate(thingName=thing_name)
    try:
        return frozenset(group["groupName"] for page in pages for group in page["thingGroups"])
    except ClientError as error:
        if is_not_found(error):
            return frozenset()
        raise


def is_provisioned(iot: "IoTClient", thing_name: str, certificate_id: str) -> bool:
    """Tell whether the certificate is ACTIVE and attached to the thing: RegisterThing's last step.

    Raises:
        ClientError, BotoCoreError: AWS IoT refused.
    """
    if status_of(iot, certificate_id) != ACTIVE:
        return False
    return certificate_id in (attached_to(iot, thing_name) or ())


def drop_connection(iot_data: "IoTDataPlaneClient", client_id: str) -> str:
    """Close a client's connection, and say what came of it.

    Whatever that is, AWS IoT itself closes the connections of a certificate that left ACTIVE within
    minutes. So nothing that fails here is worth doing again.

    Follows https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_DeleteConnection.html.

    Raises:
        BotoCoreError: AWS IoT was not reached.
    """
    try:
        iot_data.delete_connection(clientId=client_id)
    except AttributeError:
        # The runtime's SDK is older than the operation.
        return "unsupported"
    except ClientError as error:
        return "none" if is_not_found(error) else f"failed: {error_code(error)}"
    return "dropped"


def connected_as(iot_data: "IoTDataPlaneClient", thing_name: str) -> bool:
    """Tell whether the thing itself is connected, under its own name as client id.

    Follows https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_GetConnection.html.

    Raises:
        BotoCoreError: AWS IoT was not reached.
    """
    try:
        answer = iot_data.get_connection(clientId=thing_name)
    except (AttributeError, ClientError):
        # Unknown to an older SDK or endpoint, or no such connection: then the event must tell.
        return False
    # The name is that of the connection's principal: a claim certificate's connection has none.
    return answer.get("connected", False) and answer.get("thingName") == thing_name
