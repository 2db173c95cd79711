"""A certificate that had its turn for good, whatever becomes of its device.

Pure, like ``transitions``: the condition says that it is not the present one, so that a claim in
between makes the write fail. What is retired comes back with no resumption.

Follows https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html.
"""

from typing import Any


def retirement_update(serial_number: str, certificate_id: str) -> dict[str, Any]:
    """Return the UpdateItem arguments, without the table, that retire a device's certificate.

    Args:
        serial_number: the device.
        certificate_id: a certificate that does not hold its claim.
    """
    return {
        "Key": {"serialNumber": {"S": serial_number}},
        "ConditionExpression": (
            "attribute_exists(serialNumber)"
            " AND (attribute_not_exists(certificateId) OR certificateId <> :certificateId)"
        ),
        "UpdateExpression": (
            "ADD retiredCertificateIds :certificateIds"
            " DELETE suspendedCertificateIds :certificateIds"
        ),
        "ExpressionAttributeValues": {
            ":certificateId": {"S": certificate_id},
            ":certificateIds": {"SS": [certificate_id]},
        },
    }


def remembrance_update(serial_number: str, certificate_id: str) -> dict[str, Any]:
    """Return the UpdateItem arguments that retire a certificate which the record knows no more.

    The later write of another Region may have taken it out: it comes back as one that had its turn.

    Args:
        serial_number: the device.
        certificate_id: a certificate that once held its claim.
    """
    retirement = retirement_update(serial_number, certificate_id)
    update = retirement["UpdateExpression"].replace("ADD ", "ADD certificateIds :certificateIds, ")
    return {**retirement, "UpdateExpression": update}
