"""Names come from the registry: what a device sends of its own changes none."""

import pytest

pytestmark = pytest.mark.endpoint

WISHES = {
    "ThingName": "acme-the-gateway",
    "ThingTypeName": "acme-gateway",
    "ThingGroupName": "acme-gateway",
    "PolicyName": "acme-gateway",
    "ProvisionedAt": "1999-12-31T23:59:59Z",
}


@pytest.mark.parametrize("wishes", [*({name: value} for name, value in WISHES.items()), WISHES])
def test_a_device_gets_its_own_names_whatever_it_asks_for(fleet, serial_number, wishes):
    """S5: a sensor cannot make itself a gateway."""
    fleet.enrol(serial_number, device_type="humidity-sensor")
    result = fleet.admit(serial_number, "humidity-sensor", parameters=wishes)
    assert result.thing_name == f"acme-{serial_number}"
    thing = fleet.thing(serial_number)
    assert thing["thingTypeName"] == "acme-humidity-sensor"
    assert thing["attributes"]["provisionedAt"] > "2026"
    iot = fleet.client("iot")
    groups = iot.list_thing_groups_for_thing(thingName=result.thing_name)["thingGroups"]
    assert [group["groupName"] for group in groups] == ["acme-humidity-sensor"]
    (arn,) = iot.list_thing_principals(thingName=result.thing_name)["principals"]
    policies = iot.list_attached_policies(target=arn)["policies"]
    assert [policy["policyName"] for policy in policies] == ["acme-humidity-sensor"]
    assert "acme-the-gateway" not in fleet.thing_names()


def test_a_manufacturer_that_the_enrolment_does_not_name_is_not_believed(fleet, serial_number):
    fleet.enrol(serial_number, device_type="gateway")
    fleet.admit(serial_number, "gateway", parameters={"Manufacturer": "Contoso"})
    assert fleet.thing(serial_number)["attributes"]["manufacturer"] == "unknown"
