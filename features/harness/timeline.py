"""One merged record of what the harness did and what it saw, secrets masked before they are kept."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from wire.address import mask_credentials
from wire.errors import WireError
from wire.jsontext import parse_object
from wire.redaction import redacted

SHOWN = 400


@dataclass(frozen=True, slots=True)
class Entry:
    """``mark`` is ``>`` for what the harness sent, ``<`` for what it received, ``=`` for a state, ``|`` for a
    subject's own log line."""

    at: float
    who: str
    mark: str
    what: str

    def line(self, start: float) -> str:
        return f"{self.at - start:8.3f} {self.who:<12} {self.mark} {self.what}"


@dataclass
class Timeline:
    """Filled by every thread of the harness, read when a scenario ends."""

    entries: list[Entry] = field(default_factory=list)

    def note(self, who: str, mark: str, what: str) -> None:
        text = what if len(what) <= SHOWN else f"{what[:SHOWN]}… ({len(what)} characters)"
        self.entries.append(Entry(time.monotonic(), who, mark, text))

    @property
    def position(self) -> int:
        return len(self.entries)

    def lines(self, since: int = 0, limit: int = 400) -> list[str]:
        """The entries from position ``since``, at most the last ``limit`` of them, each as one line."""
        part = self.entries[since:]
        start = part[0].at if part else 0.0
        left_out = [f"… {len(part) - limit} earlier entries"] if len(part) > limit else []
        return left_out + [entry.line(start) for entry in part[-limit:]]


def shown(payload: bytes) -> str:
    """``payload`` as a person may read it: JSON with its secrets masked, other text and bytes cut short."""
    try:
        return readable(parse_object(payload))
    except WireError:
        return f"{len(payload)} bytes {payload[:48]!r}"


def readable(value: Any) -> str:
    """A JSON value as one line, its secrets masked."""
    return json.dumps(redacted(value), ensure_ascii=False, default=str)


def masked(line: str) -> str:
    """A line of a subject's own log, in case it holds a broker URI with credentials."""
    return " ".join(mask_credentials(word) if "@" in word else word for word in line.split(" "))
