import threading
import time

import pytest

from tools.ordered import in_order


def test_results_come_in_the_order_of_the_tasks_however_long_each_takes():
    def work(task):
        time.sleep(0.02 if task % 3 == 0 else 0)
        return task * 2

    assert list(in_order(work, range(20), workers=4)) == [(n, n * 2) for n in range(20)]


def test_no_more_is_taken_than_can_be_under_way():
    taken = []

    def tasks():
        for n in range(100):
            taken.append(n)
            yield n

    results = in_order(lambda task: task, tasks(), workers=3)
    next(results)
    assert len(taken) <= 6
    results.close()
    assert len(taken) <= 6


def test_an_error_comes_in_its_place_and_what_has_not_begun_is_dropped():
    begun = []
    go_on = threading.Event()

    def work(task):
        begun.append(task)
        if task == 1:
            raise ValueError(task)
        if task > 1:
            go_on.wait(0.2)
        return task

    results = in_order(work, range(100), workers=1)
    assert next(results) == (0, 0)
    with pytest.raises(ValueError, match="1"):
        next(results)
    assert max(begun) <= 3
