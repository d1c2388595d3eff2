"""Relay ids: who a SMIB is (contract, section 1)."""

from __future__ import annotations

import re

from wire.errors import RelayIdError

WANTED = "1 to 64 characters out of A-Z a-z 0-9 _ . : -"

_ALLOWED = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_MAC = re.compile(r"[0-9A-Fa-f]{12}")


def canonical_relay_id(text: object) -> str:
    """``text`` without surrounding blanks and, where it is a MAC address of 12 digits, in lower case.

    A foreign id keeps its case, because the topic that it names does (INT-02). RelayIdError for an id that
    could address another topic: one with ``/ + #``, NUL or a line break, an empty or an over-long one.
    """
    if not isinstance(text, str):
        raise RelayIdError(f"relayId: a string of {WANTED} was wanted")
    bare = text.strip(" \t")
    if not _ALLOWED.fullmatch(bare):
        raise RelayIdError(f"relayId: {WANTED} were wanted, not {_shown(text)}")
    return bare.lower() if _MAC.fullmatch(bare) else bare


def is_mac(relay_id: str) -> bool:
    """Whether ``relay_id`` is a real board's id: 12 hexadecimal digits."""
    return _MAC.fullmatch(relay_id) is not None


def _shown(text: str) -> str:
    return ascii(text) if len(text) <= 80 else f"{len(text)} characters"
