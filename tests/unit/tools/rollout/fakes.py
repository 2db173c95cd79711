"""Manifests in a folder, targets without accounts, and steps that are taken nowhere."""

import contextlib
from pathlib import Path

from tools.rollout import manifest as manifests
from tools.rollout.begin import begin
from tools.rollout.model import Backend, Manifest, Packages, Target, Wave
from tools.rollout.record import Check, Gate, PlanSummary, Removal
from tools.rollout.run import Runner
from tools.rollout.steps.interface import SavedPlan, StepError

SOURCES = "5" * 64
PACKAGES = {"provisioning_hook.zip": "9" * 64}
NO_CHANGES = PlanSummary(sha256="0" * 64, changed=False, adds=0, changes=0, destroys=0)
NEW = PlanSummary(sha256="1" * 64, changed=True, adds=3, changes=1, destroys=0)
CHECK = Check(name="provisioned", passed=True, detail="A device came in.")


def load(folder, text, configuration="."):
    """Read a manifest that lies in a folder with a configuration."""
    (folder / configuration).mkdir(parents=True, exist_ok=True)
    (folder / configuration / "main.tf").touch()
    path = folder / "rollout.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return manifests.load(path)


def removing(*types, replaced=False):
    """A plan that takes away one resource of each type."""
    removals = tuple(
        Removal(address=f"module.stack.{each}.this[0]", type=each, replaced=replaced)
        for each in types
    )
    return PlanSummary(
        sha256="2" * 64,
        changed=True,
        adds=0,
        changes=0,
        destroys=len(removals),
        removals=removals,
    )


def target(key, wave, **variables):
    name, region = key.split("/")
    return Target(
        account_id=f"{sum(name.encode()):012}",
        account_name=name,
        region=region,
        wave=wave,
        role_arn=None,
        external_id="a-secret-handshake",
        variables={"password": "hush", **variables},
        tags={},
        backend=Backend(type="local", settings={"path": f"{key}.tfstate"}),
    )


def wave(name, *keys, parallel=1, tolerated=0, bake=0, **variables):
    return Wave(
        name=name,
        targets=tuple(target(key, name, **variables) for key in keys),
        max_parallel=parallel,
        tolerated_failures=tolerated,
        bake_seconds=bake,
        environment=None,
    )


def manifest(*waves):
    return Manifest(
        path=Path("rollout.yaml"),
        configuration=Path("stack"),
        packages=Packages(sha256={}),
        waves=waves,
    )


class Steps:
    """Steps that succeed unless told otherwise, and note what was asked of them.

    Attributes:
        log: "key step" for each step, in order.
        wrong: by "key step", what to raise, or to call.
        plans: by key, what its plan would do; NEW once, and then nothing, where it is not named.
        findings: by key, what the policies find.
        checks: by key, what the verification says.
    """

    sources = SOURCES

    def __init__(self):
        self.log = []
        self.wrong = {}
        self.plans = {}
        self.findings = {}
        self.checks = {}
        self.applied = set()
        self.interrupts = 0

    def take(self, key, step):
        self.log.append(f"{key} {step}")
        wrong = self.wrong.get(f"{key} {step}")
        if isinstance(wrong, Exception):
            raise wrong
        if wrong is not None:
            wrong()

    @contextlib.contextmanager
    def site(self, target):
        yield Site(self, target.key)
        self.log.append(f"{target.key} left")

    def verify(self, target, outputs):
        assert outputs == {"of": target.key}
        self.take(target.key, "verify")
        return self.checks.get(target.key, (CHECK,))

    def interrupt(self):
        self.interrupts += 1


class Site:
    def __init__(self, steps, key):
        self.steps, self.key = steps, key

    def prepare(self):
        self.steps.take(self.key, "prepare")

    def plan(self):
        self.steps.take(self.key, "plan")
        made = self.steps.plans.get(self.key)
        made = made or (NO_CHANGES if self.key in self.steps.applied else NEW)
        return SavedPlan(path=Path(self.key), summary=made, document={"of": self.key})

    def gate(self, plan):
        assert plan.document == {"of": self.key}
        self.steps.take(self.key, "gate")
        return Gate(passed=5, skipped=1, findings=self.steps.findings.get(self.key, ()))

    def apply(self, plan, progress):
        assert plan.path == Path(self.key)
        progress(1)
        self.steps.take(self.key, "apply")
        self.steps.applied.add(self.key)

    def outputs(self):
        return {"of": self.key}


class Silent:
    """A listener that notes the waves and how long they still bake."""

    def __init__(self):
        self.waves, self.left = [], []

    def wave(self, wave):
        self.waves.append(wave.name)

    def stage(self, target, stage):
        pass

    def applied(self, target, done, plan):
        pass

    def ended(self, record):
        pass

    def baking(self, wave, left):
        self.left.append(left)


class Clock:
    """A time that passes only while somebody sleeps."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Run:
    """One run of a manifest; `report` is what came of it, `saved` every report on the way."""

    def __init__(self, waves, steps, *, before=None, resumed=False, only=None, **options):
        self.saved, self.listener, self.clock = [], Silent(), Clock()
        rollout, report = begin(
            manifest(*waves),
            tuple(each for each in waves if only in (None, each.name)),
            sources=SOURCES,
            packages=PACKAGES,
            earlier=before,
            resumed=resumed,
            dry_run=options.get("dry_run", False),
            now=self.clock(),
        )
        self.runner = Runner(
            steps, self.listener, self.saved.append, clock=self.clock, sleep=self.sleep, **options
        )
        self.while_sleeping = lambda: None
        self.begun = rollout, report
        self.steps = steps

    def sleep(self, seconds):
        self.clock.sleep(seconds)
        self.while_sleeping()

    def carry_out(self):
        self.steps.log.clear()
        self.report = self.runner.run(*self.begun)
        return self.report


def broken(sentence="It broke."):
    return StepError(sentence)
