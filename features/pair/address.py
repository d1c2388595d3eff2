"""Where a broker is: ``[mqtt://][user[:password]@]host[:port]`` (contract, section 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

PORTS = {"mqtt": 1883, "mqtts": 8883}
MASK = "***"
_PASSWORD = re.compile(r"(?P<before>^(?:\w+://)?[^@/:]*:)(?P<password>[^/]*)(?=@)")


@dataclass(frozen=True)
class Broker:
    """``password`` is left out of the text form and of ``repr``."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"

    __repr__ = __str__

    def signed_in(self, username: str | None, password: str | None) -> Broker:
        """With these credentials where the address itself has none."""
        return self if self.username or not username else replace(self, username=username, password=password)


def broker_at(text: str) -> Broker:
    """ValueError, without the text, which may hold a password, where it is no broker's address."""
    if any(c <= " " or c == "\x7f" for c in text):
        raise ValueError("an address without blanks was wanted")
    parts = urlsplit(text if "://" in text else f"mqtt://{text}")
    if (
        parts.scheme not in PORTS
        or not parts.hostname
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
    ):
        raise ValueError("[mqtt://][user[:password]@]host[:port] was wanted")
    port = PORTS[parts.scheme] if parts.port is None else parts.port
    if not 0 < port < 65536:
        raise ValueError("a port from 1 to 65535 was wanted")
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password is not None else None
    return Broker(parts.hostname, port, parts.scheme == "mqtts", user, password)


def masked(text: str) -> str:
    """The address with ``***`` in the place of its password."""
    return _PASSWORD.sub(rf"\g<before>{MASK}", text)


def unmasked(text: str, known: str) -> str:
    """The address with the password of ``known`` in the place of ``***``."""
    secret = _PASSWORD.match(known)
    return _PASSWORD.sub(lambda m: m["before"] + secret["password"] if secret else m[0], text, count=1)
