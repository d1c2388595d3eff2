"""Which SMIBs are there: what each last said of itself (contract, sections 1 and 4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cms.hub import Delivery
from wire.commands import ONLINE_MS

MAX_RELAYS = 20_000
"""Beyond this, the relay that was silent for longest is forgotten: ids come from whoever may publish."""

FAREWELL = "NETWORK_DISCONNECTED"


@dataclass(frozen=True, slots=True)
class Seen:
    """One relay. ``firmware`` and ``version`` are what its last ``app`` answer said, None before one came.

    ``left`` is true from its NETWORK_DISCONNECTED, which its last will sends too, to its next message.
    """

    relay_id: str
    last_seen_ms: int
    left: bool = False
    firmware: str | None = None
    version: str | None = None

    def online(self, now_ms: int) -> bool:
        """Whether anything came from it within 3 minutes and it did not leave since (INT-41)."""
        return not self.left and now_ms - self.last_seen_ms <= ONLINE_MS


class Presence:
    """The relays that were heard since the start. The floor hands it each message (see cms/floor.py)."""

    def __init__(self, *, clock_ms: Callable[[], int], max_relays: int = MAX_RELAYS) -> None:
        self._clock_ms = clock_ms
        self._max_relays = max_relays
        self._seen: dict[str, Seen] = {}

    def note(self, delivery: Delivery) -> Seen:
        """Take in one message, and give what is known of its relay now.

        A retained message shows what the device said once, not that it is there.
        """
        relay_id = delivery.relay_id
        before = self._seen.pop(relay_id, None)
        if delivery.retained:
            seen = before if before is not None else Seen(relay_id, 0)
        else:
            left = delivery.fields.get("typ") == FAREWELL
            seen = (
                Seen(relay_id, delivery.received_ms, left)
                if before is None
                else replace(before, last_seen_ms=delivery.received_ms, left=left)
            )
        seen = self._seen[relay_id] = _with_firmware(seen, delivery)
        if len(self._seen) > self._max_relays:
            del self._seen[next(iter(self._seen))]
        return seen

    def of(self, relay_id: str) -> Seen | None:
        """What is known of a relay (canonical id), None where it was never heard."""
        return self._seen.get(relay_id)

    def is_online(self, relay_id: str) -> bool:
        seen = self._seen.get(relay_id)
        return seen is not None and seen.online(self._clock_ms())

    def online(self) -> list[str]:
        """The relays that are online now."""
        now = self._clock_ms()
        return [relay_id for relay_id, seen in self._seen.items() if seen.online(now)]


def _with_firmware(seen: Seen, delivery: Delivery) -> Seen:
    fields = delivery.fields
    if fields.get("typ") != "cfg" or fields.get("comp") != "app":
        return seen
    firmware, version = fields.get("firmware"), fields.get("version")
    return replace(
        seen,
        firmware=firmware if isinstance(firmware, str) else seen.firmware,
        version=version if isinstance(version, str) else seen.version,
    )
