"""A registry table for the benchmarks, with as many enrolled devices as they ask for."""

import secrets
import time

import boto3

from device_registry.record import DeviceRecord, ReprovisionPolicy, Status, to_item


class Registry:
    """A table made for one run; enrolment is not part of what is measured."""

    table_name = "bench-registry"

    def __init__(self):
        self._client = boto3.client("dynamodb")
        self._client.create_table(
            TableName=self.table_name,
            AttributeDefinitions=[{"AttributeName": "serialNumber", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "serialNumber", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def enrol_one(self):
        """Enrol one more device; returns its serial number and a certificate id for it."""
        serial = f"SN-{secrets.token_hex(8)}"
        now = int(time.time())
        record = DeviceRecord(
            serial_number=serial,
            device_type="gateway",
            status=Status.ENROLLED,
            enrolled_at=now,
            enrolled_by="benchmark",
            reprovision_policy=ReprovisionPolicy.NEVER,
            status_changed_at=now,
        )
        self._client.put_item(TableName=self.table_name, Item=to_item(record))
        return serial, secrets.token_hex(32)

    def delete(self):
        self._client.delete_table(TableName=self.table_name)
