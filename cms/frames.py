"""The frames of the configuration stream, as bytes (specification, endpoint 6; contract, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wire.address import MASK
from wire.jsontext import to_bytes
from wire.redaction import redacted
from wire.timestamps import format_timestamp

GREETING = "Connected to MQTT config stream"


def connected(relay_id: str, now_ms: int) -> bytes:
    """The first frame of a stream."""
    return _frame(
        {
            "type": "connected",
            "relayId": relay_id,
            "timestamp": format_timestamp(now_ms),
            "message": GREETING,
        }
    )


def config_update(relay_id: str, data: Mapping[str, Any], received_ms: int) -> bytes:
    """Anything that came from the relay; ``component`` only where the message has a ``comp``."""
    component = {"component": data["comp"]} if "comp" in data else {}
    return _frame(
        {
            "type": "config_update",
            "relayId": relay_id,
            **component,
            "data": data,
            "timestamp": format_timestamp(received_ms),
        }
    )


def masked(data: Mapping[str, Any]) -> dict[str, Any]:
    """``data`` for those who may not see secrets (contract, section 6).

    Of a refusal only that there was one: its reason is the device's own text, and may quote what it refused.
    """
    told: dict[str, Any] = redacted(data)
    return {**told, "err": MASK} if "err" in told else told


def heartbeat(relay_id: str, now_ms: int) -> bytes:
    return _frame({"type": "heartbeat", "relayId": relay_id, "timestamp": format_timestamp(now_ms)})


def dropped(relay_id: str, count: int, now_ms: int) -> bytes:
    """Tells a reader that was too slow how many frames it missed just here (INT-53)."""
    return _frame(
        {"type": "dropped", "relayId": relay_id, "count": count, "timestamp": format_timestamp(now_ms)}
    )


def _frame(fields: Mapping[str, Any]) -> bytes:
    # One line: JSON escapes line breaks inside strings, and no other character ends a line of a stream.
    return b"data: %b\n\n" % to_bytes(fields)
