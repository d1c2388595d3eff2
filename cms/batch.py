"""One order to many cabinets, and what became of it at each of them (contract, section 7).

    storing ──every order is stored──► running ──every order ended──► done

Nothing here does I/O.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cms.actor import Actor
from cms.install import Install
from cms.progress import Progress
from cms.sheet import Kind, Sheet
from cms.store.entry import State
from cms.store.store import Outcome
from wire.timestamps import format_timestamp, parse_timestamp

MAX_AGE_MS = 24 * 3_600_000
"""When a batch ends whatever is still open of it."""

LOST = "the service was stopped before it knew that this order is stored: the cabinet's history says"
TOO_OLD = "it was not answered within a day"


OPEN = (State.WAITING, State.SENT)


@dataclass(frozen=True, slots=True)
class Sent:
    """One outbox entry of the batch, as far as is known."""

    id: str
    what: str
    outcome: Outcome

    @property
    def open(self) -> bool:
        return self.outcome.state in OPEN

    def to_document(self) -> dict[str, Any]:
        state, at_ms = str(self.outcome.state), self.outcome.at_ms
        told = {"state": state, "at": format_timestamp(at_ms), "detail": self.outcome.detail}
        return {"id": self.id, "what": self.what, **told}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Sent:
        at_ms = parse_timestamp(document["at"])
        outcome = Outcome(State(document["state"]), at_ms, document["detail"])
        return cls(document["id"], document["what"], outcome)


@dataclass(frozen=True, slots=True)
class Part:
    """The order at one cabinet. ``sent`` is None until it is stored, ``error`` why it was not.

    ``install`` is there where firmware was ordered.
    """

    cabinet_id: str
    sent: tuple[Sent, ...] | None = None
    error: str = ""
    install: Install | None = None

    @property
    def progress(self) -> Progress:
        if self.error:
            return Progress.FAILED
        if self.sent is None:
            return Progress.PENDING
        found = {Progress(one.outcome.state) for one in self.sent}
        if self.install is not None:
            found.add(self.install.state)
        return next((one for one in Progress if one in found), Progress.STORED)

    @property
    def detail(self) -> str:
        """Why, where it is not well."""
        installed = "" if self.install is None else self.install.detail
        told = (one.outcome.detail for one in self.sent or () if one.outcome.detail)
        return self.error or installed or next(told, "")

    def to_document(self) -> dict[str, Any]:
        sent = {} if self.sent is None else {"orders": [one.to_document() for one in self.sent]}
        error = {"error": self.error} if self.error else {}
        return {"cabinetId": self.cabinet_id, **sent, **error, **self._firmware()}

    def shown(self) -> dict[str, Any]:
        orders = [one.to_document() for one in self.sent or ()]
        told = {"state": str(self.progress), "detail": self.detail}
        return {"cabinetId": self.cabinet_id, **told, "orders": orders, **self._firmware()}

    def _firmware(self) -> dict[str, Any]:
        return {} if self.install is None else {"firmware": self.install.to_document()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Part:
        orders = document.get("orders")
        sent = None if orders is None else tuple(map(Sent.from_document, orders))
        firmware = document.get("firmware")
        install = None if firmware is None else Install.from_document(firmware)
        return cls(document["cabinetId"], sent, document.get("error", ""), install)


@dataclass(frozen=True, slots=True)
class Batch:
    """``order`` is what was ordered, masked; ``selection`` how the cabinets were found, empty for a list.

    ``digest`` tells one request from another under the same idempotency key.
    """

    id: str
    actor: Actor
    at_ms: int
    order: Mapping[str, Any]
    selection: Mapping[str, Any]
    parts: tuple[Part, ...]
    digest: str = ""
    stored: bool = False
    ended_ms: int | None = None

    @property
    def state(self) -> str:
        if self.ended_ms is not None:
            return "done"
        return "running" if self.stored else "storing"

    def open_ids(self) -> list[str]:
        """The outbox entries of which more is to be heard."""
        return [one.id for one in self._sent() if one.open]

    @property
    def over(self) -> bool:
        """Whether nothing more is to be heard of it."""
        installing = any(part.install and not part.install.final for part in self.parts if not part.error)
        return self.stored and not installing and not self.open_ids()

    def with_outcomes(self, outcomes: Mapping[str, Outcome]) -> Batch:
        """This batch with what is known of its entries now."""
        parts = tuple(_updated(part, outcomes) for part in self.parts)
        return self if parts == self.parts else replace(self, parts=parts)

    def given_up(self) -> Batch:
        """As it ends where nobody will ever tell of what is open."""
        parts = tuple(_closed(part) for part in self.parts)
        return replace(self, parts=parts, stored=True)

    def counts(self) -> dict[str, int]:
        """How many cabinets are how far."""
        found = Counter(part.progress for part in self.parts)
        return {str(one): found[one] for one in Progress}

    def only(self, cabinet_ids: frozenset[str]) -> Batch:
        """As somebody sees it who sees these cabinets."""
        parts = tuple(part for part in self.parts if part.cabinet_id in cabinet_ids)
        return self if len(parts) == len(self.parts) else replace(self, parts=parts)

    def summary(self) -> dict[str, Any]:
        """All of it but the cabinets, as answers and frames show it."""
        return {
            "id": self.id,
            "state": self.state,
            "user": self.actor.user,
            "at": format_timestamp(self.at_ms),
            "endedAt": None if self.ended_ms is None else format_timestamp(self.ended_ms),
            "order": dict(self.order),
            "selection": dict(self.selection),
            "total": len(self.parts),
            "counts": self.counts(),
        }

    def shown(self, progress: Progress | None = None) -> dict[str, Any]:
        """All of it; with ``progress`` only the cabinets that are so far."""
        parts = (part for part in self.parts if progress in (None, part.progress))
        return {**self.summary(), "cabinets": [part.shown() for part in parts]}

    def sheet(self, number: int) -> Sheet:
        document = {
            "user": self.actor.user,
            "address": self.actor.address,
            "request": self.actor.request_id,
            "order": json.dumps(self.order),  # as text, for a caller chose some of its keys
            "selection": dict(self.selection),
            "digest": self.digest,
            "stored": self.stored,
            "parts": [part.to_document() for part in self.parts],
            **({} if self.ended_ms is None else {"endedAt": format_timestamp(self.ended_ms)}),
        }
        return Sheet(Kind.BATCH, self.id, number, self.at_ms, document)

    def _sent(self) -> Iterator[Sent]:
        return (one for part in self.parts for one in part.sent or ())


def batch_from(sheet: Sheet) -> Batch:
    document = sheet.document
    ended = document.get("endedAt")
    return Batch(
        sheet.id,
        Actor(document["user"], document["address"], document["request"]),
        sheet.at_ms,
        json.loads(document["order"]),
        document["selection"],
        tuple(map(Part.from_document, document["parts"])),
        document["digest"],
        document["stored"],
        None if ended is None else parse_timestamp(ended),
    )


def _updated(part: Part, outcomes: Mapping[str, Outcome]) -> Part:
    if part.sent is None or not any(one.id in outcomes for one in part.sent):
        return part
    sent = (replace(one, outcome=outcomes.get(one.id, one.outcome)) for one in part.sent)
    return replace(part, sent=tuple(sent))


def _closed(part: Part) -> Part:
    if part.sent is None:
        return part if part.error else replace(part, error=LOST)
    installing = part.install is not None and not part.install.final
    if part.error or not (installing or any(one.open for one in part.sent)):
        return part
    return replace(part, error=TOO_OLD)
