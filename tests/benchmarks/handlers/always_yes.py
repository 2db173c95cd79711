"""Allows every device under the names the hook would give it, without asking anything."""

import os


def lambda_handler(event, _context):
    parameters = event["parameters"]
    prefix = os.environ["NAME_PREFIX"]
    shared = f"{prefix}-{parameters['DeviceType']}"
    return {
        "allowProvisioning": True,
        "parameterOverrides": {
            "ThingName": f"{prefix}-{parameters['SerialNumber']}",
            "ThingTypeName": shared,
            "ThingGroupName": shared,
            "PolicyName": shared,
            "SerialNumber": parameters["SerialNumber"],
            "DeviceType": parameters["DeviceType"],
            "Manufacturer": "unknown",
            "ProvisionedAt": "2026-01-01T00:00:00Z",
        },
    }
