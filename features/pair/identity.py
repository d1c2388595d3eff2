"""Relay ids (contract, section 1)."""

from __future__ import annotations

import re

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_MAC = re.compile(r"[0-9A-Fa-f]{12}")
BLANKS = " \t"


def is_id(text: str) -> bool:
    """Whether ``text`` addresses nothing but itself: no ``/``, ``+``, ``#``, NUL or line break in it."""
    return _ID.fullmatch(text) is not None


def canonical(text: str) -> str:
    """The form in which ids are compared: without blanks around it, a MAC address in lower case."""
    stripped = text.strip(BLANKS)
    return stripped.lower() if _MAC.fullmatch(stripped) else stripped
