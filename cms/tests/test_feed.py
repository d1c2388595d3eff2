"""The ring of frames: who is where, who is too late, who may go on (contract, section 7)."""

from __future__ import annotations

import json

import pytest

from cms.feed import EVERYTHING, Feed, Wanted


def feed(size: int = 8, count: int = 0) -> Feed:
    made = Feed(epoch="e", size=size)
    for number in range(1, count + 1):
        made.append(f"cab-{number % 2}", "Bar" if number % 2 else "Hall", {"n": number}, 0)
    made.publish()
    return made


def numbers(data: bytes) -> list[int]:
    blocks = data.decode().split("\n\n")[:-1]
    assert all(block.startswith("id: e-") for block in blocks)
    return [json.loads(block.partition("\ndata: ")[2])["n"] for block in blocks]


def test_a_frame_has_an_id_and_a_time() -> None:
    made = feed()
    made.append("cab-1", "", {"type": "event"}, 1_761_474_600_000)
    made.publish()
    expected = b'id: e-1\ndata: {"type":"event","timestamp":"2025-10-26T10:30:00.000Z"}\n\n'
    assert made.after(0, EVERYTHING).data == expected


def test_nothing_is_seen_before_it_is_published_and_all_see_the_same_bytes() -> None:
    made = feed(count=2)
    made.append("cab-1", "", {"n": 3}, 0)
    one, two = made.after(0, EVERYTHING), made.after(0, EVERYTHING)
    assert one.data is two.data
    assert (numbers(one.data), one.cursor) == ([1, 2], 2)
    assert made.after(2, EVERYTHING).data == b""
    made.publish()
    assert numbers(made.after(2, EVERYTHING).data) == [3]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(location="bar"), [1, 3, 5]),
        (Wanted(cabinet_id="cab-0"), [2, 4]),
        (Wanted(location="Bar", cabinet_id="cab-0"), []),
        (Wanted(location="Cellar"), []),
    ],
)
def test_filters(wanted: Wanted, expected: list[int]) -> None:
    batch = feed(count=5).after(0, wanted)
    assert (numbers(batch.data), batch.cursor) == (expected, 5)


def test_who_is_overtaken_is_told_how_much_is_gone() -> None:
    made = feed(size=4, count=10)
    batch = made.after(3, EVERYTHING)
    assert (batch.data, batch.lost, batch.cursor) == (b"", 3, 10)
    assert numbers(made.after(6, EVERYTHING).data) == [7, 8, 9, 10]


def test_a_chunk_has_an_end() -> None:
    made = Feed(epoch="e")
    for _ in range(100):
        made.append("cab-1", "", {"n": "x" * 10_000}, 0)
    made.publish()
    batch = made.after(0, EVERYTHING)
    assert 64 * 1024 <= len(batch.data) < 80 * 1024
    assert 0 < batch.cursor < 100


@pytest.mark.parametrize(
    ("frame_id", "expected"),
    [
        ("e-7", 7),
        ("e-10", 10),
        ("e-6", 6),
        ("e-5", None),
        ("e-11", None),
        ("f-7", None),
        ("e-", None),
        ("e-٧", None),
        ("e-" + "9" * 5000, None),
        ("7", None),
        ("", None),
        (None, None),
    ],
)
def test_who_may_go_on(frame_id: str | None, expected: int | None) -> None:
    assert feed(size=4, count=10).resumed(frame_id) == expected
