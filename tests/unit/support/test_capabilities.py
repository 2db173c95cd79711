"""The list of what the embedded endpoint lacks is true."""

import pytest

from tests.support.capabilities import PROBES, Capability, has, requires, skip_without

LACKING = set(Capability) - {Capability.IAM_ENFORCED}


@pytest.mark.parametrize("capability", sorted(LACKING, key=lambda c: c.name), ids=lambda c: c.name)
def test_the_embedded_endpoint_lacks_it(endpoint, capability):
    if not endpoint.embedded:
        pytest.skip("about the embedded endpoint; this one is external")
    assert has(capability, endpoint) is False, f"{capability.name} is served now: take it off"


def test_iam_is_enforced_only_where_it_was_asked_for(endpoint, auth_endpoint):
    if not endpoint.embedded:
        pytest.skip("about the embedded endpoint; this one is external")
    assert has(Capability.IAM_ENFORCED, endpoint) is False
    assert has(Capability.IAM_ENFORCED, auth_endpoint) is True


def test_a_skip_names_the_entry(endpoint, monkeypatch):
    monkeypatch.setitem(PROBES, Capability.CBOR, lambda _: False)
    has.cache_clear()
    with pytest.raises(pytest.skip.Exception, match="CBOR: the endpoint does not do this"):
        skip_without(Capability.CBOR, endpoint)


def test_a_probe_decides_for_an_external_endpoint(endpoint, monkeypatch):
    external = endpoint.in_account("999999999999")
    monkeypatch.setitem(PROBES, Capability.CBOR, lambda _: True)
    has.cache_clear()
    skip_without(Capability.CBOR, external)
    has.cache_clear()


@requires(Capability.IAM_ENFORCED)
def test_the_mark_looks_at_the_endpoint_that_the_test_uses(auth_endpoint):
    assert auth_endpoint.auth or not auth_endpoint.embedded
