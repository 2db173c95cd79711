"""`make bench`: every figure is a ratio to something measured in the same run."""

import json
import os
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.benchmarks import cold, throughput, warm
from tests.benchmarks.invocation import HANDLERS
from tests.benchmarks.registry import Registry
from tests.benchmarks.stats import ratio
from tests.support.endpoint import using
from tests.support.terraform import ROOT
from tools.endpoint import embedded_endpoint

REPORT = ROOT / "build/bench.json"
TABLE = "bench-registry"
FUNCTION_ENVIRONMENT = {
    "DEVICE_REGISTRY_TABLE": TABLE,
    "NAME_PREFIX": "bench",
    "CLAIM_LEASE_SECONDS": "3600",
}


def main():
    """Measure, print the tables, write the report; fails when a limit is not kept."""
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        embedded_endpoint() as endpoint,
        using(endpoint),
        Progress(*columns, TimeElapsedColumn(), console=console) as progress,
    ):
        os.environ.update(FUNCTION_ENVIRONMENT)
        steps = partial(_steps, progress)
        registry = Registry.create(TABLE, "gateway")
        cpu, wall = cold.measure(registry, steps("Cold starts", cold.RUNS * len(HANDLERS)))
        seconds = warm.measure(registry, steps("Warm calls", warm.ROUNDS))
        registry.delete()
        rounds = 2 * (throughput.ROUNDS + 1)
        rates = throughput.measure(endpoint, Registry, steps("Provisioning", rounds))
    figures = _figures(cpu, wall, seconds, rates)
    for title, unit, rows in _tables(cpu, wall, seconds, rates):
        console.print(_table(title, unit, rows))
    console.print(_limits(figures))
    REPORT.write_text(
        json.dumps({"limits": figures, "series": _series(cpu, wall, seconds, rates)}, indent=2)
        + "\n"
    )
    console.print(f"Written to {REPORT.relative_to(Path.cwd())}")
    missed = [f"{f['figure']}: {f['ratio']:.2f} ({f['limit']})" for f in figures if not f["kept"]]
    if missed:
        raise SystemExit("A limit is not kept: " + "; ".join(missed))


def _steps(progress, description, total):
    task = progress.add_task(description, total=total)
    return lambda: progress.advance(task)


def _figures(cpu, wall, seconds, rates):
    measured = [
        ("cold start, CPU: hook / naive", ratio(cpu["hook"], cpu["naive"]), "at most", 0.75),
        (
            "warm call: hook / bare UpdateItem",
            ratio(seconds["hook"], seconds[warm.BARE]),
            "at most",
            1.2,
        ),
        (
            "throughput: hook / always yes",
            ratio(rates[throughput.HOOK], rates[throughput.ALWAYS_YES]),
            "at least",
            0.9,
        ),
    ]
    return [
        {
            "figure": figure,
            "ratio": value,
            "limit": f"{side} {limit}",
            "kept": value <= limit if side == "at most" else value >= limit,
        }
        for figure, value, side, limit in measured
    ]


def _tables(cpu, wall, seconds, rates):
    def rows(series, baselines, scale):
        return [
            (s.name, s.median * scale, [s.median / series[name].median for name in baselines])
            for s in series.values()
        ]

    others = ["naive", "plain client", "no-op"]
    yield f"Cold start, CPU (median of {cold.RUNS})", ("ms", others), rows(cpu, others, 1000)
    yield f"Cold start, wall (median of {cold.RUNS})", ("ms", others), rows(wall, others, 1000)
    compared = [*others, warm.BARE]
    yield f"Warm call (median of {warm.ROUNDS})", ("ms", compared), rows(seconds, compared, 1000)
    title = (
        f"Provisioning, {throughput.CONCURRENCY} devices at a time "
        f"(median of {throughput.ROUNDS} rounds of {throughput.DEVICES})"
    )
    yield title, ("devices/s", [throughput.ALWAYS_YES]), rows(rates, [throughput.ALWAYS_YES], 1)


def _table(title, heads, rows):
    unit, baselines = heads
    table = Table(title=title, title_justify="left", min_width=len(title))
    table.add_column("")
    table.add_column(unit, justify="right")
    for baseline in baselines:
        table.add_column(f"/ {baseline}", justify="right")
    for name, value, ratios in rows:
        table.add_row(name, f"{value:.2f}", *(f"{r:.2f}" for r in ratios))
    return table


def _limits(figures):
    table = Table(title="Limits", title_justify="left")
    for head, justify in (("figure", "left"), ("ratio", "right"), ("limit", "left"), ("", "left")):
        table.add_column(head, justify=justify)
    for figure in figures:
        verdict = "kept" if figure["kept"] else "MISSED"
        table.add_row(figure["figure"], f"{figure['ratio']:.2f}", figure["limit"], verdict)
    return table


def _series(cpu, wall, seconds, rates):
    return {
        "cold_cpu_seconds": {s.name: s.values for s in cpu.values()},
        "cold_wall_seconds": {s.name: s.values for s in wall.values()},
        "warm_seconds": {s.name: s.values for s in seconds.values()},
        "devices_per_second": {s.name: s.values for s in rates.values()},
    }


if __name__ == "__main__":
    main()
