"""Each trap of pytest-bdd is refused, and only that (design, section 4)."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from gherkin.parser import Parser
from pytest_bdd import parsers
from pytest_bdd.steps import StepFunctionContext

from features.harness.catalogue import read_catalogue, requirement_of
from features.harness.errors import LintError
from features.harness.lint import lint, linted, step_definitions, step_problems, text_problems
from features.harness.monitors.judge import JUDGED
from features.harness.outline import cases
from features.harness.record.ruling import NOT_JUDGED
from features.harness.recording import NO_CUCUMBER

ROOT = Path(__file__).resolve().parents[2]


def _given(docstring: str) -> None: ...
def _plain() -> None: ...


async def _coroutine() -> None: ...
async def _generator() -> object:
    yield None


STEPS = (
    StepFunctionContext("given", _plain, parsers.parse("a machine")),
    StepFunctionContext("given", _given, parsers.parse("a machine with")),
    StepFunctionContext("when", _plain, parsers.parse("it is {state}")),
    StepFunctionContext("when", _plain, parsers.parse("it is locked {how}")),
    StepFunctionContext("then", _plain, parsers.parse("it stands still")),
)


def problems(tmp_path: Path, text: str, steps: tuple[StepFunctionContext, ...] = STEPS) -> list[str]:
    path = tmp_path / "some.feature"
    path.write_text("Feature: Machines\n" + textwrap.indent(textwrap.dedent(text), "  "), encoding="utf-8")
    return lint([path], steps, {"CMD-1"})


def only(found: list[str]) -> str:
    assert len(found) == 1, found
    return found[0]


def test_a_sound_scenario_has_no_problem(tmp_path: Path) -> None:
    text = """
    Background:
      Given a machine
    @req-CMD-1
    Scenario Outline: Locking
      When it is <state>
      Then it stands still
      Examples:
        | state  |
        | locked |
        | sold   |
    """
    assert problems(tmp_path, text) == []


def test_two_scenarios_of_one_name(tmp_path: Path) -> None:
    scenario = """
    @req-CMD-1
    Scenario: Locking
      When it is locked
      Then it stands still
    """
    assert "the first vanishes" in only(problems(tmp_path, scenario + scenario))


def test_two_scenarios_of_one_name_in_two_rules(tmp_path: Path) -> None:
    text = """
    @req-CMD-1
    Rule: One
      Scenario: Locking
        When it is locked
        Then it stands still
    @req-CMD-1
    Rule: Two
      Scenario: Locking
        When it is locked
        Then it stands still
    """
    assert "the first vanishes" in only(problems(tmp_path, text))


def test_a_scenario_without_then(tmp_path: Path) -> None:
    assert "has no Then" in only(problems(tmp_path, "@req-CMD-1\nScenario: Locking\n  When it is locked\n"))


def test_a_then_in_the_background_is_none(tmp_path: Path) -> None:
    text = """
    Background:
      Then it stands still
    @req-CMD-1
    Scenario: Locking
      When it is locked
    """
    assert "has no Then" in only(problems(tmp_path, text))


def test_a_scenario_without_steps(tmp_path: Path) -> None:
    assert "has no steps" in only(problems(tmp_path, "@req-CMD-1\nScenario: Locking\n"))


@pytest.mark.parametrize("examples", ["", "Examples:\n", "Examples:\n  | state |\n"])
def test_an_outline_without_examples(tmp_path: Path, examples: str) -> None:
    text = "@req-CMD-1\nScenario Outline: Locking\n  When it is locked\n  Then it stands still\n"
    found = problems(tmp_path, text + examples)
    assert any("outline without examples" in problem for problem in found)


def test_tags_on_examples(tmp_path: Path) -> None:
    text = """
    @req-CMD-1
    Scenario Outline: Locking
      When it is <state>
      Then it stands still
      @req-CMD-1
      Examples:
        | state  |
        | locked |
    """
    assert "tags on its Examples" in only(problems(tmp_path, text))


@pytest.mark.parametrize("keyword", ["Scenario", "Scenario Outline"])
def test_a_placeholder_that_nothing_fills(tmp_path: Path, keyword: str) -> None:
    examples = "  Examples:\n    | state  |\n    | locked |\n" if "Outline" in keyword else ""
    step = "it is <state>" if "Outline" in keyword else "it is locked"
    text = f"@req-CMD-1\n{keyword}: Locking\n  When {step}\n  And it is <stat>\n  Then it stands still\n"
    assert "uses <stat>" in only(problems(tmp_path, text + examples))


def test_a_column_that_nothing_reads(tmp_path: Path) -> None:
    text = """
    @req-CMD-1
    Scenario Outline: Locking
      When it is <state>
      Then it stands still
      Examples:
        | state  | why  |
        | locked | rule |
    """
    assert "column why" in only(problems(tmp_path, text))


def test_two_definitions_of_one_step(tmp_path: Path) -> None:
    text = "@req-CMD-1\nScenario: Locking\n  When it is locked twice\n  Then it stands still\n"
    assert "is said by 2 steps" in only(problems(tmp_path, text))


def test_two_definitions_that_meet_in_one_example(tmp_path: Path) -> None:
    text = """
    @req-CMD-1
    Scenario Outline: Locking
      When it is <state>
      Then it stands still
      Examples:
        | state        |
        | unlocked     |
        | locked twice |
    """
    assert "'it is locked twice' is said by 2 steps" in only(problems(tmp_path, text))


def test_a_step_without_definition(tmp_path: Path) -> None:
    text = "@req-CMD-1\nScenario: Locking\n  When it explodes\n  Then it stands still\n"
    assert "no step says 'it explodes'" in only(problems(tmp_path, text))


def test_a_definition_of_another_kind_is_none(tmp_path: Path) -> None:
    text = "@req-CMD-1\nScenario: Locking\n  When a machine\n  Then it stands still\n"
    assert "no step says 'a machine'" in only(problems(tmp_path, text))


@pytest.mark.parametrize(("below", "what"), [('"""\n    x\n    """', "docstring"), ("| x |", "datatable")])
def test_text_below_a_step_that_does_not_read_it(tmp_path: Path, below: str, what: str) -> None:
    text = f"@req-CMD-1\nScenario: Locking\n  Given a machine\n    {below}\n  Then it stands still\n"
    assert f"is given a {what} that its step does not read" in only(problems(tmp_path, text))


def test_a_scenario_that_names_no_requirement(tmp_path: Path) -> None:
    text = "Scenario: Locking\n  When it is locked\n  Then it stands still\n"
    assert "names no requirement" in only(problems(tmp_path, text))


def test_a_requirement_that_no_catalogue_knows(tmp_path: Path) -> None:
    text = "@req-CMD-99\nScenario: Locking\n  When it is locked\n  Then it stands still\n"
    assert "names CMD-99" in only(problems(tmp_path, text))


@pytest.mark.parametrize("text", ["", "# nothing\n", "Feature: Machines\n"])
def test_a_file_without_scenarios(tmp_path: Path, text: str) -> None:
    path = tmp_path / "empty.feature"
    path.write_text(text, encoding="utf-8")
    assert len(lint([path], STEPS, set())) == 1


@pytest.mark.parametrize("func", [_coroutine, _generator])
def test_a_coroutine_step(func: object) -> None:
    assert callable(func)
    step = StepFunctionContext("when", func, parsers.parse("it waits"))
    assert "is a coroutine" in only(list(step_problems([step])))


@pytest.mark.parametrize("line", ["pytest_plugins = ['steps']", "pytest_plugins: list[str] = ['steps']"])
def test_plugins_that_are_named_in_a_conftest_below_the_root(tmp_path: Path, line: str) -> None:
    (tmp_path / "conftest.py").write_text(f'"""Steps."""\n{line}\n', encoding="utf-8")
    (tmp_path / "some.feature").write_text("Feature: F\n", encoding="utf-8")
    with pytest.raises(LintError, match=r"conftest.py:2: pytest_plugins here breaks"):
        linted(str(tmp_path / "test_some.py"))


@pytest.mark.parametrize("call", ["time.sleep(1)", "sleep(1)"])
def test_a_step_that_sleeps(tmp_path: Path, call: str) -> None:
    path = tmp_path / "sleeper.py"
    path.write_text(f"def step():\n    {call}\n", encoding="utf-8")
    assert "sleeper.py:2: a step waits for a condition" in only(list(text_problems(path)))


def test_a_step_that_judges_the_qos_that_a_broker_delivered(tmp_path: Path) -> None:
    path = tmp_path / "judge.py"
    path.write_text("def step(message, packet):\n    assert message.qos == packet.qos\n", encoding="utf-8")
    assert "judge.py:2: qos is judged on a packet of the tap" in only(list(text_problems(path)))


def test_the_report_of_pytest_bdd_that_calls_skipped_passed(tmp_path: Path) -> None:
    options = ["--collect-only", f"--cucumberjson={tmp_path / 'report.json'}", "features/identity"]
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    done = subprocess.run(argv, cwd=ROOT.parent, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == NOT_JUDGED
    assert NO_CUCUMBER in done.stdout + done.stderr


def test_a_folder_without_features_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LintError, match="no feature file"):
        linted(str(tmp_path / "test_nothing.py"))


def test_a_bad_feature_is_refused_where_it_is_bound(tmp_path: Path) -> None:
    (tmp_path / "some.feature").write_text("Feature: F\n  Scenario: S\n", encoding="utf-8")
    with pytest.raises(LintError, match="has no steps"):
        linted(str(tmp_path / "test_some.py"))


def test_every_feature_file_is_bound_by_a_module_that_lints_it() -> None:
    for folder in {path.parent for path in ROOT.rglob("*.feature")}:
        module = folder / f"test_{folder.name}.py"
        assert "scenarios(*linted(__file__))" in module.read_text(encoding="utf-8")


def test_every_requirement_is_proven_or_excused_and_every_scenario_names_known_ones() -> None:
    proven = set(JUDGED)
    for path in ROOT.rglob("*.feature"):
        document = Parser().parse(path.read_text(encoding="utf-8"))
        for case in cases(document["feature"]):
            proven |= {requirement for tag in case.tags if (requirement := requirement_of(tag))}
    assert read_catalogue().problems(proven) == []


def test_every_step_is_said_somewhere() -> None:
    said = [
        (sentence.kind, sentence.text)
        for path in ROOT.rglob("*.feature")
        for case in cases(Parser().parse(path.read_text(encoding="utf-8"))["feature"])
        for sentence in case.rendered()
    ]
    texts = {text for _, text in said}
    idle = [
        context.parser.name
        for context in step_definitions()
        if not any(context.parser.is_matching(text) for text in texts)
    ]
    assert idle == []
