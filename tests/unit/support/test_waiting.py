"""Whoever waits gets what there is to see, and is told what there was not."""

import time

import pytest

from tests.support.waiting import in_time, until

BOTH = pytest.mark.parametrize("wait", [until, in_time])


@BOTH
def test_the_first_thing_seen_is_returned_and_nobody_looks_again(wait):
    looks = iter([None, [], "seen"])
    assert wait(lambda: next(looks), 5, pause=0) == "seen"
    assert next(looks, "nothing is left") == "nothing is left"


@BOTH
def test_there_is_one_look_even_without_time(wait):
    assert wait(lambda: "seen", 0) == "seen"


@BOTH
def test_between_two_looks_is_a_pause(wait):
    looks = iter([None, "seen"])
    begin = time.monotonic()
    wait(lambda: next(looks), 5, pause=0.05)
    assert time.monotonic() - begin >= 0.05


def test_what_was_waited_for_is_named_and_what_there_was_instead():
    def arrived():
        """The letter has arrived.

        By whatever way.
        """
        return []

    begin = time.monotonic()
    with pytest.raises(AssertionError) as failure:
        until(arrived, 0.05, pause=0.01)
    assert str(failure.value) == ("not within 0.05 s: The letter has arrived. The last look saw []")
    assert 0.05 <= time.monotonic() - begin < 5


def test_what_has_no_words_is_named_by_its_source():
    letters = "abc"
    with pytest.raises(AssertionError, match=r"until\(lambda: letters\[3:\], 0\)"):
        until(lambda: letters[3:], 0)


def test_what_has_no_source_is_named_all_the_same():
    class Nothing:
        def __call__(self):
            return 0

    with pytest.raises(AssertionError, match="Nothing object"):
        until(Nothing(), 0)


def test_who_says_for_himself_what_is_wrong_gets_the_last_answer():
    looks = iter([None, 0, []])
    assert in_time(lambda: next(looks, ()), 0.05, pause=0.01) == ()
