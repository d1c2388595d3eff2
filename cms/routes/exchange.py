"""``/api/cabinets/export`` and ``/api/cabinets/import`` (contract, section 7)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cms.cabinets_text import MEDIA
from cms.handlers.exchange import Exchange, Parcel
from cms.role import Right
from cms.routes.actor import actor_of
from cms.routes.answer import answer
from cms.routes.body import read_text
from cms.routes.endpoint import Endpoint
from cms.routes.form import Query
from cms.routes.record_operations import EXPORT, IMPORT

MAX_IMPORT = 4 * 1024 * 1024
"""Bytes of an import: 10,000 cabinets with their configuration are half of it (INT-66)."""


class ExchangeRoutes:
    """Cabinets out and in."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def endpoints(self) -> list[Endpoint]:
        """These come before those with a cabinet's id in the path."""
        return [
            Endpoint("GET", "/api/cabinets/export", self.export, EXPORT, Right.EXPORT),
            Endpoint("POST", "/api/cabinets/import", self.take_in, IMPORT, Right.ADMINISTER, whole=True),
        ]

    async def export(self, request: Request) -> Response:
        query = Query(request, ("format",))
        form = query.one_of("format", tuple(MEDIA)) if "format" in query else "yaml"
        text = await self._exchange.export(form, actor_of(request))
        attachment = f'attachment; filename="cabinets.{form}"'
        headers = {"content-disposition": attachment, "cache-control": "no-store"}
        return Response(text, headers=headers, media_type=MEDIA[form])

    async def take_in(self, request: Request) -> Response:
        query = Query(request, ("dryRun", "existing"))
        dry_run = query.boolean("dryRun") is True
        update = "existing" in query and query.one_of("existing", ("skip", "update")) == "update"
        text, form = await read_text(request, MEDIA, MAX_IMPORT)
        parcel = Parcel(text, form, "body")
        done = await self._exchange.take_in(parcel, actor_of(request), update=update, dry_run=dry_run)
        return answer(
            dryRun=dry_run, added=list(done.added), updated=list(done.updated), skipped=list(done.skipped)
        )
