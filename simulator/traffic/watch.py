"""What `smib-lab watch` prints: which messages are wanted, and each as a line of text or of JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, TextIO

from simulator.traffic.tail import follow
from simulator.traffic.terminal import printable, sighting_line
from simulator.traffic.traffic import Sighting, sighting, watched_filters
from wire.address import BrokerAddress
from wire.timestamps import format_timestamp
from wire.topics import Topics


@dataclass(frozen=True, slots=True)
class Selection:
    """Which messages are shown. An empty set leaves nothing out."""

    relays: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    def wants(self, one: Sighting) -> bool:
        if self.relays and one.relay_id not in self.relays:
            return False
        return not self.kinds or one.kind in self.kinds


@dataclass(frozen=True, slots=True)
class Style:
    """How a message is spelled: as JSON, or as text of at most `width` columns, in colour or not."""

    as_json: bool = False
    colour: bool = False
    width: Callable[[], int | None] = field(default=lambda: None)

    def spell(self, one: Sighting) -> str:
        if self.as_json:
            return json_line(one)
        return sighting_line(one, width=self.width(), colour=self.colour)


def json_line(one: Sighting) -> str:
    """A message as one JSON object in ASCII. `message` is its object with secrets masked, null where it is
    malformed; `summary` is the text form's.
    """
    fields = {
        "time": format_timestamp(one.time_ms),
        "direction": one.mark,
        "topic": one.topic,
        "relay": one.relay_id,
        "kind": one.kind,
        "bytes": one.size,
        "retained": one.retained,
        "summary": one.summary,
        "message": one.fields,
    }
    return json.dumps(fields)


async def watch(
    address: BrokerAddress, selection: Selection, style: Style, out: TextIO, notes: TextIO
) -> NoReturn:
    """Print every wanted message to `out` until cancelled, and to `notes` when the broker goes and comes.

    The ready line goes to `out`, or to `notes` where `out` is to hold nothing but JSON.
    """
    ready_seen = False

    def link(trouble: str | None) -> None:
        nonlocal ready_seen
        if trouble is not None:
            _say(notes, f"! watch {printable(trouble)}; trying again")
        elif ready_seen:
            _say(notes, f"= watch connected again broker={address}")
        else:
            ready_seen = True
            _say(notes if style.as_json else out, f"ready watch broker={address}")

    def message(topic: str, payload: bytes, retained: bool) -> None:
        one = sighting(topic, payload, time.time_ns() // 1_000_000, retained=retained)
        if selection.wants(one):
            _say(out, style.spell(one))

    await follow(address, watched_filters(Topics()), message, link)


def _say(stream: TextIO, line: str) -> None:
    stream.write(line + "\n")
    stream.flush()


def standard_output() -> TextIO:
    """stdout, on which a character that its encoding lacks is spelled out and not an error."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    return sys.stdout
