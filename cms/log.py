"""The log: one line per event on standard error, secrets redacted (design, rule 18).

A line is the time, a mark, a few words, then the facts as ``key=value``:

    2024-01-15T10:30:00.000Z = mqtt connected broker=mqtt://floor:***@localhost:1883
    2024-01-15T10:30:01.204Z > config request comp=mqtt relay=e831cdfa8384 request=4f0a12-7
    2024-01-15T10:30:01.240Z < config answer comp=mqtt relay=e831cdfa8384
    2024-01-15T10:30:02.017Z ! message not routed kind=not-json topic=smib/config

``<`` is something that came in, ``>`` something that went out, ``=`` a new state, ``!`` an error. Whatever a
value holds, it stays on its line and in its place: what is not a plain word is written as a JSON string.
With ``CMS_LOG_FORMAT=json`` a line is a JSON object of the same facts. What a request causes
has its id on the line, see ``caused_by``. Lines go through the logger ``cms`` of the standard library, so
that a program that embeds the service can send them elsewhere.
"""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Literal, TextIO

from wire.redaction import redacted
from wire.timestamps import format_timestamp

Mark = Literal["<", ">", "=", "!"]

LEVELS = {"quiet": logging.WARNING, "normal": logging.INFO, "debug": logging.DEBUG}
"""What CMS_LOG may say: errors alone; the moments that an operator follows; every message as well."""

TEXT, JSON = "text", "json"
FORMATS = (TEXT, JSON)
"""What CMS_LOG_FORMAT may say."""

MAX_VALUE = 500
"""Characters of one value that are shown."""

_LOGGER = logging.getLogger("cms")
_NAMES = {logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "error"}
_PLAIN = re.compile(r"[!#-<>-~]+")
_NOT_A_KEY = re.compile(r"[^A-Za-z0-9_.-]")
_CREDENTIALS = re.compile(r"(://[^/\s:@]*):[^/\s]*@")
_REQUEST: ContextVar[str | None] = ContextVar("cms-request", default=None)


def configure(level: str, stream: TextIO | None = None, *, form: str = TEXT) -> None:
    """Send lines of ``level`` (a name of LEVELS) and above to ``stream``, standard error by default.

    ``form`` is one of FORMATS.
    """
    _LOGGER.handlers[:] = [_Lines(stream if stream is not None else sys.stderr, form)]
    _LOGGER.setLevel(LEVELS[level])
    _LOGGER.propagate = False


def event(mark: Mark, what: str, /, **facts: Any) -> None:
    """Write the line of one event. Facts that are None are left out."""
    level = logging.WARNING if mark == "!" else logging.INFO
    if _LOGGER.isEnabledFor(level):
        _LOGGER.handle(_Record(level, mark, what, facts))


def detail(mark: Mark, what: str, /, **facts: Any) -> None:
    """The same for what only ``CMS_LOG=debug`` shows: there may be thousands of these a second."""
    if _LOGGER.isEnabledFor(logging.DEBUG):
        _LOGGER.handle(_Record(logging.DEBUG, mark, what, facts))


@contextmanager
def caused_by(request: str | None) -> Iterator[None]:
    """Inside, and in every task that is started inside, lines say ``request=…``; None: nobody's request."""
    token = _REQUEST.set(request)
    try:
        yield
    finally:
        _REQUEST.reset(token)


def request() -> str | None:
    """The id of the request that causes what is being done, None where none does."""
    return _REQUEST.get()


def line(mark: Mark, what: str, facts: dict[str, Any]) -> str:
    """The line itself, without its time and its end: printable ASCII on one line, whatever the facts are."""
    words = [mark, what if what.isascii() and what.isprintable() else ascii(what)]
    for key, fact in facts.items():
        if fact is not None:
            text = _value(key, fact)
            words.append(f"{_key(key)}={text if _PLAIN.fullmatch(text) else json.dumps(text)}")
    return " ".join(words)


def json_line(mark: Mark, what: str, facts: dict[str, Any], level: int, at_ms: int) -> str:
    """The same as a JSON object: ``time``, ``level``, ``mark``, ``event``, then the facts.

    A fact keeps its type where it is a number or a truth value, and is text otherwise.
    """
    head = {"time": format_timestamp(at_ms), "level": _NAMES[level], "mark": mark, "event": what}
    shown = {_key(key): _typed(key, fact) for key, fact in facts.items() if fact is not None}
    return json.dumps({**shown, **head} if shown.keys() & head.keys() else {**head, **shown})


class _Record(logging.LogRecord):
    """One event, made without a look at the stack for who calls: that would be half of what a line costs."""

    def __init__(self, level: int, mark: Mark, what: str, facts: dict[str, Any]) -> None:
        super().__init__("cms", level, "", 0, what, None, None)
        if (request_id := _REQUEST.get()) is not None:
            facts.setdefault("request", request_id)
        self.mark = mark
        self.facts = facts

    def getMessage(self) -> str:
        return line(self.mark, self.msg, self.facts)


class _Lines(logging.Handler):
    """Writes each event to a stream. What can't be written is lost: there is nobody to tell."""

    def __init__(self, stream: TextIO, form: str) -> None:
        super().__init__()
        self._stream = stream
        self._text = _as_json if form == JSON else _as_text
        buffered = not (isinstance(stream, io.TextIOWrapper) and stream.line_buffering)
        self._flush: Callable[[], None] = stream.flush if buffered else lambda: None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._stream.write(f"{self._text(record)}\n")
            self._flush()
        except (OSError, ValueError):  # the terminal is gone, or the stream is closed
            return


def _as_text(record: logging.LogRecord) -> str:
    return f"{format_timestamp(_now_ms())} {record.getMessage()}"


def _as_json(record: logging.LogRecord) -> str:
    now_ms = _now_ms()
    if isinstance(record, _Record):
        return json_line(record.mark, record.msg, record.facts, record.levelno, now_ms)
    return json_line("=", record.getMessage(), {}, logging.INFO, now_ms)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _typed(key: str, fact: Any) -> Any:
    if isinstance(fact, bool | int | float) and not _is_secret(key):
        return fact if fact == fact and fact not in (float("inf"), float("-inf")) else str(fact)
    return _value(key, fact)


def _value(key: str, fact: Any) -> str:
    """What is shown of a fact, secrets masked, before it is quoted."""
    if type(fact) is not str:
        if isinstance(fact, bool):
            fact = "yes" if fact else "no"
        fact = _text(redacted(fact))
    if _is_secret(key):
        return "***"
    if "@" in fact:
        fact = str(redacted(_CREDENTIALS.sub(r"\1:***@", fact)))
    return fact if len(fact) <= MAX_VALUE else f"{fact[:MAX_VALUE]}... ({len(fact)} characters)"


def _text(fact: Any) -> str:
    if isinstance(fact, str):
        return fact
    if isinstance(fact, bytes):
        return fact.decode(errors="backslashreplace")
    if isinstance(fact, dict | list):
        return json.dumps(fact, separators=(",", ":"), default=str)
    return str(fact)


@lru_cache(1024)
def _key(name: str) -> str:
    return _NOT_A_KEY.sub("_", name)


@lru_cache(1024)
def _is_secret(name: str) -> bool:
    """Whether the one table of secrets masks whatever is called ``name``."""
    return bool(redacted({name: ""})[name])
