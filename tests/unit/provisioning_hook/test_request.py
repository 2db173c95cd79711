"""Reading the event."""

import pytest

from provisioning_hook.request import (
    MAX_PARAMETERS,
    InvalidParameterError,
    InvalidRequestError,
    parse,
)
from tests.unit.builders import PEM, claim_request, register_thing_event


def test_the_documented_event():
    assert parse(register_thing_event(), "acme") == claim_request(certificate_pem=PEM)


def test_a_certificate_that_was_not_passed_on():
    for event in ({}, {"certificatePem": None}, {"certificatePem": 7}):
        told = {k: v for k, v in register_thing_event().items() if k != "certificatePem"}
        assert parse(told | event, "acme") == claim_request()


def test_no_parameters_at_all():
    event = register_thing_event()
    del event["parameters"]
    with pytest.raises(InvalidParameterError, match=r"^SerialNumber$"):
        parse(event, "acme")


def test_a_manufacturer_that_was_not_sent_is_empty():
    assert parse(register_thing_event(Manufacturer=None), "acme").manufacturer == ""


@pytest.mark.parametrize("event", [None, [], "", 7, True])
def test_an_event_that_is_no_object(event):
    with pytest.raises(InvalidRequestError, match=r"^event$"):
        parse(event, "acme")


@pytest.mark.parametrize("value", [None, "", "de" * 31, "DE" * 32, "de" * 32 + "\n", 7])
@pytest.mark.parametrize("field", ["certificateId", "claimCertificateId"])
def test_a_certificate_id_that_is_none(field, value):
    with pytest.raises(InvalidRequestError, match=f"^{field}$"):
        parse({**register_thing_event(), field: value}, "acme")


@pytest.mark.parametrize("value", [None, [], "SerialNumber", 7])
def test_parameters_that_are_no_object(value):
    with pytest.raises(InvalidRequestError, match=r"^parameters$"):
        parse({**register_thing_event(), "parameters": value}, "acme")


@pytest.mark.parametrize(
    "arn",
    [
        None,
        "",
        "acme-default",
        "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/",
        "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/a b",
        "arn:aws:iot:us-east-1:123456789012:thing/acme-default",
        "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/a:provisioningtemplate/b",
        "prn:aws:iot:us-east-1:123456789012:provisioningtemplate/acme-default",
    ],
)
def test_a_template_arn_that_is_none(arn):
    with pytest.raises(InvalidRequestError, match=r"^templateArn$"):
        parse({**register_thing_event(), "templateArn": arn}, "acme")


@pytest.mark.parametrize("value", [None, "", "a b", "a" * 65, 7, ["SN-0001"]])
def test_a_serial_number_that_is_none(value):
    with pytest.raises(InvalidParameterError, match=r"^SerialNumber$"):
        parse(register_thing_event(SerialNumber=value), "acme")


@pytest.mark.parametrize("value", [None, "", "Gateway", "a" * 33, 7])
def test_a_device_type_that_is_none(value):
    with pytest.raises(InvalidParameterError, match=r"^DeviceType$"):
        parse(register_thing_event(DeviceType=value), "acme")


@pytest.mark.parametrize("value", ["a b", "1+1", "50%", "\n", "a" * 801, 7, {}])
@pytest.mark.parametrize("name", ["Manufacturer", "Location", "Undeclared"])
@pytest.mark.failure_mode("S6")
def test_a_value_that_aws_would_refuse_after_the_claim(name, value):
    with pytest.raises(InvalidParameterError, match=f"^{name}$"):
        parse(register_thing_event(**{name: value}), "acme")


@pytest.mark.parametrize("name", ["AWS::IoT::Certificate::Id", "AWS::Anything"])
def test_a_pseudo_parameter_from_a_device(name):
    with pytest.raises(InvalidParameterError, match=r"^a pseudo parameter$"):
        parse(register_thing_event(**{name: "x"}), "acme")


def test_a_parameter_name_that_is_no_string():
    event = register_thing_event()
    event["parameters"][7] = "x"
    with pytest.raises(InvalidParameterError, match=r"^a pseudo parameter$"):
        parse(event, "acme")


def test_as_many_parameters_as_allowed_and_one_more():
    event = register_thing_event()
    spare = MAX_PARAMETERS - len(event["parameters"])
    event["parameters"] |= {f"P{n}": "x" for n in range(spare)}
    assert parse(event, "acme") == claim_request(certificate_pem=PEM)
    event["parameters"]["one-more"] = "x"
    with pytest.raises(InvalidParameterError, match=r"^too many parameters$"):
        parse(event, "acme")


@pytest.mark.failure_mode("S5")
def test_names_that_the_device_sends_change_nothing():
    event = register_thing_event(ThingName="victim", PolicyName="admin", ThingGroupName="all")
    assert parse(event, "acme") == claim_request(certificate_pem=PEM)
