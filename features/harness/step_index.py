"""Which definition a step has, looked up once for each sentence.

pytest-bdd goes through every fixture of the session for every step of every scenario, twice, which is a third
of a run's work. Steps are defined in ``features/steps`` alone and hold everywhere, so what a sentence means
does not depend on the scenario that says it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from pytest_bdd.parser import Step

Found = dict[tuple[str, str], list[Any]]


class StepIndex:
    """Stands in the place of ``find``, pytest-bdd's own search, and asks it for what is new."""

    def __init__(self, find: Any) -> None:
        self._find = find
        self._known: WeakKeyDictionary[Any, Found] = WeakKeyDictionary()

    def __call__(self, step: Step, fixturemanager: Any, node: Any) -> Iterable[Any]:
        known = self._known.setdefault(fixturemanager, {})
        sentence = (step.type, step.name)
        if sentence not in known:
            known[sentence] = list(self._find(step=step, fixturemanager=fixturemanager, node=node))
        return known[sentence]


def install_step_index() -> None:
    """Once for a process, however many sessions it has."""
    module: Any = importlib.import_module("pytest_bdd.scenario")  # the package has a function of that name
    if not isinstance(module.find_fixturedefs_for_step, StepIndex):
        module.find_fixturedefs_for_step = StepIndex(module.find_fixturedefs_for_step)
