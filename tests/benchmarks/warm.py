"""Warm calls: the hook against one bare UpdateItem through the same connection, and the others."""

import contextlib
import io
import os
import random
import time

from device_registry import regions
from device_registry.claim import ClaimRequest, claim_update
from tests.benchmarks.invocation import CONTEXT, HANDLERS, event, load
from tests.benchmarks.stats import Series

ROUNDS = 400
BARE = "bare UpdateItem"


def measure(registry, progress):
    """Call every contender in turn, ``ROUNDS`` times each; returns seconds by name."""
    contenders = {name: _invocation(name) for name in HANDLERS} | {BARE: _bare_update(registry)}
    seconds = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        # In another order each time: what runs after a costly neighbour pays for it.
        for name, call in random.sample(sorted(contenders.items()), len(contenders)):
            serial, certificate_id = registry.enrol_one()
            start = time.perf_counter()
            call(serial, certificate_id)
            seconds[name].append(time.perf_counter() - start)
        progress()
    return {name: Series(name, values) for name, values in seconds.items()}


def _invocation(name):
    handler = load(name)

    def call(serial, certificate_id):
        with contextlib.redirect_stdout(io.StringIO()):
            answer = handler(event(serial, certificate_id), CONTEXT)
        if answer["allowProvisioning"] is not True:
            raise AssertionError(f"{name} did not allow the device")

    return call


def _bare_update(registry):
    from provisioning_hook.handler import DYNAMODB  # noqa: PLC0415  the hook's own connection

    here = regions.from_environment(os.environ)

    def call(serial, certificate_id):
        request = ClaimRequest(
            serial_number=serial,
            device_type="gateway",
            manufacturer="",
            certificate_id=certificate_id,
            claim_certificate_id="c1" * 32,
            template_name="bench-default",
            thing_name=f"bench-{serial}",
        )
        arguments = {
            "TableName": registry.table_name,
            **claim_update(request, int(time.time()), 3600, here),
        }
        DYNAMODB.update_item(arguments, time.monotonic() + 3.5)

    return call
