"""Refuses feature files and steps that would pass without proving anything (design, section 4, pytest-bdd).

``linted(__file__)`` stands in every module that binds feature files: it gives the files of its folder, or
raises a LintError while they are collected. The files are read with the Gherkin parser itself, because
pytest-bdd has forgotten by then what it dropped; the modules as text, because some traps can't be seen in
what they define. The trap of ``--cucumberjson`` is refused by the recording, which sees the options.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gherkin.parser import Parser
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from features.harness.catalogue import read_catalogue, requirement_of
from features.harness.errors import LintError
from features.harness.outline import Case, Sentence, cases

STEPS = "features.steps"
_PLACEHOLDER = re.compile(r"<([^<>\n]+)>")
OF_PACKETS = ("qos", "dup")
"""What a broker changes on its way to a client of the harness."""
_KINDS = {"Context": "given", "Action": "when", "Outcome": "then"}


def linted(module_file: str) -> list[str]:
    """The feature files beside ``module_file``; LintError, naming every problem, if one must not be run."""
    folder = Path(module_file).parent
    files = sorted(folder.glob("*.feature"))
    problems = lint(files, step_definitions(), set(read_catalogue().ids))
    problems += [one for path in _conftests(folder) for one in conftest_problems(path)]
    problems += [one for path in _modules() for one in text_problems(path)]
    if not files:
        problems.append(f"{module_file}: no feature file stands beside it")
    if problems:
        raise LintError(problems)
    return [str(path) for path in files]


def step_definitions(package: str = STEPS) -> list[StepFunctionContext]:
    """Every step that the modules of ``package`` define."""
    home = importlib.import_module(package)
    for module in pkgutil.iter_modules(home.__path__):
        importlib.import_module(f"{package}.{module.name}")
    contexts = list(step_function_context_registry.values())
    return [context for context in contexts if context.step_func.__module__.startswith(f"{package}.")]


def lint(files: Iterable[Path], steps: Sequence[StepFunctionContext], known: set[str]) -> list[str]:
    """What is wrong in ``files``, judged with these step definitions and these requirement ids."""
    problems = [f"steps: {problem}" for problem in step_problems(steps)]
    for path in files:
        document = Parser().parse(path.read_text(encoding="utf-8"))
        feature: Any = document.get("feature")
        if feature is None:
            problems.append(f"{path}: no feature stands in it")
            continue
        found = list(cases(feature))
        problems += [f"{path}:{line}: {what}" for line, what in _file_problems(found, steps, known)]
        problems += [] if found else [f"{path}: no scenario stands in it"]
    return problems


def step_problems(steps: Iterable[StepFunctionContext]) -> Iterator[str]:
    """Steps that are never awaited, and pass whatever they assert."""
    for context in steps:
        func = context.step_func
        if inspect.iscoroutinefunction(func) or inspect.isasyncgenfunction(func):
            yield f"{func.__module__}: {context.parser.name!r} is a coroutine; steps are synchronous"


def conftest_problems(path: Path) -> Iterator[str]:
    """``pytest_plugins`` in a conftest below the root breaks ``pytest .``."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(one, ast.Name) and one.id == "pytest_plugins" for one in targets):
            yield f"{path}:{node.lineno}: pytest_plugins here breaks `pytest .`; import the modules instead"


def text_problems(path: Path) -> Iterator[str]:
    """What a module of steps must not say."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name | ast.Attribute) and _name(node) == "sleep":
            yield f"{path}:{node.lineno}: a step waits for a condition with a deadline, it never sleeps"
        if isinstance(node, ast.Attribute) and node.attr in OF_PACKETS and _name(node.value) != "packet":
            yield f"{path}:{node.lineno}: {node.attr} is judged on a packet of the tap, as brokers change it"


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _conftests(folder: Path) -> list[Path]:
    return [path for one in (folder, folder.parent) if (path := one / "conftest.py").exists()]


def _modules() -> list[Path]:
    home = importlib.import_module(STEPS)
    return sorted(path for place in home.__path__ for path in Path(place).glob("*.py"))


def _file_problems(
    found: Sequence[Case], steps: Sequence[StepFunctionContext], known: set[str]
) -> Iterator[tuple[int, str]]:
    seen: dict[str, int] = {}
    for case in found:
        if case.name in seen:
            yield (
                case.line,
                f"scenario {case.name!r} stands in line {seen[case.name]} too; the first vanishes",
            )
        seen.setdefault(case.name, case.line)
        for problem in (*_shape(case), *_tags(case, known), *_placeholders(case)):
            yield case.line, f"scenario {case.name!r} {problem}"
        for sentence in case.rendered():
            yield from ((sentence.line, problem) for problem in _binding(sentence, steps))


def _shape(case: Case) -> Iterator[str]:
    if not case.own:
        yield "has no steps"
    elif not any(_KINDS.get(sentence.kind) == "then" for sentence in case.own):
        yield "has no Then"
    if case.outline and not case.rows:
        yield "is an outline without examples"


def _tags(case: Case, known: set[str]) -> Iterator[str]:
    if case.example_tags:
        yield f"has tags on its Examples, {', '.join(case.example_tags)}, which nobody sees"
    named = [requirement for tag in case.tags if (requirement := requirement_of(tag))]
    if not named:
        yield "names no requirement (@req-…)"
    for requirement in named:
        if requirement not in known:
            yield f"names {requirement}, which stands in no catalogue"


def _placeholders(case: Case) -> Iterator[str]:
    used = {
        name for sentence in case.sentences for text in sentence.texts for name in _PLACEHOLDER.findall(text)
    }
    for name in sorted(used - set(case.columns)):
        yield f"uses <{name}>, which no examples give"
    for name in case.columns:
        if name not in used | set(_PLACEHOLDER.findall(case.name)):
            yield f"has a column {name} that no step reads"


def _binding(sentence: Sentence, steps: Sequence[StepFunctionContext]) -> Iterator[str]:
    matching = [
        context
        for context in steps
        if context.type in (None, _KINDS[sentence.kind]) and context.parser.is_matching(sentence.text)
    ]
    if not matching:
        yield f"no step says {sentence.text!r}"
    elif len(matching) > 1:
        names = ", ".join(repr(context.parser.name) for context in matching)
        yield f"{sentence.text!r} is said by {len(matching)} steps: {names}"
    else:
        taken = inspect.signature(matching[0].step_func).parameters
        for what in sentence.attached:
            if what not in taken:
                yield f"{sentence.text!r} is given a {what} that its step does not read"
