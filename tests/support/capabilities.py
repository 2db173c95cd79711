"""What an endpoint may lack, in one list.

A test that needs one of these says so, and is skipped by the entry's name where it is missing:

    @requires(Capability.BILLING_GROUPS)
    def test_devices_join_the_billing_group(endpoint): ...

Entries with a probe ask the endpoint. The others cannot be asked cheaply: they hold for the
embedded endpoint, and an external one is taken at its word.

Applying a CA's provisioning template (JITP), closing a connection (DeleteConnection), counting log
lines, invoking functions from alarms, asking policies on behalf of services, telling Regions apart
by the server's name, replicating tables asynchronously and sharing them between accounts are no
entries: the embedded endpoint has stand-ins for them, in `jitp.py`, `endpoint_server.py`,
`alarms.py`, `authority.py`, `server_names.py`, `global_tables.py` and `shared_tables.py`, and an
external one is taken at its word.
"""

import enum
import functools
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.endpoint import client
from tools.endpoint import Endpoint

MARK = "requires"


class Capability(enum.Enum):
    """One thing AWS does that an endpoint may not do."""

    CREATE_CERTIFICATE_FROM_CSR = "CreateCertificateFromCsr over MQTT: the topic is not answered"
    CBOR = "fleet provisioning topics in CBOR: only JSON is answered"
    BILLING_GROUPS = "billing groups"
    V2_LOGGING = "account-wide logging options (v2)"
    ROLE_ALIASES = "role aliases"
    THING_REGISTRATION_TASKS = "bulk thing registration tasks"
    DEFENDER = "Device Defender audit and security profiles, by CloudFormation or not"
    FLEET_METRICS = "fleet metrics"
    AUTHORIZERS = "custom authorisers"
    CONNECTION_STATE = "GetConnection and ListSubscriptions: what is known of a client's connection"
    CUT_OFF = (
        "closing the connections of a certificate that was switched off, unless it is asked to"
    )
    METRIC_MATH_ALARMS = "alarms on metric math and anomaly bands: kept, and never evaluated"
    IAM_ENFORCED = "IAM is enforced for calls, functions and devices"


def _serves(operation: str, service: str = "iot") -> Callable[[Endpoint], bool]:
    def probe(endpoint: Endpoint) -> bool:
        try:
            getattr(client(endpoint, service), operation)()
        except ClientError as error:
            refused = error.response["Error"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return status != 501 and not refused.get("Message", "").startswith("Unsupported")
        return True

    return probe


def _enforces_iam(endpoint: Endpoint) -> bool:
    iam: Any = client(endpoint, "iam")
    name = "capability-probe"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    nobody = client(
        endpoint,
        "iot",
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
    )
    try:
        nobody.list_things()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    else:
        return False
    finally:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)


PROBES: dict[Capability, Callable[[Endpoint], bool]] = {
    Capability.BILLING_GROUPS: _serves("list_billing_groups"),
    Capability.V2_LOGGING: _serves("get_v2_logging_options"),
    Capability.ROLE_ALIASES: _serves("list_role_aliases"),
    Capability.THING_REGISTRATION_TASKS: _serves("list_thing_registration_tasks"),
    Capability.DEFENDER: _serves("describe_account_audit_configuration"),
    Capability.FLEET_METRICS: _serves("list_fleet_metrics"),
    Capability.AUTHORIZERS: _serves("list_authorizers"),
    Capability.IAM_ENFORCED: _enforces_iam,
}


@functools.cache
def has(capability: Capability, endpoint: Endpoint) -> bool:
    """Whether the endpoint does this."""
    probe = PROBES.get(capability)
    return probe(endpoint) if probe else not endpoint.embedded


def requires(*capabilities: Capability) -> pytest.MarkDecorator:
    """Mark a test, a class or (as `pytestmark`) a module as needing capabilities."""
    return getattr(pytest.mark, MARK)(*capabilities)


def skip_without(capability: Capability, endpoint: Endpoint) -> None:
    """Skip the running test when the endpoint does not do this."""
    if not has(capability, endpoint):
        pytest.skip(f"{capability.name}: the endpoint does not do this ({capability.value})")


@pytest.fixture(autouse=True)
def _required_capabilities(request: pytest.FixtureRequest) -> None:
    wanted = [c for mark in request.node.iter_markers(MARK) for c in mark.args]
    if not wanted:
        return
    name = "auth_endpoint" if "auth_endpoint" in request.fixturenames else "endpoint"
    for capability in wanted:
        skip_without(capability, request.getfixturevalue(name))
