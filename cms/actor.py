"""Who does something, and what it is called in the audit trail (contract, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a part of the system. Without a request the other two are empty."""

    user: str
    address: str = ""
    request_id: str = ""


ANONYMOUS = "anonymous"
"""The user of a request, as long as nobody signs in."""

SYSTEM = Actor("system")


def device(relay_id: str) -> Actor:
    """A SMIB, which decides what becomes of an order."""
    return Actor(f"smib:{relay_id}")


@dataclass(frozen=True, slots=True)
class Act:
    """What is done, in one word, and by whom. ``note`` says more of it, without secrets and without nulls."""

    actor: Actor = SYSTEM
    action: str = "order"
    note: Mapping[str, Any] = field(default_factory=dict)
