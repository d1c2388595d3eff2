"""The frames of the floor stream, as bytes: what happens on the floor, and no secret (contract, section 6).

    connected, snapshot …, then state, removed, event, config, meters as they happen, heartbeat, dropped

The JSON objects are described in the documentation of ``GET /api/events``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cms.floor import Identity, Place
from cms.meters import reading_of
from cms.smib_state import Facts
from wire.commands import EVENTS
from wire.jsontext import to_bytes
from wire.redaction import redacted
from wire.timestamps import format_timestamp

GREETING = "Connected to the floor stream"
MAX_TEXT = 200
"""Characters of a text that a device chose."""

SNAPSHOT_SIZE = 100
"""Cabinets in one frame of a snapshot."""


def cabinet(identity: Identity, facts: Facts) -> dict[str, Any]:
    """A cabinet and what its SMIB is doing, as every answer shows it."""
    return {
        "id": identity.id,
        "relayId": identity.relay_id,
        "name": identity.name,
        "location": identity.location,
        "assetNumber": identity.asset_number,
        "serialNumber": identity.serial_number,
        "game": identity.game,
        **smib(facts),
    }


def smib(facts: Facts) -> dict[str, Any]:
    return {
        "state": facts.state,
        "online": facts.online,
        "locked": facts.locked,
        "restarting": facts.restarting,
        "installing": facts.installing,
        "updating": list(facts.updating),
        "inStep": facts.in_step,
        "firmware": facts.firmware,
    }


def last_seen(place: Place) -> str | None:
    seen_ms = place.smib.last_seen_ms
    return format_timestamp(seen_ms) if seen_ms else None


def state(identity: Identity, facts: Facts, seen: str | None) -> dict[str, Any]:
    return {"type": "state", "cabinet": {**cabinet(identity, facts), "lastSeen": seen}}


def removed(identity: Identity) -> dict[str, Any]:
    return {"type": "removed", "cabinetId": identity.id, "relayId": identity.relay_id}


def report(identity: Identity, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``config`` for an answer, of which only the component is told; ``meters``; ``event`` for all else.

    Of what a device says only the names of things are passed on, and the ``pyd`` of events: an answer holds
    passwords, and so may the reason of a refusal, and whatever is no event of the contract.
    """
    whose = {"cabinetId": identity.id, "relayId": identity.relay_id}
    typ = fields.get("typ")
    if typ == "cfg":
        return {
            "type": "config",
            **whose,
            "component": _word(fields.get("comp")),
            "refused": "err" in fields,
        }
    reading = reading_of(fields, 0)
    if reading is not None:
        return {"type": "meters", **whose, "meters": reading.shown()}
    said = {"pyd": _short(fields["pyd"])} if typ in TOLD and isinstance(fields.get("pyd"), str) else {}
    return {"type": "event", **whose, "event": _word(typ), **said}


def connected(now_ms: int, *, cabinets: int, resumed: bool) -> bytes:
    """The first frame. ``resumed``: no snapshot follows, what does is what the client missed."""
    fields = {"message": GREETING, "cabinets": cabinets, "resumed": resumed}
    return encoded({"type": "connected", "timestamp": format_timestamp(now_ms), **fields})


def snapshot(cabinets: Sequence[bytes], now_ms: int, frame_id: str) -> list[bytes]:
    """A snapshot in parts; ``cabinets`` are JSON objects. The last part has the id to go on from."""
    parts = max(1, -(-len(cabinets) // SNAPSHOT_SIZE))
    made = []
    for part in range(1, parts + 1):
        some = cabinets[(part - 1) * SNAPSHOT_SIZE : part * SNAPSHOT_SIZE]
        head = {"type": "snapshot", "part": part, "parts": parts, "timestamp": format_timestamp(now_ms)}
        body = b'%b,"cabinets":[%b]}' % (to_bytes(head)[:-1], b",".join(some))
        made.append(_framed(body, frame_id if part == parts else None))
    return made


def snapshot_cabinet(place: Place) -> bytes:
    return to_bytes({**cabinet(place.identity, place.shown), "lastSeen": last_seen(place)})


def heartbeat(now_ms: int) -> bytes:
    return encoded({"type": "heartbeat", "timestamp": format_timestamp(now_ms)})


def dropped(count: int, now_ms: int) -> bytes:
    """Tells a reader that was too slow how many frames it missed; a new snapshot follows."""
    return encoded({"type": "dropped", "count": count, "timestamp": format_timestamp(now_ms)})


def encoded(fields: Mapping[str, Any], frame_id: str | None = None) -> bytes:
    return _framed(to_bytes(fields), frame_id)


def _framed(body: bytes, frame_id: str | None) -> bytes:
    return b"data: %b\n\n" % body if frame_id is None else b"id: %b\ndata: %b\n\n" % (frame_id.encode(), body)


def _word(value: Any) -> str | None:
    """A name, None where it is none."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _short(text: str) -> str:
    return str(redacted(text[: 2 * MAX_TEXT]))[:MAX_TEXT]


_WORD = re.compile(r"[A-Za-z0-9_.-]{1,32}")
TOLD = EVENTS - {"CONFIG_UPDATE"} | {"exp"}
"""What is told with its ``pyd``."""
