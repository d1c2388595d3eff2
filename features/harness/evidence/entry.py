"""What stands on the timeline: plain values, no secret in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

HARNESS = "harness"
BROKER = "broker"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened at ``at``, on the monotonic clock."""

    kind: ClassVar[str] = ""

    at: float

    @property
    def source(self) -> str:
        """Who did it."""
        return HARNESS

    @property
    def target(self) -> str:
        """To whom; empty where nobody else took part."""
        return ""

    @property
    def what(self) -> str:
        """In one line, as short as it can be said."""
        return ""

    def to_json(self, start: float = 0.0) -> dict[str, Any]:
        """All of it, ``at`` as seconds since ``start``; what is empty is left out."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self) if field.name != "at")
        kept = {name: value for name, value in values if value not in ("", None, {}, ())}
        return {"kind": self.kind, "at": round(self.at - start, 6), **kept}


@dataclass(frozen=True, slots=True)
class Note(Entry):
    """A line of text. ``mark`` is ``>`` for what ``who`` sent, ``<`` for what it received, ``=`` for a state,
    ``|`` for a subject's own log line."""

    kind: ClassVar[str] = "note"

    who: str
    mark: str
    text: str

    @property
    def source(self) -> str:
        return self.who

    @property
    def what(self) -> str:
        return f"{self.mark} {shown(self.text)}"


@dataclass(frozen=True, slots=True)
class Step(Entry):
    """A step of the scenario begins."""

    kind: ClassVar[str] = "step"

    text: str

    @property
    def what(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Wait(Entry):
    """What the harness waited for: it began at ``at``, lasted ``took`` of at most ``within`` seconds, and
    ended ``met`` or not; ``seen`` is what came instead."""

    kind: ClassVar[str] = "wait"

    wanted: str
    within: float
    took: float
    met: bool
    seen: str = ""

    @property
    def what(self) -> str:
        if self.met:
            return f"waited for {self.wanted}: came after {self.took:.3f} s"
        instead = f"; {shown(self.seen)}" if self.seen else ""
        return f"waited for {self.wanted}: NOT within {self.within:g} s{instead}"


@dataclass(frozen=True, slots=True)
class PacketSeen(Entry):
    """An MQTT packet at the tap of a subject.

    ``payload`` is the JSON object where it is one, else text. ``message`` names the message of the contract,
    ``relay`` the SMIB that it addresses or that reports, ``problem`` why it does not fit the contract (of a
    CONNECT: these of its last will); all three are empty for what does not come from a known role.
    """

    kind: ClassVar[str] = "packet"

    tap: str
    role: str
    connection: int
    client_id: str | None
    direction: str
    type: str
    size: int
    topic: str = ""
    payload: Any = None
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int | None = None
    details: Mapping[str, Any] | None = None
    fault: str = ""
    error: str = ""
    message: str = ""
    relay: str | None = None
    problem: str = ""

    @property
    def from_subject(self) -> bool:
        return self.direction == "to-broker"

    @property
    def source(self) -> str:
        return self._subject if self.from_subject else BROKER

    @property
    def target(self) -> str:
        return BROKER if self.from_subject else self._subject

    @property
    def what(self) -> str:
        marks = [f"#{self.packet_id}"] if self.packet_id is not None else []
        if self.type == "PUBLISH":
            marks += [f"q{self.qos}", *(["retained"] if self.retain else []), *(["dup"] if self.dup else [])]
        words = [self.type, *marks, self.topic, *self._content]
        words += [f"[{self.fault}]"] if self.fault else []
        words += [f"[unreadable: {self.error}]"] if self.error else []
        return " ".join(word for word in words if word)

    @property
    def fields(self) -> Mapping[str, Any]:
        return self.payload if isinstance(self.payload, Mapping) else {}

    @property
    def _subject(self) -> str:
        """A tap before SMIBs has many of them behind it."""
        return self.client_id or self.tap if self.role == "smib" else self.tap

    @property
    def _content(self) -> list[str]:
        if self.details:
            return [f"{name}={value}" for name, value in self.details.items() if value is not None]
        return [] if self.payload in (None, "") else [shown(self.payload)]


@dataclass(frozen=True, slots=True)
class RequestSent(Entry):
    """An HTTP request of the harness; ``exchange`` is the number that its answer and frames carry too."""

    kind: ClassVar[str] = "request"

    exchange: int
    who: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any = None

    @property
    def source(self) -> str:
        return self.who

    @property
    def target(self) -> str:
        return "cms"

    @property
    def what(self) -> str:
        return f"{self.method} {self.path}{'' if self.body is None else ' ' + shown(self.body)}"


@dataclass(frozen=True, slots=True)
class AnswerCame(Entry):
    """Its answer. ``body`` is JSON where it is some, else text. ``leaks`` are the places that showed a
    password in clear. Status 0: there was no answer, ``body`` says why."""

    kind: ClassVar[str] = "answer"

    exchange: int
    who: str
    status: int
    headers: Mapping[str, str]
    body: Any = None
    leaks: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        return "cms"

    @property
    def target(self) -> str:
        return self.who

    @property
    def what(self) -> str:
        leaks = f" [in clear: {', '.join(self.leaks)}]" if self.leaks else ""
        return f"{self.status} {'' if self.body is None else shown(self.body)}{leaks}"


@dataclass(frozen=True, slots=True)
class FrameCame(Entry):
    """A frame of an event stream; ``exchange`` is the one of the request that opened it."""

    kind: ClassVar[str] = "frame"

    exchange: int
    who: str
    data: Any

    @property
    def source(self) -> str:
        return "cms"

    @property
    def target(self) -> str:
        return self.who

    @property
    def what(self) -> str:
        return f"frame {shown(self.data)}"


def shown(value: Any) -> str:
    """A JSON value, or text, in one line."""
    if isinstance(value, str):
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in value)
    return json.dumps(value, ensure_ascii=False, default=str)
