"""What the claim certificate cannot do that every device of a line holds, and any thief of one."""

import pytest

from tests.security.attacks.attempt import against, held, refused
from tests.security.attacks.protections import Protection
from tests.support.capabilities import Capability, requires
from tools.device.model import DeviceSpec, registration_parameters

pytestmark = [pytest.mark.endpoint, requires(Capability.IAM_ENFORCED)]

TYPE = "gateway"


@against(Protection.CLAIM_CLIENT_ID)
def test_a_claim_connection_takes_a_connected_devices_client_id(guarded, neighbour):
    """It would throw the device off, as often as it likes."""
    credentials = guarded.claim.credentials()
    refused(lambda: guarded.transport.connect(credentials, neighbour.name).close())
    held(neighbour.undisturbed, "the device was thrown off")


@against(Protection.CLAIM_CLIENT_ID)
@pytest.mark.parametrize(
    "client_id", ["{prefix}-anything", "claim-{prefix}-field-service-1", "somebody"]
)
def test_a_claim_connection_takes_a_client_id_of_others(guarded, names, client_id):
    credentials, wanted = guarded.claim.credentials(), client_id.format(**names)
    refused(lambda: guarded.transport.connect(credentials, wanted).close())


@against(Protection.CLAIM_TOPICS)
@pytest.mark.parametrize(
    "topic_filter",
    [
        "#",
        "{prefix}/+/+/status",
        "{prefix}/{type}/{neighbour}/config/#",
        "$aws/things/+/shadow/#",
        "$aws/events/#",
        "$aws/provisioning-templates/{prefix}-field-service/provision/json/accepted",
        "$aws/provisioning-templates/+/provision/json/accepted",
    ],
)
def test_a_claim_connection_listens_to_others(claimant, names, topic_filter):
    refused(claimant.subscribe, topic_filter.format(**names))


@against(Protection.CLAIM_TOPICS)
@pytest.mark.parametrize(
    "topic",
    [
        "{prefix}/{type}/{neighbour}/status",
        "$aws/things/{neighbour}/shadow/update",
        "$aws/things/{neighbour}/jobs/get",
        "$aws/provisioning-templates/{prefix}-field-service/provision/json",
        "$aws/rules/anything",
    ],
)
def test_a_claim_connection_publishes_as_others(claimant, neighbour, names, topic):
    refused(claimant.publish, topic.format(**names), b'{"state": {"desired": {"open": true}}}')
    held(neighbour.undisturbed, "the device noticed")


@against(Protection.CLAIM_TOPICS)
def test_a_claim_registers_with_another_template(guarded, claimant, serial_number):
    guarded.enrol(serial_number, device_type=TYPE)
    token = claimant.create_keys_and_certificate().ownership_token
    parameters = registration_parameters(DeviceSpec(serial_number, TYPE))
    other = guarded.template("field-service")["name"]
    refused(claimant.register_thing, other, token, parameters)
