"""The configuration stream (specification, endpoint 6; contract, section 6)."""

from __future__ import annotations

import asyncio
import json
import selectors
from collections.abc import Callable, Coroutine, Mapping, MutableMapping
from typing import Any, cast

import pytest

from cms.errors import TooManyStreams
from cms.hub import Hub
from cms.sse import EventStream, Streams
from cms.tests.gate import until
from wire.errors import RelayIdError
from wire.jsontext import to_bytes
from wire.topics import Topics

RELAY = "e831cdfa8384"
OTHER = "e831cdfa8464"
NOW = 1_761_474_600_000
NOW_TEXT = "2025-10-26T10:30:00.000Z"


class Floor:
    """A hub and its streams."""

    def __init__(self, queue_size: int = 256, **options: Any) -> None:
        self.hub = Hub(Topics(), clock_ms=lambda: NOW, queue_size=queue_size)
        self.streams = Streams(self.hub, clock_ms=lambda: NOW, **{"heartbeat_s": 60.0, **options})

    def say(self, relay_id: str = RELAY, **fields: Any) -> None:
        self.hub.route("smib/config", to_bytes({"rly": relay_id, **fields}))


class Client:
    """One who reads a stream, as an ASGI server would pass it on."""

    def __init__(self, stream: EventStream) -> None:
        self.start: Mapping[str, Any] = {}
        self.body = b""
        self.chunks = 0
        self.ended = False
        self.takes = asyncio.Event()
        self.takes.set()
        self.at_start: Callable[[], None] = lambda: None
        self._gone = asyncio.Event()
        self.task = asyncio.create_task(stream({"type": "http"}, self._receive, self._send))

    def leave(self) -> None:
        self._gone.set()

    @property
    def frames(self) -> list[dict[str, Any]]:
        texts = self.body.decode().split("\n\n")
        assert texts.pop() == ""
        assert all(text.startswith("data: ") and "\n" not in text for text in texts)
        return [json.loads(text.removeprefix("data: ")) for text in texts]

    @property
    def types(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    async def _receive(self) -> MutableMapping[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        await self.takes.wait()
        if message["type"] == "http.response.start":
            self.start = message
            self.at_start()
            return
        self.body += message["body"]
        self.chunks += 1
        self.ended = not message["more_body"]


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 20))


class TestFrames:
    def test_are_the_specification_s_to_the_byte(self) -> None:
        async def work() -> None:
            floor = Floor()
            client = Client(floor.streams.response(RELAY))
            await until(lambda: client.chunks == 1)
            floor.say(typ="cfg", comp="mqtt", mqttSecure=0, note="Zürich\n\u2028")
            floor.hub.route(f"sas/gli/server/{RELAY}", b'{"typ":"GAME_PLAYED"}')
            await until(lambda: len(client.frames) == 3)
            assert client.body.decode() == (
                f'data: {{"type":"connected","relayId":"{RELAY}","timestamp":"{NOW_TEXT}",'
                '"message":"Connected to MQTT config stream"}\n\n'
                f'data: {{"type":"config_update","relayId":"{RELAY}","component":"mqtt","data":'
                f'{{"rly":"{RELAY}","typ":"cfg","comp":"mqtt","mqttSecure":0,"note":"Zürich\\n\u2028"}},'
                f'"timestamp":"{NOW_TEXT}"}}\n\n'
                f'data: {{"type":"config_update","relayId":"{RELAY}","data":{{"typ":"GAME_PLAYED"}},'
                f'"timestamp":"{NOW_TEXT}"}}\n\n'
            )
            floor.streams.close()
            await client.task

        run(work)

    def test_the_head_forbids_caching_and_buffering(self) -> None:
        async def work() -> None:
            floor = Floor()
            client = Client(floor.streams.response(RELAY))
            await until(lambda: client.chunks == 1)
            floor.streams.close()
            await client.task
            assert client.start["status"] == 200
            headers = dict(client.start["headers"])
            assert headers == {
                b"content-type": b"text/event-stream",
                b"cache-control": b"no-cache",
                b"x-accel-buffering": b"no",
            }

        run(work)

    def test_one_encoded_frame_serves_all_streams(self) -> None:
        async def work() -> None:
            floor = Floor()
            with floor.hub.subscribe(RELAY) as one, floor.hub.subscribe(RELAY) as two:
                floor.say(n=1)
                assert (await one.next()).frame is (await two.next()).frame  # type: ignore[union-attr]

        run(work)


class TestOpening:
    def test_connected_is_said_when_messages_are_routed_already(self) -> None:
        async def work() -> None:
            floor = Floor()
            client = Client(floor.streams.response(RELAY.upper()))
            client.at_start = lambda: floor.say(n=1)  # before a byte of the body was sent
            await until(lambda: client.chunks >= 1 and len(client.frames) == 2)
            assert client.types == ["connected", "config_update"]
            assert client.frames[0]["relayId"] == RELAY
            client.leave()
            await client.task

        run(work)

    def test_hears_its_relay_alone_and_all_streams_of_it_hear(self) -> None:
        async def work() -> None:
            floor = Floor()
            clients = [Client(floor.streams.response(relay)) for relay in (RELAY, RELAY, OTHER)]
            await until(lambda: all(client.chunks for client in clients))
            assert len(floor.streams) == 3
            floor.say(n=1)
            floor.say(OTHER, n=2)
            await until(lambda: all(len(client.frames) == 2 for client in clients))
            assert [client.frames[1]["data"]["n"] for client in clients] == [1, 1, 2]
            clients[0].leave()
            await clients[0].task
            assert (len(floor.streams), floor.hub.readers(RELAY)) == (2, 1)
            floor.say(n=3)
            await until(lambda: len(clients[1].frames) == 3)
            assert len(clients[0].frames) == 2
            floor.streams.close()
            await asyncio.gather(*(client.task for client in clients))

        run(work)

    def test_a_bad_id_and_one_too_many_are_refused(self) -> None:
        async def work() -> None:
            floor = Floor(max_streams=1)
            with pytest.raises(RelayIdError):
                floor.streams.response("a/b")
            client = Client(floor.streams.response(RELAY))
            await until(lambda: client.chunks == 1)
            with pytest.raises(TooManyStreams):
                floor.streams.response(RELAY)
            client.leave()
            await client.task
            floor.streams.response(RELAY)

        run(work)


class VirtualTime(asyncio.SelectorEventLoop):
    """A loop whose clock does not pass: it jumps to the next timer when there is nothing else to do."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Instant(self.jump))

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        self._now += seconds


class _Instant(selectors.DefaultSelector):
    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._jump(max(0.0, timeout or 0.0))
        return super().select(0)


def run_instantly(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        runner.run(work())


class TestHeartbeat:
    def test_comes_every_five_seconds_whatever_else_is_sent(self) -> None:
        async def work() -> None:
            floor = Floor(heartbeat_s=5.0)
            loop = asyncio.get_running_loop()
            client = Client(floor.streams.response(RELAY))
            await until(lambda: client.chunks == 1)
            beats: list[float] = []
            while len(beats) < 20:
                floor.say(n=len(beats))
                await asyncio.sleep(0.7)
                beats += [loop.time()] * (client.types.count("heartbeat") - len(beats))
            for number, seen_at in enumerate(beats, start=1):
                assert 5.0 * number <= seen_at < 5.0 * number + 0.8
            beat = next(frame for frame in client.frames if frame["type"] == "heartbeat")
            assert list(beat.items()) == [("type", "heartbeat"), ("relayId", RELAY), ("timestamp", NOW_TEXT)]
            floor.streams.close()
            await client.task

        run_instantly(work)

    def test_is_one_schedule_for_all_streams_that_does_not_drift(self) -> None:
        async def work() -> None:
            floor = Floor(heartbeat_s=5.0)
            loop = cast("VirtualTime", asyncio.get_running_loop())
            first = Client(floor.streams.response(RELAY))
            await asyncio.sleep(3.0)
            second = Client(floor.streams.response(OTHER))
            for _ in range(100):
                await asyncio.sleep(0.9)
                loop.jump(0.1)  # a loop that is late all the time
            assert loop.time() == pytest.approx(103.0)
            assert first.types.count("heartbeat") == second.types.count("heartbeat") == 20
            floor.streams.close()
            await asyncio.gather(first.task, second.task)

        run_instantly(work)

    def test_a_loop_that_slept_beats_once_and_goes_on(self) -> None:
        async def work() -> None:
            floor = Floor(heartbeat_s=5.0)
            loop = cast("VirtualTime", asyncio.get_running_loop())
            client = Client(floor.streams.response(RELAY))
            await asyncio.sleep(1.0)
            loop.jump(3600.0)
            await asyncio.sleep(11.0)
            assert client.types.count("heartbeat") == 3
            floor.streams.close()
            await client.task

        run_instantly(work)

    def test_goes_on_after_a_loop_that_called_a_little_early(self) -> None:
        # uvloop's clock counts whole milliseconds, and what it returns for a time that has come is no timer.
        async def work() -> None:
            floor = Floor(heartbeat_s=5.0)
            loop = cast("VirtualTime", asyncio.get_running_loop())
            client = Client(floor.streams.response(RELAY))
            await until(lambda: client.chunks == 1)
            for number in range(1, 4):
                loop.jump(5.0 * number - 1e-4 - loop.time())
                timer = floor.streams._timer
                assert timer is not None
                timer.cancel()
                floor.streams._beat()
                await until(lambda n=number: client.types.count("heartbeat") == n)  # type: ignore[misc]
                following = floor.streams._timer
                assert following is not None
                assert following.when() == pytest.approx(5.0 * (number + 1))
            floor.streams.close()
            await client.task

        run_instantly(work)

    def test_stops_with_the_last_stream(self) -> None:
        async def work() -> None:
            floor = Floor(heartbeat_s=0.01)
            for _ in range(2):
                client = Client(floor.streams.response(RELAY))
                await until(lambda client=client: "heartbeat" in client.types)  # type: ignore[misc]
                client.leave()
                await client.task
                assert floor.streams._timer is None

        run(work)


class TestSlowClients:
    def test_are_told_what_they_missed_and_hold_up_nobody(self) -> None:
        async def work() -> None:
            floor = Floor(queue_size=3)
            slow = Client(floor.streams.response(RELAY))
            quick = Client(floor.streams.response(RELAY))
            await until(lambda: slow.chunks == quick.chunks == 1)
            slow.takes.clear()
            floor.say(n=0)
            await until(lambda: len(quick.frames) == 2)
            for n in range(1, 6):
                floor.say(n=n)
                await until(lambda n=n: len(quick.frames) == n + 2)  # type: ignore[misc]
            slow.takes.set()
            await until(lambda: len(slow.frames) == 6)
            assert slow.types == ["connected", "config_update", "dropped", *["config_update"] * 3]
            assert slow.frames[2] == {
                "type": "dropped",
                "relayId": RELAY,
                "count": 2,
                "timestamp": NOW_TEXT,
            }
            assert [frame["data"]["n"] for frame in slow.frames[3:]] == [3, 4, 5]
            floor.streams.close()
            await asyncio.gather(slow.task, quick.task)

        run(work)

    def test_one_that_takes_nothing_for_long_is_let_go(self) -> None:
        async def work() -> None:
            floor = Floor(heartbeat_s=5.0, stalled_s=30.0)
            client = Client(floor.streams.response(RELAY))
            await asyncio.sleep(1.0)
            client.takes.clear()
            floor.say(n=1)
            await asyncio.sleep(30.0)
            assert not client.task.done()
            await asyncio.wait_for(client.task, 5.0)
            assert (len(floor.streams), floor.hub.readers(RELAY)) == (0, 0)

        run_instantly(work)

    def test_many_frames_that_wait_go_in_few_chunks(self) -> None:
        async def work() -> None:
            floor = Floor()
            client = Client(floor.streams.response(RELAY))
            await until(lambda: client.chunks == 1)
            for n in range(200):
                floor.say(n=n)
            await until(lambda: len(client.frames) == 201)
            assert client.chunks == 2
            client.leave()
            await client.task

        run(work)


class TestEnding:
    def test_a_client_that_leaves_ends_its_subscription_at_once(self) -> None:
        async def work() -> None:
            floor = Floor()
            client = Client(floor.streams.response(RELAY))
            await until(lambda: client.chunks == 1)
            client.leave()
            await client.task
            assert (len(floor.streams), floor.hub.readers(RELAY)) == (0, 0)

        run(work)

    def test_a_client_that_leaves_while_it_is_sent_to(self) -> None:
        async def work() -> None:
            floor = Floor()
            client = Client(floor.streams.response(RELAY))
            await until(lambda: client.chunks == 1)
            client.takes.clear()
            floor.say(n=1)
            await asyncio.sleep(0)
            client.leave()
            await asyncio.wait_for(client.task, 5)
            assert floor.hub.readers(RELAY) == 0

        run(work)

    def test_closing_ends_every_stream_also_those_that_nobody_reads_and_later_ones(self) -> None:
        async def work() -> None:
            floor = Floor()
            clients = [Client(floor.streams.response(RELAY)) for _ in range(3)]
            await until(lambda: all(client.chunks for client in clients))
            clients[0].takes.clear()
            floor.say(n=1)
            await until(lambda: len(clients[1].frames) == 2)
            floor.streams.close()
            late = Client(floor.streams.response(RELAY))
            await asyncio.wait_for(asyncio.gather(late.task, *(client.task for client in clients)), 5)
            assert [client.ended for client in clients] == [False, True, True]
            assert late.types == ["connected"]
            assert late.ended

        run(work)

    def test_the_hub_s_end_is_the_stream_s_end(self) -> None:
        async def work() -> None:
            floor = Floor()
            client = Client(floor.streams.response(RELAY))
            await until(lambda: client.chunks == 1)
            floor.hub.close()
            await asyncio.wait_for(client.task, 5)
            assert client.ended

        run(work)

    def test_a_cancelled_stream_is_cancelled(self) -> None:
        async def work() -> None:
            floor = Floor()
            client = Client(floor.streams.response(RELAY))
            await until(lambda: client.chunks == 1)
            client.task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await client.task
            assert (len(floor.streams), floor.hub.readers(RELAY)) == (0, 0)

        run(work)
