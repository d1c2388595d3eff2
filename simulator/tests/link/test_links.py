"""Links over MQTT: up only when subscribed, never blocking, and gone when they say so."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as websocket_server
from websockets.typing import Subprotocol

from simulator.broker import Broker, Credentials, Engine, create_broker
from simulator.broker.installed import search_path
from simulator.device.link import Refusal
from simulator.link.channel import MAX_FRAME
from simulator.link.links import MqttLinks
from simulator.tests.broker.raw_client import packet
from simulator.tests.floor import DEADLINE_S, Listening, settings

CONNACK = b"\x20\x02\x00\x00"
NOT_AUTHORISED = b"\x20\x02\x00\x05"


def engines() -> list[Engine]:
    found: list[Engine] = ["amqtt"]
    if shutil.which("mosquitto", path=search_path()) or os.environ.get("CI"):
        found.append("mosquitto")
    return found


@pytest.fixture(params=engines())
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.param
    return found


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[str]:
    """A broker that gives these answers, one for each packet that comes, and then nothing."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.read(1000)
            writer.write(answer)
        await done.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        done.set()
        server.close()


class TestOpen:
    @pytest.mark.parametrize("transport", ["tcp", "websocket"])
    def test_up_means_subscribed_and_every_qos_is_carried(self, engine: Engine, transport: str) -> None:
        async def scenario() -> None:
            async with create_broker(engine) as broker:
                uri = broker.uri if transport == "tcp" else broker.ws_uri
                assert uri
                listener, link = Listening(), MqttLinks().link()
                link.open(settings(uri, qos=2, topics=("in", "other/+")), listener)
                assert not link.publish("in", b"too early", 0)
                assert await listener.first() == "up"
                sent = [("in", b"0"), ("other/x", b"1" * 5_000), ("in", b"2")]
                for qos, (topic, payload) in enumerate(sent):
                    assert link.publish(topic, payload, qos)
                await listener.until(lambda: len(listener.messages) == 3)
                assert sorted(listener.messages) == sorted(sent)
                link.close(clean=True)
                await link.closed()
                assert not link.publish("in", b"too late", 1)
                assert listener.told == ["up"]

        asyncio.run(scenario())

    def test_it_works_without_epoll_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("simulator.link.poll.HAS_EPOLL", False)

        async def scenario() -> None:
            async with create_broker("amqtt") as broker:
                links = MqttLinks()
                both = [(links.link(), Listening()) for _ in range(2)]
                for number, (link, listener) in enumerate(both):
                    link.open(settings(broker.uri, f"c{number}", qos=0), listener)
                    assert await listener.first() == "up"
                payload = bytes(1_000_000)
                assert both[0][0].publish("in", payload, 0)
                for link, listener in both:
                    await listener.until(lambda heard=listener: bool(heard.messages))  # type: ignore[misc]
                    assert listener.messages == [("in", payload)]
                    link.close(clean=True)
                    await link.closed()

        asyncio.run(scenario())

    def test_credentials_of_the_address_are_used(self, engine: Engine) -> None:
        async def scenario() -> None:
            async with create_broker(engine, credentials=Credentials("floor", "floor-1")) as broker:
                place = broker.uri.removeprefix("mqtt://")
                for uri, told in (
                    (f"mqtt://floor:floor-1@{place}", "up"),
                    (f"mqtt://floor:wrong@{place}", Refusal.REFUSED),
                    (f"mqtt://{place}", Refusal.REFUSED),
                ):
                    listener, link = Listening(), MqttLinks().link()
                    link.open(settings(uri), listener)
                    assert await listener.first() == told, uri
                    link.close(clean=True)
                    await link.closed()

        asyncio.run(scenario())

    @pytest.mark.parametrize(
        ("answers", "refusal"),
        [
            ((NOT_AUTHORISED,), Refusal.REFUSED),
            ((CONNACK, b"\x90\x03\x00\x01\x80"), Refusal.REFUSED),
            ((CONNACK, b"\x90\x02\x00\x01"), Refusal.LOST),
            ((CONNACK,), Refusal.TIMED_OUT),
            ((), Refusal.TIMED_OUT),
            ((b"\x20\x00",), Refusal.LOST),
            ((b"\xf0\x00",), Refusal.LOST),
            ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), Refusal.LOST),
        ],
    )
    def test_a_broker_that_does_not_let_it_in_is_told(
        self, answers: tuple[bytes, ...], refusal: Refusal
    ) -> None:
        async def scenario() -> None:
            async with answering(*answers) as uri:
                listener, link = Listening(), MqttLinks(timeout_s=0.3).link()
                link.open(settings(uri), listener)
                assert await listener.first() == refusal
                await link.closed()
                assert listener.told == [refusal]

        asyncio.run(scenario())

    @pytest.mark.parametrize("uri", ["mqtt://127.0.0.1:1", "ws://127.0.0.1:1", "mqtt://host.invalid"])
    def test_where_no_broker_is_it_is_unreachable(self, uri: str) -> None:
        async def scenario() -> None:
            listener = Listening()
            MqttLinks().link().open(settings(uri), listener)
            assert await listener.first() == Refusal.UNREACHABLE

        asyncio.run(scenario())

    def test_messages_before_the_acknowledgement_are_handed_over_after_it(self) -> None:
        early = packet(0x30, b"\x00\x02inearly")

        async def scenario() -> None:
            async with answering(CONNACK, early + b"\x90\x03\x00\x01\x01") as uri:
                listener, link = Listening(), MqttLinks().link()
                link.open(settings(uri), listener)
                await listener.until(lambda: bool(listener.messages))
                assert listener.told == ["up"]
                assert listener.messages == [("in", b"early")]
                link.close(clean=False)

        asyncio.run(scenario())

    @pytest.mark.parametrize("last", [b"", NOT_AUTHORISED, CONNACK])
    def test_a_websocket_that_is_closed_while_we_greet_is_one_refusal(self, last: bytes) -> None:
        async def serve(socket: ServerConnection) -> None:
            await socket.recv()
            if last:
                await socket.send(last)
            await socket.close(1008, "nobody is let in")

        async def scenario() -> None:
            async with websocket_server(serve, "127.0.0.1", 0, subprotocols=[Subprotocol("mqtt")]) as server:
                uri = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
                listener, link = Listening(), MqttLinks().link()
                link.open(settings(uri), listener)
                assert await listener.first() == (Refusal.REFUSED if last == NOT_AUTHORISED else Refusal.LOST)
                link.close(clean=True)
                await link.closed()

        asyncio.run(scenario())

    def test_a_frame_of_a_websocket_that_is_larger_than_any_packet_is_not_waited_for(self) -> None:
        async def serve(socket: ServerConnection) -> None:
            await socket.recv()
            socket.transport.write(b"\x82\x7f" + (MAX_FRAME + 1).to_bytes(8, "big"))
            await socket.wait_closed()

        async def scenario() -> None:
            async with websocket_server(serve, "127.0.0.1", 0, subprotocols=[Subprotocol("mqtt")]) as server:
                uri = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
                listener, link = Listening(), MqttLinks().link()
                link.open(settings(uri), listener)
                assert await listener.first() == Refusal.LOST
                await link.closed()

        asyncio.run(scenario())

    def test_no_more_connects_are_under_way_than_allowed(self) -> None:
        async def scenario() -> None:
            waiting = most = served = 0
            release, gone = asyncio.Event(), asyncio.Event()

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                nonlocal waiting, most, served
                waiting += 1
                most = max(most, waiting)
                if waiting == 5:
                    release.set()
                await reader.read(1000)
                await release.wait()
                waiting -= 1
                writer.write(NOT_AUTHORISED)
                await writer.drain()
                await reader.read()
                writer.close()
                served += 1
                if served == 20:
                    gone.set()

            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            uri = f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            links = MqttLinks(connects=5)
            listeners = [Listening() for _ in range(20)]
            for number, listener in enumerate(listeners):
                links.link().open(settings(uri, f"c{number}"), listener)
            for listener in listeners:
                assert await listener.first() == Refusal.REFUSED
            assert most == 5
            async with asyncio.timeout(DEADLINE_S):
                await gone.wait()
            server.close()

        asyncio.run(scenario())


class TestEnd:
    @pytest.mark.parametrize("clean", [True, False])
    def test_only_an_unclean_end_leaves_the_will(self, engine: Engine, clean: bool) -> None:
        async def scenario() -> None:
            async with create_broker(engine) as broker, aiomqtt.Client("127.0.0.1", broker.mqtt_port) as tap:
                await tap.subscribe("#", qos=1)
                listener, link = Listening(), MqttLinks().link()
                link.open(settings(broker.uri), listener)
                await listener.first()
                link.publish("out", b"last words", 2)
                link.close(clean=clean)
                await link.closed()
                expected = ["out"] if clean else ["will/smib-a"]
                await tap.publish("marker", b"")
                heard: list[str] = []
                async with asyncio.timeout(DEADLINE_S):
                    async for message in tap.messages:
                        heard.append(str(message.topic))
                        if {"marker", *expected} <= set(heard):
                            break
                assert [topic for topic in heard if topic not in ("marker", "out")] == expected[clean:]

        asyncio.run(scenario())

    def test_the_next_connection_waits_until_the_last_one_is_gone(self, engine: Engine) -> None:
        async def scenario() -> None:
            async with create_broker(engine) as broker, aiomqtt.Client("127.0.0.1", broker.mqtt_port) as tap:
                await tap.subscribe("#", qos=1)
                link = MqttLinks().link()
                for number in range(20):
                    listener = Listening()
                    link.open(settings(broker.uri), listener)
                    assert await listener.first() == "up"
                    link.publish("out", str(number).encode(), 2)
                    link.close(clean=True)
                await link.closed()
                await tap.publish("marker", b"")
                heard: list[tuple[str, bytes]] = []
                async with asyncio.timeout(DEADLINE_S):
                    async for message in tap.messages:
                        if str(message.topic) == "marker":
                            break
                        heard.append((str(message.topic), bytes(message.payload)))
                assert heard == [("out", str(number).encode()) for number in range(20)]

        asyncio.run(scenario())

    def test_a_lost_connection_is_told_once(self, engine: Engine) -> None:
        async def scenario() -> None:
            async with create_broker(engine) as broker:
                listener, link = Listening(), MqttLinks().link()
                link.open(settings(broker.uri), listener)
                await listener.first()
                await broker.stop()
                await listener.until(lambda: len(listener.told) == 2)
                assert listener.told == ["up", "down"]
                assert not link.publish("in", b"", 1)

        asyncio.run(scenario())

    def test_an_attempt_that_was_closed_is_not_told(self) -> None:
        async def scenario() -> None:
            async with answering() as uri:
                links = MqttLinks()
                closed, listener = Listening(), Listening()
                link = links.link()
                link.open(settings(uri), closed)
                link.close(clean=False)
                link.open(settings("mqtt://127.0.0.1:1"), listener)
                assert await listener.first() == Refusal.UNREACHABLE
                assert closed.told == []

        asyncio.run(scenario())

    def test_a_broker_that_never_hangs_up_is_left_after_a_while(self) -> None:
        async def scenario() -> None:
            async with answering(CONNACK, b"\x90\x03\x00\x01\x01") as uri:
                listener, link = Listening(), MqttLinks().link()
                link.open(settings(uri), listener)
                await listener.first()
                link.publish("out", b"never acknowledged", 1)
                link.close(clean=True)
                async with asyncio.timeout(2):
                    await link.closed()

        asyncio.run(scenario())

    def test_a_broker_that_reads_nothing_does_not_fill_the_memory(self) -> None:
        async def scenario() -> None:
            async with answering(CONNACK, b"\x90\x03\x00\x01\x01") as uri:
                listener, link = Listening(), MqttLinks().link()
                link.open(settings(uri), listener)
                await listener.first()
                payload = bytes(64_000)
                for _ in range(1000):
                    if not link.publish("out", payload, 0):
                        break
                else:
                    pytest.fail("64 MB were taken")
                await listener.until(lambda: listener.told[-1] == "down")

        asyncio.run(scenario())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed on this machine")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    )
    names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    files = ("-keyout", str(key), "-out", str(cert))
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    return key, cert


class TestSecure:
    @pytest.mark.parametrize("scheme", ["mqtts", "wss"])
    def test_a_broker_over_tls_is_used_where_its_certificate_is_trusted(
        self, certificate: tuple[Path, Path], scheme: str
    ) -> None:
        key, cert = certificate

        async def scenario() -> None:
            async with create_broker("amqtt") as broker, secured(broker, scheme, key, cert) as uri:
                trusting, doubting = Listening(), Listening()
                links = MqttLinks(tls=ssl.create_default_context(cafile=str(cert)))
                link = links.link()
                link.open(settings(uri, qos=0), trusting)
                assert await trusting.first() == "up"
                payload = bytes(200_000)
                assert link.publish("in", payload, 0)
                await trusting.until(lambda: bool(trusting.messages))
                assert trusting.messages == [("in", payload)]
                link.close(clean=True)
                await link.closed()
                MqttLinks().link().open(settings(uri), doubting)
                assert await doubting.first() == Refusal.TLS

        asyncio.run(scenario())


@asynccontextmanager
async def secured(broker: Broker, scheme: str, key: Path, cert: Path) -> AsyncIterator[str]:
    """A TLS endpoint in front of a broker's port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    port = broker.mqtt_port if scheme == "mqtts" else broker.ws_port
    pumps: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            return
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, ahead = await asyncio.open_connection("127.0.0.1", port)
        for task in (
            asyncio.create_task(pump(reader, ahead)),
            asyncio.create_task(pump(behind, writer)),
        ):
            pumps.add(task)
            task.add_done_callback(pumps.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"{scheme}://localhost:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        if pumps:
            for task in pumps:
                task.cancel()
            await asyncio.wait(pumps)
