"""What can be told of the floor and of the service itself, now (contract, section 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cms import floor_frames as frames
from cms.errors import UnknownCabinet
from cms.feed import Wanted
from cms.floor import Place
from cms.gauge import Durations, Rate
from cms.hub import Hub
from cms.monitor import Monitor
from cms.scope import scope
from cms.watchdog import Watchdog
from wire.timestamps import format_timestamp

MINUTE_S, FIVE_MINUTES_S = 60, 300
MEDIAN, TAIL = 0.5, 0.95


class Broker(Protocol):
    """The MQTT service, as far as this needs it."""

    def is_connected(self) -> bool: ...

    @property
    def failure(self) -> str | None: ...

    @property
    def connects(self) -> int: ...


class StreamCount(Protocol):
    """The event streams."""

    @property
    def limit(self) -> int: ...

    def counts(self) -> Mapping[str, int]:
        """How many are open of each kind."""


class BatchCount(Protocol):
    """The orders to many cabinets."""

    @property
    def open(self) -> int:
        """How many are under way."""

    @property
    def total(self) -> int:
        """How many there were since the start."""


@dataclass(frozen=True, slots=True)
class Monitoring:
    """Reads what the monitor and the watchdog know; nothing of it waits."""

    monitor: Monitor
    watchdog: Watchdog
    hub: Hub
    broker: Broker
    streams: StreamCount
    batches: BatchCount
    clock_ms: Callable[[], int]

    def cabinets(self, wanted: Wanted, state: str | None) -> list[dict[str, Any]]:
        """Every cabinet that is wanted, in the state that is wanted, with its figures."""
        now_s = self.monitor.now_s()
        return [
            _cabinet(place, now_s)
            for place in self.monitor.floor.places()
            if wanted.lets_through(place.identity.id, place.identity.location)
            and state in (None, place.shown.state)
        ]

    async def require(self, cabinet_id: str | None) -> None:
        """UnknownCabinet where there is none of this id, also among those that were added just now."""
        floor = self.monitor.floor
        if cabinet_id is None or floor.has_cabinet(cabinet_id, scope()):
            return
        await self.monitor.refresh()
        if not floor.has_cabinet(cabinet_id, scope()):
            raise UnknownCabinet(cabinet_id)

    def floor(self) -> dict[str, Any]:
        """All cabinets that are seen, together."""
        floor, limits = self.monitor.floor, scope()
        places = floor.seen(limits)
        online = sum(place.shown.online for place in places)
        # What the floor counts by itself holds relays without a cabinet, and is there at once.
        heard = [floor.rate] if limits.whole else [place.smib.rate for place in places]
        answers = floor.answers if limits.whole else Durations.pooled(p.smib.answers for p in places)
        return {
            "cabinets": len(places),
            "online": online,
            "offline": len(places) - online,
            "outOfStep": sum(place.shown.in_step is False for place in places),
            "states": floor.states(limits),
            "messages": rates(heard, self.monitor.now_s()),
            "answers": answer_times(answers),
            "errors": floor.errors(limits),
            "reconnects": sum(place.smib.reconnects for place in places),
            "unknown": self._unknown() if limits.whole else {"messages": 0, "recent": []},
        }

    def service(self) -> dict[str, Any]:
        """The service itself: what it stands on, what waits in it, what it had to drop."""
        counts = dict(self.hub.counts())
        routed, dropped = counts.pop("routed"), counts.pop("dropped")
        return {
            "uptimeS": round(self.monitor.uptime_s, 1),
            "broker": {
                "connected": self.broker.is_connected(),
                "failure": self.broker.failure,
                "connects": self.broker.connects,
            },
            "outbox": self._outbox(),
            "batches": {"open": self.batches.open, "total": self.batches.total},
            "streams": {**self.streams.counts(), "limit": self.streams.limit},
            "queues": {
                "routed": routed,
                "dropped": dropped,
                "refused": {kind.removeprefix("refused-"): count for kind, count in sorted(counts.items())},
            },
            "frames": self.monitor.feed.count,
        }

    def _outbox(self) -> dict[str, Any]:
        backlog = self.watchdog.backlog
        age_s = None if backlog.oldest_ms is None else max(0, self.clock_ms() - backlog.oldest_ms) / 1000
        return {"waiting": backlog.waiting, "unconfirmed": backlog.unconfirmed, "oldestAgeS": age_s}

    def _unknown(self) -> dict[str, Any]:
        floor = self.monitor.floor
        recent = [
            {
                "relayId": stranger.relay_id,
                "messages": stranger.messages,
                "lastSeen": format_timestamp(stranger.last_seen_ms),
            }
            for stranger in reversed(floor.strangers.values())
        ]
        return {"messages": floor.stranger_messages, "recent": recent}


def rates(heard: Sequence[Rate], now_s: float) -> dict[str, Any]:
    """All of ``heard`` together."""
    return {
        "total": sum(rate.total for rate in heard),
        "perSecond1m": round(sum(rate.per_second(MINUTE_S, now_s) for rate in heard), 3),
        "perSecond5m": round(sum(rate.per_second(FIVE_MINUTES_S, now_s) for rate in heard), 3),
    }


def answer_times(durations: Durations) -> dict[str, Any]:
    """Milliseconds from order to answer, over the last ones; None where there was none."""
    median, tail = (
        None if value is None else round(value * 1000, 1) for value in durations.percentiles((MEDIAN, TAIL))
    )
    return {"count": durations.count, "p50Ms": median, "p95Ms": tail}


def _cabinet(place: Place, now_s: float) -> dict[str, Any]:
    smib = place.smib
    return {
        **frames.cabinet(place.identity, place.shown),
        "lastSeen": frames.last_seen(place),
        "messages": rates([smib.rate], now_s),
        "answers": answer_times(smib.answers),
        "errors": dict(sorted(smib.errors.items())),
        "reconnects": smib.reconnects,
    }
