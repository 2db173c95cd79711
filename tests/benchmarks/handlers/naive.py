"""What tutorials write: boto3's resource, a read, then a write. Two round trips and a race."""

import json
import os
from datetime import UTC, datetime

import boto3

dynamodb = boto3.resource("dynamodb")


def lambda_handler(event, _context):
    parameters = event["parameters"]
    table = dynamodb.Table(os.environ["DEVICE_REGISTRY_TABLE"])
    serial = parameters["SerialNumber"]
    item = table.get_item(Key={"serialNumber": serial}).get("Item")
    if not item or item["status"] != "ENROLLED" or item["deviceType"] != parameters["DeviceType"]:
        return {"allowProvisioning": False, "parameterOverrides": {}}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    table.put_item(Item={**item, "status": "PROVISIONING", "provisionedAt": now})
    print(json.dumps({"serialNumber": serial, "outcome": "allowed"}))
    shared = f"{os.environ['NAME_PREFIX']}-{item['deviceType']}"
    return {
        "allowProvisioning": True,
        "parameterOverrides": {
            "ThingName": f"{os.environ['NAME_PREFIX']}-{serial}",
            "ThingTypeName": shared,
            "ThingGroupName": shared,
            "PolicyName": shared,
            "ProvisionedAt": now,
        },
    }
