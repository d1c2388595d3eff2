"""The log: one line per event on standard error, secrets redacted (design, rule 18).

A line is a mark, a few words, then the facts as ``key=value``:

    = mqtt connected broker=mqtt://floor:***@localhost:1883
    > config request comp=mqtt relay=e831cdfa8384 topic=sas/relay/e831cdfa8384
    < config answer comp=mqtt relay=e831cdfa8384
    ! message not routed kind=not-json topic=smib/config

``<`` is something that came in, ``>`` something that went out, ``=`` a new state, ``!`` an error. Whatever a
value holds, it stays on its line and in its place: what is not a plain word is written as a JSON string.
Lines go through the logger ``cms`` of the standard library, so that a program that embeds the service can
send them elsewhere.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any, Literal, TextIO

from wire.redaction import redacted

Mark = Literal["<", ">", "=", "!"]

LEVELS = {"quiet": logging.WARNING, "normal": logging.INFO, "debug": logging.DEBUG}
"""What CMS_LOG may say: errors alone; the moments that an operator follows; every message as well."""

MAX_VALUE = 500
"""Characters of one value that are shown."""

_LOGGER = logging.getLogger("cms")
_PLAIN = re.compile(r"[!#-<>-~]+")
_NOT_A_KEY = re.compile(r"[^A-Za-z0-9_.-]")
_CREDENTIALS = re.compile(r"(://[^/\s:@]*):[^/\s]*@")


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send lines of ``level`` (a name of LEVELS) and above to ``stream``, standard error by default."""
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    _LOGGER.handlers[:] = [handler]
    _LOGGER.setLevel(LEVELS[level])
    _LOGGER.propagate = False


def event(mark: Mark, what: str, /, **facts: Any) -> None:
    """Write the line of one event. Facts that are None are left out."""
    level = logging.WARNING if mark == "!" else logging.INFO
    if _LOGGER.isEnabledFor(level):
        _LOGGER.log(level, "%s", line(mark, what, facts))


def detail(mark: Mark, what: str, /, **facts: Any) -> None:
    """The same for what only ``CMS_LOG=debug`` shows: there may be thousands of these a second."""
    if _LOGGER.isEnabledFor(logging.DEBUG):
        _LOGGER.log(logging.DEBUG, "%s", line(mark, what, facts))


def line(mark: Mark, what: str, facts: dict[str, Any]) -> str:
    """The line itself, without its end: printable ASCII on one line, whatever the facts are."""
    shown = redacted({key: fact for key, fact in facts.items() if fact is not None})
    words = (f"{_NOT_A_KEY.sub('_', key)}={_value(fact)}" for key, fact in shown.items())
    return " ".join((mark, what if what.isascii() and what.isprintable() else ascii(what), *words))


def _value(fact: Any) -> str:
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    text = _text(fact)
    if "@" in text:
        text = str(redacted(_CREDENTIALS.sub(r"\1:***@", text)))
    if len(text) > MAX_VALUE:
        text = f"{text[:MAX_VALUE]}... ({len(text)} characters)"
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def _text(fact: Any) -> str:
    if isinstance(fact, str):
        return fact
    if isinstance(fact, bytes):
        return fact.decode(errors="backslashreplace")
    if isinstance(fact, dict | list):
        return json.dumps(fact, separators=(",", ":"), default=str)
    return str(fact)
