"""What can go wrong between a device and AWS IoT, whether to try again, and how to say it.

A device is told a status code and little more. AWS documents no spelling of ``errorCode``, so
nothing here depends on one.
"""

from __future__ import annotations

import enum

TOO_MANY_REQUESTS = 429
FORBIDDEN = 403
BAD_REQUEST = 400
FIRST_SERVER_ERROR = 500


class ExitCode(enum.IntEnum):
    """Exit codes of the device commands."""

    OK = 0
    USAGE = 2
    REFUSED = 3
    NOT_REACHABLE = 4


class DeviceError(Exception):
    """A failure a device can have. The message is a whole sentence or more.

    Attributes:
        exit_code: What a command that ends with this failure exits with.
        transient: Whether the same request may succeed a little later.
    """

    exit_code: ExitCode = ExitCode.REFUSED
    transient: bool = False


class Rejected(DeviceError):
    """AWS IoT answered on a ``rejected`` topic.

    Attributes:
        operation: ``CreateKeysAndCertificate``, ``CreateCertificateFromCsr`` or ``RegisterThing``.
        status_code: As HTTP's; 0 when the answer bore none.
        error_code: For people only.
        error_message: For people only.
    """

    def __init__(
        self, operation: str, status_code: int, error_code: str, error_message: str
    ) -> None:
        self.operation = operation
        self.status_code = status_code
        self.error_code = error_code
        self.error_message = error_message
        busy = status_code == TOO_MANY_REQUESTS or status_code >= FIRST_SERVER_ERROR
        self.transient = busy
        self.exit_code = ExitCode.NOT_REACHABLE if busy else ExitCode.REFUSED
        answer = " ".join(part for part in (str(status_code), error_code) if part)
        super().__init__(
            f"AWS IoT refused {operation} ({answer}: {error_message or 'no message'}). "
            f"{self._advice()}"
        )

    def _advice(self) -> str:
        if self.status_code == TOO_MANY_REQUESTS:
            return (
                "The account's request quota is used up by other devices. Try again later, with "
                "fewer devices at once, or have the quota raised."
            )
        if self.status_code >= FIRST_SERVER_ERROR:
            return "The service failed; the same request may succeed later."
        if self.operation != "RegisterThing":
            return "Check that the claim is one for this template and that its policy is complete."
        if self.status_code == FORBIDDEN:
            return (
                "The pre-provisioning hook did not allow this device. A device is not told why: "
                "ask the operator to run `iot-provisioning show` with its serial number."
            )
        return (
            "The template could not be applied to this device. The reason is in the IoT log "
            "group AWSIotLogsV2 and in the pre-provisioning hook's log."
        )


class ConnectionRefused(DeviceError):
    """The endpoint was reached, and did not accept the certificate or the client id.

    AWS IoT mostly says so by closing the connection, which an unstable network does too: when
    there was no explicit answer it is worth another try.

    Attributes:
        reason: What the endpoint did.
        explicit: Whether it answered.
        unheard: Whether it hung up before the device could say its client id.
    """

    def __init__(
        self, client_id: str, reason: str, *, explicit: bool, unheard: bool = False
    ) -> None:
        self.reason = reason
        self.explicit = explicit
        self.unheard = unheard
        self.transient = not explicit
        super().__init__(
            f"The endpoint did not accept the connection of client {client_id!r} ({reason}). The "
            "certificate is not active, or its policy does not allow this client id. Check the "
            "claim certificate and the client id prefix, or, for a provisioned device, whether "
            "its certificate was revoked."
        )


class NotAdmitted(DeviceError):
    """A device with a certificate from its factory was turned away until it gave up.

    AWS IoT hangs up while it provisions a device just in time, and just so when it never will.

    Attributes:
        attempts: Connections it tried.
        last: How the last one ended.
    """

    def __init__(
        self, client_id: str, attempts: int, seconds: float, last: ConnectionRefused
    ) -> None:
        self.attempts = attempts
        self.last = last
        if last.explicit:
            why = (
                "The certificate is registered, and it is not active, or its policy does not "
                "allow this client id: the client id must be the name of the device's thing."
            )
        elif last.unheard:
            why = (
                "It hung up before the device could say its client id: most likely the CA that "
                "signed the certificate is not registered here. Register that CA, not another "
                "one of its chain, in the account and region of this endpoint."
            )
        else:
            why = (
                "A device is not told why: ask the operator to look the certificate up. If AWS "
                "IoT does not know it, its CA is not registered in this account and region, is "
                "not active, or does not register automatically. If it is PENDING_ACTIVATION, the "
                "template or the gate failed: a subject field is missing, or the role lacks a "
                "right. If it is INACTIVE or REVOKED, the gate refused the device, or an operator "
                "took its certificate out of use."
            )
        super().__init__(
            f"The endpoint did not admit client {client_id!r} in {attempts} "
            f"{'try' if attempts == 1 else 'tries'} over {seconds:.0f} s ({last.reason}). {why}"
        )


class ActionDenied(DeviceError):
    """The endpoint did not allow a subscription or a message."""

    def __init__(self, action: str, topic: str, reason: str) -> None:
        super().__init__(
            f"The endpoint did not allow the device to {action} {topic} ({reason}). The policy "
            "of its certificate does not allow it. Add the topic to the policy or use another one."
        )


class NotReachable(DeviceError):
    """No connection could be made, or it was lost."""

    exit_code = ExitCode.NOT_REACHABLE
    transient = True

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"No connection to {where} ({reason}). Check the address, the port and the network."
        )


class ServerNotTrusted(DeviceError):
    """The TLS handshake failed: most often the server's certificate is not what was expected."""

    exit_code = ExitCode.NOT_REACHABLE

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"The TLS handshake with {where} failed ({reason}). The server's certificate was not "
            "signed by a root in the CA file, or is not for this server name, or what listens "
            "there does not speak TLS. Check --ca-file, --endpoint and --port."
        )


class NoAnswer(DeviceError):
    """A request was sent, and nothing came back in time. It may have been carried out."""

    exit_code = ExitCode.NOT_REACHABLE
    transient = True

    def __init__(self, operation: str, seconds: float) -> None:
        super().__init__(
            f"{operation} was not answered within {seconds:g} seconds. It may have been carried "
            "out all the same: run the same command again, the device continues where it was."
        )


class ClaimUnavailable(DeviceError):
    """There is no usable claim to present."""


class CredentialStoreError(DeviceError):
    """What is stored for a device cannot be read."""


def starts_over(error: Rejected, *, from_earlier_run: bool) -> bool:
    """Whether to drop a stored, unregistered certificate and ask for a new one.

    AWS IoT answers 400 when the ownership token is no longer valid, and it does not document a
    code that tells this from other bad requests. Only a token from an earlier run can have become
    invalid unnoticed; for a fresh one, a new certificate would be refused for the same reason.
    """
    return from_earlier_run and error.status_code == BAD_REQUEST


class UnusableCredentials(DeviceError):
    """A certificate or key that cannot be used to connect at all."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The certificate and key cannot be used ({reason}). Both must be PEM, the key must "
            "belong to the certificate and must not be encrypted."
        )


_BUSY_REASON_CODES = frozenset({136, 137, 151, 159})
"""MQTT 5: server unavailable, server busy, quota exceeded, connection rate exceeded."""

_HANG_UP_AFTER_CONNECT = "AWS_ERROR_MQTT_UNEXPECTED_HANGUP"
_HANG_UPS = frozenset(
    {
        _HANG_UP_AFTER_CONNECT,
        "AWS_IO_SOCKET_CLOSED",
        "AWS_IO_TLS_ALERT_NOT_GRACEFUL",
        "AWS_IO_TLS_CLOSED_ABORT",
        "AWS_IO_TLS_CLOSED_GRACEFUL",
        "AWS_IO_TLS_ERROR_ALERT_RECEIVED",
        "AWS_IO_TLS_ERROR_READ_FAILURE",
    }
)


def connection_failure(
    where: str, client_id: str, error_name: str, reason_code: int | None
) -> DeviceError:
    """What a failed attempt to connect means.

    Args:
        where: Server name and port, for the message.
        client_id: The MQTT client id presented.
        error_name: The name of the AWS Common Runtime's error.
        reason_code: The MQTT 5 CONNACK reason code, None when there was no CONNACK.
    """
    if reason_code is not None:
        if reason_code in _BUSY_REASON_CODES:
            return NotReachable(where, f"the service is busy, MQTT reason code {reason_code}")
        return ConnectionRefused(client_id, f"MQTT reason code {reason_code}", explicit=True)
    if error_name in _HANG_UPS:
        return ConnectionRefused(
            client_id,
            f"hung up: {error_name}",
            explicit=False,
            unheard=error_name != _HANG_UP_AFTER_CONNECT,
        )
    if error_name.startswith("AWS_IO_TLS_") and error_name != "AWS_IO_TLS_NEGOTIATION_TIMEOUT":
        return ServerNotTrusted(where, error_name)
    return NotReachable(where, error_name)
