"""The directory of firmware versions (contract, section 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cms.actor import Act, Actor
from cms.audit import Draft
from cms.errors import RequestError, StaleVersion, UnknownFirmware
from cms.firmware import Firmware, firmware_from, firmware_problems
from cms.handlers.cabinets import Cabinets, Filter
from cms.mask import resolve_mask
from cms.sheet import Kind, Sheet
from cms.store.store import Store
from wire.components import OTA
from wire.errors import Problem

MAX_VERSIONS = 500


@dataclass(frozen=True, slots=True)
class Listed:
    """A version, and how many of the cabinets that the caller sees report that they run it."""

    firmware: Firmware
    running: int

    def to_document(self) -> dict[str, Any]:
        return {**self.firmware.to_document(), "running": self.running}


class Directory:
    """``store`` is the whole one: firmware belongs to no location."""

    def __init__(self, store: Store, cabinets: Cabinets, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._cabinets = cabinets
        self._clock_ms = clock_ms

    async def all(self) -> list[Listed]:
        """Newest entry first."""
        running = [state.firmware for state in await self._cabinets.states(Filter())]
        found = map(firmware_from, await self._store.sheets(Kind.FIRMWARE))
        return [Listed(one, running.count(one.version)) for one in found]

    async def one(self, version: str) -> Firmware:
        """UnknownFirmware where it is not in the directory."""
        sheet = await self._store.sheet(Kind.FIRMWARE, version)
        if sheet is None:
            raise UnknownFirmware(version)
        return firmware_from(sheet)

    async def put(self, version: str, fields: Mapping[str, Any], actor: Actor) -> Firmware:
        """Add a version, or change what is known of it. RequestError, StaleVersion: nothing was stored."""
        if problems := firmware_problems(fields):
            raise RequestError.of(problems)
        known = await self._store.sheet(Kind.FIRMWARE, version)
        if known is None and len(await self._store.sheets(Kind.FIRMWARE)) >= MAX_VERSIONS:
            raise RequestError("version", f"at most {MAX_VERSIONS} versions were wanted; remove one")
        now_ms = self._clock_ms()
        at_ms, number = (now_ms, 1) if known is None else (known.at_ms, known.number + 1)
        firmware = Firmware(
            version,
            _ota_url(fields, known),
            fields["bin"],
            fields.get("sha256", ""),
            fields.get("notes", ""),
            actor.user,
            at_ms,
            now_ms,
            number,
        )
        draft = Draft(Act(actor, "firmware entry"), facts=firmware.order())
        if not await self._store.put_sheet(firmware.sheet(), draft):
            raise StaleVersion(version, number - 1)
        return firmware

    async def remove(self, version: str, actor: Actor) -> None:
        """UnknownFirmware, StaleVersion."""
        firmware = await self.one(version)
        draft = Draft(Act(actor, "firmware entry removed"), facts={"version": version})
        if not await self._store.remove_sheet(firmware.sheet(), draft):
            raise StaleVersion(version, firmware.number)


def _ota_url(fields: Mapping[str, Any], known: Sheet | None) -> str:
    """The ``otaURL`` of ``fields``, with the password that is stored for its mask. RequestError."""
    stored = {} if known is None else {"otaURL": firmware_from(known).ota_url}
    try:
        config = resolve_mask({OTA.name: {"otaURL": fields["otaURL"]}}, {OTA.name: stored})
    except RequestError as exc:
        problems = (Problem(one.field.removeprefix(f"{OTA.name}."), one.wanted) for one in exc.problems)
        raise RequestError.of([*problems]) from exc
    return str(config[OTA.name]["otaURL"])
