"""A document that is changed by compare-and-set, with what still has to be told of it elsewhere inside.

Without a transaction over several documents a change, the revision that it made and the entry of the audit
trail are stored in one write of one document; what belongs elsewhere is moved there afterwards, by whoever
comes first. Nothing here does I/O.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cms.actor import Act, Actor
from cms.audit import Draft
from cms.cabinet import Cabinet
from cms.revision import Revision
from cms.store.document import (
    cabinet_document,
    cabinet_from,
    entry_document,
    entry_from,
    revision_document,
    revision_from,
)
from cms.store.entry import OutboxEntry, State
from cms.store.lease import FREE, Lease
from wire.orders import ConfigUpdate
from wire.timestamps import format_timestamp, parse_timestamp

Document = Mapping[str, Any]

PLUMBING = ("outbox", "entryIds", "revisions", "drafts", "lease")
"""What a machine holds beside the specification's fields; a reader of cabinets leaves it out."""

_OPTIONAL = ("name", "location", "assetNumber", "serialNumber", "game")
_MARKS = ("waiting", "unanswered", "due", "expires", "unmoved")


@dataclass(frozen=True, slots=True)
class Note:
    """A draft that is not in the chain yet. ``key`` is its own, so that it is never sealed twice."""

    key: str
    at_ms: int
    draft: Draft

    @classmethod
    def of(cls, draft: Draft, at_ms: int) -> Note:
        return cls(secrets.token_hex(12), at_ms, draft)


@dataclass(frozen=True, slots=True)
class Machine:
    """A cabinet with its open entries, and with what is to be moved: ended entries, revisions and notes."""

    cabinet: Cabinet
    entries: tuple[OutboxEntry, ...] = ()
    revisions: tuple[Revision, ...] = ()
    notes: tuple[Note, ...] = ()
    lease: Lease = FREE

    def entry(self, entry_id: str, version: int) -> OutboxEntry | None:
        return next((one for one in self.entries if (one.id, one.version) == (entry_id, version)), None)

    def waiting(self, component: str) -> OutboxEntry | None:
        """The update of a component that waits, of which there is one at most."""
        return next((one for one in self.updates() if one.what == component and _waits(one)), None)

    def updates(self) -> Iterator[OutboxEntry]:
        """The open ones."""
        return (one for one in self.entries if one.open and isinstance(one.order, ConfigUpdate))

    def with_entry(self, entry: OutboxEntry) -> Machine:
        """With ``entry`` in the place of what was known of it, or last."""
        entries = {one.id: one for one in self.entries} | {entry.id: entry}
        return replace(self, entries=tuple(entries.values()))

    def noted(self, draft: Draft, at_ms: int) -> Machine:
        return replace(self, notes=(*self.notes, Note.of(draft, at_ms)))

    def on_their_way(self) -> frozenset[tuple[str, str]]:
        """The fields that the SMIB is still to be sent, or to answer."""
        return frozenset((entry.what, name) for entry in self.updates() for name in entry.values)

    def ended(self) -> tuple[OutboxEntry, ...]:
        return tuple(entry for entry in self.entries if not entry.open)

    def moved(self) -> Machine:
        """As it is once all that is to be moved was."""
        return Machine(self.cabinet, tuple(one for one in self.entries if one.open), lease=self.lease)

    def to_send(self, now_ms: int) -> tuple[OutboxEntry, ...]:
        """The entries that wait, and those that are due to be sent again, in their order."""
        found = [one for one in self.entries if _waits(one) or _is_due(one, now_ms)]
        return tuple(sorted(found, key=lambda entry: int(entry.id)))

    def released(self, now_ms: int) -> Machine:
        """Without a holder once nothing is left to be sent."""
        return self if self.to_send(now_ms) else replace(self, lease=self.lease.let_go())


def machine_document(machine: Machine) -> tuple[dict[str, Any], tuple[str, ...]]:
    """``machine`` as it is stored, but for its id, and the fields that are absent from it."""
    cabinet = {key: value for key, value in cabinet_document(machine.cabinet).items() if key != "id"}
    lease = machine.lease
    document = {
        **cabinet,
        "outbox": [{"seq": int(entry.id), **entry_document(entry)} for entry in machine.entries],
        "entryIds": [int(entry.id) for entry in machine.entries],
        "revisions": [revision_document(revision) for revision in machine.revisions],
        "drafts": [note_document(note) for note in machine.notes],
        "lease": {"holder": lease.holder, "until": lease.until_ms, "token": lease.token},
        **_marks(machine),
    }
    return document, tuple(key for key in (*_OPTIONAL, *_MARKS) if key not in document)


def machine_from(document: Document) -> Machine:
    return Machine(
        cabinet_from({**document, "id": document["_id"]}),
        tuple(entry_from(one) for one in document.get("outbox", ())),
        tuple(revision_from(one) for one in document.get("revisions", ())),
        tuple(note_from(one) for one in document.get("drafts", ())),
        lease_from(document.get("lease")),
    )


def stored_cabinet(document: Document) -> Cabinet:
    return cabinet_from({**document, "id": document["_id"]})


def note_document(note: Note) -> dict[str, Any]:
    draft, actor = note.draft, note.draft.act.actor
    known = {"cabinet": draft.cabinet_id, "order": draft.order_id}
    return {
        "key": note.key,
        "at": format_timestamp(note.at_ms),
        "action": draft.act.action,
        "user": actor.user,
        "address": actor.address,
        "request": actor.request_id,
        **{key: text for key, text in known.items() if text is not None},
        "note": dict(draft.act.note),
        "facts": dict(draft.facts),
    }


def note_from(document: Document) -> Note:
    actor = Actor(document["user"], document["address"], document["request"])
    act = Act(actor, document["action"], document["note"])
    draft = Draft(act, document.get("cabinet"), document.get("order"), document["facts"])
    return Note(document["key"], parse_timestamp(document["at"]), draft)


def lease_from(document: Document | None) -> Lease:
    return FREE if document is None else Lease(document["holder"], document["until"], document["token"])


def _marks(machine: Machine) -> dict[str, int]:
    """What machines are looked up by: the first entry that waits, that is unanswered, and so on."""
    entries = machine.entries
    found = {
        "waiting": _least(int(one.id) for one in entries if _waits(one)),
        "unanswered": _least(int(one.id) for one in entries if one.open and not _waits(one)),
        "due": _least(one.next_ms for one in entries if one.next_ms is not None),
        "expires": _least(one.expires_ms for one in entries if one.expires_ms is not None and _waits(one)),
        "unmoved": 1 if machine.notes or machine.revisions or machine.ended() else None,
    }
    return {name: number for name, number in found.items() if number is not None}


def _least(numbers: Iterator[int]) -> int | None:
    return min(numbers, default=None)


def _waits(entry: OutboxEntry) -> bool:
    return entry.state is State.WAITING


def _is_due(entry: OutboxEntry, now_ms: int) -> bool:
    return entry.next_ms is not None and entry.next_ms <= now_ms
