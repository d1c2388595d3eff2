"""A disk without room and an outbox that is stuck are told by /readyz (issue 4, "Monitoring")."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from cms.disk import PROBE, disk_problem
from cms.errors import StoreError
from cms.store.entry import OutboxEntry
from cms.tests.desk import Desk, at_desk
from cms.watchdog import Watchdog
from wire.orders import ConfigUpdate


class TestDisk:
    def test_is_well_where_there_is_room(self, tmp_path: Path) -> None:
        assert disk_problem(tmp_path, 0) is None
        assert list(tmp_path.iterdir()) == []
        assert disk_problem(None, 10**9) is None

    def test_has_too_little_room(self, tmp_path: Path) -> None:
        problem = disk_problem(tmp_path, 10**9)
        assert problem is not None
        assert "at least 1000000000 MB were wanted" in problem

    def test_can_not_be_written_to(self, tmp_path: Path) -> None:
        assert "can't be written to" in (disk_problem(tmp_path / "gone", 0) or "")

    def test_is_full(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(_path: Path, _data: bytes) -> int:
            raise OSError(28, os.strerror(28))

        monkeypatch.setattr(Path, "write_bytes", full)
        assert (disk_problem(tmp_path, 0) or "").endswith("No space left on device")

    def test_what_a_killed_probe_left_does_no_harm(self, tmp_path: Path) -> None:
        (tmp_path / PROBE).write_bytes(b".")
        assert disk_problem(tmp_path, 0) is None


class Shelf:
    """A store in which ``entries`` wait."""

    def __init__(self) -> None:
        self.entries: list[OutboxEntry] = []
        self.broken = False

    async def pending(self, limit: int) -> list[OutboxEntry]:
        if self.broken:
            raise StoreError("gone")
        return self.entries[:limit]

    async def due(self, _now_ms: int | None, _limit: int) -> list[OutboxEntry]:
        return []


class Scene:
    def __init__(self) -> None:
        self.shelf = Shelf()
        self.s = 1000.0
        self.connected = True
        self.disk: str | None = None
        store: Any = self.shelf
        self.dog = Watchdog(
            store,
            lambda: self.disk,
            lambda: self.connected,
            stuck_s=60,
            clock_ms=lambda: int(self.s * 1000),
            timer=lambda: self.s,
        )

    def order(self) -> None:
        entry = OutboxEntry("1", 1, "cab-1", "a", ConfigUpdate("coms", {"comsMode": 1}), int(self.s * 1000))
        self.shelf.entries.append(entry)

    def look(self, after_s: float) -> str | None:
        self.s += after_s
        asyncio.run(self.dog.look())
        return self.dog.outbox()


class TestOutbox:
    def test_is_stuck_when_something_waits_though_the_broker_is_there(self) -> None:
        scene = Scene()
        assert scene.look(0) is None
        scene.order()
        assert scene.look(59) is None
        assert scene.look(2) == "an order has waited for 61 s though the broker is connected"
        scene.shelf.entries.clear()
        assert scene.look(1) is None

    def test_may_wait_for_a_broker_that_is_away_and_for_its_turn_then(self) -> None:
        scene = Scene()
        scene.connected = False
        scene.order()
        assert scene.look(10_000) is None
        scene.connected = True
        assert scene.look(5) is None
        assert scene.look(59) is None
        assert scene.look(2) is not None

    def test_a_store_that_does_not_answer_is_not_its_fault(self) -> None:
        scene = Scene()
        scene.order()
        scene.look(0)
        scene.look(100)
        scene.shelf.broken = True
        assert scene.look(1) is None


def test_readyz_tells_and_says_when_it_is_over_and_the_service_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(desk: Desk) -> None:
        work = desk.application.work["watchdog"]
        watchdog: Watchdog = work.__self__  # type: ignore[attr-defined]
        monkeypatch.setattr(watchdog, "_disk", lambda: "no room")
        await watchdog.look()
        assert (await desk.ask("GET", "/healthz")).status_code == 200
        answer = await desk.ask("GET", "/readyz")
        assert answer.status_code == 503
        assert answer.json()["problems"] == [{"field": "disk", "wanted": "no room"}]
        monkeypatch.setattr(watchdog, "_disk", lambda: None)
        await watchdog.look()
        assert (await desk.ask("GET", "/readyz")).status_code == 200

    at_desk(act)
