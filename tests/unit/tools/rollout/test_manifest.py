"""What a manifest becomes: which targets there are, in which waves, with which values."""

import textwrap

from tests.unit.tools.rollout.fakes import load
from tools.rollout.model import Backend

HEAD = """\
version: 1
configuration: stack
backend: {type: local, settings: {path: "{account_name}/{region}/{account_id}/{partition}"}}
"""


def read(folder, text):
    return load(folder, HEAD + textwrap.dedent(text), "stack")


def keys(wave):
    return [target.key for target in wave.targets]


def test_the_shortest_manifest(tmp_path):
    loaded = read(
        tmp_path,
        """\
        regions: [eu-west-1]
        accounts: {one: "000000000001"}
        waves: [{name: all, rest: true}]
        """,
    )
    assert loaded.configuration == (tmp_path / "stack").resolve()
    assert (loaded.packages.directory, loaded.packages.sha256) == (None, {})
    (wave,) = loaded.waves
    (target,) = wave.targets
    assert (wave.max_parallel, wave.tolerated_failures, wave.bake_seconds) == (1, 0, 0)
    assert (wave.environment, target.role_arn, target.external_id) == (None, None, None)
    assert target.backend.place == "one/eu-west-1/000000000001/aws"
    assert target.terraform_variables() == {
        "account_id": "000000000001",
        "external_id": None,
        "region": "eu-west-1",
        "role_arn": None,
        "tags": {},
    }


def test_a_wave_goes_region_by_region_and_takes_accounts_labels_or_the_rest(tmp_path):
    loaded = read(
        tmp_path,
        """\
        regions: [us-east-1, eu-west-1]
        accounts:
          a: "000000000001"
          b: {id: "000000000002", labels: [pilot]}
          c: {id: "000000000003", labels: [slow, late], regions: [eu-west-1]}
          d: {id: "000000000004", labels: [late]}
        waves:
          - {name: first, accounts: [d], labels: [pilot], regions: [eu-west-1]}
          - {name: rest-of-europe, rest: true, regions: [eu-west-1]}
          - {name: late, labels: [late], regions: [us-east-1]}
          - {name: rest, rest: true, regions: [us-east-1]}
        """,
    )
    assert [keys(wave) for wave in loaded.waves] == [
        ["b/eu-west-1", "d/eu-west-1"],
        ["a/eu-west-1", "c/eu-west-1"],
        ["d/us-east-1"],
        ["a/us-east-1", "b/us-east-1"],
    ]
    assert [target.wave for target in loaded.targets][-1] == "rest"


def test_values_are_merged_from_defaults_account_and_overrides_in_their_order(tmp_path):
    loaded = read(
        tmp_path,
        """\
        regions: [eu-west-1, us-east-1]
        defaults:
          role_arn: arn:{partition}:iam::{account_id}:role/r
          external_id: "{account_name}"
          variables: {hook: {timeout: 4, memory: 128}, types: [a, b], kept: 1}
          tags: {Team: fleet, Stage: live}
        accounts:
          a: "000000000001"
          b:
            id: "000000000002"
            role_arn: null
            variables: {hook: {memory: 256}}
        overrides:
          - {regions: [us-east-1], variables: {hook: {timeout: 3}, types: [c]}}
          - {accounts: [b], regions: [us-east-1], variables: {hook: {timeout: 2}}}
          - {accounts: [a], tags: {Stage: trial}}
        waves: [{name: all, rest: true, max_parallel: 4}]
        """,
    )
    by_key = {target.key: target for target in loaded.targets}
    assert by_key["a/eu-west-1"].variables == {
        "hook": {"timeout": 4, "memory": 128},
        "types": ["a", "b"],
        "kept": 1,
    }
    assert by_key["b/us-east-1"].variables == {
        "hook": {"timeout": 2, "memory": 256},
        "types": ["c"],
        "kept": 1,
    }
    assert by_key["a/us-east-1"].variables["hook"] == {"timeout": 3, "memory": 128}
    assert by_key["a/us-east-1"].tags == {"Team": "fleet", "Stage": "trial"}
    assert by_key["b/us-east-1"].tags == {"Team": "fleet", "Stage": "live"}
    assert by_key["a/us-east-1"].role_arn == "arn:aws:iam::000000000001:role/r"
    assert by_key["b/us-east-1"].role_arn is None
    assert by_key["b/us-east-1"].external_id == "b"


def test_a_wave_follows_the_defaults_unless_it_says_otherwise(tmp_path):
    loaded = read(
        tmp_path,
        """\
        regions: [eu-west-1]
        defaults: {max_parallel: 3, failure_tolerance: 34%, bake_minutes: 1.5}
        accounts: {a: "000000000001", b: "000000000002", c: "000000000003", d: "000000000004"}
        packages: {directory: zips, sha256: {hook.zip: "DIGEST"}}
        waves:
          - {name: one, accounts: [a]}
          - {name: rest, rest: true, max_parallel: 9, bake_minutes: 0, environment: live}
        """.replace("DIGEST", 64 * "0"),
    )
    one, rest = loaded.waves
    assert (one.max_parallel, one.tolerated_failures, one.bake_seconds) == (3, 0, 90)
    # A third of three, rounded down, is one; of one it is none.
    assert (rest.max_parallel, rest.tolerated_failures, rest.bake_seconds) == (9, 1, 0)
    assert rest.environment == "live"
    assert loaded.packages.directory == (tmp_path / "zips").resolve()
    assert loaded.packages.sha256 == {"hook.zip": "0" * 64}


def test_anchors_and_merges_of_yaml_work(tmp_path):
    loaded = read(
        tmp_path,
        """\
        regions: [eu-west-1]
        accounts:
          a: &a {id: "000000000001", labels: [x]}
          b: {<<: *a, id: "000000000002"}
        waves: [{name: all, labels: [x]}]
        """,
    )
    assert [target.account_id for target in loaded.targets] == ["000000000001", "000000000002"]


def test_a_state_is_known_by_bucket_and_key(tmp_path):
    text = """\
        regions: [cn-north-1]
        accounts: {one: "000000000001"}
        waves: [{name: all, rest: true}]
        """
    assert read(tmp_path, text).targets[0].backend.place.endswith("/aws-cn")
    settings = {"bucket": "states", "key": "one/cn-north-1", "region": "cn-north-1"}
    assert Backend(type="s3", settings=settings).place == "s3://states/one/cn-north-1"
