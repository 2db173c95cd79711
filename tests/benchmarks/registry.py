"""A registry table for the benchmarks, with as many enrolled devices as they ask for."""

import secrets
import time

import boto3

from device_registry.record import DeviceRecord, ReprovisionPolicy, Status, to_item


class Registry:
    """A registry table and the kind of devices in it; enrolment is not part of what is measured."""

    def __init__(self, table_name, device_type):
        self.table_name = table_name
        self._device_type = device_type
        self._client = boto3.client("dynamodb")

    @classmethod
    def create(cls, table_name, device_type):
        """Make a table with the registry's key."""
        registry = cls(table_name, device_type)
        registry._client.create_table(
            TableName=table_name,
            AttributeDefinitions=[{"AttributeName": "serialNumber", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "serialNumber", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return registry

    def enrol_one(self):
        """Enrol one more device; returns its serial number and a certificate id for it."""
        serial = f"SN-{secrets.token_hex(8)}"
        now = int(time.time())
        record = DeviceRecord(
            serial_number=serial,
            device_type=self._device_type,
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
