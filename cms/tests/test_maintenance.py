"""`smib-cms audit` and `smib-cms cabinets`: what an operator does at the database itself."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest

from cms.cli import main
from cms.store.sqlite import SqliteStore
from cms.store.store import Store
from cms.tests.engines import CABINETS, NOW, SECRET


@pytest.fixture
def database(tmp_path: Path) -> str:
    """A database with three cabinets."""
    path = tmp_path / "cms.sqlite3"

    async def fill() -> None:
        store: Store = SqliteStore(path, clock_ms=lambda: NOW)
        await store.open()
        await store.add_cabinets(CABINETS)
        await store.close()

    asyncio.run(fill())
    return str(path)


def test_an_intact_trail_is_told_with_its_head(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify", "--database", database]) == 0
    line = capsys.readouterr().out
    assert line.startswith("intact entries=1 head=")
    head = line.strip().rpartition("=")[2]
    assert main(["audit", "verify", "--database", database, "--head", head]) == 0
    assert main(["audit", "verify", "--database", database, "--head", "0" * 64]) == 1
    assert "no entry has the hash" in capsys.readouterr().out


def test_a_broken_trail_is_1_and_names_the_entry(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(database) as db:
        db.execute("DROP TRIGGER audit_no_change")
        db.execute("UPDATE audit SET document = replace(document, 'system', 'nobody')")
    db.close()
    assert main(["audit", "verify", "--database", database]) == 1
    assert capsys.readouterr().out == "broken entry=1: its content was changed after it was written\n"


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify", "--database", str(tmp_path / "no.sqlite3")]) == 1
    assert "There is no database" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["yaml", "json", "csv"])
def test_cabinets_move_to_another_database(database: str, tmp_path: Path, form: str) -> None:
    file, other = tmp_path / f"floor.{form}", str(tmp_path / "other.sqlite3")
    assert main(["cabinets", "export", str(file), "--with-passwords", "--database", database]) == 0
    assert SECRET in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert main(["cabinets", "import", str(file), "--database", other]) == 0
    again = tmp_path / f"again.{form}"
    assert main(["cabinets", "export", str(again), "--with-passwords", "--database", other]) == 0
    assert again.read_text() == file.read_text()


def test_without_the_option_no_password_leaves(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cabinets", "export", "-", "--database", database]) == 0
    text = capsys.readouterr().out
    assert "cab-10" in text
    assert SECRET not in text


def test_a_dry_run_only_tells(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "more.csv"
    file.write_text("id,relayId\ncab-1,e831cdfa8384\ncab-4,r4\n")
    assert main(["cabinets", "import", str(file), "--dry-run", "--database", database]) == 0
    assert capsys.readouterr().out == "would import added=1 updated=0 skipped=1\n"
    assert main(["cabinets", "import", str(file), "--database", database]) == 0
    assert capsys.readouterr().out == "imported added=1 updated=0 skipped=1\n"


def test_wrong_files_are_2_and_every_fault_is_told(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("cabinets:\n- id: a/b\n- {id: cab-9, relayId: 'x y'}\n")
    assert main(["cabinets", "import", str(file), "--database", database]) == 2
    told = capsys.readouterr().err
    assert ":2: cabinets[0]" in told
    assert ":3: cabinets[1].relayId" in told
    assert main(["cabinets", "import", str(tmp_path / "none.yaml"), "--database", database]) == 2
    assert main(["cabinets", "import", str(tmp_path / "none.txt"), "--database", database]) == 2
    assert "--format was wanted" in capsys.readouterr().err


def test_a_smib_of_another_cabinet_is_1(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "taken.csv"
    file.write_text("id,relayId\ncab-9,e831cdfa8384\n")
    assert main(["cabinets", "import", str(file), "--database", database]) == 1
    said = capsys.readouterr().err
    assert "belongs to cab-1, which is stored already. Correct the file, or use another CMS_DATABASE" in said
