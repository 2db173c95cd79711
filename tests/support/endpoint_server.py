"""Run the embedded endpoint on loopback only, and say when it is ready.

This is the one file that knows which engine is embedded (its version is pinned in the
requirements). It runs in the engine's own environment, so it imports nothing of the project but
its neighbours `jitp.py`, `alarms.py`, `authority.py`, `exclusive_things.py`, `function_logs.py`,
`global_tables.py`, `journal.py`, `server_names.py` and `shared_tables.py`, which are loaded by
their paths:

    .venv-endpoint/bin/python endpoint_server.py --port 4566 --mqtt-port 8883 --state DIRECTORY

Once HTTP and MQTT both listen, `DIRECTORY/ready.json` appears. The process ends on SIGTERM, and
with `--stop-at-eof` also when its standard input closes: an owner that dies, however it dies,
takes its endpoint with it.

Credentials: an access key of twelve digits is the root user of the account with that number,
whatever the secret, also with `--auth`, which makes the endpoint enforce IAM for everyone else
(users, roles, functions, and devices through their IoT policies). So the first administrator
needs no bootstrap: make users and roles with the account's number as the access key.

The engine registers a device's certificate just in time, and stops there. What AWS IoT does next,
when the certificate's CA has a provisioning template, `jitp.py` stands in for. It counts no log
line, evaluates alarms now and then, and has them tell topics only: `alarms.py` says what is mended,
and what is not. It does not tell Regions apart by the name that a device dials (`server_names.py`),
replicates tables at once, whatever was written there meanwhile (`global_tables.py`), and keeps them
to their account (`shared_tables.py`). It leaves a connection open whatever becomes of its
certificate: DeleteConnection closes one here, and AWS, which also closes those of a certificate
that was switched off, within minutes, closes more.
"""

import argparse
import contextlib
import importlib
import importlib.util
import json
import os
import runpy
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import botocore.session
import h11
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol

LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
STOP_SECONDS = 5
ROLE_SESSION_SECONDS = 900
# AWS waits one minute, then two.
RETRY_PAUSES = (1, 2)
EVENTS_AT_A_TIME = 8
DELIVERIES_AT_A_TIME = 2
ALARMS, IOT = "lambda.alarms.cloudwatch.amazonaws.com", "iot.amazonaws.com"
TARGET_POLICIES = "/target-policies/"
ATTACHED_POLICIES = "/attached-policies/"
AUTHORITY = "/cacertificate/"
CONNECTIONS = "/connections/"
LOG_STREAM_CALLS = {"Logs_20140328.CreateLogStream", "Logs_20140328.PutLogEvents"}
LARGE_RESPONSE = 2**16


class LoopbackSocket(socket.socket):
    """Binds to loopback where the caller asked for every interface.

    The engine's HTTP listener can be told where to bind, its MQTT listener cannot.
    """

    def bind(self, address):
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            address = (LOOPBACK.get(address[0], address[0]), *address[1:])
        super().bind(address)


def send_responses_whole() -> None:
    """Make the engine's HTTP server write each response in one piece.

    It writes head and body apart. Terraform's AWS provider then loses the answer to one call in a
    few hundred, repeats the call, and fails because what the first one made exists already.
    """

    async def send(self, event):
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        held = getattr(self, "_held", b"") + (data or b"")
        ends = isinstance(event, h11.EndOfMessage | h11.InformationalResponse)
        self._held = b"" if ends or len(held) > LARGE_RESPONSE else held
        if not self._held:
            await self.send(RawData(data=held))

    H11Protocol._send_h11_event = send


def engine(name: str) -> Any:
    """One of the engine's modules. It reads its settings as it is imported, so not before."""
    return importlib.import_module(f"ministack.{name}")


def neighbour(name: str) -> Any:
    """A module beside this file. Python runs isolated here, so it cannot be imported by name."""
    specification = importlib.util.spec_from_file_location(
        name, Path(__file__).with_name(f"{name}.py")
    )
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


def iot_regions() -> list[str]:
    """Every Region that AWS IoT is in."""
    return botocore.session.get_session().get_available_regions("iot")


def authorise_calls_on_their_target() -> None:
    """Check some calls on what they are about, as AWS does: the engine knows that less exactly.

    These are iot:AttachPolicy, iot:DetachPolicy and iot:ListAttachedPolicies, on the certificate or
    the thing group, iot:DescribeCACertificate, on the CA, iot:DeleteConnection, on the client, and
    writing to a log, on its stream. A role that names them, and on AWS may do so, may not.
    """
    actions = engine("core.iam_actions")
    resource_arn = actions.extract_resource_arn

    def with_target(service, method, path, headers, body, query, region, account):
        if service == "iot" and path.startswith(TARGET_POLICIES):
            with contextlib.suppress(ValueError, AttributeError):
                return str(json.loads(body).get("target") or "*")
        if service == "iot" and path.startswith(ATTACHED_POLICIES):
            return unquote(path.removeprefix(ATTACHED_POLICIES))
        if service == "iot" and method == "GET" and path.startswith(AUTHORITY):
            return f"arn:aws:iot:{region}:{account}:cacert/{path.removeprefix(AUTHORITY)}"
        if service == "iot-data" and path.startswith(CONNECTIONS):
            client_id = path.removeprefix(CONNECTIONS).partition("/")[0]
            return f"arn:aws:iot:{region}:{account}:client/{client_id}"
        arn = resource_arn(service, method, path, headers, body, query, region, account)
        if service == "logs" and headers.get("x-amz-target") in LOG_STREAM_CALLS:
            with contextlib.suppress(ValueError, AttributeError):
                return f"{arn}:log-stream:{json.loads(body).get('logStreamName', '')}"
        return arn

    actions.extract_resource_arn = with_target


def serve_delete_connection() -> None:
    """Close a client's connection when it is asked for; the engine knows no such call.

    The session stays, and a last will is published: what the call does by default.
    https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_DeleteConnection.html
    """
    iot, data, responses = (
        engine(name) for name in ("services.iot", "services.iot_data", "core.responses")
    )
    handle = data.handle_request

    async def handle_and_close(method, path, *rest):
        client_id = path.removeprefix(CONNECTIONS)
        if method != "DELETE" or client_id == path:
            return await handle(method, path, *rest)
        key = (responses.get_account_id(), responses.get_region(), client_id)
        session = iot._connected_clients.get(key)
        if session is None:
            return responses.error_response_json(
                "ResourceNotFoundException", f"{client_id} is not connected", 404
            )
        session._forced_disconnect_reason = "SERVER_INITIATED_DISCONNECT"
        # The client may have gone meanwhile.
        with contextlib.suppress(OSError, RuntimeError):
            await session._send({"type": "websocket.close", "code": 1000})
        await session.cleanup()
        return responses.json_response({})

    data.handle_request = handle_and_close


def queue_events() -> Callable[[str, str, str, Any], None]:
    """Let events that a topic rule passes on wait for a function, be tried again, and be kept.

    AWS IoT invokes functions asynchronously, and AWS Lambda then does these three things, the last
    with a dead-letter queue. The engine runs the function of a topic rule once and forgets an event
    that fails; and it starts a process for each event, so that many at once bury a small machine.

    Returns:
        What does so, for other services: account, region, function and event.
    """
    iot, functions = engine("services.iot"), engine("services.lambda_svc")
    slots = threading.Semaphore(EVENTS_AT_A_TIME)

    def deliver(name, record, event):
        for pause in (0, *RETRY_PAUSES):
            time.sleep(pause)
            with slots:
                result = functions._execute_function_with_config_scope(record, event)
            if not result.get("error"):
                return
        target = record["config"].get("DeadLetterConfig", {}).get("TargetArn")
        if target:
            functions._run_with_function_config_scope(
                record, functions._route_async_failure, target, name, event, result
            )

    def dispatch(account, region, function_arn, event):
        function, configuration, name = functions._get_func_record_for_ref_in_scope(
            function_arn, account_id=account, region=region
        )
        if function and configuration:
            record = functions._execution_record_for_config(function, configuration)
            arguments = (name, record, event)
            threading.Thread(target=deliver, args=arguments, daemon=True).start()

    iot._dispatch_rule_to_lambda = dispatch
    return dispatch


def call_from_alarms(
    dispatch: Callable[[str, str, str, Any], None], authority: Any
) -> Callable[[str, str, Any], None]:
    """What hands an alarm's event to a function, if that function's policy lets the alarm.

    Where it may not, or there is no such function, the event is lost: CloudWatch tries on for other
    reasons only. A line in the log says so.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
    """
    responses = engine("core.responses")

    def call(alarm_arn: str, function_arn: str, event: Any) -> None:
        account, region = responses.get_account_id(), responses.get_region()
        if authority.may_invoke(ALARMS, function_arn, alarm_arn):
            dispatch(account, region, function_arn, event)
        else:
            print(f"Lost: {alarm_arn} may not invoke {function_arn}", flush=True)

    return call


def deliver_logs_in_turn() -> None:
    """Let deliveries to subscriptions of log groups wait for each other.

    Amazon CloudWatch Logs gathers lines and delivers them together. The engine starts a process for
    each invocation that logged something, so that a wave of devices makes as many at once.
    """
    functions = engine("services.lambda_svc")
    execute = functions._execute_function_with_config_scope
    slots = threading.Semaphore(DELIVERIES_AT_A_TIME)

    def execute_in_turn(record, event, *rest, **options):
        delivery = isinstance(event, dict) and "awslogs" in event
        with slots if delivery else contextlib.nullcontext():
            return execute(record, event, *rest, **options)

    functions._execute_function_with_config_scope = execute_in_turn


def apply_provisioning_templates(url: str, authority: Any) -> None:
    """Go on where the engine stops: after it has published that it registered a certificate."""
    iot, jitp = engine("services.iot"), neighbour("jitp")

    def service(account, region):
        return jitp.client(url, region, account, "service")

    def role(account, region, role_arn, source_arn):
        credentials = role_session(authority, account, region, role_arn, source_arn)
        if credentials is None:
            raise jitp.NotProvisioned(f"AWS IoT may not assume {role_arn} for {source_arn}")
        return jitp.client(url, region, *credentials)

    just_in_time = jitp.JustInTime(service, role, lambda line: print(line, flush=True))
    publish = iot._publish_certificate_registered

    async def publish_and_provision(account, region, record, *rest):
        await publish(account, region, record, *rest)
        threading.Thread(
            target=just_in_time.provision,
            args=(account, region, record["caCertificateId"], record["certificateId"]),
            daemon=True,
        ).start()

    iot._publish_certificate_registered = publish_and_provision


def role_session(
    authority: Any, account: str, region: str, role_arn: str, source_arn: str
) -> tuple[str, str, str] | None:
    """Key, secret and token of a session that AWS IoT has of a role, or None if it may have none.

    sts:AssumeRole cannot be called as a service: the trust policy's aws:SourceArn and
    aws:SourceAccount would not be known. So the session is made where STS makes it.
    """
    iam, sts = engine("services.iam"), engine("services.sts")
    name = role_arn.rpartition("/")[2]
    with engine("core.responses").request_scope(account, region):
        # The first looks at whose role it is, the second at the conditions of its trust policy.
        if authority.enforced and not (
            engine("services.iot")._iot_role_usable(role_arn)
            and authority.takes(IOT, role_arn, source_arn)
        ):
            return None
        credentials = iam._gen_session_access_key(), iam._gen_secret(), iam._gen_session_token()
        key, secret, token = credentials
        session = {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/JustInTimeProvisioning",
            "UserId": f"AROAJUSTINTIME:{name}",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": time.time() + ROLE_SESSION_SECONDS,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
        }
        sts.register_session(key, session)
    return credentials


def keep_a_journal(token: str | None) -> None:
    """Let a test run look at the end for secrets in what was logged, if it asked for that."""
    journal = neighbour("journal")
    kept = journal.of_this_run()
    # Functions inherit the environment, and have no business there.
    os.environ.pop(journal.VARIABLE, None)
    if kept is not None:
        journal.note_endpoint(kept, engine)
        kept.hello(f"endpoint-{token}")


def announce(options: argparse.Namespace) -> None:
    """Write `ready.json` once both listeners answer."""
    url = f"http://127.0.0.1:{options.port}"
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_ministack/ready", timeout=5) as answer:
                listening = json.load(answer)["iot_mtls"]
            with urllib.request.urlopen(f"{url}/_ministack/iot/ca.pem", timeout=30) as answer:
                authority = answer.read()
            break
        except (OSError, urllib.error.HTTPError):
            time.sleep(0.05)
    if listening != "listening":
        # The engine carries on without MQTT when it cannot bind; the tests cannot.
        print(f"the MQTT listener is {listening} on port {options.mqtt_port}", flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
        return
    ca_file = options.state / "root-ca.pem"
    ca_file.write_bytes(authority)
    temporary = options.state / "ready.json.new"
    temporary.write_text(json.dumps({"url": url, "ca_file": str(ca_file)}))
    temporary.replace(options.state / "ready.json")


def stop_at_eof() -> None:
    """End this process group when standard input closes."""
    # Not through sys.stdin, whose lock would abort an interpreter that ends meanwhile.
    while os.read(0, 1024):
        pass
    os.killpg(os.getpgid(0), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.killpg(os.getpgid(0), signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--mqtt-port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--auth", action="store_true")
    parser.add_argument("--stop-at-eof", action="store_true")
    parser.add_argument("--token", help="tells this process, and its journal, from others")
    options = parser.parse_args()

    os.environ.update(
        GATEWAY_PORT=str(options.port),
        IOT_MTLS_PORT=str(options.mqtt_port),
        BIND_HOST="127.0.0.1",
        AUTH="true" if options.auth else "false",
        MINISTACK_REGION=options.region,
        # Nothing is persisted; what is written all the same stays in the state directory.
        PERSIST_STATE="0",
        STATE_DIR=str(options.state / "state"),
        S3_DATA_DIR=str(options.state / "s3"),
    )
    socket.socket = LoopbackSocket
    send_responses_whole()
    authorise_calls_on_their_target()
    serve_delete_connection()
    neighbour("exclusive_things").mend(engine("services.iot"))
    neighbour("server_names").mend(engine("services.iot"), iot_regions())
    neighbour("global_tables").mend(engine("services.dynamodb"))
    neighbour("shared_tables").mend(engine)
    dispatch = queue_events()
    deliver_logs_in_turn()
    neighbour("function_logs").mend(engine("core.lambda_runtime"))
    authority = neighbour("authority").mend(engine)
    neighbour("alarms").mend(
        engine("services.cloudwatch"),
        engine("services.cloudwatch_logs"),
        call_from_alarms(dispatch, authority),
    )
    apply_provisioning_templates(f"http://127.0.0.1:{options.port}", authority)
    keep_a_journal(options.token)
    if options.stop_at_eof:
        threading.Thread(target=stop_at_eof, daemon=True).start()
    threading.Thread(target=announce, args=(options,), daemon=True).start()
    sys.argv = sys.argv[:1]
    runpy.run_module("ministack", run_name="__main__")


if __name__ == "__main__":
    main()
