"""The folder of `--state`: what is in it after a process ended, however it ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import DamagedMemory, StateDirError
from simulator.fleet.state_dir import StateDir

NVS = {"locked": True, "config": {"coms": {"comsMode": 2}}}


@pytest.mark.parametrize("relay_id", ["e831cdfa8384", "Foreign:1", "..", "A", "a"])
def test_what_was_saved_is_there_for_the_next_process(tmp_path: Path, relay_id: str) -> None:
    with StateDir(tmp_path / "state") as state:
        assert state.load(relay_id) is None
        state.save(relay_id, {"locked": False})
        state.save(relay_id, NVS)
    with StateDir(tmp_path / "state") as again:
        assert again.load(relay_id) == NVS
    assert len(list((tmp_path / "state").glob("*.json"))) == 1


def test_ids_that_differ_in_case_have_files_of_their_own(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    assert state.file("Ab").name.lower() != state.file("ab").name.lower()
    assert state.file("../x").parent == tmp_path


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    with StateDir(tmp_path / "state") as state:
        state.save("a", NVS)
        assert state.file("a").stat().st_mode & 0o077 == 0
        assert state.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_a_file_that_is_no_nvs_is_told_as_damaged(tmp_path: Path, data: bytes) -> None:
    state = StateDir(tmp_path)
    state.file("a").write_bytes(data)
    with pytest.raises(DamagedMemory):
        state.load("a")


def test_a_second_fleet_is_refused(tmp_path: Path) -> None:
    with (
        StateDir(tmp_path),
        pytest.raises(StateDirError, match="another fleet uses this folder"),
        StateDir(tmp_path),
    ):
        pass
    with StateDir(tmp_path):
        pass


def test_a_file_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateDirError, match=r"--state .*file: a folder that can be written was wanted"):
        StateDir(tmp_path / "file").open()


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "gone")
    with pytest.raises(StateDirError, match=r"a\.json: the NVS could not be written"):
        state.save("a", NVS)
