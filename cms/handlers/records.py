"""What was done, by whom, and what became of it: outbox, history and audit trail (contract, section 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cms import log
from cms.actor import Act, Actor
from cms.audit import AuditEntry, AuditFilter, Draft
from cms.errors import StoreError, UnknownCabinet
from cms.refusal_tally import RefusalTally
from cms.revision import Revision
from cms.store.entry import OutboxEntry, OutboxFilter
from cms.store.store import Outcome, Store
from wire.redaction import redacted
from wire.timestamps import format_timestamp

MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Step:
    """A revision, the one before it where there is one, and what became of its orders."""

    revision: Revision
    before: Revision | None
    outcomes: Mapping[str, Outcome]

    def to_document(self) -> dict[str, Any]:
        orders = [_delivery(entry_id, what, self.outcomes) for entry_id, what in self.revision.orders]
        return {**self.revision.to_document(self.before), "orders": orders}


class Records:
    """Reads what happened, and notes what the storage does not see by itself."""

    def __init__(self, store: Store, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._clock_ms = clock_ms
        self._refusals = RefusalTally()

    async def outbox(self, wanted: OutboxFilter) -> list[OutboxEntry]:
        """Entries, newest first."""
        return await self._store.outbox(wanted)

    async def history(self, cabinet_id: str, before: int | None, limit: int) -> list[Step]:
        """The newest ``limit`` revisions of a cabinet, newest first; UnknownCabinet."""
        if await self._store.cabinet(cabinet_id) is None:
            raise UnknownCabinet(cabinet_id)
        found = await self._store.history(cabinet_id, before, limit + 1)
        outcomes = await self._outcomes([entry_id for one in found for entry_id, _ in one.orders])
        older = [*found[1:], None]
        return [Step(one, two, outcomes) for one, two in zip(found, older, strict=True)][:limit]

    async def audit(self, wanted: AuditFilter) -> list[dict[str, Any]]:
        """Entries as answers show them, newest first, each order with what became of it."""
        entries = await self._store.audit(wanted)
        ids = [order["id"] for entry in entries for order in entry.document.get("orders", ())]
        outcomes = await self._outcomes(ids)
        return [_shown(entry, outcomes) for entry in entries]

    async def note(self, act: Act, cabinet_id: str | None = None, **facts: Any) -> None:
        """Append to the audit trail; secrets in ``facts`` are masked. StoreError: then it must not happen."""
        await self._store.record(Draft(act, cabinet_id, facts=redacted(facts)))

    async def refused(self, actor: Actor, action: str, cabinet_id: str | None, error: Exception) -> None:
        """Append that somebody wanted something, and did not get it; a storage that fails is logged.

        Whoever goes on and on is counted, and told once a minute.
        """
        facts = {"wanted": action, "kind": type(error).__name__, "reason": str(error)[:MAX_REASON]}
        draft = Draft(Act(actor, "refusal"), cabinet_id, facts=facts)
        await self._tell(self._refusals.note(draft, self._clock_ms()))

    async def tell_refusals(self, *, all_of_them: bool = False) -> None:
        """Append those that were only counted, once a minute has passed."""
        await self._tell(self._refusals.due(None if all_of_them else self._clock_ms()))

    async def _tell(self, refusals: Sequence[Draft]) -> None:
        for draft in refusals:
            try:
                await self._store.record(draft)
            except StoreError as exc:
                facts = {"request": draft.act.actor.request_id, "wanted": draft.facts["wanted"]}
                log.event("!", "refusal not recorded", **facts, reason=str(exc))

    async def _outcomes(self, entry_ids: Sequence[str]) -> dict[str, Outcome]:
        return await self._store.outcomes(entry_ids) if entry_ids else {}


def _shown(entry: AuditEntry, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """What was sealed as it was sealed, and beside it what is known today."""
    orders = entry.document.get("orders", ())
    deliveries = [_delivery(order["id"], order["what"], outcomes) for order in orders]
    return {**entry.document, "hash": entry.hash, **({"deliveries": deliveries} if deliveries else {})}


def _delivery(entry_id: str, what: str, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    outcome = outcomes.get(entry_id)
    if outcome is None:
        return {"id": entry_id, "what": what, "state": "unknown", "at": None, "detail": ""}
    at = format_timestamp(outcome.at_ms)
    return {"id": entry_id, "what": what, "state": str(outcome.state), "at": at, "detail": outcome.detail}
