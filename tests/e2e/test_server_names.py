"""Accounts and Regions are told apart by the name that a device dials.

tests/support/server_names.py has the embedded endpoint do so.
"""

import json

import pytest

from tests.e2e.places import FIRST, SECOND, TRUST, Place, fingerprint
from tests.support.endpoint import client, new_account
from tests.support.waiting import until
from tools.device.failures import ConnectionRefused, NotReachable
from tools.device.maker import Maker
from tools.device.model import ClientCredentials
from tools.device.session import Endpoint as DeviceEndpoint
from tools.device.session import SdkTransport

pytestmark = pytest.mark.endpoint

REFUSED = (ConnectionRefused, NotReachable)
TEMPLATE = {
    "Parameters": {"AWS::IoT::Certificate::Id": {"Type": "String"}},
    "Resources": {
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {
                "CertificateId": {"Ref": "AWS::IoT::Certificate::Id"},
                "Status": "Active",
            },
        }
    },
}


@pytest.fixture
def dial(auth_endpoint):
    """`dial(credentials, place, request)`: connect by a place's name, or the address; ask it."""
    here = auth_endpoint

    def connect(credentials, place=None, request=None):
        name = place.name if place else here.mqtt_host
        where = DeviceEndpoint(name, here.mqtt_port, here.mqtt_host, here.ca_file)
        with SdkTransport(where) as transport:
            session = transport.connect(credentials, "device")
            try:
                if request:
                    getattr(session, request)()
                else:
                    session.publish("$aws/things/device/shadow/update", b'{"state": {}}')
            finally:
                session.close()

    return connect


@pytest.fixture
def places(auth_account):
    return Place(auth_account, FIRST), Place(auth_account, SECOND)


@pytest.fixture
def device():
    return Maker({"CommonName": "Nobody knows"}).device({"CommonName": "device"})


def has_shadow(place):
    try:
        place.shadows.get_thing_shadow(thingName="device")
    except place.shadows.exceptions.ResourceNotFoundException:
        return False
    return True


def test_a_certificate_of_two_regions_is_the_one_that_is_dialled(places, device, dial):
    first, second = places
    for place in places:
        place.register(device)
    dial(device, second)
    assert (has_shadow(first), has_shadow(second)) == (False, True)
    dial(device, first)
    assert has_shadow(first)
    # By its address the endpoint cannot tell.
    with pytest.raises(REFUSED):
        dial(device)


def test_a_certificate_is_not_known_where_it_is_not_registered(places, device, dial, auth_endpoint):
    first, second = places
    first.register(device)
    elsewhere = Place(new_account(auth_endpoint), FIRST)
    for place in (second, elsewhere):
        with pytest.raises(REFUSED):
            dial(device, place)
    dial(device, first)
    dial(device)


def test_a_certificate_that_is_off_in_one_region_is_on_in_the_other(places, device, dial):
    first, second = places
    for place in places:
        place.register(device)
    first.iot.update_certificate(certificateId=fingerprint(device), newStatus="INACTIVE")
    with pytest.raises(REFUSED):
        dial(device, first)
    dial(device, second)


def test_a_provisioning_claim_counts_in_its_own_region(places, dial):
    first, second = places
    role = client(first.endpoint, "iam").create_role(
        RoleName="provision", AssumeRolePolicyDocument=json.dumps(TRUST)
    )
    first.iot.create_provisioning_template(
        templateName="claims",
        templateBody=json.dumps(TEMPLATE),
        provisioningRoleArn=role["Role"]["Arn"],
        enabled=True,
    )
    answer = first.iot.create_provisioning_claim(templateName="claims")
    claim = ClientCredentials(answer["certificatePem"], answer["keyPair"]["PrivateKey"])
    create = "create_keys_and_certificate"
    with pytest.raises(REFUSED):
        dial(claim, second, create)
    dial(claim, first, create)


def test_a_ca_of_two_regions_registers_where_the_device_dials(places, dial):
    first, second = places
    maker = Maker({"CommonName": "In two Regions"})
    for place in places:
        place.iot.register_ca_certificate(
            caCertificate=maker.certificate_pem,
            certificateMode="SNI_ONLY",
            setAsActive=True,
            allowAutoRegistration=True,
        )
    device = maker.device({"CommonName": "device"})
    with pytest.raises(REFUSED):
        dial(device, second)
    until(lambda: second.status(device))
    assert (first.status(device), second.status(device)) == (None, "PENDING_ACTIVATION")
