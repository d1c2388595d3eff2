"""The folder of a lab: gone at its end, and at the next start where it had none."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from simulator.lab.folder import CMS_LOG, LOCK, PREFIX, LabFolder


@pytest.fixture(autouse=True)
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_one_of_our_own_is_gone_at_the_end(temp: Path) -> None:
    with LabFolder(None) as folder:
        folder.log(CMS_LOG)
        assert list(temp.iterdir()) == [folder.path]
    assert list(temp.iterdir()) == []


def test_what_a_killed_lab_left_is_gone_at_the_next_start(temp: Path) -> None:
    left = temp / f"{PREFIX}killed"
    left.mkdir()
    (left / LOCK).touch()
    (left / CMS_LOG).write_text("its last words")
    with LabFolder(None):
        assert not left.exists()


def test_the_folder_of_one_that_runs_stays_and_so_does_one_that_was_kept(temp: Path) -> None:
    with LabFolder(None) as running, LabFolder(None) as kept:
        kept.log(CMS_LOG).write_text("what went wrong")
        assert kept.keep() == [kept.path / CMS_LOG]
        with LabFolder(None):
            assert running.path.is_dir()
    with LabFolder(None):
        assert (kept.path / CMS_LOG).is_file()
    assert list(temp.iterdir()) == [kept.path]


def test_somebody_s_folder_of_that_name_stays(temp: Path) -> None:
    other = temp / f"{PREFIX}notes"
    other.mkdir()
    with LabFolder(None):
        assert other.is_dir()
    target = temp / "precious"
    target.touch()
    (other / LOCK).symlink_to(target)
    with LabFolder(None):
        assert other.is_dir()


def test_that_of_the_caller_stays(temp: Path) -> None:
    with LabFolder(temp / "state") as folder:
        folder.log(CMS_LOG)
    assert (temp / "state" / CMS_LOG).is_file()
