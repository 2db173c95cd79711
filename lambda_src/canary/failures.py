"""What can go wrong between a device and AWS IoT, each as a sentence."""


class DeviceFailure(Exception):
    """The device did not get what it asked for; the message is a sentence."""


class Closed(DeviceFailure):
    """There is no connection, or none any more."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The connection was closed: {reason}.")


class NoAnswer(DeviceFailure):
    """Nothing came in time."""

    def __init__(self, to: str, seconds: float) -> None:
        super().__init__(f"No answer to {to} within {seconds:g} seconds.")


class Unusable(DeviceFailure):
    """An answer that nobody can use."""

    def __init__(self, to: str, reason: str) -> None:
        super().__init__(f"The answer to {to} cannot be used: {reason}.")


class ConnectionRefused(DeviceFailure):
    """The server answered the CONNECT with a refusal."""

    def __init__(self, code: int) -> None:
        super().__init__(f"The connection was refused with the MQTT code {code}.")


class SubscriptionRefused(DeviceFailure):
    """The server does not let the client have these messages."""

    def __init__(self, topics: str) -> None:
        super().__init__(f"The subscription to {topics} was refused.")


class Rejected(DeviceFailure):
    """AWS IoT said no on the topic for that.

    Attributes:
        status_code: As in HTTP.
        error_code: AWS IoT's name of the error.
        error_message: Its words.
    """

    def __init__(
        self, operation: str, status_code: int, error_code: str, error_message: str
    ) -> None:
        super().__init__(
            f"{operation} was rejected with {status_code} {error_code}: "
            f"{error_message.rstrip('.')}."
        )
        self.status_code = status_code
        self.error_code = error_code
        self.error_message = error_message
