"""A sentence is searched for once in a session."""

from __future__ import annotations

import importlib
from typing import Any

from pytest_bdd.parser import Step

from features.harness.step_index import StepIndex, install_step_index


class Manager:
    """Stands for pytest's; it can be referred to weakly."""


class Search:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, *, step: Step, **_: object) -> list[str]:
        self.asked.append(step.name)
        return [f"definition of {step.name}"]


def said(name: str, kind: str = "given") -> Step:
    return Step(name=name, type=kind, indent=0, line_number=1, keyword="Given")


def test_each_sentence_is_searched_for_once() -> None:
    search = Search()
    index = StepIndex(search)
    manager = Manager()
    for node in ("one scenario", "another"):
        for step in (said("a"), said("b"), said("a", "then")):
            assert index(step=step, fixturemanager=manager, node=node) == [f"definition of {step.name}"]
    assert search.asked == ["a", "b", "a"]


def test_each_session_searches_for_itself() -> None:
    search = Search()
    index = StepIndex(search)
    for manager in (Manager(), Manager()):
        index(step=said("a"), fixturemanager=manager, node=None)
    assert search.asked == ["a", "a"]


def test_it_is_installed_once() -> None:
    module: Any = importlib.import_module("pytest_bdd.scenario")
    install_step_index()
    installed = module.find_fixturedefs_for_step
    install_step_index()
    assert module.find_fixturedefs_for_step is installed
    assert isinstance(installed, StepIndex)
