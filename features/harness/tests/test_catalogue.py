"""The catalogue contradicts neither itself nor the scenarios."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.harness.catalogue import Catalogue, Requirement, read_catalogue, requirement_of
from features.harness.errors import CatalogueError

ONE = Requirement("ROUTE-3", "must", "cms", "contract", "5", "Messages keep their order.")


def catalogue(*requirements: Requirement, **excused: dict[str, str]) -> Catalogue:
    return Catalogue(requirements, excused.get("not_observable", {}), excused.get("gaps", {}))


def test_a_requirement_with_a_scenario_is_in_order() -> None:
    assert catalogue(ONE).problems({"ROUTE-3"}) == []


def test_a_requirement_without_a_scenario_is_told() -> None:
    assert "has no scenario" in catalogue(ONE).problems(set())[0]


@pytest.mark.parametrize("place", ["not_observable", "gaps"])
def test_an_excused_requirement_needs_a_reason_and_no_scenario(place: str) -> None:
    assert catalogue(ONE, **{place: {"ROUTE-3": "it takes a tap"}}).problems(set()) == []
    assert "without a reason" in catalogue(ONE, **{place: {"ROUTE-3": " "}}).problems(set())[0]
    found = catalogue(ONE, **{place: {"ROUTE-3": "it takes a tap"}}).problems({"ROUTE-3"})
    assert "has a scenario" in found[0]


def test_what_stands_in_no_catalogue_is_told() -> None:
    assert "named by a scenario" in catalogue(ONE).problems({"ROUTE-3", "ROUTE-4"})[0]
    assert "is excused" in catalogue(ONE, gaps={"ROUTE-4": "later"}).problems({"ROUTE-3"})[0]


def test_an_id_stands_once() -> None:
    assert "stands 2 times" in catalogue(ONE, ONE).problems({"ROUTE-3"})[0]


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        (Requirement("route3", "must", "cms", "contract", "5", "Order."), "an id"),
        (Requirement("ROUTE-3", "shall", "cms", "contract", "5", "Order."), "level"),
        (Requirement("ROUTE-3", "must", "broker", "contract", "5", "Order."), "role"),
        (Requirement("ROUTE-3", "must", "cms", "rumour", "5", "Order."), "source"),
        (Requirement("ROUTE-3", "must", "cms", "contract", "", "Order."), "a section"),
        (Requirement("ROUTE-3", "must", "cms", "contract", "5", " "), "a section"),
        (Requirement("INT-1", "must", "cms", "contract", "5", "Order."), "two readings"),
    ],
)
def test_a_badly_formed_requirement_is_told(one: Requirement, problem: str) -> None:
    found = catalogue(one).problems({one.id})
    assert len(found) == 1
    assert problem in found[0]


def test_the_real_catalogue_is_in_order_by_itself() -> None:
    real = read_catalogue()
    assert real.problems(set(real.ids) - set(real.not_observable) - set(real.gaps)) == []


def test_a_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "requirements.yaml"
    path.write_text("requirements: [{id: ROUTE-3}]\n", encoding="utf-8")
    with pytest.raises(CatalogueError):
        read_catalogue(path)


@pytest.mark.parametrize(("tag", "wanted"), [("req-ROUTE-3", "ROUTE-3"), ("slow", None), ("req-", None)])
def test_tags_name_requirements(tag: str, wanted: str | None) -> None:
    assert requirement_of(tag) == wanted
