"""Every interpretation has an entry of its own, and stands by its number where it was made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from gherkin.parser import Parser

from features.harness.catalogue import FILE, read_catalogue, requirement_of
from features.harness.outline import cases
from features.harness.process import ROOT

PACKAGES = ("wire", "cms", "simulator", "features")
GAPS = 1
"""How many requirements have no scenario yet. This number only ever falls."""
_BARE = re.compile(r"\(INT\)")
_MONITORED = re.compile(r'= "([A-Z]+-[0-9]+)"')
_LIST = re.compile(r"Interpretations:\n\n((?:- .*\n(?:  .*\n)*)+)")


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (path for path in (ROOT / package).rglob("*.py") if "tests" not in path.parts)


def entries() -> list[dict[str, str]]:
    found: list[dict[str, str]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["interpretations"]
    return found


def proven() -> set[str]:
    """The requirements that scenarios name, and those that the monitors judge in every scenario."""
    found: set[str] = set()
    for path in (ROOT / "features" / "harness" / "monitors").glob("*.py"):
        found.update(_MONITORED.findall(path.read_text(encoding="utf-8")))
    for path in (ROOT / "features").rglob("*.feature"):
        feature = Parser().parse(path.read_text(encoding="utf-8"))["feature"]
        tags = (tag for case in cases(feature) for tag in case.tags)
        found.update(name for tag in tags if (name := requirement_of(tag)))
    return found


def test_every_requirement_has_a_scenario_or_an_excuse_and_no_scenario_names_another() -> None:
    assert read_catalogue().problems(proven()) == []


def test_the_gaps_only_get_fewer() -> None:
    assert len(read_catalogue().gaps) <= GAPS


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry["id"])
def test_an_interpretation_stands_by_its_number_where_it_was_made(entry: dict[str, str]) -> None:
    assert entry["id"] in (ROOT / entry["place"]).read_text(encoding="utf-8")


def test_no_interpretation_is_without_a_number() -> None:
    bare = [str(path) for path in sources() if _BARE.search(path.read_text(encoding="utf-8"))]
    assert bare == []


def test_every_interpretation_in_a_list_has_its_number() -> None:
    for path in sources():
        for found in _LIST.finditer(path.read_text(encoding="utf-8")):
            items = [line for line in found[1].splitlines() if line.startswith("- ")]
            assert [line for line in items if not line.startswith("- INT-")] == [], path
