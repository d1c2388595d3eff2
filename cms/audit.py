"""The audit trail: who did what, when, from where, each entry sealed to the one before it.

An entry's hash is sha256 over the canonical JSON of the entry, which holds the hash of the entry before. So
nobody changes, adds or removes one without breaking every hash behind it. What a chain can't show is that its
end was cut off, or that it was written anew as a whole: for that, note the head that ``audit verify`` prints.
No entry holds a secret, and none holds a null. Nothing here does I/O.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cms.actor import Act
from cms.cabinet import Cabinet, masked_config
from cms.store.entry import OutboxEntry
from wire.timestamps import format_timestamp

GENESIS = "0" * 64
"""What the first entry names as the hash before it."""

OUTCOME = "outcome"
"""The action of an entry that says what became of an order."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that is not in the chain yet. ``order_id`` is that of the outbox entry that it is about."""

    act: Act
    cabinet_id: str | None = None
    order_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One link: ``document`` is what was sealed, ``hash`` its seal."""

    document: Mapping[str, Any]
    hash: str

    @property
    def seq(self) -> int:
        return int(self.document["seq"])

    @property
    def intact(self) -> bool:
        return digest(self.document) == self.hash


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries, newest first; ``since`` and ``until`` are inclusive, in milliseconds since 1970.

    With ``cabinet_ids`` only those that are about one of these cabinets.
    """

    cabinet_id: str | None = None
    user: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    before: int | None = None
    limit: int = 100
    cabinet_ids: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """The first entry that is not as it was written, and why."""

    seq: int
    reason: str


def seal(draft: Draft, seq: int, at_ms: int, previous: str) -> AuditEntry:
    """``draft`` as the link number ``seq`` of the chain."""
    actor = draft.act.actor
    document = {
        "seq": seq,
        "at": format_timestamp(at_ms),
        "action": draft.act.action,
        "user": actor.user,
        **_given("address", actor.address),
        **_given("request", actor.request_id),
        **_given("cabinet", draft.cabinet_id),
        **_given("order", draft.order_id),
        **draft.act.note,
        **draft.facts,
        "previous": previous,
    }
    return AuditEntry(document, digest(document))


def digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(document)).hexdigest()


def canonical(document: Mapping[str, Any]) -> bytes:
    """``document`` in the one spelling that is hashed: sorted keys, no blanks, ASCII."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode()


class Chain:
    """Reads a chain from its first entry on, and stops believing at the first one that does not fit."""

    def __init__(self) -> None:
        self.count = 0
        self.head = GENESIS

    def follow(self, entries: Iterable[AuditEntry]) -> Break | None:
        """Go on with the next ``entries``; what is wrong with the first bad one."""
        for entry in entries:
            wanted = self.count + 1
            if (reason := self._fault(entry, wanted)) is not None:
                return Break(wanted, reason)
            self.count, self.head = wanted, entry.hash
        return None

    def _fault(self, entry: AuditEntry, wanted: int) -> str | None:
        if entry.document.get("seq") != wanted:
            return f"it is missing, entry {entry.document.get('seq')} stands in its place"
        if entry.document.get("previous") != self.head:
            return "it was not written behind the entry that stands before it"
        return None if entry.intact else "its content was changed after it was written"


def order_draft(
    act: Act, before: Cabinet, after: Cabinet, command: str | None, entries: Iterable[OutboxEntry]
) -> Draft:
    """What an order did: the fields that changed, before and after, and what it put into the outbox."""
    old, new = changed_fields(before, after)
    orders = [{"id": entry.id, "what": entry.what} for entry in entries]
    version = {key: text for key, text in after.smib_version.items() if before.smib_version.get(key) != text}
    facts = {
        "relayId": after.relay_id,
        "revision": after.revision,
        **_given("before", old),
        **_given("after", new),
        **_given("smibVersion", version),
        **_given("command", command),
        **_given("orders", orders),
    }
    return Draft(act, after.id, None, facts)


def outcome_draft(act: Act, entry: OutboxEntry) -> Draft:
    """What became of an order."""
    facts = {"what": entry.what, "outcome": str(entry.state), "tries": entry.tries}
    return Draft(act, entry.cabinet_id, entry.id, {**facts, **_given("detail", entry.detail)})


def changed_fields(before: Cabinet, after: Cabinet) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields whose ordered values differ, as they were and as they are, masked.

    A secret that changed is ``***`` in both; a field that was not ordered is in one of them alone.
    """
    names = {
        (part, name)
        for cabinet in (before, after)
        for part, values in cabinet.smib_config.items()
        for name in values
    }
    differ = {(p, n) for p, n in names if _value(before, p, n) != _value(after, p, n)}
    return _only(before, differ), _only(after, differ)


def _only(cabinet: Cabinet, wanted: set[tuple[str, str]]) -> dict[str, Any]:
    parts = {
        part: {name: value for name, value in values.items() if (part, name) in wanted}
        for part, values in masked_config(cabinet.smib_config).items()
    }
    return {part: values for part, values in parts.items() if values}


def _value(cabinet: Cabinet, part: str, name: str) -> tuple[bool, Any]:
    values = cabinet.smib_config.get(part, {})
    return name in values, values.get(name)


def _given(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}
