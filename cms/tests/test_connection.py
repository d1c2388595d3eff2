"""The supervised connection, against real brokers and misbehaving ones (contract, section 5)."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.connection import FIRST_DELAY_S, LAST_DELAY_S, Connection, backoff_s
from cms.errors import BrokerUnavailable
from cms.mqtt_config import MqttConfig
from cms.tests.broker import ENGINES, Broker, running_broker
from cms.tests.gate import gate_to, until
from cms.tests.scripted import CONNECT, DISCONNECT, PUBLISH, SUBSCRIBE, publish_packet, scripted
from wire.address import parse_address

FILTERS = ("smib/config", "sas/gli/server/+")
RELAY = "sas/relay/e831cdfa8384"


class Inbox:
    """What a connection received, and how often it connected."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.retained: list[bool] = []
        self.connects = 0

    def receive(self, topic: str, payload: bytes, retained: bool) -> None:
        self.messages.append((topic, payload))
        self.retained.append(retained)

    def connected(self) -> None:
        self.connects += 1


@contextlib.asynccontextmanager
async def connection(uri: str, inbox: Inbox | None = None, **options: Any) -> AsyncIterator[Connection]:
    """A started connection that retries at once."""
    inbox = inbox or Inbox()
    config = replace(MqttConfig(address=parse_address(uri)), **{"publish_s": 2.0, **options})
    made = Connection(config, FILTERS, inbox.receive, inbox.connected, chance=lambda: 0.0)
    made.start()
    try:
        yield made
    finally:
        await made.stop()


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 30))


@contextlib.asynccontextmanager
async def device(broker: Broker) -> AsyncIterator[tuple[aiomqtt.Client, list[bytes]]]:
    """A client of its own that hears what is sent to relays."""
    heard: list[bytes] = []

    async def listen(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            heard.append(bytes(message.payload))  # noqa: PERF401 - it is read while it grows

    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.subscribe("sas/relay/+", qos=1)
        listening = asyncio.create_task(listen(client))
        try:
            yield client, heard
        finally:
            listening.cancel()
            await asyncio.wait([listening])


class TestBackoff:
    @given(st.integers(0, 10**6), st.floats(0, 1))
    def test_stays_between_half_a_second_and_five(self, attempt: int, chance: float) -> None:
        assert FIRST_DELAY_S <= backoff_s(attempt, chance) <= LAST_DELAY_S

    def test_grows_exponentially_and_varies(self) -> None:
        assert [backoff_s(n, 1.0) for n in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
        assert [backoff_s(n, 0.0) for n in range(5)] == [0.5] * 5


@pytest.mark.parametrize("engine", ENGINES)
class TestWithARealBroker:
    @pytest.mark.parametrize("scheme", ["mqtt", "ws"])
    def test_receives_and_publishes(self, engine: str, scheme: str) -> None:
        async def work() -> None:
            inbox = Inbox()
            async with running_broker(engine) as broker:
                uri = broker.uri if scheme == "mqtt" else broker.ws_uri
                async with connection(uri, inbox) as made, device(broker) as (client, heard):
                    await made.wait_connected(10)
                    await made.publish(RELAY, b"order", qos=1)
                    await made.publish(RELAY, b"request", qos=0)
                    await until(lambda: heard == [b"order", b"request"])
                    await client.publish("smib/config", b"answer " * 3000)
                    await client.publish("sas/gli/server/a", b"event")
                    await until(lambda: len(inbox.messages) == 2)
                    assert inbox.messages == [
                        ("smib/config", b"answer " * 3000),
                        ("sas/gli/server/a", b"event"),
                    ]

        run(work)

    def test_is_subscribed_when_it_calls_itself_connected(self, engine: str) -> None:
        async def work() -> None:
            inbox = Inbox()
            async with (
                running_broker(engine) as broker,
                device(broker) as (client, _),
                connection(broker.uri, inbox) as made,
            ):
                await made.wait_connected(10)
                await client.publish("smib/config", b"at once")
                await until(lambda: inbox.messages == [("smib/config", b"at once")])

        run(work)

    def test_comes_back_with_everything_subscribed(self, engine: str) -> None:
        async def work() -> None:
            inbox = Inbox()
            async with running_broker(engine) as broker, connection(broker.uri, inbox) as made:
                await made.wait_connected(10)
                await made.subscribe("sas/relay/+")
                for turn in range(2):
                    await broker.stop()
                    await until(lambda: not made.is_connected())
                    assert made.alive()
                    assert made.failure is not None
                    await broker.start()
                    await made.wait_connected(10)
                    assert not made.failure
                    async with device(broker) as (client, _):
                        await client.publish("smib/config", b"%d" % turn)
                        await made.publish(RELAY, b"heard by itself", qos=1)
                        await until(lambda: len(inbox.messages) == 2)
                    assert set(inbox.messages) == {("smib/config", b"%d" % turn), (RELAY, b"heard by itself")}
                    inbox.messages.clear()
                assert inbox.connects == 3

        run(work)

    def test_nothing_published_while_the_broker_is_away_arrives_later(self, engine: str) -> None:
        async def work() -> None:
            async with running_broker(engine) as broker, connection(broker.uri) as made:
                await made.wait_connected(10)
                await broker.stop()
                refused = 0
                for _ in range(
                    50
                ):  # the first ones go into a connection that is dead and does not know it yet
                    try:
                        await made.publish(RELAY, b"LOCK MACHINE", qos=1)
                    except BrokerUnavailable:
                        refused += 1
                assert refused == 50
                await broker.start()
                async with device(broker) as (_, heard):
                    await made.wait_connected(10)
                    await made.publish(RELAY, b"marker", qos=1)
                    await until(lambda: bool(heard))
                    assert heard == [b"marker"]

        run(work)

    def test_a_retained_message_says_that_it_is(self, engine: str) -> None:
        async def work() -> None:
            inbox = Inbox()
            async with running_broker(engine) as broker, device(broker) as (client, _):
                await client.publish("smib/config", b"kept", qos=1, retain=True)
                async with connection(broker.uri, inbox) as made:
                    await made.wait_connected(10)
                    await until(lambda: len(inbox.messages) == 1)
                    await client.publish("smib/config", b"live", qos=1)
                    await until(lambda: len(inbox.messages) == 2)
                    assert inbox.retained == [True, False]

        run(work)

    def test_retains_only_where_asked(self, engine: str) -> None:
        async def work() -> None:
            async with running_broker(engine) as broker, connection(broker.uri) as made:
                await made.wait_connected(10)
                await made.publish(RELAY, b"command", qos=1)
                await made.publish("sas/relay/kept", b"update", qos=1, retain=True)
                async with device(broker) as (_, heard):
                    await made.publish(RELAY, b"marker", qos=1)
                    await until(lambda: b"marker" in heard)
                    assert sorted(heard) == [b"marker", b"update"]

        run(work)


class TestPublishing:
    def test_without_a_connection_fails_at_once(self) -> None:
        async def work() -> None:
            async with connection("mqtt://127.0.0.1:9") as made:
                before = time.monotonic()
                with pytest.raises(BrokerUnavailable, match=r"not connected to mqtt://127\.0\.0\.1:9"):
                    await made.publish(RELAY, b"order", qos=1)
                assert time.monotonic() - before < 4

        run(work)

    def test_without_an_acknowledgement_fails_and_is_not_sent_again(self) -> None:
        async def work() -> None:
            async with scripted() as broker, connection(broker.uri, publish_s=0.2) as made:
                await made.wait_connected(10)
                with pytest.raises(BrokerUnavailable, match=r"did not acknowledge within 0\.2 s"):
                    await made.publish(RELAY, b"order", qos=1)
                await until(lambda: made.failure is not None)  # the link is not trusted any more
                assert made.failure == "the broker did not acknowledge within 0.2 s"
                await until(lambda: broker.count(CONNECT) == 2)
                await made.wait_connected(10)
                await made.publish(RELAY, b"marker", qos=0)
                await until(lambda: broker.count(PUBLISH) == 2)
                sent = [body for kind, body in broker.packets if kind == PUBLISH]
                assert [b"order" in body for body in sent] == [True, False]

        run(work)

    def test_what_the_network_holds_back_is_not_sent_later(self) -> None:
        async def work() -> None:
            async with (
                running_broker() as broker,
                gate_to(broker.port) as gate,
                device(broker) as (_, heard),
                connection(f"mqtt://127.0.0.1:{gate.port}", publish_s=0.2) as made,
            ):
                await made.wait_connected(10)
                gate.hold()
                results = await asyncio.gather(
                    *(made.publish(RELAY, b"LOCK MACHINE", qos=1) for _ in range(300)),
                    return_exceptions=True,
                )
                assert all(isinstance(result, BrokerUnavailable) for result in results)
                await until(lambda: gate.left == 1)
                gate.release()
                await made.wait_connected(10)
                await made.publish(RELAY, b"marker", qos=1)
                await until(lambda: bool(heard))
                assert heard == [b"marker"]

        run(work)

    def test_a_lost_connection_fails_those_who_wait_before_their_time(self) -> None:
        async def work() -> None:
            async with scripted() as broker, connection(broker.uri, publish_s=20.0) as made:
                await made.wait_connected(10)
                waiting = asyncio.create_task(made.publish(RELAY, b"order", qos=1))
                await until(lambda: broker.count(PUBLISH) == 1)
                broker.stop()
                with pytest.raises(BrokerUnavailable, match="lost"):
                    await asyncio.wait_for(waiting, 5)

        run(work)

    def test_many_at_once_keep_their_order(self) -> None:
        async def work() -> None:
            async with (
                running_broker() as broker,
                device(broker) as (_, heard),
                connection(broker.uri) as made,
            ):
                await made.wait_connected(10)
                await asyncio.gather(*(made.publish(RELAY, b"%d" % n, qos=1) for n in range(500)))
                await until(lambda: len(heard) == 500)
                assert heard == [b"%d" % n for n in range(500)]

        run(work)


class TestConnecting:
    def test_says_what_the_contract_asks_for(self) -> None:
        async def work() -> None:
            async with scripted() as broker:
                uri = broker.uri.replace("//", "//floor:s%40cret@")
                async with connection(uri) as made:
                    await made.wait_connected(10)
                kind, body = broker.packets[0]
                assert kind == CONNECT
                assert body[:7] == b"\x00\x04MQTT\x04"
                assert body[7] == 0b1100_0010  # user name, password, clean session; no will
                assert body[8:10] == (60).to_bytes(2, "big")
                assert body.endswith(b"\x00\x05floor\x00\x06s@cret")
                await until(lambda: broker.packets[-1][0] == DISCONNECT)

        run(work)

    def test_uses_a_new_client_id_each_time(self) -> None:
        async def work() -> None:
            async with scripted() as broker:
                for _ in range(2):
                    async with connection(broker.uri) as made:
                        await made.wait_connected(10)
                assert len({body for kind, body in broker.packets if kind == CONNECT}) == 2

        run(work)

    def test_has_a_time_out_and_goes_on(self) -> None:
        async def work() -> None:
            async with (
                gate_to(None) as mute,
                connection(f"mqtt://u:s3cret@127.0.0.1:{mute.port}", first_connect_s=0.1) as made,
            ):
                with pytest.raises(
                    BrokerUnavailable, match=r"no connection to mqtt://u:\*\*\*@127"
                ) as caught:
                    await made.wait_connected(0.3)
                assert "s3cret" not in str(caught.value)
                assert made.alive()
                await until(lambda: mute.accepted >= 2)

        run(work)

    def test_a_refusal_is_told_and_tried_again(self) -> None:
        async def work() -> None:
            async with scripted(connack=5) as broker, connection(broker.uri) as made:
                await until(lambda: broker.count(CONNECT) >= 2)
                assert made.alive()
                assert not made.is_connected()
                assert "not authorized" in str(made.failure).lower()

        run(work)

    def test_a_line_that_closes_before_the_answer_is_tried_again_at_once(self) -> None:
        async def work() -> None:
            closed = 0

            async def close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                nonlocal closed
                closed += 1
                writer.transport.abort()

            server = await asyncio.start_server(close, "127.0.0.1", 0)
            async with server, connection(f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"):
                await until(lambda: closed >= 2)

        run(work)

    def test_refused_subscriptions_mean_not_connected(self) -> None:
        async def work() -> None:
            inbox = Inbox()
            async with scripted(refused="smib/config") as broker, connection(broker.uri, inbox) as made:
                await until(lambda: broker.count(SUBSCRIBE) >= 2)
                assert inbox.connects == 0
                assert "refuses to subscribe us to smib/config" in str(made.failure)

        run(work)

    def test_a_refused_extra_topic_is_told_and_forgotten(self) -> None:
        async def work() -> None:
            async with scripted(refused="extra") as broker, connection(broker.uri) as made:
                await made.wait_connected(10)
                with pytest.raises(BrokerUnavailable, match="refuses to subscribe us to extra"):
                    await made.subscribe("extra")
                assert made.filters == FILTERS

        run(work)

    def test_an_extra_topic_that_is_refused_later_does_not_keep_it_away(self) -> None:
        async def work() -> None:
            async with scripted(refused="extra") as broker, connection(broker.uri) as made:
                await made.subscribe("extra")
                await made.wait_connected(10)
                assert made.is_connected()
                await made.unsubscribe("other")
                assert made.filters == (*FILTERS, "extra")

        run(work)

    def test_a_topic_that_is_no_text_costs_the_connection_and_nothing_else(self) -> None:
        async def work() -> None:
            inbox = Inbox()
            says = publish_packet(b"smib/config", b"good") + publish_packet(b"smib/\xff\xfe", b"bad")
            async with scripted(says=says) as broker, connection(broker.uri, inbox) as made:
                await until(lambda: broker.count(CONNECT) >= 2)
                await until(lambda: len(inbox.messages) >= 2)
                assert made.alive()
                assert {payload for _, payload in inbox.messages} == {b"good"}

        run(work)

    def test_a_burst_is_read_in_few_turns_of_the_loop(self) -> None:
        async def work() -> None:
            loop = asyncio.get_running_loop()
            inbox = Inbox()
            turns: list[int] = []

            def turn() -> None:
                if inbox.messages:
                    turns.append(len(inbox.messages))
                loop.call_soon(turn)

            says = b"".join(publish_packet(b"smib/config", b"%d" % n) for n in range(600))
            async with scripted(says=says) as broker, connection(broker.uri, inbox) as made:
                await made.wait_connected(10)
                turn()
                await until(lambda: len(inbox.messages) == 600)
                assert [payload for _, payload in inbox.messages] == [b"%d" % n for n in range(600)]
                assert len({seen for seen in turns if seen < 600}) <= 60  # one message in each would be 600

        run(work)

    def test_a_dead_task_is_told(self) -> None:
        async def work() -> None:
            async with connection("mqtts://127.0.0.1:9", ca_file="no-such-file.pem") as made:
                await until(lambda: "died" in str(made.failure))
                assert not made.alive()
                with pytest.raises(BrokerUnavailable, match="died"):
                    await made.wait_connected(10)

        run(work)


class TestStopping:
    def test_leaves_no_task_and_no_connection(self) -> None:
        async def work() -> None:
            async with running_broker() as broker, gate_to(broker.port) as gate:
                before = asyncio.all_tasks()
                async with connection(f"mqtt://127.0.0.1:{gate.port}") as made:
                    await made.wait_connected(10)
                await until(lambda: gate.left == 1)
                gates = {task for task in asyncio.all_tasks() if "Gate" in repr(task)}
                await until(lambda: asyncio.all_tasks() - before - gates == set())
                assert not made.alive()
                with pytest.raises(BrokerUnavailable, match="stopped"):
                    await made.publish(RELAY, b"late", qos=1)

        run(work)

    @pytest.mark.parametrize("scheme", ["mqtt", "ws", "mqtts"])
    def test_does_not_wait_for_a_broker_that_says_nothing(self, scheme: str) -> None:
        async def work() -> None:
            async with gate_to(None) as mute, connection(f"{scheme}://127.0.0.1:{mute.port}"):
                await until(lambda: mute.accepted == 1)

        before = time.monotonic()
        run(work)  # asyncio.run() itself waits for the threads of the executor
        assert time.monotonic() - before < 8

    def test_a_stalled_broker_does_not_hold_it_up(self) -> None:
        async def work() -> None:
            async with running_broker() as broker, gate_to(broker.port) as gate:
                async with connection(f"mqtt://127.0.0.1:{gate.port}") as made:
                    await made.wait_connected(10)
                    gate.hold()
                    before = time.monotonic()
                assert time.monotonic() - before < 8

        run(work)

    def test_it_can_be_started_again(self) -> None:
        async def work() -> None:
            async with running_broker() as broker, connection(broker.uri) as made:
                for _ in range(2):
                    made.start()
                    await made.wait_connected(10)
                    await made.stop()

        run(work)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for 127.0.0.1, and a server's context with it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed, and nothing else here makes certificates")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=floor "
        "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem".split(),
        cwd=folder,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", context


class TestTls:
    @pytest.mark.parametrize("scheme", ["mqtts", "wss"])
    def test_with_a_known_authority(self, certificate: tuple[Path, ssl.SSLContext], scheme: str) -> None:
        ca_file, context = certificate

        async def work() -> None:
            inbox = Inbox()
            async with running_broker() as broker, device(broker) as (client, heard):
                target = broker.port if scheme == "mqtts" else broker.ws_port
                async with (
                    gate_to(target, context) as gate,
                    connection(f"{scheme}://127.0.0.1:{gate.port}", inbox, ca_file=str(ca_file)) as made,
                ):
                    await made.wait_connected(10)
                    await made.publish(RELAY, b"order", qos=1)
                    await until(lambda: heard == [b"order"])
                    for n in range(300):
                        await client.publish("smib/config", b"%d" % n * 100)
                    await until(lambda: len(inbox.messages) == 300)
                    assert [body for _, body in inbox.messages] == [b"%d" % n * 100 for n in range(300)]

        run(work)

    def test_with_an_unknown_authority_it_is_refused(self, certificate: tuple[Path, ssl.SSLContext]) -> None:
        async def work() -> None:
            async with (
                gate_to(None, certificate[1]) as gate,
                connection(f"mqtts://127.0.0.1:{gate.port}") as made,
            ):
                await until(lambda: "certificate" in str(made.failure).lower())
                assert made.alive()

        run(work)
