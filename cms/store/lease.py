"""The lease of a relay: which of several processes sends to it (issue 4, "Past one machine").

Whoever finds orders that wait takes the lease in the write in which he is told them, and lets go of it in the
one that says that all were sent. Who dies holds it no longer than ``LEASE_MS``. Nothing here does I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

LEASE_MS = 10_000
FRESH_MS = 8_000
"""A lease that lasts longer than this is not renewed: that would be a write for nothing."""

SENDING_MS = 2_500
"""How long after its claim an order may be published; the broker's answer is awaited for 5 s at most."""


@dataclass(frozen=True, slots=True)
class Lease:
    """``token`` rises with each holder: what was written under an older one is known by it."""

    holder: str = ""
    until_ms: int = 0
    token: int = 0

    def is_of_another(self, holder: str, now_ms: int) -> bool:
        return self.holder != holder and now_ms < self.until_ms

    def taken(self, holder: str, now_ms: int) -> Lease:
        """As it is once ``holder`` has it."""
        if self.holder == holder and self.until_ms - now_ms > FRESH_MS:
            return self
        token = self.token + (self.holder != holder)
        return Lease(holder, now_ms + LEASE_MS, token)

    def let_go(self) -> Lease:
        return replace(self, until_ms=0)


FREE = Lease()
