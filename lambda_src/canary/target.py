"""What is looked at, and with what."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from canary.mqtt import Connection
from canary.tls import Credentials, Endpoint, open_connection
from device_registry import names
from device_registry.shadow_parameter import ParameterStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot_data import IoTDataPlaneClient


@dataclass(frozen=True, kw_only=True)
class Target:
    """The way that devices take.

    Attributes:
        table_name: The registry table.
        name_prefix: Start of every name.
        template_name: The provisioning template.
        claim_client_id_prefix: Start of the client ids of claims.
        device_type: What the device claims to be.
        confirmed: Whether somebody turns records ACTIVE: the device lifecycle.
        first_shadow_parameter: Systems Manager's parameter with the first shadow that the device
            lifecycle writes, if there is such a parameter; None where it writes none.
    """

    table_name: str
    name_prefix: str
    template_name: str
    claim_client_id_prefix: str
    device_type: str
    confirmed: bool
    first_shadow_parameter: str | None = None

    def thing_name(self, serial_number: str) -> str:
        """Return a device's thing."""
        return names.thing_name(self.name_prefix, serial_number)


@dataclass(frozen=True, kw_only=True)
class Means:
    """AWS clients, the way to the broker, the clock.

    ``open_connection`` is given credentials and a client id, ``clock`` returns seconds since 1970,
    ``sleep`` waits for a number of seconds.
    """

    dynamodb: "DynamoDBClient"
    iot: "IoTClient"
    iot_data: "IoTDataPlaneClient"
    ssm: ParameterStore
    open_connection: Callable[[Credentials, str], Connection]
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    @classmethod
    def of(
        cls, client: Callable[[str], Any], address: str | None, port: int, ca_file: str | None
    ) -> Self:
        """Take real ones; the endpoint's name is asked of AWS IoT, the rest is as in `Endpoint`.

        Args:
            client: makes a client for a service.
            address: where devices connect, instead of looking the name up.
            port: TCP port.
            ca_file: roots that may sign the server's certificate.

        Raises:
            ClientError, BotoCoreError: AWS IoT refused to say where devices connect.
        """
        iot: IoTClient = client("iot")
        found = iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
        # AWS answers a bare name; emulators append the port of their HTTP interface.
        name = found.partition(":")[0]
        endpoint = Endpoint(server_name=name, address=address, port=port, ca_file=ca_file)
        return cls(
            dynamodb=client("dynamodb"),
            iot=iot,
            iot_data=client("iot-data"),
            ssm=client("ssm"),
            open_connection=partial(open_connection, endpoint),
            clock=time.time,
            sleep=time.sleep,
        )
