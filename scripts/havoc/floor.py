"""A floor under fire: broker, database, services, devices, operators, and what is done to them in a round."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Self

from scripts.havoc import victims
from scripts.havoc.devices import Devices
from scripts.havoc.ledger import Line, Verdict, judge
from scripts.havoc.load import Load, Reader, cabinets
from scripts.havoc.victims import Victim
from wire.address import parse_address

RECOVERY_S = 30.0
DRAIN_S = 60.0
POLL_S = 0.1
KINDS = ("service", "broker", "database")
BEFORE_S = (0.1, 0.6)
DOWN_S = (0.0, 0.7)


class Floor:
    """Entering it starts everything, leaving it ends everything."""

    def __init__(
        self,
        folder: Path,
        chance: random.Random,
        *,
        engine: str = "mongodb",
        processes: int = 2,
        cabinet_count: int = 8,
        kinds: Sequence[str] = KINDS,
    ) -> None:
        self._chance = chance
        self._kinds = kinds
        self._broker = victims.broker(folder)
        self._database = victims.database(folder) if engine == "mongodb" else None
        relays = dict(cabinets(cabinet_count))
        database = (
            str(folder / "cms.sqlite3")
            if self._database is None
            else f"mongodb://127.0.0.1:{self._database.port}/floor"
        )
        self._settings = {
            "MQTT_URI": f"mqtt://127.0.0.1:{self._broker.port}",
            "CMS_DATABASE": database,
            "CMS_CABINETS": ",".join(f"{cabinet}={relay}" for cabinet, relay in relays.items()),
        }
        names = [f"service {n}" for n in range(1, processes + 1)]
        self._services = [victims.service(name, folder, self._settings) for name in names]
        self._lines = {cabinet: Line() for cabinet in relays}
        lines = {relay: self._lines[cabinet] for cabinet, relay in relays.items()}
        self._devices = Devices(parse_address(self._settings["MQTT_URI"]), lines)
        urls = [f"http://127.0.0.1:{one.port}" for one in self._services]
        self._readers = [Reader(url) for url in urls]
        self._load = Load(urls, self._lines, chance)
        self._exits = AsyncExitStack()
        self._loading: asyncio.Task[None] | None = None

    @property
    def _victims(self) -> list[Victim]:
        return [self._broker, *([self._database] if self._database else []), *self._services]

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exits:
            exits.push_async_callback(self._load.close)
            for victim in self._victims:
                exits.push_async_callback(victim.kill)
                await victim.start()
            playing = asyncio.create_task(self._devices.run())
            exits.push_async_callback(_end, playing)
            await self._devices.connected.wait()
            await self._until("all is ready", RECOVERY_S, self._all_ready)
            self._loading = asyncio.create_task(self._load.run())
            exits.push_async_callback(_end, self._loading)
            self._exits.push_async_exit(exits.pop_all())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exits.aclose()

    async def round(self) -> str:
        """Kill one, under load, start it again, and wait until all is ready; says what happened."""
        victim = self._chance.choice([one for one in self._victims if one.name.split()[0] in self._kinds])
        await asyncio.sleep(self._chance.uniform(*BEFORE_S))
        await victim.kill()
        await asyncio.sleep(self._chance.uniform(*DOWN_S))
        began_s = time.monotonic()
        await victim.start()
        await self._until(f"all is ready after the death of {victim.name}", RECOVERY_S, self._all_ready)
        accepted = sum(len(line.values) + line.commands for line in self._lines.values())
        return (
            f"killed {victim.name:<10} ready in {time.monotonic() - began_s:5.2f} s, {accepted:>6,} accepted"
        )

    async def verdict(self) -> Verdict:
        """Stop ordering, let everything that is on its way arrive, and judge."""
        self._load.going_on = False
        if self._loading is not None:
            await self._loading
        print("      draining", flush=True)
        with suppress(TimeoutError):  # whatever is left then is counted
            await self._until("nothing is on its way", DRAIN_S, self._all_arrived)
        reader = self._readers[0]
        for cabinet, line in self._lines.items():
            for newer, older in line.overtaken:
                print(f"      {cabinet}: {older} came behind {newer}", flush=True)
        verdict = judge(self._lines, await reader.outcomes(), await reader.still_open())
        self._verify_audit()
        return verdict

    async def _all_ready(self) -> bool:
        return self._devices.connected.is_set() and all(
            await asyncio.gather(*(reader.ready() for reader in self._readers))
        )

    async def _all_arrived(self) -> bool:
        """Commands whose answer died with the broker stay open for two minutes: they are not awaited."""
        return all(
            one.get("what") in ("LOCK MACHINE", "UNLOCK MACHINE") and one["state"] == "sent"
            for one in await self._readers[0].still_open()
        )

    def _verify_audit(self) -> None:
        environ = {**self._services[0].env}
        checked = subprocess.run(
            [sys.executable, "-m", "cms", "audit", "verify"],
            capture_output=True,
            text=True,
            env=environ,
            check=False,
        )
        print(f"      {checked.stdout.strip() or checked.stderr.strip()}", flush=True)
        if checked.returncode != 0:
            raise RuntimeError("the audit trail is broken")

    async def _until(self, what: str, within_s: float, holds: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + within_s
        while not await holds():
            if time.monotonic() > deadline:
                words = "\n".join(f"{victim.name}: {victim.last_words()}" for victim in self._victims)
                raise TimeoutError(f"{what}: not within {within_s:g} s\n{words}")
            await asyncio.sleep(POLL_S)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
