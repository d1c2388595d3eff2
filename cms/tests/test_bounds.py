"""The bounds and time-outs that the README lists are those in force."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text()


def rows(name: str) -> list[tuple[str, str, str]]:
    """Module, constant and figure of each row of a table."""
    table = README.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]
    return re.findall(r"^\| `([a-z_.]+)\.([A-Z_]+)` \| ([\d,.]+) \|", table, re.MULTILINE)


@pytest.mark.parametrize(("module", "constant", "figure"), [*rows("bounds"), *rows("waits")])
def test_is_in_force(module: str, constant: str, figure: str) -> None:
    found = getattr(importlib.import_module(f"cms.{module}"), constant)
    assert found == float(figure.replace(",", ""))


def test_no_row_is_overlooked() -> None:
    for name, count in (("bounds", 16), ("waits", 8)):
        assert len(rows(name)) == count
