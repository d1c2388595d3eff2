"""Which cabinets of a file are new, which are described anew and which stay as they are. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cms.cabinet import Cabinet
from cms.errors import RelayTaken
from cms.store.store import Imported


@dataclass(frozen=True, slots=True)
class Plan:
    """``added`` are as they are to be stored first; ``updated`` have their next revision already."""

    added: tuple[Cabinet, ...]
    updated: tuple[Cabinet, ...] = ()
    skipped: tuple[Cabinet, ...] = ()

    def told(self) -> Imported:
        return Imported(_ids(self.added), _ids(self.updated), _ids(self.skipped))


def plan_import(
    cabinets: Sequence[Cabinet], stored: Mapping[str, Cabinet], now_ms: int, *, update: bool
) -> Plan:
    """What taking in ``cabinets`` does to those that are stored. RelayTaken for every wrong one at once."""
    _refuse_other_relays(cabinets, stored)
    added, updated, skipped = [], [], []
    for cabinet in cabinets:
        known = stored.get(cabinet.id)
        described = None if known is None else known.described_by(cabinet)
        if known is None:
            added.append(replace(cabinet, updated_ms=cabinet.updated_ms or now_ms))
        elif update and described is not None and described != known:
            updated.append(replace(described, revision=known.revision + 1, updated_ms=now_ms))
        else:
            skipped.append(cabinet)
    return Plan(tuple(added), tuple(updated), tuple(skipped))


def plan_seed(cabinets: Iterable[Cabinet], stored: Mapping[str, Cabinet], now_ms: int) -> Plan:
    """Those whose id is new. RelayTaken for the first that has the relay of another one."""
    owners = {cabinet.relay_id: cabinet.id for cabinet in stored.values()}
    added: dict[str, Cabinet] = {}
    for cabinet in cabinets:
        if cabinet.id in stored or cabinet.id in added:
            continue
        owner = owners.setdefault(cabinet.relay_id, cabinet.id)
        if owner != cabinet.id:
            raise RelayTaken(cabinet.id, cabinet.relay_id, owner)
        added[cabinet.id] = replace(cabinet, updated_ms=cabinet.updated_ms or now_ms)
    return Plan(tuple(added.values()))


def _refuse_other_relays(cabinets: Iterable[Cabinet], stored: Mapping[str, Cabinet]) -> None:
    owners = {cabinet.relay_id: cabinet.id for cabinet in stored.values()}
    wrong = []
    for cabinet in cabinets:
        owner, known = owners.get(cabinet.relay_id), stored.get(cabinet.id)
        if known is not None and known.relay_id != cabinet.relay_id:
            wrong.append(RelayTaken(cabinet.id, cabinet.relay_id, f"{cabinet.id} with {known.relay_id}"))
        elif owner is not None and owner != cabinet.id:
            wrong.append(RelayTaken(cabinet.id, cabinet.relay_id, owner))
    if wrong:
        raise RelayTaken.of(wrong)


def _ids(cabinets: Iterable[Cabinet]) -> tuple[str, ...]:
    return tuple(cabinet.id for cabinet in cabinets)
