"""Every mistake that a manifest may have, and the sentence that says what to change."""

import json

import jsonschema
import pytest

from tests.unit.tools.rollout.fakes import load
from tools.rollout import manifest, shape

SOUND = """\
version: 1
configuration: .
backend:
  type: s3
  settings:
    bucket: state
    key: "{account_name}/{region}.tfstate"
    region: eu-west-1
regions: [eu-west-1, us-east-1]
defaults:
  role_arn: arn:{partition}:iam::{account_id}:role/rollout
  variables: {name_prefix: acme}
accounts:
  one: "111111111111"
  two: {id: "222222222222", labels: [pilot]}
  three: {id: "333333333333", regions: [eu-west-1]}
overrides:
  - accounts: [two]
    variables: {hook: {timeout: 4}}
waves:
  - name: first
    accounts: [one]
  - name: second
    rest: true
    failure_tolerance: 1
"""

# What is put in place of what, and what is then said, after the line. The sentence is whole.
MISTAKES = {
    "another version": ("version: 1", "version: 2", "1: version is 2, but has to be 1."),
    "no version": (
        "version: 1\n",
        "# nothing\n",
        "2: version is missing: give 1.",
    ),
    "a misspelt key": (
        "regions: [",
        "region: [",
        "1: regions is missing: give a list of one Region or more, each once.",
        "9: region is not known here. Did you mean regions?",
    ),
    "an unknown key": (
        "rest: true",
        "remaining: 5",
        (
            "24: waves.second.remaining is not known here. Known are name, accounts, labels, rest, "
            "regions, max_parallel, failure_tolerance, bake_minutes and 1 more."
        ),
    ),
    "a key twice": (
        'one: "111111111111"',
        'one: "111111111111"\n  one: "444444444444"',
        (
            "15: accounts.one is given twice, first in line 14; YAML would take the second "
            "silently. Keep one."
        ),
    ),
    "not YAML": (
        "regions: [eu-west-1, us-east-1]",
        "regions: [eu-west-1",
        "10: This is not YAML: expected ',' or ']', but got ':'.",
    ),
    "a date": (
        "name_prefix: acme",
        "name_prefix: acme, since: 2027-01-31",
        "12: defaults.variables.since is 2027-01-31, which YAML reads as a date: put it in quotes.",
    ),
    "a date that is none": (
        "name_prefix: acme",
        "name_prefix: acme, since: 2027-13-31",
        "12: defaults.variables.since is 2027-13-31, which YAML cannot read: quote it.",
    ),
    "no number that JSON has": (
        "name_prefix: acme",
        "name_prefix: acme, most: .inf",
        "12: defaults.variables.most is .inf, and JSON has no such number.",
    ),
    "a key that is no text": (
        "name_prefix: acme",
        "name_prefix: acme, ports: {on: 1}",
        "12: The key on in defaults.variables.ports is not a text to YAML: put it in quotes.",
    ),
    "a tag of YAML": (
        "name_prefix: acme",
        "name_prefix: acme, key: !Ref Key",
        "12: defaults.variables.key has the YAML tag !Ref, which means nothing here.",
    ),
    "an alias in itself": (
        "variables: {name_prefix: acme}",
        "variables: &v {name_prefix: acme, again: *v}",
        "12: defaults.variables.again holds itself by an alias: write it out.",
    ),
    "a merge of no mapping": (
        "variables: {name_prefix: acme}",
        "variables: {<<: 5}",
        (
            "12: defaults.variables: expected a mapping or list of mappings for merging, but found "
            "scalar."
        ),
    ),
    "an account id as an octal number": (
        '"111111111111"',
        "011111111111",
        (
            "14: accounts.one is 011111111111, but has to be an id of twelve digits in quotes, or "
            "a mapping with the id."
        ),
    ),
    "an account id as a number": (
        'id: "222222222222"',
        "id: 222222222222",
        "15: accounts.two.id is 222222222222, but has to be twelve digits in quotes.",
    ),
    "eleven digits": (
        'id: "222222222222"',
        'id: "22222222222"',
        "15: accounts.two.id is '22222222222', but has to be twelve digits in quotes.",
    ),
    "digits and a line break": (
        'id: "222222222222"',
        'id: "222222222222\\n"',
        "15: accounts.two.id is '222222222222\\n', but has to be twelve digits in quotes.",
    ),
    "an account without id": (
        'id: "222222222222", ',
        "",
        "15: accounts.two.id is missing: give twelve digits in quotes.",
    ),
    "an account id twice": (
        "222222222222",
        "111111111111",
        "15: accounts.two: 111111111111 is the id of one too (line 14). Keep one of them.",
    ),
    "an account name with capitals": (
        "  three: {",
        "  Three: {",
        (
            "16: accounts.Three: the key has to be 1 to 48 lower-case letters, digits and hyphens, "
            "no hyphen first or last."
        ),
    ),
    "no account": (
        SOUND[SOUND.index("accounts:") : SOUND.index("overrides:")],
        "accounts: {}\n",
        (
            "13: accounts is an empty mapping, but has to be a mapping of names to accounts, with "
            "one account or more."
        ),
    ),
    "a label that YAML takes for false": (
        "labels: [pilot]",
        "labels: [no]",
        (
            "15: accounts.two.labels.#1 is no, but has to be 1 to 48 lower-case letters, digits "
            "and hyphens, no hyphen first or last."
        ),
    ),
    "no Region's code": (
        "[eu-west-1, us-east-1]",
        "[eu-west-1, Virginia]",
        "9: regions.#2 is 'Virginia', but has to be a Region's code, as in eu-west-1.",
    ),
    "a Region that there is not": (
        "[eu-west-1, us-east-1]",
        "[eu-west-1, eu-wset-1]",
        (
            "9: regions: AWS IoT is not in eu-wset-1, as far as the installed botocore knows. Did "
            "you mean eu-west-1?"
        ),
    ),
    "a Region twice": (
        "[eu-west-1, us-east-1]",
        "[eu-west-1, us-east-1, eu-west-1]",
        "9: regions has eu-west-1 twice: keep one.",
    ),
    "no Region": (
        "[eu-west-1, us-east-1]",
        "[]",
        "9: regions is an empty list, but has to be a list of one Region or more, each once.",
    ),
    "an account's Region that is not the manifest's": (
        "regions: [eu-west-1]}",
        "regions: [eu-central-1]}",
        (
            "16: accounts.three.regions: the manifest has no Region eu-central-1. Did you mean "
            "eu-west-1?"
        ),
    ),
    "Regions of two partitions": (
        "[eu-west-1, us-east-1]",
        "[eu-west-1, cn-north-1]",
        (
            "14: accounts.one has Regions of aws and aws-cn, and an account is in one partition. "
            "Give the account its own regions."
        ),
        (
            "15: accounts.two has Regions of aws and aws-cn, and an account is in one partition. "
            "Give the account its own regions."
        ),
    ),
    "no configuration": (
        "configuration: .",
        "configuration: elsewhere",
        (
            "2: configuration: elsewhere holds no .tf file. Give the Terraform root's directory, "
            "relative to the manifest."
        ),
    ),
    "a configuration that is no path": (
        "configuration: .",
        "configuration:",
        "2: configuration is empty, but has to be the path of a directory.",
    ),
    "another backend": (
        "type: s3",
        "type: gcs",
        "4: backend.type is 'gcs', but has to be s3 or local.",
    ),
    "a backend without its bucket": (
        "    bucket: state\n",
        "",
        (
            "5: backend.settings.bucket has to be a text: a backend of type s3 needs bucket, key "
            "and region."
        ),
    ),
    "one state for two targets": (
        "{account_name}/{region}",
        "{account_name}",
        (
            "7: backend.settings.key: one/eu-west-1 and one/us-east-1 would share one state, "
            "state/one.tfstate. Put {account_name} and {region} into it."
        ),
    ),
    "an unknown placeholder": (
        "{account_name}/{region}",
        "{account_name}-{regoin}",
        "7: backend.settings.key: nothing can be put in place of {regoin}. Did you mean region?",
        (
            "7: backend.settings.key: one/eu-west-1 and one/us-east-1 would share one state, "
            "state/one-{regoin}.tfstate. Put {account_name} and {region} into it."
        ),
    ),
    "an open brace": (
        "iam::{account_id}:",
        "iam::{account_id:",
        "11: defaults.role_arn: a brace is open or closed by itself. Complete it.",
    ),
    "a credential of the backend's": (
        "    bucket: state\n",
        "    bucket: state\n    secret_key: x\n",
        (
            "7: backend.settings.secret_key is a credential by its name. A manifest holds none: "
            "take it out and use the environment or a role."
        ),
    ),
    "a value that is a credential": (
        "name_prefix: acme",
        "name_prefix: acme, hook: {keys: [AKIA" + 16 * "A" + "]}",
        (
            "12: defaults.variables.hook.keys.#1 looks like a credential. A manifest holds none: "
            "take it out, change the credential, and use the environment or a role."
        ),
    ),
    "no role": (
        "arn:{partition}:iam::{account_id}:role/rollout",
        "rollout",
        "11: defaults.role_arn: rollout is not the ARN of an IAM role.",
    ),
    "another account's role": (
        "iam::{account_id}:",
        "iam::999999999999:",
        (
            "11: defaults.role_arn: the role is in the account 999999999999, and one is "
            "111111111111. Write {account_id} for the number."
        ),
    ),
    "another partition's role": (
        "arn:{partition}:",
        "arn:aws-cn:",
        (
            "11: defaults.role_arn: eu-west-1 is in the partition aws, and the role in aws-cn. "
            "Write {partition}."
        ),
    ),
    "a role of an account's own": (
        "regions: [eu-west-1]}",
        "regions: [eu-west-1], role_arn: 5}",
        (
            "16: accounts.three.role_arn is 5, but has to be a role's ARN, as in "
            "arn:{partition}:iam::{account_id}:role/iot-rollout, or null."
        ),
    ),
    "an external id with a space": (
        "  role_arn: arn",
        "  external_id: a b\n  role_arn: arn",
        "11: defaults.external_id is 'a b', but has to be 2 to 1224 letters, digits and _+=,.@:/-.",
    ),
    "a name prefix with capitals": (
        "name_prefix: acme",
        "name_prefix: Acme",
        (
            "12: defaults.variables.name_prefix is 'Acme', but has to be 2 to 20 lower-case "
            "letters, digits and hyphens, begin with a letter and not end with a hyphen."
        ),
    ),
    "a variable that the target decides": (
        "hook: {timeout: 4}",
        "region: eu-west-1",
        (
            "19: overrides.#1.variables.region: the rollout itself says what region is. Take it "
            "out of the variables."
        ),
    ),
    "a variable that is none": (
        "hook: {timeout: 4}",
        "1st: {timeout: 4}",
        "19: overrides.#1.variables.1st: the key has to be the name of a Terraform variable.",
    ),
    "a tag of AWS": (
        "variables: {hook: {timeout: 4}}",
        "tags: {aws:owner: x}",
        (
            "19: overrides.#1.tags.aws:owner: the key has to be a tag's key: 1 to 128 letters, "
            "digits, spaces and _.:/=+@-, not beginning with aws:."
        ),
    ),
    "a tag with a number": (
        "variables: {hook: {timeout: 4}}",
        "tags: {cost-centre: 4711}",
        (
            "19: overrides.#1.tags.cost-centre is 4711, but has to be a text of at most 256 "
            "letters, digits, spaces and _.:/=+@-; put numbers in quotes."
        ),
    ),
    "an override for an unknown account": (
        "- accounts: [two]",
        "- accounts: [too]",
        "18: overrides.#1.accounts: the manifest has no account too. Did you mean two?",
    ),
    "an override for an unknown Region": (
        "- accounts: [two]",
        "- regions: [eu-west-2]",
        "18: overrides.#1.regions: the manifest has no Region eu-west-2. Did you mean eu-west-1?",
    ),
    "an override for nothing": (
        "- accounts: [two]",
        "- accounts: [three]\n    regions: [us-east-1]",
        "18: overrides.#1 chooses no target: change its accounts, labels or regions.",
    ),
    "an override of nothing": (
        "    variables: {hook: {timeout: 4}}\n",
        "",
        "18: overrides.#1 says nothing: give it variables or tags, or remove it.",
    ),
    "a package's digest": (
        "regions: [eu-west-1, us-east-1]\n",
        "regions: [eu-west-1, us-east-1]\npackages: {sha256: {hook.zip: abc}}\n",
        "10: packages.sha256.hook.zip is 'abc', but has to be 64 hexadecimal digits in lower case.",
    ),
    "a package's name": (
        "regions: [eu-west-1, us-east-1]\n",
        "regions: [eu-west-1, us-east-1]\npackages: {sha256: {hook: " + 64 * "a" + "}}\n",
        (
            "10: packages.sha256.hook: the key has to be the name of a zip, as in "
            "provisioning_hook.zip."
        ),
    ),
    "no wave": (
        SOUND[SOUND.index("waves:") :],
        "waves: []\n",
        "20: waves is an empty list, but has to be a list of one wave or more.",
    ),
    "a wave that is no mapping": (
        "- name: second\n    rest: true\n    failure_tolerance: 1",
        "- second",
        "23: waves.#2 is 'second', but has to be a mapping.",
    ),
    "a wave without a name": (
        "- name: second\n    rest: true",
        "- rest: true",
        (
            "23: waves.#2.name is missing: give 1 to 48 lower-case letters, digits and hyphens, no "
            "hyphen first or last."
        ),
    ),
    "two waves of one name": (
        "name: second",
        "name: first",
        "23: waves: first is the name of an earlier wave too (line 21). Give each its own.",
    ),
    "a wave of nobody": (
        "    accounts: [one]\n",
        "",
        "21: waves.first does not say whom it takes: give it accounts, labels or `rest: true`.",
    ),
    "a wave of the rest and of others": (
        "rest: true",
        "rest: true\n    labels: [pilot]",
        "23: waves.second takes the rest and names labels: keep one.",
    ),
    "rest that is not": (
        "rest: true",
        "rest: false",
        "24: waves.second.rest is false, but has to be true; leave it out otherwise.",
    ),
    "a wave with an unknown account": (
        "accounts: [one]",
        "accounts: [one, trhee]",
        "22: waves.first.accounts: the manifest has no account trhee. Did you mean three?",
    ),
    "a wave with an unknown label": (
        "rest: true",
        "labels: [pilots]",
        "24: waves.second.labels: the manifest has no label pilots. Did you mean pilot?",
    ),
    "an account in no wave": (
        "rest: true",
        "accounts: [two]",
        (
            "16: accounts.three is in no wave in eu-west-1: name it in one, or end with a wave of "
            "`rest: true`."
        ),
    ),
    "an account in two waves": (
        "rest: true",
        "accounts: [one, two, three]",
        (
            "23: waves.second takes one/eu-west-1 and 1 more, which waves.first (line 21) has "
            "already. A target goes in one wave."
        ),
    ),
    "a wave without a target": (
        "accounts: [one]",
        "accounts: [three]\n    regions: [us-east-1]",
        "21: waves.first has no target: change what it takes, or remove it.",
    ),
    "a tolerance of the whole wave": (
        "failure_tolerance: 1",
        "failure_tolerance: 3",
        (
            "25: waves.second.failure_tolerance is 3, and the wave has 3 targets: all may fail and "
            "the next wave begins. Tolerate at most 2."
        ),
    ),
    "a tolerance of all": (
        "failure_tolerance: 1",
        "failure_tolerance: 100%",
        (
            "25: waves.second.failure_tolerance is '100%', but has to be a whole number, 0 or "
            "more, or a share below 100%, as in 10%."
        ),
    ),
    "a tolerance below nothing": (
        "failure_tolerance: 1",
        "failure_tolerance: -1",
        (
            "25: waves.second.failure_tolerance is -1, but has to be a whole number, 0 or more, or "
            "a share below 100%, as in 10%."
        ),
    ),
    "none in parallel": (
        "failure_tolerance: 1",
        "max_parallel: 0",
        "25: waves.second.max_parallel is 0, but has to be a whole number, 1 or more.",
    ),
    "true in parallel": (
        "failure_tolerance: 1",
        "max_parallel: yes",
        "25: waves.second.max_parallel is yes, but has to be a whole number, 1 or more.",
    ),
    "a bake of words": (
        "failure_tolerance: 1",
        "bake_minutes: 1 hour",
        "25: waves.second.bake_minutes is '1 hour', but has to be minutes, 0 to 10080 (a week).",
    ),
    "no environment": (
        "failure_tolerance: 1",
        'environment: ""',
        (
            "25: waves.second.environment is empty, but has to be the name of a GitHub "
            "environment, 1 to 255 characters."
        ),
    ),
    "a list": (
        SOUND,
        "- 1\n- 2\n",
        (
            "1: The manifest is a list of 2, but has to be a mapping with "
            "version, configuration, backend, regions, accounts and waves."
        ),
    ),
    "nothing": (
        SOUND,
        "# later\n",
        "1: The file is empty: it has to say version, accounts and waves.",
    ),
    "a character that YAML refuses": (
        "state",
        "sta\x07te",
        (
            "1: This is not YAML: unacceptable character #x0007: special characters are not "
            "allowed "
            'in "<unicode string>", position 75.'
        ),
    ),
}


def told(folder, text):
    """What is said of a manifest, a line for each mistake, without the file's name."""
    with pytest.raises(manifest.ManifestError) as caught:
        load(folder, text)
    lines = [f"{each.line}: {each.sentence}" for each in caught.value.mistakes]
    assert str(caught.value) == "\n".join(f"{folder / 'rollout.yaml'}:{line}" for line in lines)
    return lines


def test_the_manifest_that_the_mistakes_are_made_in_has_none(tmp_path):
    loaded = load(tmp_path, SOUND)
    assert [target.key for target in loaded.targets] == [
        "one/eu-west-1",
        "one/us-east-1",
        "two/eu-west-1",
        "three/eu-west-1",
        "two/us-east-1",
    ]


@pytest.mark.parametrize("case", MISTAKES)
def test_each_mistake_is_told_in_its_line_with_what_to_change(case, tmp_path):
    old, new, *sentences = MISTAKES[case]
    assert SOUND.count(old) >= 1
    assert told(tmp_path, SOUND.replace(old, new, 1)) == sentences


def test_all_mistakes_are_told_at_once_in_the_order_of_the_lines(tmp_path):
    text = SOUND.replace("version: 1", "version: 3").replace("name: second", "name: first")
    text = text.replace("[two]", "[tow]").replace("name_prefix: acme", "name_prefix: A")
    lines = [int(sentence.partition(":")[0]) for sentence in told(tmp_path, text)]
    assert lines == [1, 12, 18, 23]


def test_an_account_may_be_missing_in_one_region_alone(tmp_path):
    text = SOUND.replace("accounts: [one]", "accounts: [one]\n    regions: [eu-west-1]")
    assert told(tmp_path, text.replace("rest: true", "accounts: [two, three]")) == [
        (
            "14: accounts.one is in no wave in us-east-1: name it in one, or end with a wave of "
            "`rest: true`."
        )
    ]


def test_a_file_that_is_not_utf_8_is_told(tmp_path):
    assert told(tmp_path, b"version: \xff\n") == [
        "1: The file is not UTF-8 (byte 9): save it as UTF-8."
    ]


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(manifest.ManifestError, match="cannot be read: No such file or directory"):
        manifest.load(tmp_path / "rollout.yaml")


def test_a_private_key_is_no_value(tmp_path):
    header = "-----BEGIN EC " + "PRIVATE KEY-----"
    text = SOUND.replace("{timeout: 4}", json.dumps(header))
    assert [line.split(" A manifest")[0] for line in told(tmp_path, text)] == [
        "19: overrides.#1.variables.hook looks like a credential."
    ]


def _described(schema):
    yield schema
    for key in ("properties", "$defs"):
        for inner in schema.get(key, {}).values():
            yield from _described(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _described(schema[key])


def test_the_schema_is_one_and_says_what_everything_is():
    jsonschema.Draft202012Validator.check_schema(shape.SCHEMA)
    for part in _described(shape.SCHEMA):
        assert "description" in part or "$ref" in part, part
        assert "x-wants" in part or "$ref" in part or part["type"] == "object", part


def test_every_key_of_the_schema_is_closed():
    """A misspelt key is told wherever one may stand, except where names are the operator's."""
    free = {"variables", "tags", "settings", "sha256", "accounts"}
    for part in _described(shape.SCHEMA):
        for name, inner in part.get("properties", {}).items():
            if inner.get("type") == "object" and name not in free:
                assert inner["additionalProperties"] is False
