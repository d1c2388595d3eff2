"""``/api/outbox``, ``/api/audit`` and ``/api/cabinets/{id}/history`` (contract, section 7)."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cms.actor import Act
from cms.audit import AuditFilter
from cms.cabinets_csv import csv_text
from cms.handlers.records import Records
from cms.role import Right
from cms.routes.actor import actor_of
from cms.routes.answer import answer
from cms.routes.endpoint import Endpoint
from cms.routes.form import Query, cabinet_id
from cms.routes.record_operations import AUDIT, HISTORY, OUTBOX
from cms.store.entry import OutboxEntry, OutboxFilter, State
from wire.components import COMPONENTS
from wire.redaction import redacted
from wire.timestamps import format_timestamp

MAX_LISTED = 1_000
MAX_EXPORTED = 50_000
LISTED = 100
LAST = 2**53

COLUMNS = (
    "seq",
    "at",
    "action",
    "user",
    "address",
    "request",
    "cabinet",
    "relayId",
    "revision",
    "command",
    "before",
    "after",
    "smibVersion",
    "deliveries",
    "order",
    "what",
    "outcome",
    "detail",
    "wanted",
    "reason",
    "hash",
)


class RecordRoutes:
    """Reads what was done, and what became of it."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/api/outbox", self.outbox, OUTBOX, Right.READ),
            Endpoint("GET", "/api/audit", self.audit, AUDIT, Right.AUDIT),
            Endpoint("GET", "/api/cabinets/{cabinetId}/history", self.history, HISTORY, Right.READ),
        ]

    async def outbox(self, request: Request) -> Response:
        query = Query(request, ("state", "cabinet", "before", "limit"))
        state = State(query.one_of("state", tuple(State))) if "state" in query else None
        before, limit = _page(query)
        found = await self._records.outbox(OutboxFilter(state, _cabinet(query), before, limit))
        return answer(data=[_entry(entry) for entry in found], count=len(found))

    async def history(self, request: Request) -> Response:
        query = Query(request, ("before", "limit"))
        before, limit = _page(query)
        cabinet = cabinet_id(request.path_params["cabinetId"])
        steps = await self._records.history(cabinet, before, limit)
        return answer(data=[step.to_document() for step in steps], count=len(steps))

    async def audit(self, request: Request) -> Response:
        query = Query(request, ("cabinet", "user", "since", "until", "before", "limit", "format"))
        as_csv = "format" in query and query.one_of("format", ("json", "csv")) == "csv"
        before, limit = _page(query, MAX_EXPORTED if as_csv else MAX_LISTED)
        wanted = AuditFilter(
            _cabinet(query),
            query.optional_text("user"),
            query.moment("since"),
            query.moment("until"),
            before,
            limit,
        )
        if as_csv:
            await self._records.note(Act(actor_of(request), "export"), what="audit", format="csv")
        found = await self._records.audit(wanted)
        return _table(found) if as_csv else answer(data=found, count=len(found))


def _page(query: Query, most: int = MAX_LISTED) -> tuple[int | None, int]:
    """Where a page begins, and how long it may be."""
    limit = query.number("limit", 1, most)
    return query.number("before", 1, LAST), min(LISTED, most) if limit is None else limit


def _cabinet(query: Query) -> str | None:
    return query.cabinet_id("cabinet") if "cabinet" in query else None


def _entry(entry: OutboxEntry) -> dict[str, Any]:
    """An entry as answers show it, its values masked."""
    moments = {
        "sentAt": entry.sent_ms,
        "nextAt": entry.next_ms,
        "endedAt": entry.ended_ms,
        "expiresAt": entry.expires_ms,
    }
    component = COMPONENTS.get(entry.what)
    values = dict(entry.values) if component is None else component.masked(entry.values)
    return {
        "id": entry.id,
        "cabinetId": entry.cabinet_id,
        "relayId": entry.relay_id,
        "what": entry.what,
        "values": redacted(values),
        "state": str(entry.state),
        "tries": entry.tries,
        "detail": entry.detail,
        "createdAt": format_timestamp(entry.created_ms),
        **{name: None if ms is None else format_timestamp(ms) for name, ms in moments.items()},
    }


def _table(entries: list[dict[str, Any]]) -> Response:
    rows = [{name: _cell(value) for name, value in entry.items()} for entry in entries]
    headers = {"content-disposition": 'attachment; filename="audit.csv"', "cache-control": "no-store"}
    return Response(csv_text(COLUMNS, rows), headers=headers, media_type="text/csv")


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
