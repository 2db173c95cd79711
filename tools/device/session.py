"""A device's connection, on the AWS IoT Device SDK for Python v2. No decisions are made here.

The SDK's request-response client subscribes to both answer topics before it publishes, and
matches the answer: https://docs.aws.amazon.com/iot/latest/developerguide/fleet-provision-api.html
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from awscrt import exceptions, http, io, mqtt5, mqtt_request_response
from awsiot import V2ServiceException, iotidentity, mqtt5_client_builder

from tools.device.failures import (
    ActionDenied,
    DeviceError,
    NoAnswer,
    NotReachable,
    Rejected,
    UnusableCredentials,
    connection_failure,
)
from tools.device.model import ClientCredentials, IssuedCertificate, Message, RegisteredThing
from tools.device.tunnel import Tunnel

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

SECURE_MQTT_PORT = 8883
ALPN_PORT = 443
"""On this port the SDK asks for MQTT by ALPN (``x-amzn-mqtt-ca``)."""

_KEEP_ALIVE_SECONDS = 60
_FIRST_REFUSING_REASON_CODE = 128
# Two answer topics each for the two requests that a claim session makes.
_ANSWER_SUBSCRIPTIONS = 4
# Native clients that were told to stop, by the event that says they have.
_STOPPING: dict[threading.Event, Any] = {}


@dataclass(frozen=True)
class Endpoint:
    """Where devices connect.

    Attributes:
        host_name: The endpoint's name. It is sent as the TLS server name, and the server's
            certificate must be for it.
        port: TCP port.
        address: Connect to this host name or IP address instead of looking ``host_name`` up.
        ca_file: PEM file of the roots that may sign the server's certificate; None for the
            system's, which include Amazon's.
    """

    host_name: str
    port: int = SECURE_MQTT_PORT
    address: str | None = None
    ca_file: Path | None = None

    def __str__(self) -> str:
        at = f" at {self.address}" if self.address else ""
        return f"{self.host_name}:{self.port}{at}"


@dataclass(frozen=True)
class Timeouts:
    """Seconds until a step of the conversation is given up.

    Attributes:
        socket: For the TCP connection.
        connection: For the whole way to the CONNACK. The SDK's TLS library reports a server it
            does not trust only after a random 10 to 30 seconds (against timing attacks); a
            shorter limit would hide the reason.
        answer: For an answer to a request. A pre-provisioning hook alone may take 5 seconds.
        disconnection: For an orderly goodbye.
    """

    socket: float = 5.0
    connection: float = 35.0
    answer: int = 15
    disconnection: float = 3.0


PROMPT = Timeouts(connection=10.0)
"""For a device that has other endpoints to try: it would rather go on than know the reason."""

_ENDPOINT_NAME = re.compile(r"[^.]+\.iot\.(?P<region>[a-z0-9-]+)\.")


class SdkTransport:
    """The way to one endpoint. May be used from several threads; close it when done.

    Args:
        endpoint: Where to connect.
        timeouts: How long to wait.
    """

    def __init__(self, endpoint: Endpoint, timeouts: Timeouts | None = None) -> None:
        self.endpoint = endpoint
        self._timeouts = timeouts or Timeouts()
        self._tunnel: Tunnel | None = None
        if endpoint.address is not None and endpoint.address != endpoint.host_name:
            self._tunnel = Tunnel(endpoint.address, endpoint.port)

    def connect(self, credentials: ClientCredentials, client_id: str) -> SdkSession:
        """See `tools.device.ports.Transport.connect`."""
        proxy_port = self._tunnel.port if self._tunnel else None
        session = SdkSession(self.endpoint, self._timeouts, credentials, client_id, proxy_port)
        try:
            session.open()
        except BaseException:
            session.close()
            raise
        return session

    def close(self) -> None:
        """Stop what was started for this transport. Sessions must have been closed."""
        if self._tunnel is not None:
            self._tunnel.close()
            self._tunnel = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class SdkSession:
    """See `tools.device.ports.Session`. Made by `SdkTransport.connect`."""

    def __init__(
        self,
        endpoint: Endpoint,
        timeouts: Timeouts,
        credentials: ClientCredentials,
        client_id: str,
        proxy_port: int | None,
    ) -> None:
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._client_id = client_id
        self._connected: Future[None] = Future()
        self._lost: Future[str] = Future()
        self._stopped = threading.Event()
        self._messages: list[Message] = []
        self._identity: Any = None
        socket_options = io.SocketOptions()
        socket_options.connect_timeout_ms = int(timeouts.socket * 1000)
        proxy = None
        if proxy_port is not None:
            proxy = http.HttpProxyOptions(
                "127.0.0.1", proxy_port, connection_type=http.HttpProxyConnectionType.Tunneling
            )
        try:
            self._client: Any = mqtt5_client_builder.mtls_from_bytes(
                credentials.certificate_pem.encode(),
                credentials.private_key_pem.encode(),
                endpoint=endpoint.host_name,
                port=endpoint.port,
                ca_filepath=str(endpoint.ca_file) if endpoint.ca_file else None,
                client_id=client_id,
                keep_alive_interval_sec=_KEEP_ALIVE_SECONDS,
                connack_timeout_ms=int(timeouts.connection * 1000),
                ack_timeout_sec=timeouts.answer,
                socket_options=socket_options,
                http_proxy_options=proxy,
                enable_metrics_collection=False,
                on_publish_received=self._on_message,
                on_lifecycle_connection_success=self._on_connected,
                on_lifecycle_connection_failure=self._on_refused,
                on_lifecycle_disconnection=self._on_lost,
                on_lifecycle_stopped=self._on_stopped,
            )
        except (exceptions.AwsCrtError, RuntimeError) as error:
            # The SDK raises a plain RuntimeError for text that is not PEM and for a key that does
            # not belong to the certificate. Neither message quotes the key.
            raise UnusableCredentials(str(error)) from error

    def open(self) -> None:
        """Connect.

        Raises:
            DeviceError: No connection.
        """
        self._client.start()
        done, _ = wait((self._connected,), self._timeouts.connection)
        if not done:
            raise NotReachable(
                str(self._endpoint), f"nothing after {self._timeouts.connection:g} seconds"
            )
        self._connected.result()

    def create_keys_and_certificate(self) -> IssuedCertificate:
        """See `tools.device.ports.Session`."""
        answer = self._request(
            "CreateKeysAndCertificate",
            "create_keys_and_certificate",
            iotidentity.CreateKeysAndCertificateRequest(),
        )
        return IssuedCertificate(
            answer.certificate_id,
            answer.certificate_pem,
            answer.certificate_ownership_token,
            answer.private_key,
        )

    def create_certificate_from_csr(self, signing_request: str) -> IssuedCertificate:
        """See `tools.device.ports.Session`."""
        answer = self._request(
            "CreateCertificateFromCsr",
            "create_certificate_from_csr",
            iotidentity.CreateCertificateFromCsrRequest(
                certificate_signing_request=signing_request
            ),
        )
        return IssuedCertificate(
            answer.certificate_id, answer.certificate_pem, answer.certificate_ownership_token
        )

    def register_thing(
        self, template_name: str, ownership_token: str, parameters: Mapping[str, str]
    ) -> RegisteredThing:
        """See `tools.device.ports.Session`."""
        answer = self._request(
            "RegisterThing",
            "register_thing",
            iotidentity.RegisterThingRequest(
                template_name=template_name,
                certificate_ownership_token=ownership_token,
                parameters=dict(parameters),
            ),
        )
        return RegisteredThing(answer.thing_name, answer.device_configuration or {})

    def subscribe(self, topic_filter: str) -> None:
        """See `tools.device.ports.Session`."""
        packet = mqtt5.SubscribePacket([mqtt5.Subscription(topic_filter, mqtt5.QoS.AT_LEAST_ONCE)])
        suback = self._await("Subscribe", self._client.subscribe(packet))
        for code in suback.reason_codes:
            if code >= _FIRST_REFUSING_REASON_CODE:
                raise ActionDenied("subscribe to", topic_filter, f"MQTT reason code {int(code)}")

    def publish(self, topic: str, payload: bytes) -> None:
        """See `tools.device.ports.Session`."""
        packet = mqtt5.PublishPacket(topic=topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE)
        completion = self._await("Publish", self._client.publish(packet))
        code = completion.puback.reason_code
        if code >= _FIRST_REFUSING_REASON_CODE:
            raise ActionDenied("publish on", topic, f"MQTT reason code {int(code)}")

    def messages(self) -> tuple[Message, ...]:
        """See `tools.device.ports.Session`."""
        return tuple(self._messages)

    def lost_within(self, seconds: float) -> bool:
        """See `tools.device.ports.Session`."""
        done, _ = wait((self._lost,), seconds)
        return bool(done)

    def close(self) -> None:
        """See `tools.device.ports.Session`."""
        if self._client is None:
            return
        # The native client reconnects until it is told to stop, and hands messages over until it
        # has stopped, which TLS may delay by half a minute. Its Python object must live as long:
        # a message for one that is gone ends the process.
        self._identity = None
        self._client.stop(mqtt5.DisconnectPacket())
        _STOPPING[self._stopped] = self._client
        self._client = None
        self._stopped.wait(self._timeouts.disconnection)
        for stopped in [each for each in tuple(_STOPPING) if each.is_set()]:
            _STOPPING.pop(stopped, None)

    def _request(self, operation: str, method: str, request: Any) -> Any:
        if self._identity is None:
            self._identity = iotidentity.IotIdentityClientV2(
                self._client,
                mqtt_request_response.ClientOptions(
                    max_request_response_subscriptions=_ANSWER_SUBSCRIPTIONS,
                    max_streaming_subscriptions=0,
                    operation_timeout_in_seconds=self._timeouts.answer,
                ),
            )
        try:
            return self._await(operation, getattr(self._identity, method)(request))
        except V2ServiceException as error:
            raise self._request_failure(operation, error) from error

    def _request_failure(self, operation: str, error: V2ServiceException) -> DeviceError:
        answer = error.modeled_error
        if answer is not None:
            return Rejected(
                operation,
                answer.status_code or 0,
                answer.error_code or "",
                answer.error_message or "",
            )
        name = getattr(error.inner_error, "name", repr(error.inner_error))
        if name == "AWS_ERROR_MQTT_REQUEST_RESPONSE_TIMEOUT":
            return NoAnswer(operation, self._timeouts.answer)
        if name == "AWS_ERROR_MQTT_REQUEST_RESPONSE_SUBSCRIBE_FAILURE":
            return ActionDenied("subscribe to", f"the answers of {operation}", name)
        return NotReachable(str(self._endpoint), name)

    def _await(self, operation: str, future: Future[Any]) -> Any:
        done, _ = wait((future, self._lost), self._timeouts.answer + 1, FIRST_COMPLETED)
        if future in done:
            try:
                return future.result()
            except exceptions.AwsCrtError as error:
                raise NotReachable(str(self._endpoint), error.name) from error
        if self._lost in done:
            raise NotReachable(str(self._endpoint), f"lost: {self._lost.result()}")
        raise NoAnswer(operation, self._timeouts.answer)

    # The callbacks run on the SDK's own threads: they only hand over.

    def _on_message(self, data: mqtt5.PublishReceivedData) -> None:
        packet = data.publish_packet
        self._messages.append(Message(packet.topic, packet.payload or b""))

    def _on_connected(self, _: mqtt5.LifecycleConnectSuccessData) -> None:
        if not self._connected.done():
            self._connected.set_result(None)

    def _on_refused(self, data: mqtt5.LifecycleConnectFailureData) -> None:
        if self._connected.done():
            return
        connack = data.connack_packet
        self._connected.set_exception(
            connection_failure(
                str(self._endpoint),
                self._client_id,
                getattr(data.exception, "name", repr(data.exception)),
                int(connack.reason_code) if connack is not None else None,
            )
        )

    def _on_lost(self, data: mqtt5.LifecycleDisconnectData) -> None:
        if not self._lost.done():
            self._lost.set_result(getattr(data.exception, "name", repr(data.exception)))

    def _on_stopped(self, _: mqtt5.LifecycleStoppedData) -> None:
        self._stopped.set()


def region_of(host_name: str) -> str | None:
    """The Region in the name of an account's endpoint; None if it is a name of another shape."""
    named = _ENDPOINT_NAME.match(host_name)
    return named["region"] if named else None


def discover_host_name(iot: IoTClient) -> str:
    """The account's endpoint for devices, with a certificate signed by Amazon Trust Services.

    Follows https://docs.aws.amazon.com/iot/latest/apireference/API_DescribeEndpoint.html

    Args:
        iot: A boto3 IoT client with iot:DescribeEndpoint.

    Raises:
        botocore.exceptions.BotoCoreError: The call could not be made.
        botocore.exceptions.ClientError: The call was refused.
    """
    address: str = iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
    # AWS answers a bare name. Emulators append the port of their HTTP interface, which is not
    # where MQTT is spoken.
    return address.partition(":")[0]
