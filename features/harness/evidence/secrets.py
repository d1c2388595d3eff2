"""The secrets that a run knows, taken out of everything before it is kept.

By name, for any value under a secret's field name and any password in a URI; and by value, for what the
scenario itself used, wherever it turns up. Values of fewer than SHORTEST characters are known by name alone:
to replace ``mqtt`` everywhere would eat the evidence.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from wire.address import MASK, mask_credentials
from wire.redaction import FOREIGN_NAMES, SECRET_NAMES, redacted

SHORTEST = 6

PASSWORD_NAMES = SECRET_NAMES | {"password", "passwd", "pwd", "networkpassword"}
"""Fields that hold a password; an answer may well carry a ``token``, but never one of these."""

SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token"}
)

_NAMES = "|".join(sorted(map(re.escape, SECRET_NAMES | FOREIGN_NAMES), key=len, reverse=True))
_NAMED = re.compile(rf"((?:{_NAMES})[\"']?\s*[:=]\s*)(\"[^\"]*\"?|'[^']*'?|[^\s,;&\"'}}]+)", re.IGNORECASE)
_IN_URI = re.compile(r"\b([a-z][a-z0-9+.-]*://[^/?#:@\s\[\]\"]*):([^@/\s\"]+)@", re.IGNORECASE)
_HIDDEN = re.compile(r"[*•●]*|<[^<>]*>|\[[^][]*\]")
_NEVER = re.compile(r"(?!)")


class Secrets:
    """Grows while a run lasts; used by every thread of the harness."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._used: set[str] = set()
        self._seen: set[str] = set()
        self._anywhere = self._as_word = _NEVER
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """A secret that the scenario used: from now on it is masked everywhere, and an answer must not hold
        it."""
        self._keep(self._used, value)

    def learn(self, value: Any, *, ours: bool = True) -> None:
        """Every secret in a JSON value that was sent (``ours``) or came from a subject: the latter is masked,
        and accuses nobody."""
        for secret in _secrets_in(value):
            self._keep(self._used if ours else self._seen, secret)

    def learn_headers(self, headers: Mapping[str, str]) -> None:
        """The credentials in HTTP headers: masked from now on."""
        for name, value in headers.items():
            if name.lower() in SECRET_HEADERS:
                self._keep(self._seen, value.rpartition(" ")[2])

    def text(self, text: str) -> str:
        """``text`` without a secret, by value and, in JSON-like text and URIs, by name."""
        named = _NAMED.sub(_hidden, _IN_URI.sub(rf"\1:{MASK}@", text))
        return self._anywhere.sub(MASK, named)

    def value(self, value: Any) -> Any:
        """A JSON value without a secret; the original is left alone."""
        return self._replaced(redacted(value))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """HTTP headers, names in lower case, without a secret."""
        return {
            name.lower(): MASK if name.lower() in SECRET_HEADERS else self.text(value)
            for name, value in headers.items()
        }

    def leaks(self, body: Any, headers: Mapping[str, str]) -> tuple[str, ...]:
        """Where an answer shows a password in clear; ``body`` is a JSON value, or text. Names places, never
        the secret itself."""
        found = dict.fromkeys(place for place in self._leaks(body, "body"))
        for name, value in headers.items():
            found |= dict.fromkeys(self._leaks(value, f"header {name.lower()}"))
        return tuple(found)

    def _keep(self, kept: set[str], value: str) -> None:
        if len(value) < SHORTEST or _HIDDEN.fullmatch(value):
            return
        with self._lock:
            if value in kept:
                return
            kept.add(value)
            self._anywhere = _pattern(self._used | self._seen)
            self._as_word = _pattern(self._used, r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])")

    def _replaced(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._replaced(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._replaced(item) for item in value]
        if not isinstance(value, str):
            return value
        return self.text(value) if value.startswith("{") else self._anywhere.sub(MASK, value)

    def _leaks(self, value: Any, place: str) -> Iterator[str]:
        if isinstance(value, Mapping):
            for key, item in value.items():
                if _is_clear_password(key, item):
                    yield f"{place}.{key}"
                yield from self._leaks(item, f"{place}.{key}")
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._leaks(item, f"{place}[{index}]")
        elif isinstance(value, str) and (_clear_uri(value) or self._as_word.search(value)):
            yield place


def _is_clear_password(key: object, value: object) -> bool:
    if not isinstance(key, str) or not isinstance(value, str):
        return False
    if key.lower() == "mqtturi":
        return mask_credentials(value) != value and not _clear_uri(value) and "://" not in value
    return key.lower() in PASSWORD_NAMES and not _HIDDEN.fullmatch(value)


def _clear_uri(text: str) -> bool:
    return any(not _HIDDEN.fullmatch(match[2]) for match in _IN_URI.finditer(text))


def _secrets_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str) and key.lower() in PASSWORD_NAMES and isinstance(item, str):
                yield item
            else:
                yield from _secrets_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _secrets_in(item)
    elif isinstance(value, str):
        for match in _IN_URI.finditer(value) if "@" in value else ():
            yield match[2]
            yield unquote(match[2])
        if value.startswith("{"):
            yield from (match[2].strip("\"'") for match in _NAMED.finditer(value))


def _hidden(match: re.Match[str]) -> str:
    quote_mark = match[2][0] if match[2][0] in "\"'" else ""
    return f"{match[1]}{quote_mark}{MASK}{quote_mark}"


def _pattern(values: set[str], before: str = "", behind: str = "") -> re.Pattern[str]:
    """Any of ``values`` as it is, inside a JSON string or inside a URL; the longest first."""
    if not values:
        return _NEVER
    spelled = {
        form
        for value in values
        for form in (
            value,
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
            quote(value, safe=""),
        )
    }
    longest_first = sorted(spelled, key=lambda form: (-len(form), form))
    return re.compile(f"{before}(?:{'|'.join(map(re.escape, longest_first))}){behind}")


def _forms(value: str) -> tuple[str, ...]:
    escaped, plain = (json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))
    return (value, escaped, plain, quote(value, safe=""))
