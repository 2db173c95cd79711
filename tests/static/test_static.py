"""The checks of `make lint`, so that one command runs every check there is."""

import pytest

from tests.support.make import make


@pytest.mark.parametrize("target", ["lint-python", "lint-terraform", "lint-docs", "lint-workflows"])
def test_target(target):
    make(target)
