"""The two pictures of a lab, from recorded snapshots."""

from __future__ import annotations

import io
import shlex

import pytest
from rich.console import Console

from simulator.lab.live_view import STYLES, drawn
from simulator.lab.snapshot import Places, Row, Snapshot, curl_lines, curl_rows, screen, status_line
from simulator.traffic.terminal import cells
from simulator.traffic.traffic import Sighting, sighting

RELAY = "e831cdfa8384"
PLACES = Places(
    url="http://127.0.0.1:3000",
    mqtt="mqtt://127.0.0.1:1883",
    ws="ws://127.0.0.1:9001",
    broker="amqtt",
    relay_id=RELAY,
    log="/var/tmp/smib-lab-abcdefgh/cms.log",
)


def messages(number: int) -> list[Sighting]:
    payload = b'{"rly":"e831cdfa8384","typ":"cfg","comp":"net","netMode":1,"netStaPwd":"swordfish"}'
    return [sighting("smib/config", payload, 1_700_000_000_000 + index) for index in range(number)]


RECORDED = Snapshot(
    places=PLACES,
    up_s=3723.9,
    devices={"online": 23, "connecting": 1, "waiting": 0, "booting": 1, "off": 0},
    messages=12_345,
    rate=41.6,
    last=messages(40),
)


def texts(shot: Snapshot, width: int = 80, height: int = 24) -> list[str]:
    return [row.text for row in screen(shot, width, height)]


def test_the_screen_at_80_by_24() -> None:
    rows = texts(RECORDED)
    assert rows[0].startswith("casino floor  25 SMIBs  up 1:02:03 ")
    assert rows[0].endswith(" 41.6 messages/s  12,345 in all")
    assert len(rows[0]) == 80
    assert rows[2] == f"devices  {'━' * 30}  23 online  1 connecting  1 booting"
    assert rows[3] == "browser  http://127.0.0.1:3000/docs"
    assert rows[4] == "broker   mqtt://127.0.0.1:1883  ws://127.0.0.1:9001  amqtt"
    assert rows[6] == "paste into another terminal:"
    assert rows[12].startswith("last messages")
    assert len([row for row in rows if f"< {RELAY} answer" in row]) == 9
    assert rows[23] == "Ctrl-C ends the floor  log of the CMS: /var/tmp/smib-lab-abcdefgh/cms.log"


def test_the_newest_message_stands_last() -> None:
    shown = [row for row in texts(RECORDED) if "answer" in row]
    assert shown[-1].split()[0].endswith(".039")


@pytest.mark.parametrize(
    "size", [(80, 24), (79, 24), (80, 23), (200, 60), (40, 12), (20, 5), (10, 2), (1, 1)]
)
@pytest.mark.parametrize("number", [0, 3, 40])
def test_the_screen_fills_any_terminal_and_never_more(size: tuple[int, int], number: int) -> None:
    width, height = size
    shot = Snapshot(PLACES, 1, {"online": 1}, number, 0.0, messages(number))
    rows = screen(shot, width, height)
    assert len(rows) == height
    assert all(cells(row.text) <= width for row in rows)


def test_rich_draws_exactly_these_rows() -> None:
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(drawn(screen(RECORDED, 80, 24)), end="")
    assert captured.get().split("\n") == texts(RECORDED)


def test_every_style_is_known() -> None:
    rows = screen(RECORDED, 80, 24)
    assert {style for row in rows for _, style in row.pieces} <= set(STYLES)
    assert {style for _, style in screen(trouble(), 80, 24)[-1].pieces} <= set(STYLES)


@pytest.mark.parametrize("size", [(76, 24), (80, 15)])
def test_hints_that_would_be_cut_are_left_out(size: tuple[int, int]) -> None:
    shot = Snapshot(long_places(), 1, {"online": 1}, 0, 0.0, messages(40))
    assert not any("curl" in text for text in texts(shot, *size))
    assert any("answer" in text for text in texts(shot, *size))


def long_places() -> Places:
    return Places("http://127.0.0.1:30000", "mqtt://x:1", None, "not ours", RELAY, None)


def trouble() -> Snapshot:
    return Snapshot(PLACES, 1, {"online": 1}, 0, 0.0, (), note="gone\x1b[2J")


def test_a_trouble_takes_the_place_of_the_footer() -> None:
    assert texts(trouble())[-1] == r"! gone\x1b[2J"


def test_no_secret_and_no_control_character_reaches_the_screen() -> None:
    hostile = sighting("smib/config\x1b[31m", b"\x1b]0;x\x07", 0)
    shot = Snapshot(PLACES, 1, {"online": 1}, 0, 0.0, [*messages(2), hostile])
    joined = "".join(texts(shot, 200, 40))
    assert joined.isprintable()
    assert "swordfish" not in joined


def test_the_commands_can_be_pasted() -> None:
    pasted = shlex.split("\n".join(curl_rows(PLACES)).replace("\\\n", ""))
    assert pasted.count("curl") == 3
    assert '{"relayId":"e831cdfa8384","component":"net"}' in pasted
    assert [shlex.split(line)[0] for line in curl_lines(PLACES)] == ["curl"] * 3
    assert max(map(len, curl_rows(PLACES))) <= 80


def test_the_status_line_names_the_states_that_there_are() -> None:
    assert status_line(RECORDED) == (
        "= lab up=1:02:03 online=23 connecting=1 booting=1 messages=12345 per_second=41.6"
    )
    assert status_line(trouble()).endswith(r' trouble="gone\\x1b[2J"')


def test_a_row_is_its_pieces() -> None:
    assert Row((("a", ""), ("b", "faint"))).text == "ab"
