"""Every liar is named, explained in a sentence, and tied to a requirement that exists."""

from __future__ import annotations

import pytest

from features.harness.catalogue import read_catalogue
from features.harness.process import ROOT
from features.harness.selftest import KILLED_ONCE
from features.liars.catalogue import Entry, read_liars
from features.pair.cms import Cms
from features.pair.smib import Smib

LIARS = read_liars()
LIVING = [entry for entry in LIARS.values() if not entry.is_dead]


def test_there_are_enough_of_them() -> None:
    """Issue 3: at least 40 for a CMS and 30 for a SMIB, and five dead ones for each."""
    assert sum(entry.side == "cms" for entry in LIVING) >= 40
    assert sum(entry.side == "smib" for entry in LIVING) >= 30
    assert [sum(e.is_dead and e.side == side for e in LIARS.values()) for side in ("cms", "smib")] == [5, 5]


@pytest.mark.parametrize("entry", LIVING, ids=lambda entry: entry.name)
def test_it_names_a_requirement_of_its_side(entry: Entry) -> None:
    roles = {one.id: one.role for one in read_catalogue().requirements}
    assert roles.get(entry.requirement) in (entry.side, "system"), entry.requirement


@pytest.mark.parametrize("entry", LIARS.values(), ids=lambda entry: entry.name)
def test_it_is_explained_in_one_sentence(entry: Entry) -> None:
    assert entry.sentence.endswith(".")
    assert entry.sentence.count(". ") == 0
    assert entry.sentence[0].isupper()


@pytest.mark.parametrize("entry", LIVING, ids=lambda entry: entry.name)
def test_it_is_the_pair_with_something_overridden(entry: Entry) -> None:
    pair = Cms if entry.side == "cms" else Smib
    own = [name for name in vars(entry.subject) if hasattr(pair, name) and not name.startswith("__")]
    assert own or "__init__" in vars(entry.subject)


def test_no_fault_is_written_twice() -> None:
    sentences = [entry.sentence for entry in LIARS.values()]
    assert len(set(sentences)) == len(sentences)


def test_the_published_score_is_that_of_the_liars_that_are_known_to_be_killed() -> None:
    told = (ROOT / "features" / "README.md").read_text("utf-8")
    killed = KILLED_ONCE.read_text("utf-8").split()
    assert killed == sorted({entry.name for entry in LIVING} & set(killed))
    assert f"**{len(killed)} of {len(LIVING)} liars killed**" in told
