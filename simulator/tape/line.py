"""One message as one line of a tape: a JSON object in ASCII.

    {"time":"2026-01-01T00:00:00.505Z","topic":"smib/config","qos":1,"retain":false,"payload":"{...}"}

`payload` is the text of the payload; one that is not UTF-8 stands under `base64` instead.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from simulator.errors import TapeLineError
from wire.address import MASK
from wire.errors import WireError
from wire.jsontext import parse_object, to_bytes
from wire.redaction import redacted
from wire.timestamps import format_timestamp, parse_timestamp
from wire.topics import is_topic

FIELDS = ("time", "topic", "qos", "retain", "payload", "base64")
LONGEST_LINE = 8 * 1024 * 1024
"""Characters; nothing longer is read."""


@dataclass(frozen=True, slots=True)
class Taped:
    """One message: milliseconds since 1970, and what the broker was given."""

    time_ms: int
    topic: str
    payload: bytes = field(repr=False)
    qos: int = 0
    retain: bool = False


class Speller:
    """Spells messages as lines. It remembers the last second, for writing dates is slow."""

    def __init__(self) -> None:
        self._second = -1
        self._date = ""

    def line(self, time_ms: int, topic: str, payload: bytes, qos: int, retain: bool) -> str:
        """The line, with its end."""
        second, ms = divmod(time_ms, 1000)
        if second != self._second:
            self._second, self._date = second, format_timestamp(second * 1000)[:-4]
        try:
            name, text = "payload", payload.decode()
        except UnicodeDecodeError:
            name, text = "base64", base64.b64encode(payload).decode()
        kept = "true" if retain else "false"
        return (
            f'{{"time":"{self._date}{ms:03d}Z","topic":{quoted(topic)},"qos":{qos},"retain":{kept},'
            f'"{name}":{quoted(text)}}}\n'
        )


def taped(line: str) -> Taped:
    """The message that a line spells; TapeLineError naming the field that is wrong."""
    if len(line) > LONGEST_LINE:
        raise TapeLineError("line", f"at most {LONGEST_LINE} characters were wanted")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as exc:
        cut = "" if line.endswith("\n") else "; it is cut short"
        raise TapeLineError("line", f"a JSON object was wanted{cut}") from exc
    if not isinstance(fields, dict):
        raise TapeLineError("line", "a JSON object was wanted")
    return Taped(
        _time(fields.get("time")),
        _checked(fields, "topic", lambda v: isinstance(v, str) and is_topic(v), "a topic was wanted"),
        _payload(fields),
        _checked(fields, "qos", lambda v: type(v) is int and 0 <= v <= 2, "0, 1 or 2 was wanted"),
        _checked(fields, "retain", lambda v: isinstance(v, bool), "true or false was wanted"),
    )


def masked(payload: bytes) -> bytes:
    """A payload without its secrets. What nobody can read may hold one anywhere, and becomes `***`."""
    try:
        fields = parse_object(payload)
    except WireError:
        return MASK.encode() if payload else payload
    hidden = redacted(fields)
    return payload if hidden == fields else to_bytes(hidden)


def _time(value: object) -> int:
    try:
        return parse_timestamp(value if isinstance(value, str) else "")
    except WireError as exc:
        raise TapeLineError("time", "a time as 2026-01-01T00:00:00.000Z was wanted") from exc


def _payload(fields: Mapping[str, Any]) -> bytes:
    text, coded = fields.get("payload"), fields.get("base64")
    if isinstance(text, str) and coded is None:
        try:
            return text.encode()
        except UnicodeEncodeError as exc:
            raise TapeLineError("payload", "text that UTF-8 can hold was wanted") from exc
    if not isinstance(coded, str) or text is not None:
        raise TapeLineError("payload", "a text, or base64 in its place, was wanted")
    try:
        return base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise TapeLineError("base64", "base64 was wanted") from exc


def _checked(fields: Mapping[str, Any], name: str, fits: Callable[[Any], bool], wanted: str) -> Any:
    value = fields.get(name)
    if not fits(value):
        raise TapeLineError(name, wanted)
    return value
