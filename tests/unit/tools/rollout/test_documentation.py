"""The manifests that people copy: each is sound, and means what is said of it."""

import re
from pathlib import Path

import pytest

from tests.unit.tools.rollout.fakes import load
from tools.rollout import manifest

ROOT = Path(__file__).resolve().parents[4]
PLACE = "terraform/examples/multi-account"
GUIDE = (ROOT / "docs/rollouts.md").read_text()


@pytest.fixture
def written():
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    return text


def test_the_manifest_of_the_guide_is_sound(written, tmp_path):
    loaded = load(tmp_path, written, PLACE)
    assert [(wave.name, len(wave.targets)) for wave in loaded.waves] == [
        ("sandbox", 2),
        ("pilot", 3),
        ("everyone", 4),
    ]
    by_key = {target.key: target for target in loaded.targets}
    assert by_key["factory-oslo/us-east-1"].variables["hook"] == {"timeout": 3}
    assert by_key["factory-oslo/eu-west-1"].variables["hook"] == {"timeout": 4}


def test_the_mistakes_that_the_guide_shows_are_said_so(written, tmp_path):
    text = written.replace('"555555555555"', '"444444444444"')
    text = text.replace("accounts: [sandbox]\n    max", "accounts: [sandbx]\n    max")
    text = text.replace("bake_minutes: 60", "bake_minutes: 1 hour")
    shown = re.findall(r"^rollout\.yaml:(\d+: .*)$", GUIDE, re.MULTILINE)
    assert len(shown) == 3
    with pytest.raises(manifest.ManifestError) as caught:
        load(tmp_path, text, PLACE)
    assert [f"{each.line}: {each.sentence}" for each in caught.value.mistakes] == shown


def test_the_ready_made_manifest_has_three_accounts_two_regions_and_three_waves(tmp_path):
    loaded = load(tmp_path, (ROOT / PLACE / "rollout.yaml").read_text())
    assert len({target.account_id for target in loaded.targets}) == 3
    assert len({target.region for target in loaded.targets}) == 2
    assert [len(wave.targets) for wave in loaded.waves] == [2, 2, 2]
