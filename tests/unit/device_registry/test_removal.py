"""Removals: what is gone already, what AWS does not see yet, and what AWS refuses."""

import pytest
from botocore.exceptions import ClientError

from device_registry.removal import remove_if_there, remove_settled


def answers(*codes):
    """Return a client's method that AWS answers so, one call after another; None is a success."""
    left = list(codes)

    def call(**request):
        assert request == {"thingName": "acme-1"}
        if code := left.pop(0):
            raise ClientError({"Error": {"Code": code}}, "DeleteThing")

    call.left = left
    return call


def settle(call):
    slept = []
    remove_settled(call, pauses=(1, 2), sleep=slept.append, thingName="acme-1")
    return slept


def test_what_is_gone_counts_as_removed():
    remove_if_there(answers("ResourceNotFoundException"), thingName="acme-1")
    assert settle(answers("ResourceNotFoundException")) == []


def test_a_refusal_is_not_hidden():
    with pytest.raises(ClientError, match="Unauthorized"):
        remove_if_there(answers("UnauthorizedException"), thingName="acme-1")
    call = answers("UnauthorizedException", None)
    with pytest.raises(ClientError, match="Unauthorized"):
        settle(call)
    assert call.left == [None]


@pytest.mark.parametrize("code", ["DeleteConflictException", "InvalidRequestException"])
def test_a_detachment_that_is_not_seen_yet_is_waited_for(code):
    assert settle(answers(code, None)) == [1]
    assert settle(answers(code, code, None)) == [1, 2]
    with pytest.raises(ClientError, match=code):
        settle(answers(code, code, code))
