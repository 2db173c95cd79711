"""Cold starts: from the start of an interpreter to the first allowed answer."""

import json
import os
import resource
import subprocess
import sys
import time

from tests.benchmarks.invocation import HANDLERS, event
from tests.benchmarks.stats import Series

RUNS = 15


def measure(registry, progress):
    """Run every contender in turn, ``RUNS`` times; returns CPU seconds and wall seconds by name."""
    cpu = {name: [] for name in HANDLERS}
    wall = {name: [] for name in HANDLERS}
    for _ in range(RUNS):
        for name in HANDLERS:
            cpu_seconds, wall_seconds = _start(name, *registry.enrol_one())
            cpu[name].append(cpu_seconds)
            wall[name].append(wall_seconds)
            progress()
    return (
        {name: Series(name, values) for name, values in cpu.items()},
        {name: Series(name, values) for name, values in wall.items()},
    )


def _start(name, serial, certificate_id):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.benchmarks.invocation",
            name,
            json.dumps(event(serial, certificate_id)),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ,
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall
