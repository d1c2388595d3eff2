"""What the service does while something that it stands on is gone, and once it is back (issue 4)."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
import sqlite3
import threading
import time
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cms.errors import StoreBusy
from cms.store.worker import Worker
from cms.tests.broker import running_broker
from cms.tests.desk import RELAY, Desk, at_desk, desk
from cms.tests.mongodb_server import GIVEN, nx_27017, port_of
from cms.tests.test_cli import serving
from cms.tests.test_outbox import floor

ORDER = "/api/cabinets/cab-1/smib-config"
PATIENCE_S = 20.0
STREAMS = 1_000
FIVE_HOURS_MS = 5 * 3_600_000


def channel(number: int) -> dict[str, Any]:
    return {"smibConfig": {"net": {"netStaChan": number}}}


class TestTheBroker:
    def test_after_hours_without_it_updates_are_sent_and_commands_are_not(self) -> None:
        async def whole() -> None:
            async with floor() as one:
                one.broker.connected = False
                update = await one.update(netStaChan=6)
                command = await one.command("LOCK MACHINE")
                assert not await one.outbox.deliver([*update, *command], 1)
                one.clock.now_ms += FIVE_HOURS_MS
                await one.update(netStaChan=11)
                one.connect()
                await one.drained()
                assert one.broker.payloads() == [("net", {"netStaChan": 11})]

        asyncio.run(whole())


class TestTheDatabase:
    def test_one_that_is_locked_refuses_orders_with_a_sentence_and_takes_them_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cms.store.sqlite.BUSY_SECONDS", 0.1)
        path = tmp_path / "cms.sqlite3"

        async def act(here: Desk) -> None:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            refused = await here.ask("POST", ORDER, channel(6))
            assert refused.status_code == 503
            assert "locked by another program; nothing was stored" in refused.json()["error"]
            assert (await here.ask("GET", ORDER)).status_code == 200
            assert here.link.sent == []
            other.execute("COMMIT")
            other.close()
            assert (await here.ask("POST", ORDER, channel(6))).json()["mqttSent"] is True

        at_desk(act, CMS_DATABASE=str(path))

    def test_a_disk_that_hangs_holds_nobody_for_ever(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cms.store.worker.ANSWER_S", 0.1)
        moves = threading.Event()

        async def whole() -> None:
            worker = Worker(lambda: sqlite3.connect(tmp_path / "cms.sqlite3"), "cms.sqlite3", writes=True)
            await worker.start()
            with pytest.raises(StoreBusy, match="what was ordered may be stored all the same"):
                await worker.run(lambda _: moves.wait())
            moves.set()
            monkeypatch.setattr("cms.store.worker.ANSWER_S", PATIENCE_S)
            assert await worker.run(lambda _: "it moves") == "it moves"
            await worker.stop()

        asyncio.run(whole())

    @pytest.mark.skipif(bool(GIVEN), reason="a server that was given is not stopped")
    def test_one_that_is_gone_is_told_within_seconds_and_found_again(self, tmp_path: Path) -> None:
        async def whole() -> None:
            with ExitStack() as server:
                uri = server.enter_context(nx_27017(tmp_path))
                async with desk(CMS_DATABASE=f"{uri}floor") as here:
                    assert (await here.ask("POST", ORDER, channel(6))).json()["mqttSent"] is True
                    server.close()
                    await self.is_told(here)
                    with nx_27017(tmp_path, port_of(uri)):
                        await _until(here, "/readyz", lambda found: found["success"])
                        assert (await here.ask("POST", ORDER, channel(8))).json()["mqttSent"] is True

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # PyMongo leaves a socket whose connect failed
            asyncio.run(whole())
            gc.collect()

    async def is_told(self, here: Desk) -> None:
        began = time.monotonic()
        refused = await here.ask("POST", ORDER, channel(7))
        assert refused.status_code == 503
        assert refused.json()["error"].startswith("The database mongodb://127.0.0.1")
        assert time.monotonic() - began < PATIENCE_S
        assert (await here.ask("GET", "/healthz")).status_code == 200
        assert (await here.ask("GET", "/readyz")).status_code == 503


class TestHealth:
    @pytest.mark.parametrize(
        "name", ["outbox", "confirmations", "reports", "monitor", "watchdog", "access", "resync"]
    )
    def test_a_task_that_died_is_named_and_the_others_go_on(self, name: str) -> None:
        async def act(here: Desk) -> None:
            tasks = {task.get_name(): task for task in asyncio.all_tasks()}
            tasks[name].cancel()
            await asyncio.wait([tasks[name]])
            health = await here.ask("GET", "/healthz")
            assert (health.status_code, [one["field"] for one in health.json()["problems"]]) == (503, [name])
            metrics = (await here.ask("GET", "/metrics")).text
            assert f'cms_part_well{{part="{name}"}} 0.0' in metrics

        at_desk(act, CMS_RESYNC="on-connect")

    def test_a_disk_without_room_is_named(self, tmp_path: Path) -> None:
        async def act(here: Desk) -> None:
            problems = (await _until(here, "/readyz", lambda found: not found["success"]))["problems"]
            assert [one["field"] for one in problems] == ["disk"]
            assert "MB" in problems[0]["wanted"]

        at_desk(act, CMS_DATABASE=str(tmp_path / "cms.sqlite3"), CMS_MIN_FREE_MB="1000000")


class TestAThousandStreams:
    def test_get_every_message_and_hold_up_no_end(self, tmp_path: Path) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if most != resource.RLIM_INFINITY and most < 2 * STREAMS:
            pytest.skip(f"this machine allows {most} open files")
        resource.setrlimit(resource.RLIMIT_NOFILE, (2 * STREAMS, most))

        async def whole() -> None:
            async with running_broker() as broker:
                settings = {"MQTT_URI": broker.uri, "CMS_CABINETS": f"cab-1={RELAY}", "CMS_LOG": "quiet"}
                with serving(tmp_path, **settings) as (program, line):
                    readers = await _streams(line.split("url=")[1].strip())
                    await _publish(broker.uri)
                    async with asyncio.timeout(PATIENCE_S):
                        await asyncio.gather(*(reader.readuntil(b"config_update") for reader, _ in readers))
                    program.send_signal(signal.SIGTERM)
                    code = await asyncio.to_thread(program.wait, PATIENCE_S)
                    rests = await asyncio.gather(*(reader.read() for reader, _ in readers))
                    assert (code, {rest[-5:] for rest in rests}) == (0, {b"0\r\n\r\n"})  # each was ended well
                    for _, writer in readers:
                        writer.close()
                        await writer.wait_closed()

        asyncio.run(whole())


class TestADeviceThatFellBack:
    def test_shows_as_drift_though_its_order_was_confirmed(self) -> None:
        """It confirms, leaves with the new values, and comes back with the old ones (contract, section 3)."""

        async def act(here: Desk) -> None:
            answer = {"rly": RELAY, "typ": "cfg", "comp": "net", "netStaChan": 6}
            here.link.device = lambda _relay, _fields: answer
            assert (await here.ask("POST", ORDER, channel(6))).json()["mqttSent"] is True
            await _until(here, "/api/outbox", lambda found: found["data"][0]["state"] == "confirmed")
            fell_back = b'{"rly":"%b","typ":"cfg","comp":"net","netStaChan":1,"err":"fell back"}'
            here.link.hub.route("smib/config", fell_back % RELAY.encode())
            await _until(here, "/api/cabinets?drift=true", lambda found: len(found["data"]) == 1)
            (difference,) = (await here.ask("GET", ORDER)).json()["data"]["differences"]
            assert (difference["field"], difference["ordered"], difference["reported"]) == (
                "netStaChan",
                6,
                1,
            )

        at_desk(act)


async def _until(here: Desk, path: str, holds: Any) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        while not holds(found := (await here.ask("GET", path)).json()):
            pass
        return found


async def _streams(url: str) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """All of them, open."""
    where, opened = urlsplit(url), []
    request = f"GET /api/mqtt/config/subscribe?relayId={RELAY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    for _ in range(STREAMS):
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(request)
        opened.append((reader, writer))
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(reader.readuntil(b'"connected"') for reader, _ in opened))
    return opened


async def _publish(uri: str) -> None:
    import aiomqtt

    where = urlsplit(uri)
    async with aiomqtt.Client(str(where.hostname), int(where.port or 0)) as client:
        await client.publish("smib/config", b'{"rly":"%b","typ":"cfg","comp":"net"}' % RELAY.encode(), qos=1)
