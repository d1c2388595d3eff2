"""Operators who order all the time, one for each cabinet, each at whatever service answers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, cycle
from typing import Any

import httpx

from scripts.havoc.devices import FIELD
from scripts.havoc.ledger import Line
from wire.commands import LOCK, UNLOCK

LEAST, MOST = 40, 60_000
COMMAND_SHARE = 0.2
PAUSE_S = 0.2
ANSWER_S = 40.0
PAGE = 1_000

Lines = Mapping[str, Line]


class Load:
    """``urls`` are the services; a request that one of them did not answer counts as unsure."""

    def __init__(self, urls: Sequence[str], lines: Lines, chance: random.Random) -> None:
        self._urls = urls
        self._lines = lines
        self._chance = chance
        self._client = httpx.AsyncClient(timeout=ANSWER_S)
        self.going_on = True

    async def run(self) -> None:
        """Order until ``going_on`` is False, and every request has its answer."""
        async with asyncio.TaskGroup() as group:
            for cabinet_id, line in self._lines.items():
                group.create_task(self._operate(cabinet_id, line))

    async def close(self) -> None:
        await self._client.aclose()

    async def _operate(self, cabinet_id: str, line: Line) -> None:
        values, commands = iter(range(LEAST, MOST)), cycle((LOCK, UNLOCK))
        while self.going_on:
            if self._chance.random() < COMMAND_SHARE:
                accepted = await self._order(cabinet_id, {"machineControl": next(commands)})
                line.commands += accepted is True
            else:
                value = next(values)
                accepted = await self._order(cabinet_id, {"smibConfig": {"coms": {FIELD: value}}})
                line.values += [value] if accepted else []
            line.unsure += accepted is None
            await asyncio.sleep(PAUSE_S * self._chance.random())

    async def _order(self, cabinet_id: str, body: Mapping[str, Any]) -> bool | None:
        """Whether the service said that it has the order; None where it took the request and said nothing."""
        url = f"{self._chance.choice(self._urls)}/api/cabinets/{cabinet_id}/smib-config"
        try:
            return (await self._client.post(url, json=body)).status_code == 200 or None
        except httpx.ConnectError:
            return False
        except httpx.TransportError:
            return None


class Reader:
    """What the service keeps, read page by page."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def ready(self) -> bool:
        return await self._get("/readyz") is not None

    async def still_open(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for state in ("waiting", "sent"):
            answer = await self._get(f"/api/outbox?state={state}&limit={PAGE}")
            found += [{"state": "unreadable"}] if answer is None else answer["data"]
        return found

    async def outcomes(self) -> list[dict[str, Any]]:
        """The entries of the audit trail that say what became of orders."""
        found: list[dict[str, Any]] = []
        before = ""
        for _ in count():
            answer = await self._get(f"/api/audit?limit={PAGE}{before}")
            if answer is None:
                raise RuntimeError(f"{self._url}/api/audit can't be read")
            found += (entry for entry in answer["data"] if "outcome" in entry and "what" in entry)
            if len(answer["data"]) < PAGE:
                return found
            before = f"&before={answer['data'][-1]['seq']}"
        raise AssertionError("endless")

    async def _get(self, path: str) -> Any:
        try:
            async with httpx.AsyncClient(timeout=ANSWER_S) as client:
                answer = await client.get(f"{self._url}{path}")
        except httpx.TransportError:
            return None
        return answer.json() if answer.status_code == 200 else None


def cabinets(number: int) -> Iterator[tuple[str, str]]:
    """Ids of cabinets and of their relays."""
    return ((f"cab-{n}", f"e831cd{n:06x}") for n in range(1, number + 1))
