"""The server on a real socket: bodies of any length, open streams, nonsense, a clean end."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from cms import server
from cms.errors import PortTaken
from cms.routes import body, failures
from cms.server import MAX_HEAD, Server, adopt_server_log, listen, url_of
from cms.tests.desk import RELAY, Desk, desk

HEAD = b"POST /api/mqtt/test HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
SUBSCRIBE = f"GET /api/mqtt/config/subscribe?relayId={RELAY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
DEADLINE_S = 10


@dataclass
class Place:
    """A running server: where it is, how to stop it, and the desk behind it."""

    port: int
    server: Server
    serving: asyncio.Task[None]
    desk: Desk
    callers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def call(self, *parts: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.callers.append(writer)
        for part in parts:
            writer.write(part)
            await writer.drain()
        return reader, writer

    async def stop(self) -> None:
        self.server.should_exit = True
        await self.serving


@asynccontextmanager
async def place(**settings: str) -> AsyncIterator[Place]:
    async with desk(**settings) as open_desk:
        listener = listen("127.0.0.1", 0)
        ready = asyncio.Event()
        server = Server(open_desk.application.asgi, ready.set, open_desk.application.end_streams)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await ready.wait()
        here = Place(listener.getsockname()[1], server, serving, open_desk)
        try:
            yield here
        finally:
            for caller in here.callers:
                caller.close()
            await here.stop()


def at(act: Callable[[Place], Awaitable[None]], **settings: str) -> None:
    async def run() -> None:
        async with asyncio.timeout(DEADLINE_S), place(**settings) as here:
            await act(here)

    asyncio.run(run())


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    content = await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split()[1]), headers, json.loads(content)


class TestBodies:
    def test_a_body_in_many_small_parts_is_read(self) -> None:
        async def act(here: Place) -> None:
            parts = [b"1\r\n%c\r\n" % byte for byte in b'{"action":"connect"}']
            reader, _ = await here.call(CHUNKED, *parts, b"0\r\n\r\n")
            status, _, fields = await answer(reader)
            assert (status, fields["action"]) == (200, "connect")

        at(act)

    def test_a_body_that_says_it_is_too_long_is_not_waited_for(self) -> None:
        async def act(here: Place) -> None:
            reader, _ = await here.call(HEAD + b"Content-Length: 65537\r\n\r\n")
            status, headers, _ = await answer(reader)
            assert (status, headers["connection"]) == (413, "close")

        at(act)

    @pytest.mark.parametrize("length", [b"99999999999999999999", b"65537"])
    def test_a_length_of_any_size_is_too_long(self, length: bytes) -> None:
        async def act(here: Place) -> None:
            reader, _ = await here.call(HEAD + b"Content-Length: " + length + b"\r\n\r\n")
            assert (await answer(reader))[0] in (400, 413)

        at(act)

    def test_a_key_that_stands_twice_is_refused(self) -> None:
        async def act(here: Place) -> None:
            text = b'{"action":"connect","action":"publish"}'
            reader, _ = await here.call(HEAD + b"Content-Length: %d\r\n\r\n" % len(text), text)
            status, _, fields = await answer(reader)
            assert status == 400
            assert "'action' stands there twice" in fields["error"]
            assert here.desk.link.sent == []

        at(act)

    def test_a_body_without_an_end_is_cut_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(failures, "MAX_LINGER_BYTES", 200_000)

        async def act(here: Place) -> None:
            reader, writer = await here.call(CHUNKED)
            sending = asyncio.create_task(_send_for_ever(writer))
            status, _, fields = await answer(reader)
            assert (status, fields["success"]) == (413, False)
            await sending
            assert here.desk.link.sent == []

        at(act)

    def test_a_body_that_stops_half_way_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(body, "PATIENCE_S", 0.05)
        monkeypatch.setattr(failures, "MAX_LINGER_S", 0.05)

        async def act(here: Place) -> None:
            reader, _ = await here.call(HEAD + b"Content-Length: 20\r\n\r\n", b'{"action"')
            status, _, fields = await answer(reader)
            assert status == 408
            assert fields["error"].startswith("body: ")
            assert await reader.read() == b""

        at(act)

    def test_a_caller_who_leaves_half_way_is_no_error(self, caplog: pytest.LogCaptureFixture) -> None:
        async def act(here: Place) -> None:
            _, writer = await here.call(HEAD + b"Content-Length: 20\r\n\r\n", b'{"action"')
            writer.transport.abort()
            reader, writer = await here.call(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await answer(reader))[0] == 200

        at(act)
        assert not [line for line in caplog.messages if line.startswith("!")]


class TestNonsense:
    @pytest.mark.parametrize(
        "bytes_sent", [b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x00\xa5\x01\x00", b"GET /\xff HTTP/1.1\r\n\r\n"]
    )
    def test_what_is_no_http_gets_the_error_envelope(self, bytes_sent: bytes) -> None:
        async def act(here: Place) -> None:
            reader, _ = await here.call(bytes_sent)
            status, headers, fields = await answer(reader)
            assert (status, headers["connection"], fields["success"]) == (400, "close", False)
            assert fields["error"].startswith("request: HTTP/1.1 was wanted (Invalid ")
            assert "request received" not in fields["error"]  # what uvicorn says of everything
            assert await reader.read() == b""

        at(act)

    @pytest.mark.parametrize(
        ("bytes_sent", "status"),
        [
            (b"GET /?q=" + b"x" * MAX_HEAD + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
            (b"GET /?q=" + b"x" * MAX_HEAD, 414),
            (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * MAX_HEAD + b"\r\n\r\n", 431),
            (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * MAX_HEAD, 431),
            (b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * (MAX_HEAD // 2) + b"\r\n", 431),
        ],
    )
    def test_a_head_that_is_too_long_is_refused_for_what_is_long(
        self, bytes_sent: bytes, status: int
    ) -> None:
        async def act(here: Place) -> None:
            reader, _ = await here.call(bytes_sent)
            found, headers, fields = await answer(reader)
            assert (found, headers["connection"], fields["success"]) == (status, "close", False)
            assert f"at most {MAX_HEAD} bytes" in fields["error"]

        at(act)

    @pytest.mark.parametrize(
        "parts",
        [(), (b"GET /heal",), (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /he")],
        ids=["nothing", "a beginning", "a second one that begins"],
    )
    def test_a_head_that_does_not_end_is_not_waited_for(
        self, monkeypatch: pytest.MonkeyPatch, parts: tuple[bytes, ...]
    ) -> None:
        monkeypatch.setattr(server, "HEAD_S", 0.2)

        async def act(here: Place) -> None:
            reader, _ = await here.call(*parts)
            if len(parts) == 2:
                assert (await answer(reader))[0] == 200
            status, headers, fields = await answer(reader)
            assert (status, headers["connection"]) == (408, "close")
            assert fields["error"].startswith("request: the end of its head within 0.2 s")
            assert await reader.read() == b""

        at(act)

    def test_a_stream_outlives_the_time_that_a_head_may_take(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(server, "HEAD_S", 0.1)

        async def act(here: Place) -> None:
            reader, _ = await here.call(SUBSCRIBE)
            await reader.readuntil(b"connected")
            idle, _ = await here.call()
            assert (await answer(idle))[0] == 408  # it came after the time of the stream's head was over
            here.desk.link.hub.route("smib/config", b'{"rly":"%b","typ":"x"}' % RELAY.encode())
            await reader.readuntil(b"config_update")

        at(act)

    def test_what_the_server_complains_of_is_a_line_of_our_log(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        adopt_server_log()

        async def act(here: Place) -> None:
            reader, _ = await here.call(b"GARBAGE\r\n\r\n")
            await reader.read()

        with caplog.at_level(logging.INFO, "cms"):
            at(act)
        assert '! http server says="Invalid HTTP request received."' in caplog.messages


class TestStreams:
    def test_what_a_device_sends_reaches_the_stream_that_was_opened_before(self) -> None:
        async def act(here: Place) -> None:
            reader, _ = await here.call(SUBSCRIBE)
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"content-type: text/event-stream" in head
            assert b"cache-control: no-cache" in head
            assert b"content-length" not in head
            assert b'data: {"type":"connected"' in await reader.readuntil(b"\n\n")
            here.desk.link.hub.route("smib/config", b'{"rly":"%b","typ":"cfg","comp":"ota"}' % RELAY.encode())
            frame = await reader.readuntil(b"\n\n")
            assert b'"type":"config_update"' in frame
            assert b'"component":"ota"' in frame

        at(act)

    def test_head_is_answered_and_opens_no_stream(self) -> None:
        async def act(here: Place) -> None:
            reader, _ = await here.call(SUBSCRIBE.replace(b"GET", b"HEAD", 1))
            assert b"text/event-stream" in await reader.readuntil(b"\r\n\r\n")
            assert len(here.desk.application.streams) == 0

        at(act)

    def test_one_stream_too_many_is_refused_and_told_when_to_try_again(self) -> None:
        async def act(here: Place) -> None:
            reader, _ = await here.call(SUBSCRIBE)
            await reader.readuntil(b"\n\n")
            refused, _ = await here.call(SUBSCRIBE)
            status, headers, fields = await answer(refused)
            assert (status, headers["retry-after"]) == (503, "5")
            assert "1 event stream" in fields["error"]

        at(act, CMS_MAX_STREAMS="1")


class TestEnd:
    def test_open_streams_end_with_the_service(self) -> None:
        async def act(here: Place) -> None:
            calls = [await here.call(SUBSCRIBE) for _ in range(20)]
            for reader, _ in calls:
                assert b'"connected"' in await reader.readuntil(b'stream"}\n\n')
            loop = asyncio.get_running_loop()
            began = loop.time()
            await here.stop()
            assert loop.time() - began < 2
            for reader, _ in calls:
                assert (await reader.read()).endswith(b"0\r\n\r\n")

        at(act)

    def test_a_caller_who_waits_for_a_device_is_answered_at_the_end(self) -> None:
        async def act(here: Place) -> None:
            asked = asyncio.Event()

            def device(_relay_id: str, _fields: dict[str, Any]) -> None:
                asked.set()

            here.desk.link.device = device
            content = json.dumps({"relayId": RELAY, "component": "net"}).encode()
            head = HEAD.replace(b"/api/mqtt/test", b"/api/mqtt/config/request?wait=30")
            reader, _ = await here.call(head + b"Content-Length: %d\r\n\r\n" % len(content) + content)
            await asked.wait()
            await here.stop()
            assert (await answer(reader))[0] == 503

        at(act)


class TestListening:
    def test_answers_are_not_held_back(self) -> None:
        # With protocol 0 asyncio leaves Nagle's algorithm on: 40 ms for each answer.
        with listen("127.0.0.1", 0) as listener:
            assert listener.proto == socket.IPPROTO_TCP
            assert listener.getsockname()[1] > 0

    def test_a_port_that_is_taken_is_one_sentence_that_says_what_to_do(self) -> None:
        with listen("127.0.0.1", 0) as listener:
            port = listener.getsockname()[1]
            with pytest.raises(PortTaken, match=rf"127\.0\.0\.1 port {port}: another program.*--port"):
                listen("127.0.0.1", port)

    def test_a_host_that_is_none_is_refused(self) -> None:
        with pytest.raises(PortTaken, match=r"192\.0\.2\.1 port 0"):
            listen("192.0.2.1", 0)

    def test_the_url_is_one_that_can_be_opened(self) -> None:
        with listen("0.0.0.0", 0) as listener:
            assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"
        with listen("::1", 0) as listener:
            assert url_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"


async def _send_for_ever(writer: asyncio.StreamWriter) -> None:
    """Send until the other side has had enough."""
    part = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    try:
        while not writer.is_closing():
            writer.write(part)
            await writer.drain()
    except ConnectionError:
        return
