"""What a plan says about where its resources are written, and about values it does not know."""

import pytest

from tools.checkov import plans
from tools.checkov.plans import Plan

KEY = 'module.stack.module.keys["a.b[0]"].aws_kms_key.this[0]'


def document(values, unknown, expressions):
    """A plan with one key in a module of a module, and one data source."""
    key = {"address": KEY, "mode": "managed", "values": values}
    keys = {"resources": [{"address": "aws_kms_key.this", "expressions": expressions}]}
    stack = {"module_calls": {"keys": {"source": "./modules/keys", "module": keys}}}
    here = {"address": "data.aws_region.here", "mode": "data", "values": {}}
    return {
        "planned_values": {
            "root_module": {
                "resources": [here],
                "child_modules": [{"child_modules": [{"resources": [key]}]}],
            }
        },
        "resource_changes": [{"address": KEY, "change": {"after_unknown": unknown}}],
        "configuration": {
            "root_module": {"module_calls": {"stack": {"source": "../..", "module": stack}}}
        },
    }


def settled(values, unknown, expressions):
    made = document(values, unknown, expressions)
    plans.settle(made)
    module = made["planned_values"]["root_module"]["child_modules"][0]["child_modules"][0]
    return module["resources"][0]["values"]


@pytest.mark.parametrize(
    ("address", "source"),
    [
        (KEY, ("terraform/modules/keys", "aws_kms_key.this")),
        ("module.stack.data.aws_region.here", ("terraform", "data.aws_region.here")),
        (
            'aws_iot_thing_group.country["DE"]',
            ("terraform/examples/x", "aws_iot_thing_group.country"),
        ),
        ("aws.default", ("terraform/examples/x", "aws.default")),
    ],
)
def test_a_resource_is_found_where_it_is_written(address, source):
    plan = Plan("terraform/examples/x", document({}, {}, {}), {})
    assert plan.source_of(address) == source


def test_resources_are_counted_without_data_sources():
    plan = Plan("terraform/examples/x", document({}, {}, {}), {})
    assert (plan.name, plan.resources) == ("x", 1)


def test_what_is_known_after_the_apply_becomes_what_it_refers_to():
    expressions = {"policy": {"references": ["var.policy", "var"]}}
    assert settled({}, {"policy": True}, expressions) == {"policy": "var.policy"}


def test_what_nobody_set_stays_out():
    unknown = {"arn": True, "policy": True, "tags": {"a": True}}
    expressions = {"policy": {"constant_value": "x"}}
    assert settled({"tags": {}}, unknown, expressions) == {"tags": {}}


def test_what_is_known_stays():
    expressions = {"policy": {"references": ["var.policy"]}}
    assert settled({"policy": "x"}, {"policy": False}, expressions) == {"policy": "x"}


def test_blocks_are_filled_each_by_its_own_expressions():
    values = {"rule": [{"days": 1}, {"days": 2}]}
    unknown = {"rule": [{"key": True}, {"key": True}]}
    written = [{"key": {"references": [name]}} for name in ("var.one", "var.two")]
    assert settled(values, unknown, {"rule": written}) == {
        "rule": [{"days": 1, "key": "var.one"}, {"days": 2, "key": "var.two"}]
    }


def test_blocks_of_a_dynamic_one_share_its_expressions():
    values = {"rule": [{}, {}]}
    unknown = {"rule": [{"key": True}, {"key": True}]}
    written = {"rule": [{"key": {"references": ["rule.value"]}}]}
    assert settled(values, unknown, written) == {"rule": [{"key": "rule.value"}] * 2}


def test_the_root_module_is_planned_by_a_name_of_its_own():
    assert Plan("terraform", document({}, {}, {}), {}).name == "every choice"


def test_a_project_without_examples_has_no_plans(tmp_path):
    assert plans.plans(tmp_path) == []


@pytest.mark.parametrize(
    ("address", "directory"),
    [(KEY, "live/.terraform/modules/stack/terraform/modules/keys"), ("aws_x.this", "live")],
)
def test_a_resource_of_a_module_from_elsewhere_is_where_terraform_put_it(address, directory):
    modules = {
        "": ".",
        "stack": ".terraform/modules/stack/terraform",
        "stack.keys": ".terraform/modules/stack/terraform/modules/keys",
    }
    made = document({}, {}, {})
    calls = made["configuration"]["root_module"]["module_calls"]
    calls["stack"]["source"] = "git::https://example.com/iot.git//terraform?ref=v1"
    plan = Plan("live", made, {}, modules)
    assert plan.source_of(address)[0] == directory
    assert plan.directories == {"live", "live/.terraform/modules/stack/terraform/modules/keys"}
