"""A machine's meters as it last told them: long poll 6F, decoded and named (contract, section 4).

Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wire.errors import FrameError
from wire.orders import LongPoll
from wire.sas import METERS, MeterPoll, decode_answer
from wire.timestamps import format_timestamp

ASKED = ("0000", "0100", "0400", "0300", "2200", "2400", "0200", "0C00", "0500", "0600")
"""The ten meters of the contract's poll; a frame holds no more."""

CREDITS, GAMES = "credits", "games"
_GAMES = frozenset({"0500", "0600", "0700"})
_REFUSED = "-1"


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter; ``name`` is empty where the code is none that the contract names."""

    code: str
    value: int

    def to_document(self) -> dict[str, Any]:
        unit = GAMES if self.code in _GAMES else CREDITS
        return {"code": self.code, "name": METERS.get(self.code, ""), "value": self.value, "unit": unit}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the machine of one relay told at ``at_ms``, in the order in which it told it."""

    at_ms: int
    meters: tuple[Meter, ...]

    def to_document(self) -> dict[str, Any]:
        return {"at": format_timestamp(self.at_ms), "meters": self.shown()}

    def shown(self) -> list[dict[str, Any]]:
        return [meter.to_document() for meter in self.meters]


def poll(address: int) -> LongPoll:
    """What asks the machine at ``address`` for its meters."""
    return LongPoll(MeterPoll(ASKED, address).encode())


def reading_of(fields: Mapping[str, Any], at_ms: int) -> Reading | None:
    """The meters in a message of a device, None where it holds none."""
    frame = fields.get("pyd")
    if fields.get("typ") != "rsp" or not isinstance(frame, str):
        return None
    try:
        answer = decode_answer(frame)
    except FrameError:
        return None
    return Reading(at_ms, tuple(Meter(code, value) for code, value in answer.meters))


def is_refusal(fields: Mapping[str, Any]) -> bool:
    """Whether a device tells that its machine did not answer a poll."""
    return fields.get("typ") == "rsp" and fields.get("pyd") == _REFUSED
