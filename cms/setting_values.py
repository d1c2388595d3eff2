"""What a setting may be: each function reads the text of one kind of value, or raises ValueError.

The error's text says what was wanted.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path

from cms.keys import read_keys
from wire.address import BrokerAddress, parse_address
from wire.errors import AddressError
from wire.topics import WANTED as TOPIC_WANTED
from wire.topics import is_topic

PLAIN = "plain"
SWITCH_WANTED = "1 or 0 (yes or no, true or false, on or off)"


def text(text: str) -> str:
    return text


def database(text: str) -> str:
    """A file in a folder that is there, ``:memory:``, or the URI of another storage."""
    folder = Path(text).parent
    if "://" not in text and not folder.exists():
        raise ValueError(f"a file in a folder that is there was wanted, and there is no {folder}")
    return text


def uri(text: str) -> BrokerAddress:
    try:
        return parse_address(text)
    except AddressError as exc:
        raise ValueError(str(exc)) from exc


def topic(text: str) -> str:
    if not is_topic(text):
        raise ValueError(f"a topic of {TOPIC_WANTED} was wanted")
    return text


def prefix(text: str) -> str:
    if not is_topic(text) or not text.strip("/"):
        raise ValueError(f"the beginning of a topic, {TOPIC_WANTED}, was wanted")
    return text


def switch(text: str) -> bool:
    try:
        return _SWITCH[text.lower()]
    except KeyError as exc:
        raise ValueError(f"{SWITCH_WANTED} was wanted") from exc


def port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 65535):
        raise ValueError("a port from 0 to 65535 was wanted (0 = any free port)")
    return int(text)


def number(low: int, high: int) -> Callable[[str], int]:
    """What reads a whole number from ``low`` to ``high``."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) <= 12 and low <= int(text) <= high):
            raise ValueError(f"a number from {low} to {high} was wanted")
        return int(text)

    return read


def host(text: str) -> str:
    if any(c.isspace() or not c.isprintable() for c in text) or len(text) > 255:
        raise ValueError("a host name or an IP address was wanted")
    return text.strip("[]")


def addresses(text: str) -> str:
    """IP addresses and networks, with commas between them."""
    try:
        return ",".join(str(ipaddress.ip_network(part.strip(), strict=False)) for part in text.split(","))
    except ValueError as exc:
        raise ValueError("IP addresses or networks, with commas between them, were wanted") from exc


def one_of(words: Iterable[str]) -> Callable[[str], str]:
    """What reads one of ``words``, in any case."""
    known = tuple(words)

    def read(text: str) -> str:
        if text.lower() not in known:
            raise ValueError(f"one of {', '.join(known)} was wanted")
        return text.lower()

    return read


def keys(text: str) -> tuple[bytes, ...]:
    """Keys for secrets; none where the operator says so."""
    return () if text.strip().lower() == PLAIN else read_keys(text)


def keys_file(text: str) -> tuple[bytes, ...]:
    try:
        return read_keys(Path(text).read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else "it is no text in ASCII"
        raise ValueError(f"a file with keys was wanted ({reason})") from exc


def ca_file(text: str) -> str:
    try:
        ssl.create_default_context(cafile=text)
    except OSError as exc:
        reason = (
            exc.strerror if not isinstance(exc, ssl.SSLError) and exc.strerror else "no certificate in it"
        )
        raise ValueError(f"a file of PEM certificates was wanted ({reason})") from exc
    return text


def file(text: str) -> str:
    try:
        with Path(text).open("rb"):
            return text
    except OSError as exc:
        raise ValueError(f"a file that can be read was wanted ({exc.strerror})") from exc


def check_pair(cert_file: str, key_file: str | None) -> None:
    """ValueError where these two, or the one with both in it, are no certificate with its key."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(cert_file, key_file, password=_no_password)
    except (OSError, ValueError) as exc:
        raise ValueError(
            "a PEM certificate, and the key that fits it, without a password, were wanted"
        ) from exc


def _no_password() -> str:
    raise ValueError("a key with a password")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a service that listens on ``host``."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


_SWITCH = {
    **dict.fromkeys(("1", "yes", "true", "on"), True),
    **dict.fromkeys(("0", "no", "false", "off"), False),
}
