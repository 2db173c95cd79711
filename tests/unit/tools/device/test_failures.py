import pytest

from tools.device.failures import (
    ActionDenied,
    ConnectionRefused,
    ExitCode,
    NoAnswer,
    NotReachable,
    Rejected,
    ServerNotTrusted,
    UnusableCredentials,
    connection_failure,
    starts_over,
)


@pytest.mark.parametrize(
    ("status", "transient", "exit_code"),
    [
        (0, False, ExitCode.REFUSED),
        (400, False, ExitCode.REFUSED),
        (403, False, ExitCode.REFUSED),
        (404, False, ExitCode.REFUSED),
        (428, False, ExitCode.REFUSED),
        (429, True, ExitCode.NOT_REACHABLE),
        (499, False, ExitCode.REFUSED),
        (500, True, ExitCode.NOT_REACHABLE),
        (503, True, ExitCode.NOT_REACHABLE),
    ],
)
def test_the_status_code_alone_decides_about_another_try(status, transient, exit_code):
    for code in ("", "AccessDenied", "Throttled", "InternalFailure"):
        error = Rejected("RegisterThing", status, code, "")
        assert (error.transient, error.exit_code) == (transient, exit_code)


@pytest.mark.parametrize(
    ("operation", "status", "advice"),
    [
        ("RegisterThing", 403, "iot-provisioning show"),
        ("RegisterThing", 400, "AWSIotLogsV2"),
        ("RegisterThing", 429, "quota"),
        ("RegisterThing", 500, "may succeed later"),
        ("CreateKeysAndCertificate", 403, "Check that the claim"),
        ("CreateKeysAndCertificate", 429, "quota"),
    ],
)
def test_a_rejection_says_what_to_do(operation, status, advice):
    message = str(Rejected(operation, status, "Code", "text"))
    assert message.startswith(f"AWS IoT refused {operation} ({status} Code: text). ")
    assert advice in message


def test_a_rejection_without_text_is_still_a_sentence():
    assert "(400: no message)" in str(Rejected("RegisterThing", 400, "", ""))


@pytest.mark.parametrize(
    ("name", "reason_code", "kind", "transient"),
    [
        ("AWS_ERROR_MQTT5_CONNACK_CONNECTION_REFUSED", 135, ConnectionRefused, False),
        ("AWS_ERROR_MQTT5_CONNACK_CONNECTION_REFUSED", 137, NotReachable, True),
        ("AWS_ERROR_MQTT_UNEXPECTED_HANGUP", None, ConnectionRefused, True),
        ("AWS_IO_SOCKET_CLOSED", None, ConnectionRefused, True),
        ("AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE", None, ServerNotTrusted, False),
        ("AWS_IO_TLS_NEGOTIATION_TIMEOUT", None, NotReachable, True),
        ("AWS_IO_SOCKET_CONNECTION_REFUSED", None, NotReachable, True),
        ("AWS_IO_DNS_INVALID_NAME", None, NotReachable, True),
    ],
)
def test_what_a_failed_connection_means(name, reason_code, kind, transient):
    error = connection_failure("endpoint:8883", "client", name, reason_code)
    assert type(error) is kind
    assert error.transient is transient
    assert (name if reason_code is None else str(reason_code)) in str(error)


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (ConnectionRefused("client", "why", explicit=True), ExitCode.REFUSED),
        (ActionDenied("publish on", "topic", "why"), ExitCode.REFUSED),
        (UnusableCredentials("why"), ExitCode.REFUSED),
        (NotReachable("here", "why"), ExitCode.NOT_REACHABLE),
        (ServerNotTrusted("here", "why"), ExitCode.NOT_REACHABLE),
        (NoAnswer("RegisterThing", 15), ExitCode.NOT_REACHABLE),
    ],
)
def test_exit_codes(error, exit_code):
    assert error.exit_code is exit_code
    assert str(error).endswith(".")


@pytest.mark.parametrize(
    ("status", "from_earlier_run", "expected"),
    [(400, True, True), (400, False, False), (403, True, False), (404, True, False)],
)
def test_only_a_token_from_an_earlier_run_can_have_lapsed(status, from_earlier_run, expected):
    error = Rejected("RegisterThing", status, "", "")
    assert starts_over(error, from_earlier_run=from_earlier_run) is expected
