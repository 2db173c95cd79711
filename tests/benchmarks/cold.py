"""Cold starts: from the start of an interpreter to the first allowed answer.

The code runs from unpacked packages without bytecode files, as on Lambda: compiling it is part of
a cold start. boto3 is installed, so its bytecode is there, as in the runtime.
"""

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from tests.benchmarks.invocation import HANDLERS, event
from tests.benchmarks.stats import Series

RUNS = 15
ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "build/provisioning_hook.zip"


def measure(registry, progress):
    """Run every contender in turn, ``RUNS`` times; returns CPU seconds and wall seconds by name."""
    cpu = {name: [] for name in HANDLERS}
    wall = {name: [] for name in HANDLERS}
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        _unpack(Path(directory))
        for _ in range(RUNS):
            for name in random.sample(sorted(HANDLERS), len(HANDLERS)):
                cpu_seconds, wall_seconds = _start(directory, name, *registry.enrol_one())
                cpu[name].append(cpu_seconds)
                wall[name].append(wall_seconds)
                progress()
    return (
        {name: Series(name, values) for name, values in cpu.items()},
        {name: Series(name, values) for name, values in wall.items()},
    )


def _unpack(directory):
    with zipfile.ZipFile(PACKAGE) as package:
        package.extractall(directory)
    for module in ("__init__", "benchmarks/__init__", "benchmarks/invocation"):
        target = directory / "tests" / f"{module}.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / f"{module}.py", target)
    shutil.copytree(
        ROOT / "tests/benchmarks/handlers",
        directory / "tests/benchmarks/handlers",
        ignore=shutil.ignore_patterns("__pycache__"),
    )


def _start(directory, name, serial, certificate_id):
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
        cwd=directory,
        env={**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall
