"""Breaks the checks of the pack in one place at a time, and says which breaks no fixture notices.

Runs with checkov's interpreter, in one process: the fixtures are parsed once, as HCL and as a plan,
and what checkov would hand to each check is kept. A mutant is then a module compiled from a changed
syntax tree, asked again about the same resources. A mutant of a helper is seen by every check.

Reads a description of the task from standard input and prints the answer, both JSON.
"""

import ast
import contextlib
import copy
import functools
import importlib
import json
import logging
import re
import signal
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checkov.common.checks.base_check_registry import BaseCheckRegistry
from checkov.common.models.enums import CheckResult
from checkov.runner_filter import RunnerFilter
from checkov.terraform.plan_runner import Runner as PlanRunner
from checkov.terraform.runner import Runner

HELPERS = "iot_documents"
FILTER = "CKV_AWSIOT_*"
# Of the processor, so that a busy machine makes no difference; a survivor is asked everything.
SECONDS = 60
OUTCOMES = ("PASSED", "FAILED", "UNKNOWN")
OPPOSITE = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
# What says as much as None where a truth or a result is asked for, or is changed otherwise.
SAYS_NOTHING = re.compile(r"return|None|False|CheckResult\.\w+")
SWAPPED = {"any": "all", "all": "any"}


@dataclass(frozen=True)
class Question:
    """A resource that checkov showed to the check it is a fixture of.

    Attributes:
        check: Name of the check's module.
        expected: What the fixture says the answer is.
        graph: checkov's graph of the whole scan.
    """

    check: str
    scan: str
    address: str
    expected: str
    graph: Any
    configuration: dict[str, Any]
    kind: str
    path: str


class Pack:
    """The pack's modules, as they are or with one of them changed.

    Attributes:
        sources: Syntax trees of checks and helpers by module name.
    """

    def __init__(self, directory: Path) -> None:
        sys.path.insert(1, str(directory))
        self.checks = {path.stem: _tree(path) for path in _modules(directory)}
        helpers = {path.stem: _tree(path) for path in _modules(directory / HELPERS)}
        self.helpers = {f"{HELPERS}.{name}": tree for name, tree in helpers.items()}
        self._compiled = {name: compile(tree, name, "exec") for name, tree in self.checks.items()}

    def check(self, name: str, tree: ast.Module | None = None) -> Any:
        """The check of a module, newly made, from a changed tree if there is one."""
        code = self._compiled[name] if tree is None else compile(tree, name, "exec")
        return _executed(name, code).check

    @contextlib.contextmanager
    def helper(self, name: str, tree: ast.Module) -> Iterator[None]:
        """Let every module that is executed meanwhile import this helper from a changed tree."""
        self.forget_helpers()
        try:
            module = types.ModuleType(name)
            sys.modules[name] = module
            parent = importlib.import_module(HELPERS)
            setattr(parent, name.rpartition(".")[2], module)
            exec(compile(tree, name, "exec"), module.__dict__)  # noqa: S102 - our own source
            yield
        finally:
            self.forget_helpers()

    def forget_helpers(self) -> None:
        """Have the helpers imported anew."""
        for name in [name for name in sys.modules if name.partition(".")[0] == HELPERS]:
            del sys.modules[name]


def _modules(directory: Path) -> list[Path]:
    return sorted(path for path in directory.glob("*.py") if path.stem != "__init__")


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _executed(name: str, code: types.CodeType) -> types.ModuleType:
    module = types.ModuleType(name)
    # dataclasses look their module up.
    sys.modules[name] = module
    exec(code, module.__dict__)  # noqa: S102 - our own source
    return module


def questions(task: dict[str, Any]) -> list[Question]:
    """What checkov asks each check about its own fixtures, in both scans."""
    found: list[Question] = []

    def asking(scan):
        def ask(registry, check, entity_configuration, entity_name, entity_type, scanned_file, _):
            address = entity_configuration.get("__address__", "")
            if scan == "plan":
                _, fixture, address = address.split(".", 2)
            else:
                fixture = Path(scanned_file).parts[1]
            if fixture == type(check).__module__:
                question = Question(
                    check=fixture,
                    scan=scan,
                    address=address,
                    expected=task["expected"][scan][fixture].get(address, "UNKNOWN"),
                    graph=registry.graph,
                    configuration=copy.deepcopy(entity_configuration),
                    kind=entity_type,
                    path=f"{scanned_file}:{entity_type}:{entity_name}",
                )
                found.append(question)
            return {"result": CheckResult.UNKNOWN, "evaluated_keys": []}

        return ask

    original = BaseCheckRegistry.run_check
    try:
        for scan, runner, where in (
            ("hcl", Runner(), {"root_folder": task["fixtures"]}),
            ("plan", PlanRunner(), {"root_folder": None, "files": [task["plan"]]}),
        ):
            BaseCheckRegistry.run_check = asking(scan)
            runner.run(
                **where,
                external_checks_dir=[task["pack"]],
                runner_filter=RunnerFilter(framework=[runner.check_type], checks=[FILTER]),
            )
    finally:
        BaseCheckRegistry.run_check = original
    return found


def answer(check: Any, question: Question) -> str:
    """What a check says; checkov reports an error as UNKNOWN and on its standard error only."""
    check.graph = question.graph
    check.entity_path = question.path
    try:
        return check.scan_entity_conf(question.configuration, question.kind).name
    except TimeoutError:
        raise
    except Exception:  # noqa: BLE001 - whatever a mutant does
        return "ERROR"


def noticed(check: Callable[[str], Any], asked: list[Question]) -> Question | None:
    """The first question that is answered otherwise than expected, which is moved to the front.

    What notices one mutant of a module mostly notices the next one too.

    Args:
        check: Gives the check of a module's name.
        asked: The questions, in the order in which they are asked.
    """
    made = functools.cache(check)
    for index, question in enumerate(asked):
        if answer(made(question.check), question) != question.expected:
            asked.insert(0, asked.pop(index))
            return question
    return None


def changes(tree: ast.Module) -> Iterator[tuple[ast.AST, str, ast.Module]]:
    """Every changed copy of a tree: the node that was changed, what was done, and the copy."""
    for index, node in enumerate(_logic(tree)):
        for number, (what, _) in enumerate(_alternatives(node)):
            changed = copy.deepcopy(tree)
            target = list(_logic(changed))[index]
            list(_alternatives(target))[number][1]()
            yield node, what, ast.fix_missing_locations(changed)


def _logic(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of what a module does: no documentation, no types, no description of a check."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "type_params", "bases"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_description(child):
                continue
            yield child
            yield from _logic(child)


def _is_description(node: ast.AST) -> bool:
    if isinstance(node, ast.FunctionDef) and node.name == "__init__":
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in {
        "self.evaluated_keys",
        "self.details",
    }


def _alternatives(node: ast.AST) -> Iterator[tuple[str, Any]]:  # noqa: C901, PLR0912 - a table
    """What can be broken at a node, each with the function that does it to this very node."""
    match node:
        case ast.If() | ast.IfExp() | ast.While():
            for value in (True, False):
                constant = ast.Constant(value)
                yield f"condition {value}", lambda c=constant: setattr(node, "test", c)
        case ast.Return(value=value) if not SAYS_NOTHING.fullmatch(ast.unparse(value or node)):
            yield "returns None", lambda: setattr(node, "value", ast.Constant(None))
        case ast.Attribute(value=ast.Name(id="CheckResult"), attr=attr) if attr in OUTCOMES:
            for outcome in OUTCOMES:
                if outcome != attr:
                    yield f"{attr} is {outcome}", lambda o=outcome: setattr(node, "attr", o)
        case ast.BoolOp(values=values):
            for value in values:
                pair = [v for v in values if v is not value]
                yield (
                    f"without {ast.unparse(value)}",
                    lambda p=pair: setattr(node, "values", p if len(p) > 1 else p * 2),
                )
        case ast.UnaryOp(op=ast.Not()):
            operand = ast.UnaryOp(ast.Not(), node.operand)
            yield "without not", lambda: setattr(node, "operand", operand)
        case ast.Compare(ops=[op]) if type(op) in OPPOSITE:
            other = OPPOSITE[type(op)]()
            yield f"{type(other).__name__}", lambda: setattr(node, "ops", [other])
        case ast.Name(id=name) if name in SWAPPED:
            yield SWAPPED[name], lambda: setattr(node, "id", SWAPPED[name])
        case ast.comprehension(ifs=ifs):
            for condition in ifs:
                rest = [other for other in ifs if other is not condition]
                yield f"all, not {ast.unparse(condition)}", lambda r=rest: setattr(node, "ifs", r)
        case (
            ast.Tuple(elts=parts, ctx=ast.Load())
            | ast.List(elts=parts, ctx=ast.Load())
            | ast.Set(elts=parts)
        ) if len(parts) > 1:
            for part in parts:
                rest = [other for other in parts if other is not part]
                yield f"without {ast.unparse(part)}", lambda r=rest: setattr(node, "elts", r)
        case ast.Constant(value=bool() as value):
            yield f"{not value}", lambda: setattr(node, "value", not value)
        case ast.Constant(value=int() as value):
            yield f"{value + 1}", lambda: setattr(node, "value", value + 1)
        case ast.Constant(value=str() as value):
            yield f"another text than {value!r}", lambda: setattr(node, "value", f"{value}~")
        case ast.Continue():
            yield "goes on", lambda: setattr(node, "__class__", ast.Pass)
        case _:
            return


def function_of(tree: ast.Module, node: ast.AST) -> str:
    """The function in which a node stands; empty at the top level of a module."""
    for candidate in ast.walk(tree):
        if isinstance(candidate, ast.FunctionDef) and any(n is node for n in ast.walk(candidate)):
            return candidate.name
    return ""


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Raise TimeoutError in a mutant that does not end."""

    def stop(*_):
        raise TimeoutError

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def constant(outcome: str) -> Any:
    """A check without any logic."""
    return types.SimpleNamespace(scan_entity_conf=lambda *_: CheckResult[outcome])


def survives(pack: Pack, module: str, tree: ast.Module, asked: list[Question]) -> bool:
    """Whether all questions are answered as expected with one module changed.

    Nobody has noticed a mutant that was not done in time either.
    """
    try:
        with limited():
            if module in pack.checks:
                return noticed(lambda name: pack.check(name, tree), asked) is None
            with pack.helper(module, tree):
                return noticed(pack.check, asked) is None
    except TimeoutError:
        return True
    except Exception:  # noqa: BLE001 - a module that cannot even be loaded is noticed
        return False


def main() -> None:
    """Answer the task on standard input."""
    task = json.load(sys.stdin)
    logging.disable(logging.CRITICAL)
    asked = questions(task)
    pack = Pack(Path(task["pack"]))
    pack.forget_helpers()
    wrong = noticed(pack.check, asked)
    if wrong is not None:
        sys.exit(f"{wrong.check} is wrong unchanged: {wrong.scan} {wrong.address}")
    own = {name: [q for q in asked if q.check == name] for name in pack.checks}
    survivors = [
        {"module": name, "function": "", "line": 0, "text": "", "change": f"always {outcome}"}
        for name in pack.checks
        for outcome in OUTCOMES
        if noticed(lambda _, outcome=outcome: constant(outcome), own[name]) is None
    ]
    count = len(pack.checks) * len(OUTCOMES)
    for module, tree in {**pack.checks, **pack.helpers}.items():
        for node, what, changed in changes(tree):
            count += 1
            if survives(pack, module, changed, own.get(module, asked)):
                survivors.append(
                    {
                        "module": module,
                        "function": function_of(tree, node),
                        "line": node.lineno if hasattr(node, "lineno") else 0,
                        "text": ast.unparse(node).partition("\n")[0],
                        "change": what,
                    }
                )
    print(json.dumps({"questions": len(asked), "mutants": count, "survivors": survivors}))


if __name__ == "__main__":
    main()
