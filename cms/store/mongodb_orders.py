"""What an order and each step of its life do to a machine: the decisions of the outbox, without I/O.

Each returns the machine as it is then, and what the caller is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cms.actor import SYSTEM, Act
from cms.audit import OUTCOME, order_draft, outcome_draft
from cms.cabinet import Cabinet, ConfigChange
from cms.errors import EditConflict
from cms.mask import resolve_mask
from cms.revision import Revision
from cms.standing import SETTABLE, settable
from cms.store.entry import CommandOrder, OutboxEntry, Settlement, State, entries_of
from cms.store.mongodb_record import Machine
from cms.store.store import Ordered

EXPIRED = Settlement(State.EXPIRED, "the broker was not there for 30 s")


@dataclass(frozen=True, slots=True)
class Job:
    """A change of one machine; ``ids`` is how many new entries it may make."""

    change: Callable[[Machine, Iterator[int]], tuple[Machine, Any]]
    ids: int = 0


def order(
    change: ConfigChange, command: CommandOrder | None, expected: int | None, act: Act, now_ms: int
) -> Job:
    def work(machine: Machine, ids: Iterator[int]) -> tuple[Machine, Ordered]:
        before = cabinet = machine.cabinet
        if expected is not None and expected != cabinet.revision:
            raise EditConflict(cabinet.id, cabinet.revision, expected)
        plain = ConfigChange(resolve_mask(change.config, cabinet.smib_config), change.version)
        cabinet = cabinet.merge(plain, now_ms)
        entries = entries_of(cabinet, plain.config, command, now_ms)
        machine, ordered = _send(replace(machine, cabinet=cabinet), entries, ids, now_ms)
        if cabinet is not before:
            kept = Revision.of(cabinet, act, ordered.entries)
            machine = replace(machine, revisions=(*machine.revisions, kept))
        if plain or command is not None:
            name = None if command is None else command.name
            machine = machine.noted(order_draft(act, before, cabinet, name, ordered.entries), now_ms)
        return machine, ordered

    return Job(work, len(change.config) + (command is not None))


def resend(components: Sequence[str] | None, act: Act, now_ms: int) -> Job:
    def work(machine: Machine, ids: Iterator[int]) -> tuple[Machine, Ordered]:
        cabinet = machine.cabinet
        config = settable(cabinet.smib_config)
        wanted = {part: config[part] for part in config if components is None or part in components}
        machine, ordered = _send(machine, entries_of(cabinet, wanted, None, now_ms), ids, now_ms)
        return machine.noted(order_draft(act, cabinet, cabinet, None, ordered.entries), now_ms), ordered

    return Job(work, len(SETTABLE))


def claim(holder: str, now_ms: int) -> Job:
    """Tells what is to be sent, once it is for ``holder`` alone; nothing where it is for another."""

    def work(machine: Machine, _: Iterator[int]) -> tuple[Machine, tuple[OutboxEntry, ...]]:
        entries = machine.to_send(now_ms)
        if not entries or machine.lease.is_of_another(holder, now_ms):
            return machine, ()
        lease = machine.lease.taken(holder, now_ms)
        return machine if lease is machine.lease else replace(machine, lease=lease), entries

    return Job(work)


def sent(entry_id: str, version: int, now_ms: int) -> Job:
    def work(machine: Machine, _: Iterator[int]) -> tuple[Machine, bool]:
        entry = machine.entry(entry_id, version)
        if entry is None or entry.state not in (State.WAITING, State.SENT):
            return machine, False
        return machine.with_entry(entry.acknowledged(now_ms)).released(now_ms), True

    return Job(work)


def settle(entry_id: str, version: int, settlement: Settlement, act: Act, now_ms: int) -> Job:
    def work(machine: Machine, _: Iterator[int]) -> tuple[Machine, bool]:
        entry = machine.entry(entry_id, version)
        if entry is None or not entry.open:
            return machine, False
        return _end(machine, entry.settled(settlement, now_ms), act, now_ms).released(now_ms), True

    return Job(work)


def revive(returned: Mapping[str, int], now_ms: int) -> Job:
    """Of commands nothing is revived: a command is sent once."""

    def work(machine: Machine, _: Iterator[int]) -> tuple[Machine, list[OutboxEntry]]:
        returned_ms = returned[machine.cabinet.relay_id]
        unanswered = [one for one in machine.updates() if one.state is not State.WAITING]
        revived = [one.revived(now_ms) for one in unanswered if one.was_sent_before(returned_ms)]
        for entry in revived:
            machine = machine.with_entry(entry)
        return machine, revived

    return Job(work)


def expire(now_ms: int) -> Job:
    def work(machine: Machine, _: Iterator[int]) -> tuple[Machine, list[OutboxEntry]]:
        late = [one for one in machine.entries if one.state is State.WAITING and one.expired(now_ms)]
        ended = [entry.settled(EXPIRED, now_ms) for entry in late]
        for entry in ended:
            machine = _end(machine, entry, Act(SYSTEM, OUTCOME), now_ms)
        return machine.released(now_ms) if ended else machine, ended

    return Job(work)


def describe(by: Cabinet, act: Act, now_ms: int) -> Job:
    """Doing it twice does no harm."""

    def work(machine: Machine, _: Iterator[int]) -> tuple[Machine, None]:
        known = machine.cabinet
        described = known.described_by(by)
        if described == known:
            return machine, None
        cabinet = replace(described, revision=known.revision + 1, updated_ms=now_ms)
        kept = (*machine.revisions, Revision.of(cabinet, act))
        return replace(machine, cabinet=cabinet, revisions=kept), None

    return Job(work)


def _send(
    machine: Machine, entries: Sequence[OutboxEntry], ids: Iterator[int], now_ms: int
) -> tuple[Machine, Ordered]:
    """Put ``entries`` into the outbox; where they name the same fields, those sent before give way."""
    reduced = list(_reduced(machine, entries, now_ms))
    for older in reduced:
        machine = machine.with_entry(older)
    queued = []
    for entry in entries:
        waiting = machine.waiting(entry.what) if entry.values else None
        put = replace(entry, id=str(next(ids))) if waiting is None else waiting.merged(entry.values)
        machine = machine.with_entry(put)
        queued.append(put)
    return machine, Ordered(machine.cabinet, tuple(queued), tuple(reduced))


def _reduced(machine: Machine, entries: Iterable[OutboxEntry], now_ms: int) -> Iterator[OutboxEntry]:
    named = {entry.what: entry.values for entry in entries if entry.values}
    for older in machine.updates():
        if older.state is not State.WAITING and older.what in named:
            left = older.without(named[older.what], now_ms)
            if left is not older:
                yield left


def _end(machine: Machine, ended: OutboxEntry, act: Act, now_ms: int) -> Machine:
    return machine.with_entry(ended).noted(outcome_draft(act, ended), now_ms)
