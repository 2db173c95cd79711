"""Enrols the demonstration's devices, by the code that `iot-provisioning enrol` runs."""

from __future__ import annotations

from pathlib import Path

from tools.cli import stack as stack_files
from tools.demo.people import Person
from tools.demo.stack import Stack
from tools.enrolment.run import Plan, Progress, enrol_file
from tools.enrolment.source import Format
from tools.registry.table import RegistryTable


def enrol(operator: Person, registry: RegistryTable, stack: Stack, file: Path) -> Progress:
    """Enrol the devices of a CSV file; return the counts.

    Raises:
        FileRefusedError: the file holds no enrolments.
        ThrottledError, ClientError, BotoCoreError: the registry cannot be used.
    """
    types = stack_files.read(stack.stack_file).device_types or {}
    plan = Plan(
        path=str(file),
        form=Format.CSV,
        report=stack.stack_file.with_name("enrolment.problems.jsonl"),
        checkpoint=None,
        table=registry,
        caller_arn=operator.arn,
        catalogue={name: entry.reprovision_policy for name, entry in types.items()},
    )
    return enrol_file(plan, lambda _: None)
