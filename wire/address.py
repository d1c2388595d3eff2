"""Where a broker is: the URIs of settings and of ``mqttURI`` (contract, sections 3 and 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, quote, unquote, urlsplit

from wire.errors import AddressError

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
MAX_URI_BYTES = 256
WANTED = "[mqtt|mqtts|ws|wss://][user[:password]@]host[:port][/path]"
MASK = "***"

_ALIASES = {"tcp": "mqtt", "ssl": "mqtts", "tls": "mqtts"}
_HOST = re.compile(r"[A-Za-z0-9_.:%-]+")
# The group of the scheme is atomic: else the colon of ``mqtt://user@host`` passes for that before a password.
_CREDENTIALS = re.compile(r"^((?>(?:[a-z][a-z0-9+.-]*://)?)[^/?#:@]*):.*@", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A broker's host and port (TCP), how to reach it and as whom. ``str()`` shows no password."""

    scheme: str
    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    path: str = ""

    @property
    def tls(self) -> bool:
        return self.scheme in ("mqtts", "wss")

    @property
    def websocket(self) -> bool:
        return self.scheme in ("ws", "wss")

    def with_tls(self) -> BrokerAddress:
        """The same broker over TLS. The port stays, unless it is the plain default."""
        secure = {"mqtt": "mqtts", "ws": "wss"}.get(self.scheme, self.scheme)
        plain = self.port == DEFAULT_PORTS[self.scheme]
        return replace(self, scheme=secure, port=DEFAULT_PORTS[secure] if plain else self.port)

    def uri(self) -> str:
        """The URI in full, with the password. Never for a log."""
        return self._spelled(None if self.password is None else quote(self.password, safe=""))

    def __str__(self) -> str:
        return self._spelled(None if self.password is None else MASK)

    def _spelled(self, password: str | None) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = "" if self.username is None else quote(self.username, safe="")
        secret = "" if password is None else f":{password}"
        at = "@" if user or secret else ""
        return f"{self.scheme}://{user}{secret}{at}{host}:{self.port}{self.path}"


def parse_address(text: str) -> BrokerAddress:
    """The broker that ``text`` names, with or without scheme, credentials and port; else AddressError."""
    whole = text.strip()
    if not whole or len(whole) > MAX_URI_BYTES or any(c <= " " or c == "\x7f" for c in whole):
        raise AddressError(f"a broker URI of 1 to {MAX_URI_BYTES} characters, {WANTED}, was wanted")
    try:
        parts = urlsplit(whole if "://" in whole else f"mqtt://{whole}")
        port = parts.port
        host = parts.hostname or ""
    except ValueError as exc:
        raise AddressError(f"a broker URI, {WANTED}, was wanted: its host or port is not one") from exc
    scheme = _ALIASES.get(parts.scheme, parts.scheme)
    if scheme not in DEFAULT_PORTS:
        raise AddressError(f"a broker URI, {WANTED}, was wanted, not the scheme {parts.scheme!r}")
    if not _HOST.fullmatch(host) or port == 0 or parts.query or parts.fragment:
        raise AddressError(f"a broker URI, {WANTED}, was wanted")
    return _address(scheme, host, port, parts)


def _address(scheme: str, host: str, port: int | None, parts: SplitResult) -> BrokerAddress:
    return BrokerAddress(
        scheme=scheme,
        host=host,
        port=DEFAULT_PORTS[scheme] if port is None else port,
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        path=parts.path if scheme in ("ws", "wss") else "",
    )


def mask_credentials(uri: str) -> str:
    """``uri`` as it was written, but for its password; works on text that is no URI at all."""
    return _CREDENTIALS.sub(rf"\1:{MASK}@", uri)
