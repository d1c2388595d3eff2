"""What a process of a fleet tells the one that started it: a line of JSON on stdout for each look."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TextIO

from simulator.errors import SummaryError
from simulator.fleet.reading import Reading


@dataclass(frozen=True, slots=True)
class Word:
    """One line: the figures up to now, whether all its devices had their time, and where its control is."""

    reading: Reading
    ready: bool = False
    control: str | None = None

    def line(self) -> str:
        fields = {"ready": self.ready, "control": self.control, "reading": self.reading.to_dict()}
        return json.dumps(fields, separators=(",", ":")) + "\n"


def say(word: Word, out: TextIO) -> None:
    """Tell it at once."""
    out.write(word.line())
    out.flush()


def heard(line: bytes | str) -> Word:
    """What a line says; SummaryError for one that is none."""
    try:
        fields: Any = json.loads(line)
        control = fields["control"]
        return Word(Reading.from_dict(fields["reading"]), bool(fields["ready"]), control and str(control))
    except (ValueError, KeyError, TypeError) as exc:
        raise SummaryError(f"a line of a fleet's process was wanted ({type(exc).__name__}).") from exc
