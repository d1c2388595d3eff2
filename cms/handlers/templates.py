"""Named configurations, and the order that they be in force at many cabinets (contract, section 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cms.actor import Act, Actor
from cms.audit import Draft
from cms.cabinet import masked_config
from cms.errors import RequestError, StaleVersion, UnknownTemplate
from cms.handlers.cabinets import Cabinets, Filter
from cms.handlers.orders import shape_problems
from cms.mask import resolve_mask
from cms.sheet import Kind
from cms.store.store import Store
from cms.template import (
    Stray,
    Template,
    Version,
    compared,
    template_from,
    template_problems,
    with_stored_secrets,
)
from wire.errors import Problem

MAX_TEMPLATES = 200


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What somebody wants a template to be; ``expected`` is the version that this is an edit of."""

    config: Mapping[str, Any] = field(repr=False)
    note: str = ""
    expected: int | None = None


class Templates:
    """``store`` is the whole one: templates belong to no location."""

    def __init__(self, store: Store, cabinets: Cabinets, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._cabinets = cabinets
        self._clock_ms = clock_ms

    async def all(self) -> list[Template]:
        """By name."""
        found = map(template_from, await self._store.sheets(Kind.TEMPLATE))
        return sorted(found, key=lambda template: template.name)

    async def one(self, name: str) -> Template:
        """UnknownTemplate where there is none."""
        sheet = await self._store.sheet(Kind.TEMPLATE, name)
        if sheet is None:
            raise UnknownTemplate(name)
        return template_from(sheet)

    async def version(self, name: str, number: int | None) -> Version:
        """One version, by default the latest. UnknownTemplate."""
        template = await self.one(name)
        version = template.latest if number is None else template.version(number)
        if version is None:
            raise UnknownTemplate(name, number)
        return version

    async def put(self, name: str, new: NewVersion, actor: Actor) -> Template:
        """Add a version, or the template. RequestError, StaleVersion: nothing was stored."""
        sheet = await self._store.sheet(Kind.TEMPLATE, name)
        known = None if sheet is None else template_from(sheet)
        number = 0 if known is None else known.latest.number
        if new.expected not in (None, number):
            raise StaleVersion(name, new.expected or 0, number)
        if known is None and len(await self._store.sheets(Kind.TEMPLATE)) >= MAX_TEMPLATES:
            raise RequestError("template", f"at most {MAX_TEMPLATES} templates were wanted; remove one")
        config = _checked(new.config, {} if known is None else known.latest.config)
        now_ms = self._clock_ms()
        version = Version(number + 1, now_ms, actor.user, config, new.note)
        template = Template(name, now_ms, (version,)) if known is None else known.with_version(version)
        facts = {"template": name, "version": version.number, "smibConfig": masked_config(config)}
        if not await self._store.put_sheet(template.sheet(), Draft(Act(actor, "template"), facts=facts)):
            raise StaleVersion(name, number)
        return template

    async def remove(self, name: str, actor: Actor) -> None:
        """UnknownTemplate, StaleVersion."""
        template = await self.one(name)
        sheet = template.sheet()
        facts = {"template": name, "version": template.latest.number}
        if not await self._store.remove_sheet(sheet, Draft(Act(actor, "template removed"), facts=facts)):
            raise StaleVersion(name, sheet.number)

    async def strays(self, name: str, number: int | None, wanted: Filter) -> list[Stray]:
        """Every cabinet that is wanted, next to a version of a template. UnknownTemplate."""
        version = await self.version(name, number)
        return [compared(version, one) for one in await self._cabinets.standings(wanted)]


def _checked(config: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """``config`` with the stored secrets for its masks; RequestError for everything that is wrong with it."""
    if problems := shape_problems(config):
        raise RequestError.of(problems)
    whole, problems = with_stored_secrets(config, stored)
    if problems := [*problems, *template_problems(whole)]:
        raise RequestError.of(problems)
    try:
        return resolve_mask(whole, stored)
    except RequestError as exc:
        raise RequestError.of(
            [Problem(f"smibConfig.{one.field}", one.wanted) for one in exc.problems]
        ) from exc
