"""Reports of devices: gathered, bounded, stored in batches; drift is told once (contract, section 7)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cms import reported
from cms.cabinet import Cabinet, ConfigChange
from cms.errors import StoreBusy
from cms.hub import Hub
from cms.reported import Reports
from cms.standing import Standing
from cms.store.sqlite import SqliteStore
from cms.store.store import RelayReport
from wire.jsontext import to_bytes
from wire.topics import Topics

NOW = 1_760_000_000_000
RELAY = "e831cdfa8384"


class Floor:
    def __init__(self) -> None:
        self.store = SqliteStore(":memory:", clock_ms=lambda: NOW)
        self.reports = Reports(self.store, clock_ms=lambda: NOW)
        self.hub = Hub(Topics(), clock_ms=lambda: NOW, observers=[self.reports.note])
        self.drifts: list[bool] = []
        self.reports.on_drift(lambda _, drifting: self.drifts.append(drifting))

    def says(self, relay_id: str = RELAY, retained: bool = False, **fields: Any) -> None:
        payload = to_bytes({"rly": relay_id, "typ": "cfg", **fields})
        self.hub.route("smib/config", payload, retained=retained)

    async def standing(self) -> Standing:
        found = await self.store.standing("cab-1")
        assert found is not None
        return found


def play(scenario: Callable[[Floor], Awaitable[None]]) -> None:
    async def whole() -> None:
        floor = Floor()
        await floor.store.open()
        config = {"net": {"netStaSSID": "A", "netStaChan": 1}}
        await floor.store.add_cabinets([Cabinet("cab-1", RELAY, smib_config=config)])
        await scenario(floor)
        await floor.store.close()

    asyncio.run(whole())


def test_drift_is_told_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(floor: Floor) -> None:
        for ssid in ("A", "B", "B", "C", "A", "A"):
            floor.says(comp="net", netStaSSID=ssid, netStaChan=1)
            await floor.reports.flush()
        assert floor.drifts == [True, False]

    with caplog.at_level(logging.INFO, "cms"):
        play(scenario)
    assert f"! drift cabinet=cab-1 relay={RELAY} fields=net.netStaSSID" in caplog.text
    assert caplog.text.count("in step again") == 1


def test_what_is_on_its_way_is_no_drift_until_it_is_given_up() -> None:
    async def scenario(floor: Floor) -> None:
        await floor.store.order("cab-1", ConfigChange({"net": {"netStaSSID": "B"}}))
        floor.says(comp="net", netStaSSID="A", netStaChan=1)
        await floor.reports.flush()
        assert floor.drifts == []

    play(scenario)


def test_the_task_stores_what_comes_and_a_storage_that_fails_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reported, "RETRY_S", 0.001)
    monkeypatch.setattr(reported, "GATHER_S", 0.001)

    async def scenario(floor: Floor) -> None:
        report, failures = floor.store.report, iter(range(2))

        async def busy(reports: list[RelayReport]) -> list[Standing]:
            if next(failures, None) is not None:
                floor.says(comp="net", netStaSSID="newer")
                raise StoreBusy("locked")
            return await report(reports)

        monkeypatch.setattr(floor.store, "report", busy)
        task = asyncio.create_task(floor.reports.run())
        floor.says(comp="net", netStaSSID="older", netStaChan=9)
        async with asyncio.timeout(10):
            while not (await floor.standing()).reported:
                pass
        fields = (await floor.standing()).reported["net"]
        assert {name: one.value for name, one in fields.items()} == {"netStaSSID": "newer", "netStaChan": 9}
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])

    play(scenario)


def test_a_storm_is_stored_in_a_few_batches() -> None:
    async def scenario(floor: Floor) -> None:
        batches: list[int] = []
        report = floor.store.report

        async def counted(reports: list[RelayReport]) -> list[Standing]:
            batches.append(len(reports))
            return await report(reports)

        floor.store.report = counted  # type: ignore[method-assign,assignment]
        for number in range(1_000):
            for component in ("net", "coms", "mqtt", "ota", "app"):
                for _ in range(3):
                    floor.says(f"{number:012x}", comp=component, f=number)
        await floor.reports.flush()
        assert (sum(batches), len(batches)) == (5_000, 10)

    play(scenario)


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reported, "MAX_WAITING", 3)

    async def scenario(floor: Floor) -> None:
        for number in range(9):
            floor.says(f"stranger-{number}", comp="net", netStaChan=number)
        assert floor.reports.dropped == 6

    play(scenario)


def test_what_can_not_be_kept_is_left_out() -> None:
    async def scenario(floor: Floor) -> None:
        floor.says(comp="net", retained=True, netStaChan=7)
        odd: list[Any] = [None, [], {}, 7]
        for component in odd:
            floor.says(comp=component, netStaChan=7)
        floor.says(comp="wifi", netStaChan=7)
        await floor.reports.flush()
        assert (await floor.standing()).reported == {}
        floor.says(comp="net", err="no", netStaSSID="x" * 513, a=[], b={}, c=None, d=True, e=1.5)
        many: dict[str, Any] = {f"f{n}": n for n in range(100)}
        floor.says(comp="coms", **many)
        await floor.reports.flush()
        kept = (await floor.standing()).reported
        assert set(kept["net"]) == {"d", "e"}
        assert len(kept["coms"]) == reported.MAX_FIELDS

    play(scenario)
