"""What the README files list is what there is."""

from __future__ import annotations

import re
import tomllib

import pytest

from scripts.lists import LISTS, ROOT, rewritten

README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", LISTS)
def test_the_lists_of_a_readme_are_those_of_the_code(name: str) -> None:
    text = (ROOT / name).read_text()
    assert text == rewritten(text, LISTS[name]), "out of date: run `python -m scripts.lists`"


def test_a_list_without_a_place_is_noticed() -> None:
    with pytest.raises(ValueError, match="<!-- topics -->"):
        rewritten("no list here", LISTS["wire/README.md"])


def test_the_map_names_every_folder_of_the_project() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    mapped = set(re.findall(r"^\| \[`(\w+)/`\]", README, re.MULTILINE))
    assert mapped == {name for name in folders if not name.endswith(".egg-info") and name != "report"}


def test_every_program_in_scripts_has_its_line() -> None:
    listed = set(re.findall(r"^\| `([\w.]+)` \|", (ROOT / "scripts" / "README.md").read_text(), re.MULTILINE))
    programs = {path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and path.suffix == ""}
    assert listed == programs


def test_links_between_readmes_lead_somewhere() -> None:
    for readme in ROOT.glob("*/README.md"):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", readme.read_text()):
            assert (readme.parent / link).exists(), f"{readme}: {link}"
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / link).exists(), link


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=;\[ ]", requirement)[0].lower() for requirement in wanted}
    locked = {line.split("==")[0] for line in (ROOT / "scripts" / "constraints.txt").read_text().splitlines()}
    assert names <= locked
