import json

import pytest

from device_registry.record import ReprovisionPolicy
from tools.cli.stack import StackFileError, read

TYPE = {
    "reprovision_policy": "replace",
    "thing_type_name": "acme-gateway",
    "thing_group_name": "acme-gateway",
    "policy_name": "acme-gateway",
}
OUTPUTS = {
    "registry_table_name": "acme-registry",
    "name_prefix": "acme",
    "device_types": {"gateway": TYPE},
    "templates": {
        "fleet": {"name": "acme-fleet", "claim_certificates": {"line": {"id": "c1" * 32}}},
        "bare": {"name": "acme-bare"},
    },
    "hook_log_group_name": "/aws/lambda/acme-hook",
    "parent_thing_group_name": "acme-devices",
    "something_else": 3,
}


def stack_file(tmp_path, **changes):
    path = tmp_path / "stack.json"
    outputs = {
        name: {"value": value, "type": "dynamic", "sensitive": False}
        for name, value in {**OUTPUTS, **changes}.items()
        if value is not ...
    }
    path.write_text(json.dumps(outputs))
    return path


def test_the_output_of_terraform_is_read_as_it_is(tmp_path):
    stack = read(stack_file(tmp_path))
    assert (stack.table_name, stack.name_prefix) == ("acme-registry", "acme")
    assert stack.device_types["gateway"].reprovision_policy is ReprovisionPolicy.REPLACE
    assert stack.template_names == {"fleet": "acme-fleet", "bare": "acme-bare"}
    assert stack.claim_certificate_ids == {"c1" * 32}
    assert [each.key for each in stack.claim_certificates] == ["fleet/line"]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("", "is not JSON"),
        ("{}", "holds no outputs"),
        ("[]", "holds no outputs"),
        ('{"name_prefix": "acme"}', "not the output of this module"),
        ('{"name_prefix": {"value": "acme"}}', "registry_table_name"),
    ],
)
def test_a_file_that_is_something_else_is_refused_in_a_sentence(tmp_path, content, part):
    path = tmp_path / "stack.json"
    path.write_text(content)
    with pytest.raises(StackFileError, match=part):
        read(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StackFileError, match="cannot be read: No such file"):
        read(tmp_path / "none.json")


@pytest.mark.parametrize(
    "types", [{"gateway": {}}, {"gateway": {**TYPE, "reprovision_policy": "often"}}, ["gateway"]]
)
def test_an_output_of_another_shape_is_refused(tmp_path, types):
    with pytest.raises(StackFileError, match="not the output of this module"):
        read(stack_file(tmp_path, device_types=types))


def several_regions(tmp_path):
    stacks = {
        region: {**OUTPUTS, "registry_table_name": f"table-in-{region}"}
        for region in ("eu-west-1", "eu-central-1")
    }
    return stack_file(tmp_path, **dict.fromkeys(OUTPUTS, ...), regions=stacks)


def test_of_the_stacks_of_several_regions_the_one_that_is_meant_is_read(tmp_path):
    stack = read(several_regions(tmp_path), lambda: "eu-central-1")
    assert stack.table_name == "table-in-eu-central-1"


@pytest.mark.parametrize("region", [None, "us-east-1"])
def test_a_region_without_a_stack_is_refused_with_those_that_have_one(tmp_path, region):
    with pytest.raises(StackFileError, match=r"each of eu-central-1, eu-west-1\. Set AWS_REGION"):
        read(several_regions(tmp_path), lambda: region)


def test_what_is_no_map_of_stacks_is_refused(tmp_path):
    with pytest.raises(StackFileError, match="not the output of this module"):
        read(stack_file(tmp_path, regions=3), lambda: "eu-west-1")


AUTHORITY = {
    "name": "acme-northwind",
    "certificate_id": "ca" * 32,
    "certificate_arn": "arn:aws:iot:eu-west-1:123456789012:cacert/" + "ca" * 32,
    "certificate_pem": "pem",
    "certificate_mode": "SNI_ONLY",
    "active": True,
    "allow_auto_registration": False,
    "gate": "none",
    "device_certificate": {
        "parameters": ["CommonName", "Country", "Organization"],
        "thing_name": {"parameter": "CommonName", "prefix": "acme-"},
        "attributes": {"maker": {"parameter": "Organization"}, "id": {"parameter": "Id"}},
        "thing_groups": {"parameter": "Country", "names": ["DE", "FR"]},
        "serial_number": None,
        "device_type": None,
        "manufacturer": None,
    },
}
GATED = {
    "parameters": ["CommonName", "OrganizationalUnit"],
    "thing_name": None,
    "attributes": {},
    "thing_groups": None,
    "serial_number": {"parameter": "CommonName"},
    "device_type": {"parameter": None, "value": "gateway"},
    "manufacturer": {"parameter": "OrganizationalUnit", "value": None},
}


def test_a_ca_is_read_with_what_its_device_certificates_need(tmp_path):
    stack = read(stack_file(tmp_path, certificate_authorities={"northwind": AUTHORITY}))
    authority = stack.certificate_authorities["northwind"]
    assert (authority.key, authority.name) == ("northwind", "acme-northwind")
    assert (authority.certificate_id, authority.certificate_pem) == ("ca" * 32, "pem")
    assert (authority.active, authority.allow_auto_registration) == (True, False)
    rules = authority.rules
    assert rules.fields == ["CommonName", "Country", "Organization"]
    assert (rules.thing_name, rules.thing_name_prefix) == ("CommonName", "acme-")
    assert rules.attributes == {"maker": "Organization"}
    assert (rules.thing_group, rules.thing_groups) == ("Country", {"DE", "FR"})
    assert (rules.serial_number, rules.device_type, rules.manufacturer) == (None, None, None)


def test_a_gated_ca_is_read_with_the_fields_that_the_gate_asks_for(tmp_path):
    entry = {**AUTHORITY, "device_certificate": GATED}
    rules = read(stack_file(tmp_path, certificate_authorities={"x": entry}))
    rules = rules.certificate_authorities["x"].rules
    assert (rules.thing_name, rules.thing_name_prefix, rules.thing_group) == (None, "", None)
    assert rules.serial_number == "CommonName"
    assert rules.device_type is None
    assert rules.manufacturer == "OrganizationalUnit"


def test_the_gates_have_decision_logs_of_their_own(tmp_path):
    gated = {**AUTHORITY, "device_certificate": GATED, "log_group_name": "/aws/lambda/acme-x-gate"}
    entries = {"x": gated, "y": {**AUTHORITY, "certificate_id": "cb" * 32, "log_group_name": None}}
    stack = read(stack_file(tmp_path, certificate_authorities=entries))
    assert stack.decision_logs == ["/aws/lambda/acme-hook", "/aws/lambda/acme-x-gate"]
    assert [stack.certificate_authorities[key].rules.gated for key in "xy"] == [True, False]


def test_a_ca_is_known_by_its_id_and_shared_like_a_claim_certificate(tmp_path):
    stack = read(stack_file(tmp_path, certificate_authorities={"northwind": AUTHORITY}))
    assert stack.authority_key("ca" * 32) == "northwind"
    assert stack.authority_key("c1" * 32) is None
    assert stack.authority_key(None) is None
    assert stack.shared_certificate_ids == {"c1" * 32, "ca" * 32}


@pytest.mark.parametrize("none", [..., None, {}])
def test_an_older_stack_has_no_cas(tmp_path, none):
    assert read(stack_file(tmp_path, certificate_authorities=none)).certificate_authorities == {}


def test_a_ca_whose_template_the_stack_does_not_know_has_no_rules(tmp_path):
    entry = {**AUTHORITY, "device_certificate": None}
    stack = read(stack_file(tmp_path, certificate_authorities={"x": entry}))
    assert stack.certificate_authorities["x"].rules is None


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {**AUTHORITY, "device_certificate": {}},
        {**AUTHORITY, "device_certificate": {"parameters": ["Locality"]}},
    ],
)
def test_a_ca_of_another_shape_is_refused(tmp_path, entry):
    with pytest.raises(StackFileError, match="not the output of this module"):
        read(stack_file(tmp_path, certificate_authorities={"x": entry}))


def test_a_stack_says_in_which_region_it_is_and_where_the_default_home_is(tmp_path):
    arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-registry"
    stack = read(stack_file(tmp_path, registry_table_arn=arn, default_home_region="eu-west-1"))
    assert (stack.region, stack.default_home_region) == ("eu-central-1", "eu-west-1")
    older = read(stack_file(tmp_path))
    assert (older.region, older.default_home_region) == (None, None)
    with pytest.raises(StackFileError, match="not the output of this module"):
        read(stack_file(tmp_path, registry_table_arn="acme-registry"))
