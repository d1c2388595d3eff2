"""The timeline of a run: all that the harness did, waited for and saw, in one list, no secret in it."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from features.harness.evidence import content, rendering
from features.harness.evidence.entry import (
    HARNESS,
    AnswerCame,
    Entry,
    FrameCame,
    Note,
    RequestSent,
    Step,
    Wait,
)
from features.harness.evidence.secrets import Secrets
from features.harness.tap.packet import Packet
from wire.topics import Topics

MOST = 20_000
"""Entries that are kept; the oldest go first, and a scenario whose own have gone knows it."""

HEAVIEST = 64 * 1024 * 1024
"""Bytes of payloads and bodies that are kept, roughly."""

NOTE = 400


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The entries of one scenario by time; ``lost`` of its first ones were not kept."""

    entries: tuple[Entry, ...]
    lost: int = 0

    def lines(self, limit: int = 400) -> list[str]:
        """As a person reads it, the last ``limit`` entries of it."""
        left_out = self.lost + max(0, len(self.entries) - limit)
        head = [f"… {left_out} earlier entries"] if left_out else []
        return head + rendering.lines(self.entries[-limit:])

    def to_json(self) -> list[dict[str, Any]]:
        """Each entry as a JSON object, its time in seconds since the first."""
        start = self.entries[0].at if self.entries else 0.0
        return [entry.to_json(start) for entry in self.entries]


class Timeline:
    """Filled by every thread of the harness. A tap is given it as its witness.

    ``topics`` may change while a scenario runs on others than the usual. ``pace`` stretches every deadline
    of the harness.
    """

    def __init__(
        self,
        secrets: Secrets | None = None,
        topics: Topics | None = None,
        *,
        most: int = MOST,
        heaviest: int = HEAVIEST,
        pace: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.secrets = secrets or Secrets()
        self.topics = topics or Topics()
        self.pace = pace
        self._clock = clock
        self._most, self._heaviest = most, heaviest
        self._kept: deque[tuple[Entry, int]] = deque()
        self._weight = 0
        self._first = 0
        self._changed = threading.Condition()
        self._exchanges = itertools.count(1)

    @property
    def position(self) -> int:
        """Behind the last entry; grows for ever, whatever is not kept any more."""
        with self._changed:
            return self._first + len(self._kept)

    def since(self, position: int = 0) -> Excerpt:
        """Everything from ``position`` on, by time."""
        with self._changed:
            skipped = max(0, position - self._first)
            part = tuple(entry for entry, _ in itertools.islice(self._kept, skipped, None))
            lost = max(0, self._first - position)
        return Excerpt(tuple(sorted(part, key=lambda entry: entry.at)), lost)

    def lines(self, since: int = 0, limit: int = 400) -> list[str]:
        """The last ``limit`` entries from position ``since`` on, each as one line."""
        return self.since(since).lines(limit)

    def grows(self, position: int, within: float) -> bool:
        """Waits for an entry behind ``position``; whether one came."""
        with self._changed:
            return self._changed.wait_for(lambda: self._first + len(self._kept) > position, within)

    def note(self, who: str, mark: str, what: str) -> None:
        """One line of text: ``>`` sent, ``<`` received, ``=`` a state, ``|`` a subject's own log."""
        self._note(self._clock(), who, mark, what)

    def state(self, at: float, who: str, what: str) -> None:
        """A state that somebody else has timed."""
        self._note(at, who, "=", what)

    def step(self, text: str) -> None:
        self._add(Step(self._clock(), self.secrets.text(text)), len(text))

    @contextlib.contextmanager
    def waiting(self, wanted: str, within: float) -> Iterator[None]:
        """Around whatever waits for ``wanted``: how long it took, and if it raises, what came instead."""
        began = self._clock()
        try:
            yield
        except BaseException as exc:
            self.waited(wanted, within, began, met=False, seen=str(exc))
            raise
        self.waited(wanted, within, began, met=True)

    def waited(self, wanted: str, within: float, began: float, *, met: bool, seen: str = "") -> None:
        """Something was waited for since ``began``, and came or not."""
        text, instead = self.secrets.text(wanted), content.cut(self.secrets.text(seen), NOTE)
        self._add(Wait(began, text, within, self._clock() - began, met, instead), len(instead))

    def packet(self, packet: Packet) -> None:
        """A packet at a tap."""
        self._add(content.packet_entry(packet, self.secrets, self.topics), packet.size)

    def request(
        self,
        who: str,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> int:
        """An HTTP request, before it is sent; the number of its exchange."""
        number = next(self._exchanges)
        body = None if raw is None else content.body(raw)
        self.secrets.learn(body)
        self.secrets.learn_headers(headers or {})
        entry = RequestSent(
            self._clock(),
            number,
            who,
            method,
            self.secrets.text(path),
            self.secrets.headers(headers or {}),
            content.safe(body, self.secrets),
        )
        self._add(entry, len(raw or b""))
        return number

    def answer(
        self, exchange: int, who: str, status: int, headers: Mapping[str, str], raw: bytes | None = None
    ) -> None:
        """Its answer; of an event stream the head alone (``raw`` None)."""
        body = None if raw is None else content.body(raw)
        entry = AnswerCame(
            self._clock(),
            exchange,
            who,
            status,
            self.secrets.headers(headers),
            content.safe(body, self.secrets),
            self.secrets.leaks(body, headers),
        )
        self._add(entry, len(raw or b""))

    def unanswered(self, exchange: int, who: str, why: str) -> None:
        """There was no answer."""
        self._add(AnswerCame(self._clock(), exchange, who, 0, {}, self.secrets.text(why)), len(why))

    def frame(self, exchange: int, who: str, data: str) -> None:
        """The data of one event of a stream, as it came."""
        body = content.body(data.encode())
        self.secrets.learn(body, ours=False)
        self._add(FrameCame(self._clock(), exchange, who, content.safe(body, self.secrets)), len(data))

    def _note(self, at: float, who: str, mark: str, what: str) -> None:
        text = content.cut(self.secrets.text(what), NOTE)
        self._add(Note(at, who or HARNESS, mark, text), len(text))

    def _add(self, entry: Entry, weight: int) -> None:
        with self._changed:
            self._kept.append((entry, weight))
            self._weight += weight
            while len(self._kept) > self._most or (self._weight > self._heaviest and len(self._kept) > 1):
                self._weight -= self._kept.popleft()[1]
                self._first += 1
            self._changed.notify_all()
