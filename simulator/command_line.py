"""Kinds of value on a command line: each reads a text or refuses it with what was wanted, exit code 2."""

from __future__ import annotations

import argparse

from simulator import durations
from wire.address import BrokerAddress, parse_address
from wire.errors import AddressError, MessageError, RelayIdError
from wire.relay import canonical_relay_id
from wire.timestamps import parse_timestamp

_SIZES = {"KB": 10**3, "MB": 10**6, "GB": 10**9}


def broker_uri(text: str) -> BrokerAddress:
    """A broker. The refusal does not repeat the text, which may hold a password."""
    try:
        return parse_address(text)
    except AddressError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


def relay_id(text: str) -> str:
    """A relay id, in its canonical form."""
    try:
        return canonical_relay_id(text)
    except RelayIdError as exc:
        raise argparse.ArgumentTypeError(str(exc).removeprefix("relayId: ")) from exc


def port(text: str) -> int:
    """A port, 0 for any free one."""
    return _whole(text, 0, 65_535, "a port from 0 (any free one) to 65535")


def count(text: str) -> int:
    """How many devices."""
    return _whole(text, 1, 1_000_000, "a whole number from 1")


def seed(text: str) -> int:
    """A seed for everything that is drawn by chance."""
    return _whole(text, 0, 2**63 - 1, "a whole number from 0")


def pace(text: str) -> float:
    """Games a minute."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 600:
        raise argparse.ArgumentTypeError(f"a number from 0 to 600 was wanted, not {text[:40]!r}")
    return number


def duration(text: str) -> int:
    """A length of time above 0, in milliseconds."""
    length = durations.milliseconds(text)
    if not length:
        raise argparse.ArgumentTypeError(f"{durations.WANTED} was wanted, not {text[:40]!r}")
    return length


def rate(text: str) -> float:
    """So many a second."""
    try:
        number = float(text.removesuffix("/s"))
    except ValueError:
        number = 0
    if not 0 < number <= 100_000:
        raise argparse.ArgumentTypeError(f"a number a second as 200/s was wanted, not {text[:40]!r}")
    return number


def size(text: str) -> int:
    """So many bytes, above 0."""
    number, unit = text[:-2], _SIZES.get(text[-2:].upper())
    if unit is None or not (number.isascii() and number.isdecimal() and len(number) <= 9 and int(number)):
        raise argparse.ArgumentTypeError(f"a size as 500KB, 100MB or 2GB was wanted, not {text[:40]!r}")
    return int(number) * unit


def moment(text: str) -> int:
    """A moment, in milliseconds since 1970."""
    try:
        return parse_timestamp(text)
    except MessageError as exc:
        raise argparse.ArgumentTypeError(f"{exc.wanted}, not {text[:40]!r}") from exc


def _whole(text: str, low: int, high: int, wanted: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 19 else -1
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{wanted} was wanted, not {text[:40]!r}")
    return number
