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
