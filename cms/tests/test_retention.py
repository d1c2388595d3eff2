"""The task that forgets the oldest configurations."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cms.cabinet import ConfigChange
from cms.errors import StoreBusy
from cms.retention import Retention
from cms.store.sqlite import SqliteStore
from cms.tests.engines import CABINETS, NOW


def test_it_keeps_what_it_is_told_and_ends_at_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def whole() -> None:
        store = SqliteStore(tmp_path / "cms.sqlite3", clock_ms=lambda: NOW)
        await store.open()
        await store.add_cabinets(CABINETS)
        await store.order("cab-1", ConfigChange({"net": {"netStaChan": 6}}))
        await Retention(store, kept=0).look()
        assert len(await store.history("cab-1", None, 9)) == 2
        await Retention(store, kept=1).look()
        assert [one.number for one in await store.history("cab-1", None, 9)] == [2]
        assert "= history shortened forgotten=1 kept=1" in caplog.messages

        async def fail(_kept: int) -> int:
            raise StoreBusy("the database is locked")

        monkeypatch.setattr(store, "forget_revisions", fail)
        await Retention(store, kept=1).look()
        assert '! history not shortened reason="the database is locked"' in caplog.messages
        await store.close()

    with caplog.at_level("INFO", "cms"):
        asyncio.run(whole())
