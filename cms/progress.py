"""How far an order is at one cabinet (contract, section 7)."""

from __future__ import annotations

from enum import StrEnum


class Progress(StrEnum):
    """From the worst on: a cabinet with several orders is as far as the worst of them."""

    FAILED = "failed"
    ROLLED_BACK = "rolledBack"
    REFUSED = "refused"
    EXPIRED = "expired"
    UNCONFIRMED = "unconfirmed"
    SUPERSEDED = "superseded"
    PENDING = "pending"
    WAITING = "waiting"
    SENT = "sent"
    INSTALLING = "installing"
    CONFIRMED = "confirmed"
    STORED = "stored"
