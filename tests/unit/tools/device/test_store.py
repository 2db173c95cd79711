import json
import os
import stat
from pathlib import Path

import pytest

from tools.device.failures import CredentialStoreError
from tools.device.model import ClientCredentials
from tools.device.state import Identity
from tools.device.store import CredentialStore, EndpointStore


def identity(name="a", **fields):
    return Identity(name * 64, ClientCredentials(f"cert {name}", f"key {name}"), **fields)


@pytest.fixture
def store(tmp_path):
    return CredentialStore(tmp_path / "devices")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    "stored",
    [
        identity(ownership_token="token", token_expires_at=12.5),
        identity(thing_name="acme-SN-1", device_configuration={"a": "b"}, confirmed=True),
    ],
)
def test_what_is_saved_is_loaded(store, stored):
    assert store.load("SN-1") is None
    store.save("SN-1", stored)
    assert store.load("SN-1") == stored
    assert store.load("SN-2") is None


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_only_the_owner_can_read_anything(store, umask):
    before = os.umask(umask & 0o077)
    try:
        store.save("SN-1", identity(ownership_token="token"))
        store.save_uncertified_key("SN-1", "key")
    finally:
        os.umask(before)
    directory = store.directory("SN-1")
    assert mode(directory) == 0o700
    assert {mode(file) for file in directory.iterdir()} == {0o600}


def test_a_new_identity_leaves_nothing_of_the_old_one(store):
    store.save_uncertified_key("SN-1", "key")
    store.save("SN-1", identity("a"))
    store.save("SN-1", identity("b"))
    assert sorted(file.name for file in store.directory("SN-1").iterdir()) == [
        f"{'b' * 64}.cert.pem",
        f"{'b' * 64}.key.pem",
        "identity.json",
    ]


@pytest.mark.parametrize("interrupted_at", [1, 2, 3])
def test_power_lost_while_saving_leaves_the_old_identity(store, monkeypatch, interrupted_at):
    store.save("SN-1", identity("a"))
    replaced = []
    replace = Path.replace

    def replace_until_power_is_lost(self, target):
        replaced.append(target)
        if len(replaced) == interrupted_at:
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", replace_until_power_is_lost)
    with pytest.raises(KeyboardInterrupt):
        store.save("SN-1", identity("b"))
    assert store.load("SN-1") == identity("a")
    assert not [f for f in store.directory("SN-1").iterdir() if f.name.startswith(".")]


def test_an_uncertified_key_waits_for_its_certificate(store):
    assert store.load_uncertified_key("SN-1") is None
    store.save_uncertified_key("SN-1", "key")
    assert store.load_uncertified_key("SN-1") == "key"
    assert store.load("SN-1") is None
    store.save("SN-1", identity())
    assert store.load_uncertified_key("SN-1") is None


@pytest.mark.parametrize("serial", ["../../etc", "..", ".", "", "a/b", "/absolute", "ü", "a\0b"])
def test_no_serial_number_leads_out_of_the_store(store, tmp_path, serial):
    directory = store.directory(serial)
    assert directory.parent == tmp_path / "devices"
    assert directory.name not in {"", ".", ".."}
    store.save(serial, identity())
    assert store.load(serial) == identity()


def spoil(text):
    def change(directory):
        (directory / "identity.json").write_text(text)

    return change


def lose_the_key(directory):
    (directory / f"{'a' * 64}.key.pem").unlink()


def next_schema(directory):
    file = directory / "identity.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schemaVersion": 2}))


@pytest.mark.parametrize(
    "damage", [spoil("{"), spoil("{}"), spoil("[]"), lose_the_key, next_schema]
)
def test_a_damaged_identity_is_reported_and_not_replaced(store, damage):
    store.save("SN-1", identity())
    damage(store.directory("SN-1"))
    with pytest.raises(CredentialStoreError, match="cannot be read") as failure:
        store.load("SN-1")
    assert "key a" not in str(failure.value)


@pytest.fixture
def stores(tmp_path):
    """Those of two endpoints, one of whose names would lead out of the directory."""
    return [EndpointStore(tmp_path / "devices", name) for name in ("one.example", "../two")]


def test_what_is_under_way_at_one_endpoint_is_not_at_another(store, stores):
    one, two = stores
    one.save("SN-1", identity(ownership_token="token"))
    two.save_uncertified_key("SN-1", "key")
    assert one.load("SN-1") == identity(ownership_token="token")
    assert two.load("SN-1") is None
    assert one.load_uncertified_key("SN-1") is None
    assert two.load_uncertified_key("SN-1") == "key"
    assert store.load("SN-1") is None


def test_a_registered_identity_is_everywhere_and_ends_what_is_under_way(store, stores, tmp_path):
    one, two = stores
    one.save("SN-1", identity(ownership_token="token"))
    one.save("SN-2", identity(ownership_token="token"))
    mine = identity("b", thing_name="acme-SN-1")
    two.save("SN-1", mine)
    assert [each.load("SN-1") for each in (store, one, two)] == [mine] * 3
    assert one.load("SN-2") is not None
    # No key of the other certificate is left.
    assert not [file for file in tmp_path.rglob("SN-1/*") if file.name.startswith("a" * 64)]


def test_a_device_cannot_be_mistaken_for_an_endpoint(store, stores):
    stores[0].save("SN-1", identity(ownership_token="token"))
    assert store.load("@one.example/SN-1") is None
    assert store.directory("@one.example").name == "%40one.example"
