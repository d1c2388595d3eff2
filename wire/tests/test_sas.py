"""SAS frames: checksums, packed BCD and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import sas
from wire.errors import FrameError

POLL = "016F16000000000100040003002200240002000C0005000600E180"
codes = st.binary(min_size=2, max_size=2).map(lambda b: b.hex().upper())


def test_crc_is_kermit() -> None:
    assert sas.crc(b"123456789") == 0x2189


@given(st.integers(0, 10**10 - 1))
def test_bcd_survives(value: int) -> None:
    assert sas.from_bcd(sas.to_bcd(value, sas.METER_BYTES)) == value


def test_a_meter_rolls_over_as_a_real_one_does() -> None:
    assert sas.from_bcd(sas.to_bcd(10**10 + 7, 5)) == 7


@given(st.lists(codes, min_size=1, max_size=10), st.integers(0, 255), st.integers(0, 9999))
def test_a_poll_survives(asked: list[str], address: int, game: int) -> None:
    poll = sas.MeterPoll(tuple(asked), address, game)
    assert sas.decode_poll(poll.encode()) == poll
    assert sas.decode_poll(poll.encode().lower()) == poll


@given(st.lists(st.tuples(codes, st.integers(0, 10**10 - 1)), max_size=10))
def test_an_answer_survives(meters: list[tuple[str, int]]) -> None:
    answer = sas.MeterAnswer(tuple(meters))
    assert sas.decode_answer(answer.encode()) == answer


@given(st.text(max_size=60) | st.binary(max_size=40).map(bytes.hex))
def test_any_text_is_a_frame_or_a_frame_error(text: str) -> None:
    for decode in (sas.decode_poll, sas.decode_answer, sas.decode_nvs):
        try:
            decode(text)
        except FrameError as error:
            assert str(error).startswith("pyd: ")


@given(st.integers(0, len(POLL) - 1), st.sampled_from("0123456789ABCDEF"))
def test_one_wrong_digit_is_noticed(place: int, digit: str) -> None:
    damaged = POLL[:place] + digit + POLL[place + 1 :]
    if damaged != POLL:
        with pytest.raises(FrameError):
            sas.decode_poll(damaged)


@pytest.mark.parametrize("done", [True, False])
def test_an_nvs_result_carries_its_checksum_high_byte_first(done: bool) -> None:
    frame = bytes.fromhex(sas.nvs_result(done))
    assert frame[:3] == bytes((0xE1, 0x01, done))
    assert int.from_bytes(frame[3:], "big") == sas.crc(frame[:3])
