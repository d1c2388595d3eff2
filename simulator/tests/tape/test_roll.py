"""A recording that begins a new tape before the old one is too long."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import TapeError
from simulator.tape.roll import Rolling, TapeRoll
from simulator.tape.tape import TapeReader
from simulator.tests.program import run


class Time:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def recorded(path: Path, rolling: Rolling, messages: int, clock: Time) -> TapeRoll:
    """So many messages, one a second."""
    with TapeRoll(path, rolling, lambda _: None, clock=clock) as tapes:
        for number in range(messages):
            clock.now_s = number
            tapes.keep(number, "smib/config", b"%d" % number, 0, False)
            tapes.flush()
    return tapes


def held(path: Path) -> list[bytes]:
    return [message.payload for message in TapeReader(path)]


@pytest.mark.parametrize("name", ["floor.ndjson", "floor.ndjson.gz"])
def test_a_new_one_begins_after_a_while(tmp_path: Path, name: str) -> None:
    tapes = recorded(tmp_path / name, Rolling(every_ms=3_000), 8, Time())
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [f"{name[:5]}-000{n}{name[5:]}" for n in (1, 2, 3)]
    assert [held(file) for file in files] == [[b"0", b"1", b"2", b"3"], [b"4", b"5", b"6"], [b"7"]]
    assert tapes.written == 8


def test_a_new_one_begins_when_it_is_full_and_the_oldest_go(tmp_path: Path) -> None:
    recorded(tmp_path / "floor.ndjson", Rolling(size=150, most=2), 9, Time())
    files = sorted(tmp_path.iterdir())
    assert len(files) == 2
    assert all(file.stat().st_size < 300 for file in files)
    assert [payload for file in files for payload in held(file)][-1] == b"8"


def test_an_hour_without_a_message_is_no_tape(tmp_path: Path) -> None:
    clock = Time()
    with TapeRoll(tmp_path / "floor.ndjson", Rolling(every_ms=1_000), lambda _: None, clock=clock) as tapes:
        clock.now_s = 3_600
        tapes.flush()
    assert len(list(tmp_path.iterdir())) == 1


def test_one_that_is_there_already_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "floor-0001.ndjson").write_text("mine")
    with pytest.raises(TapeError, match=r"floor-0001\.ndjson: it is there already"):
        recorded(tmp_path / "floor.ndjson", Rolling(size=1), 1, Time())
    assert (tmp_path / "floor-0001.ndjson").read_text() == "mine"


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--out", "-", "--roll-at", "1MB"), "--out -: a file was wanted"),
        (("--out", "x", "--keep", "3"), "--keep: --roll-at or --roll-every was wanted too"),
        (("--out", "x", "--roll-at", "some"), "a size as 500KB, 100MB or 2GB was wanted, not 'some'"),
        (("--out", "x", "--roll-at", "0MB"), "a size as 500KB"),
    ],
)
def test_what_does_not_go_together_is_wrong_use(args: tuple[str, ...], sentence: str) -> None:
    ended = run("record", *args)
    assert sentence in ended.stderr
    assert ended.returncode == 2
