"""Removes one device from AWS IoT. Every step may be repeated: what is gone counts as removed.

AWS refuses to delete a thing that has principals and a certificate that is active or has things,
so the order is fixed: detach, deactivate, delete.
https://docs.aws.amazon.com/iot/latest/apireference/API_DeleteCertificate.html
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from device_registry.aws_errors import error_code
from device_registry.removal import remove_if_there, remove_settled
from tools.decommission.inventory import Certificate, Details

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

# A detachment may take a while to be seen by the next call.
_PAUSES_SECONDS = (0.5, 1, 2, 4, 8, 16, 32, 64)
_TO_DEACTIVATE = frozenset({"ACTIVE", "PENDING_ACTIVATION"})


def remove(
    iot: "IoTClient",
    details: Details,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Remove what ``details`` found.

    A certificate that also belongs to a thing of somebody else's is detached from ours, loses our
    policies, and stays.

    Args:
        iot: the client.
        details: what exists.
        sleep: waits for a number of seconds.

    Raises:
        ClientError, BotoCoreError: AWS refused; repeating goes on from here.
    """
    thing_name = details.unit.thing_name
    for certificate in details.certificates:
        _detach(iot, certificate)
    if thing_name is not None and details.thing_exists:
        for principal in details.other_principals:
            remove_if_there(iot.detach_thing_principal, thingName=thing_name, principal=principal)
        for group in details.groups:
            _leave_group(iot, group, thing_name)
        remove_settled(iot.delete_thing, pauses=_PAUSES_SECONDS, sleep=sleep, thingName=thing_name)
    for certificate in details.certificates:
        if not certificate.stays:
            remove_settled(
                iot.delete_certificate,
                pauses=_PAUSES_SECONDS,
                sleep=sleep,
                certificateId=certificate.certificate_id,
                # Policies are detached above; that may not have been seen everywhere yet.
                forceDelete=True,
            )


def _detach(iot: "IoTClient", certificate: Certificate) -> None:
    if certificate.status in _TO_DEACTIVATE and not certificate.stays:
        # First, so that the device is cut off whatever comes after, and that no template and no
        # gate activates a certificate that is pending.
        remove_if_there(
            iot.update_certificate,
            certificateId=certificate.certificate_id,
            newStatus="INACTIVE",
        )
    for policy in certificate.policies_to_detach:
        remove_if_there(iot.detach_policy, policyName=policy, target=certificate.arn)
    for thing in certificate.things_to_detach:
        remove_if_there(iot.detach_thing_principal, thingName=thing, principal=certificate.arn)


def _leave_group(iot: "IoTClient", group: str, thing_name: str) -> None:
    try:
        remove_if_there(
            iot.remove_thing_from_thing_group, thingGroupName=group, thingName=thing_name
        )
    except ClientError as error:
        # A dynamic group: AWS IoT takes the thing out by itself when it is deleted.
        if error_code(error) != "InvalidRequestException":
            raise
