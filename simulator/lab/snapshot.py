"""The lab at one moment, and its two pictures: a screen for people, a line for logs. No I/O and no clock."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.traffic.terminal import cells, clipped, printable, sighting_parts
from simulator.traffic.traffic import Sighting

BAR_CELLS = 30
FEW_MESSAGES = 3
"""As many last messages must fit, or the hints give way."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the lab is to be reached; nothing of it is secret. `relay_id` is one of its devices."""

    url: str
    mqtt: str
    ws: str | None
    broker: str
    relay_id: str
    log: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The lab at one moment. `devices` counts by state, the good one first; `note` is what is wrong now."""

    places: Places
    up_s: float
    devices: Mapping[str, int]
    messages: int
    rate: float
    last: Sequence[Sighting]
    note: str | None = None

    @property
    def total(self) -> int:
        return sum(self.devices.values())


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the screen: pieces of text, each with a style (see `live_view.STYLES`)."""

    pieces: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.pieces)


def screen(shot: Snapshot, width: int, height: int) -> list[Row]:
    """What a terminal of this size shows: exactly `height` rows, none wider than `width`.

    The hints are whole or left out, because half a command is of no use.
    """
    head = [_title(shot, width), Row(), _devices(shot), *_places(shot.places), Row()]
    hints = [_plain("paste into another terminal:"), *map(_hint, curl_rows(shot.places)), Row()]
    foot = [Row(), _footer(shot)]
    room = height - len(head) - len(foot)
    if max(cells(row.text) for row in hints) <= width and room > len(hints) + FEW_MESSAGES:
        head += hints
        room -= len(hints)
    body = [*head, *_messages(shot.last, room - 1)] if room > 1 else head
    blank = [Row()] * (height - len(body) - len(foot))
    rows = [*body[: max(0, height - len(foot))], *blank, *foot]
    return [cut(row, width) for row in rows[-height:]]


def status_line(shot: Snapshot) -> str:
    """The same as one line for a log."""
    states = " ".join(f"{name.replace(' ', '_')}={count}" for name, count in shot.devices.items() if count)
    trouble = "" if shot.note is None else f" trouble={json.dumps(printable(shot.note))}"
    return (
        f"= lab up={clock(shot.up_s)} {states} messages={shot.messages} per_second={shot.rate:.1f}{trouble}"
    )


def curl_rows(places: Places) -> list[str]:
    """Commands to paste, each at most 80 columns wide; one that ends in a backslash goes on."""
    body = json.dumps({"relayId": places.relay_id, "component": "net"}, separators=(",", ":"))
    return [
        f"curl {places.url}/api/cabinets",
        f"curl -N '{places.url}/api/mqtt/config/subscribe?relayId={places.relay_id}'",
        f"curl --json '{body}' \\",
        f"  '{places.url}/api/mqtt/config/request?wait=5'",
    ]


def curl_lines(places: Places) -> list[str]:
    """The same commands, one a line."""
    return "\n".join(curl_rows(places)).replace(" \\\n ", "").splitlines()


def clock(seconds: float) -> str:
    """A duration as 0:01:23."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _title(shot: Snapshot, width: int) -> Row:
    left = f"casino floor  {shot.total} SMIBs  up {clock(shot.up_s)}"
    right = f"{shot.rate:,.1f} messages/s  {shot.messages:,} in all"
    gap = max(2, width - len(left) - len(right))
    return Row(((left, "title"), (" " * gap, ""), (right, "number")))


def _devices(shot: Snapshot) -> Row:
    """A bar and its numbers; the first state is the one to be in."""
    good, *others = shot.devices.items()
    filled = BAR_CELLS * good[1] // shot.total if shot.total else 0
    return Row(
        (
            ("devices  ", "faint"),
            ("━" * filled, "good"),
            ("━" * (BAR_CELLS - filled), "faint"),
            (f"  {good[1]} {good[0]}", "good"),
            *((f"  {number} {name}", "bad") for name, number in others if number),
        )
    )


def _places(places: Places) -> list[Row]:
    ws = "" if places.ws is None else f"  {places.ws}"
    return [
        Row((("browser  ", "faint"), (f"{places.url}/docs", "place"))),
        Row((("broker   ", "faint"), (f"{places.mqtt}{ws}", "place"), (f"  {places.broker}", "faint"))),
    ]


def _messages(last: Sequence[Sighting], room: int) -> list[Row]:
    heading = Row((("last messages", ""), ("  (smib-lab watch shows them all, heartbeats too)", "faint")))
    shown = list(last)[-room:] if room > 0 else []
    return [heading, *map(_message, shown)]


def _message(one: Sighting) -> Row:
    time, middle, summary = sighting_parts(one)
    return Row(((f"{time} ", "faint"), (f"{middle} ", one.mark), (summary, "")))


def _footer(shot: Snapshot) -> Row:
    if shot.note is not None:
        return Row(((f"! {printable(shot.note)}", "bad"),))
    log = "" if shot.places.log is None else f"  log of the CMS: {shot.places.log}"
    return Row((("Ctrl-C ends the floor", ""), (log, "faint")))


def _plain(text: str) -> Row:
    return Row(((text, ""),))


def _hint(text: str) -> Row:
    return Row(((text, "command"),))


def cut(row: Row, width: int) -> Row:
    """The row, cut at the edge."""
    pieces, left = [], width
    for text, style in row.pieces:
        if left <= 0:
            break
        piece = clipped(text, left)
        pieces.append((piece, style))
        left -= cells(piece)
        if piece != text:
            break
    return Row(tuple(pieces))
