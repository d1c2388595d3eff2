"""The firmware image of a virtual SMIB."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.image import LONGEST_HEADER, Image, Reader, Received, firmware_image, verified
from simulator.errors import ImageError


def fed(data: bytes, cuts: list[int] | None = None) -> Received:
    reader, start = Reader(), 0
    for cut in sorted({min(cut, len(data)) for cut in cuts or []}):
        reader.feed(data[start:cut])
        start = cut
    reader.feed(data[start:])
    return reader.received()


@given(st.integers(0, 10_000), st.booleans(), st.lists(st.integers(0, 10_500), max_size=8))
def test_what_was_made_is_read_in_whatever_pieces_it_comes(size: int, starts: bool, cuts: list[int]) -> None:
    data = firmware_image("smib", "1.2.0", size, starts=starts)
    assert verified(fed(data, cuts)) == Image("smib", "1.2.0", size, starts)
    assert data == firmware_image("smib", "1.2.0", size, starts=starts)
    assert len(data) == size + data.index(b"\n") + 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data[:-1], "truncated"),
        (lambda data: data[: data.index(b"\n") + 1], "truncated"),
        (lambda data: data + b"\n", "longer than it says"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "wrong checksum"),
        (lambda data: data[:30], "not a firmware image"),
        (lambda data: data[:0], "not a firmware image"),
        (lambda data: b"<html>not found</html>\n" + data, "not a firmware image"),
        (lambda data: b"x" * 100_000 + data, "not a firmware image"),
        (lambda data: data.replace(b"SMIB ", b"BOOT ", 1), "not a firmware image"),
        (lambda data: data.replace(b"\n", b" crash \n", 1), "not a firmware image"),
    ],
)
def test_what_is_no_sound_image_is_refused_for_its_reason(change: object, why: str) -> None:
    assert callable(change)
    data = change(firmware_image("smib", "1.2.0", 500))
    with pytest.raises(ImageError) as refused:
        verified(fed(data, [7, 40, 90]))
    assert str(refused.value) == why


@given(st.binary(max_size=2 * LONGEST_HEADER))
def test_no_bytes_make_it_raise_anything_else(data: bytes) -> None:
    with pytest.raises(ImageError):
        verified(fed(data))


@pytest.mark.parametrize(
    ("name", "version", "size"),
    [("", "1", 1), ("a b", "1", 1), ("a", "1\n", 1), ("a", "1", -1), ("a", "v" * 33, 1)],
)
def test_an_image_that_no_header_can_describe_is_not_made(name: str, version: str, size: int) -> None:
    with pytest.raises(ImageError, match="were wanted"):
        firmware_image(name, version, size)
