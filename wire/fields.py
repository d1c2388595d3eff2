"""What a single configuration field may hold: its type, its range and whether it is a secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from wire.address import MASK, mask_credentials, parse_address
from wire.errors import AddressError
from wire.topics import WANTED as TOPIC_WANTED
from wire.topics import is_topic

Value = int | str


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the contract's section 3.

    ``accepts`` judges a value of the right type, ``wanted`` says in words what it accepts. ``default`` is
    None for an optional field, which is absent until it is set. ``bounds`` are the smallest and the largest
    number, or the fewest and the most bytes of a text, where the field is that simple.
    """

    name: str
    type: type[int] | type[str]
    wanted: str
    accepts: Callable[[Value], bool]
    default: Value | None
    meaning: str
    secret: bool = False
    read_only: bool = False
    bounds: tuple[int, int] | None = None

    @property
    def optional(self) -> bool:
        return self.default is None

    def problem(self, value: object) -> str | None:
        """Why ``value`` is refused, None where it is accepted. Shows no secret."""
        if self.read_only:
            return "read-only, it can't be set"
        if type(value) is self.type and self.accepts(value):
            return None
        return f"{self.wanted} was wanted{self._seen(value)}"

    def masked(self, value: Value) -> Value:
        """``value`` as it may be shown to anybody: a secret as ``***``, a URI without its password."""
        if self.secret:
            return MASK
        return mask_credentials(value) if self._holds_password and isinstance(value, str) else value

    @property
    def _holds_password(self) -> bool:
        return self.accepts in (_is_broker_uri, _is_http_url)

    def _seen(self, value: object) -> str:
        if self.secret or self._holds_password or not isinstance(value, int | str | float | None):
            return ""
        shown = json.dumps(value, ensure_ascii=True)
        return f", not {shown}" if len(shown) <= 48 else ""


def number(name: str, low: int, high: int, default: int, meaning: str) -> Field:
    """A whole number from ``low`` to ``high``, both included."""
    return Field(
        name,
        int,
        f"a whole number from {low} to {high}",
        lambda v: low <= int(v) <= high,
        default,
        meaning,
        bounds=(low, high),
    )


def topic(name: str, default: str, meaning: str) -> Field:
    """An MQTT topic; one that ends in ``/`` gets the relayId appended (section 2)."""
    return Field(name, str, f"a topic of {TOPIC_WANTED}", lambda v: is_topic(str(v)), default, meaning)


def text(name: str, low: int, high: int, default: str | None, meaning: str, *, secret: bool = False) -> Field:
    """``low`` to ``high`` bytes of UTF-8 without control characters."""
    wanted = f"{low} to {high} bytes of UTF-8 text"
    return Field(
        name, str, wanted, lambda v: _is_text(str(v), low, high), default, meaning, secret, bounds=(low, high)
    )


def passphrase(name: str, default: str, meaning: str) -> Field:
    """A WiFi passphrase: 8 to 63 characters, or empty for an open network."""
    wanted = "8 to 63 characters or an empty string"
    return Field(name, str, wanted, lambda v: _is_passphrase(str(v)), default, meaning, secret=True)


def broker_uri(name: str, default: str, meaning: str) -> Field:
    """A broker's address with or without scheme, credentials and port."""
    return Field(
        name, str, "a broker URI, [mqtt://][user[:password]@]host[:port],", _is_broker_uri, default, meaning
    )


def http_url(name: str, default: str, meaning: str) -> Field:
    """An ``http`` or ``https`` URL."""
    return Field(name, str, "an http or https URL", _is_http_url, default, meaning)


def read_only(name: str, default: str, meaning: str) -> Field:
    """What the firmware says of itself; an update is refused."""
    return Field(name, str, "text", lambda v: _is_text(str(v), 0, 256), default, meaning, read_only=True)


def _is_text(value: str, low: int, high: int) -> bool:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return False
    return low <= size <= high and not any(c < " " or c == "\x7f" for c in value)


def _is_passphrase(value: str) -> bool:
    return (value == "" or 8 <= len(value) <= 63) and _is_text(value, 0, 4 * 63)


def _is_broker_uri(value: Value) -> bool:
    try:
        parse_address(str(value))
    except AddressError:
        return False
    return _is_text(str(value), 1, 4 * 256)


def _is_http_url(value: Value) -> bool:
    text = str(value)
    if not _is_text(text, 1, 512) or " " in text:
        return False
    try:
        parts = urlsplit(text)
        valid_port = parts.port != 0
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and valid_port
