"""Lines and files of tapes: there and back, what is refused and where, what is masked."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import TapeError, TapeLineError
from simulator.tape.line import Speller, Taped, masked, taped
from simulator.tape.tape import TapeReader, TapeWriter
from wire.timestamps import format_timestamp

TOPIC = "smib/config"
SECRET = b'{"rly":"e831cdfa8384","typ":"cfg","comp":"net","netStaPwd":"swordfish"}'
GOOD = Speller().line(1_000, TOPIC, b"{}", 0, False)


@given(st.integers(0, 10**13), st.binary(max_size=60) | st.text().map(lambda t: t.encode("utf-8", "ignore")))
def test_every_message_comes_back_from_its_line(time_ms: int, payload: bytes) -> None:
    line = Speller().line(time_ms, TOPIC, payload, 1, True)
    assert line.isascii()
    assert line.count("\n") == 1
    assert taped(line) == Taped(time_ms, TOPIC, payload, 1, True)


@given(st.lists(st.integers(0, 10**13), max_size=8))
def test_a_speller_writes_the_time_as_the_wire_does(times: list[int]) -> None:
    speller = Speller()
    for time_ms in times:
        assert f'"time":"{format_timestamp(time_ms)}"' in speller.line(time_ms, TOPIC, b"", 0, False)


@given(st.text() | st.recursive(st.none() | st.text(), st.lists, max_leaves=5).map(repr))
def test_no_text_makes_reading_raise_anything_else(text: str) -> None:
    with pytest.raises(TapeLineError):
        taped(text)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("[]", "line"),
        ('{"time":', "line"),
        ("[" * 100_000, "line"),
        (GOOD.replace("1970", "MCMLXX"), "time"),
        (GOOD.replace(TOPIC, "a/+"), "topic"),
        (GOOD.replace('"qos":0', '"qos":true'), "qos"),
        (GOOD.replace('"qos":0', '"qos":3'), "qos"),
        (GOOD.replace("false", "0"), "retain"),
        (GOOD.replace('"{}"', "{}"), "payload"),
        (GOOD.replace('"{}"', '"\\ud800"'), "payload"),
        (GOOD.replace('"payload"', '"base64"'), "base64"),
        (GOOD.replace('"payload"', '"load"'), "payload"),
    ],
)
def test_what_is_wrong_is_named(line: str, field: str) -> None:
    with pytest.raises(TapeLineError) as refused:
        taped(line)
    assert refused.value.field == field
    assert "wanted" in str(refused.value)


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz"])
class TestFile:
    def test_what_was_written_is_read_and_is_its_owners_alone(self, name: str, tmp_path: Path) -> None:
        path = tmp_path / name
        sent = [Taped(1_000 + n, f"t/{n}", b"\xff" * n, n % 3, n % 2 == 0) for n in range(3_000)]
        with TapeWriter(path) as tape:
            for one in sent:
                tape.keep(one.time_ms, one.topic, one.payload, one.qos, one.retain)
        assert tape.written == 3_000
        assert list(TapeReader(path)) == sent
        assert path.stat().st_mode & 0o077 == 0

    def test_a_file_that_is_there_is_left_alone(self, name: str, tmp_path: Path) -> None:
        (tmp_path / name).write_text("mine")
        with pytest.raises(TapeError, match="already"), TapeWriter(tmp_path / name):
            pass
        assert (tmp_path / name).read_text() == "mine"

    def test_a_wrong_line_is_named_by_its_number_or_skipped(self, name: str, tmp_path: Path) -> None:
        path, text = tmp_path / name, f"{GOOD}\n{{}}\n{GOOD}{GOOD[:-20]}".encode()
        path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
        with pytest.raises(TapeError, match=r"a\.ndjson(\.gz)?:3: time: a time as"):
            list(TapeReader(path))
        reader = TapeReader(path, lenient=True)
        assert len(list(reader)) == 2
        assert reader.skipped == 2
        assert "line: a JSON object was wanted; it is cut short" in reader.trouble


def test_a_compressed_tape_that_is_cut_short_is_good_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson.gz"
    whole = gzip.compress("".join(f"{GOOD}" for _ in range(9)).encode())
    path.write_bytes(whole[:-9])
    with pytest.raises(TapeError, match=r"a\.ndjson\.gz:\d+: line: .*cut short"):
        list(TapeReader(path))
    reader = TapeReader(path, lenient=True)
    assert 0 <= len(list(reader)) <= 9
    assert reader.skipped >= 1


def test_an_endless_line_is_refused_without_being_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.tape.tape.LONGEST_LINE", 500)
    monkeypatch.setattr("simulator.tape.line.LONGEST_LINE", 500)
    path = tmp_path / "a.ndjson"
    path.write_text("x" * 5_000 + "\n" + GOOD)
    with pytest.raises(TapeError, match=":1: line: at most 500"):
        list(TapeReader(path))
    assert len(list(TapeReader(path, lenient=True))) == 1


def test_no_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match=r"nowhere\.ndjson: a file that can be read was wanted"):
        list(TapeReader(tmp_path / "nowhere.ndjson"))


def test_masked_is_without_secrets_and_otherwise_untouched(tmp_path: Path) -> None:
    plain = b'{ "typ":"GAME_PLAYED",  "rly":"a"}'
    assert masked(plain) == plain
    assert b"swordfish" not in masked(SECRET)
    assert masked(SECRET[:-1]) == b"***"
    assert masked(b"") == b""
    with TapeWriter(tmp_path / "a", mask=True) as tape:
        tape.keep(0, TOPIC, SECRET, 0, False)
    assert "swordfish" not in (tmp_path / "a").read_text()
