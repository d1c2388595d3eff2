"""What a floor needs of its broker (contract, section 2; MQTT 3.1.1), asked of both engines alike."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Callable, Coroutine
from typing import Any, Literal, cast

import aiomqtt
import pytest

from simulator.broker import Broker, Credentials, Engine, create_broker
from simulator.broker.embedded import EmbeddedBroker
from simulator.broker.installed import search_path
from simulator.errors import BrokerError, PortTaken
from simulator.tests.broker.raw_client import RawClient, Will, connect_packet, packet, text

Scenario = Callable[[Broker], Coroutine[Any, Any, None]]

TOPIC = "sas/relay/e831cdfa8384"


@pytest.fixture(params=["amqtt", "mosquitto"])
def engine(request: pytest.FixtureRequest) -> Engine:
    wanted = cast(Engine, request.param)
    if wanted == "mosquitto" and shutil.which("mosquitto", path=search_path()) is None:
        assert not os.environ.get("CI"), "Mosquitto is missing, and a CI run proves nothing about it without"
        pytest.skip("Mosquitto is not installed on this machine")
    return wanted


@pytest.fixture
def run(engine: Engine) -> Callable[[Scenario], None]:
    """Run a scenario against a fresh broker."""

    async def with_broker(scenario: Scenario) -> None:
        async with asyncio.timeout(30), create_broker(engine) as broker:
            await scenario(broker)

    return lambda scenario: asyncio.run(with_broker(scenario))


class TestDelivery:
    @pytest.mark.parametrize("transport", ["tcp", "websockets"])
    def test_a_library_client_gets_its_message_at_each_qos(
        self, run: Callable[[Scenario], None], transport: Literal["tcp", "websockets"]
    ) -> None:
        async def scenario(broker: Broker) -> None:
            port = broker.mqtt_port if transport == "tcp" else broker.ws_port
            assert port
            async with aiomqtt.Client("127.0.0.1", port, transport=transport) as client:
                await client.subscribe("sas/relay/+", qos=2)
                for qos in (0, 1, 2):
                    await client.publish(TOPIC, f"message {qos}", qos=qos)
                    message = await anext(aiter(client.messages))
                    assert (message.payload, message.qos) == (f"message {qos}".encode(), qos)

        run(scenario)

    @pytest.mark.parametrize("transport", ["tcp", "websockets"])
    def test_a_payload_of_1_mb_passes(
        self, run: Callable[[Scenario], None], transport: Literal["tcp", "websockets"]
    ) -> None:
        async def scenario(broker: Broker) -> None:
            port = broker.mqtt_port if transport == "tcp" else broker.ws_port
            assert port
            # Mosquitto 2.0 reads 4 KB per 100 ms from a WebSocket: 1 MB would take it 25 s.
            slow = broker.engine == "mosquitto" and transport == "websockets"
            payload = bytes(range(256)) * (64 if slow else 4096)
            async with aiomqtt.Client("127.0.0.1", port, transport=transport) as client:
                await client.subscribe(TOPIC)
                await client.publish(TOPIC, payload, qos=1)
                assert (await anext(aiter(client.messages))).payload == payload

        run(scenario)

    @pytest.mark.parametrize("published", [0, 1, 2])
    @pytest.mark.parametrize("subscribed", [0, 1, 2])
    def test_the_lower_qos_counts(
        self, run: Callable[[Scenario], None], published: int, subscribed: int
    ) -> None:
        async def scenario(broker: Broker) -> None:
            client = await RawClient.connected(broker.mqtt_port, "one")
            assert await client.subscribe(TOPIC, qos=subscribed) == [subscribed]
            await client.publish(TOPIC, b"x", qos=published)
            message = await client.take_and_acknowledge()
            assert message.qos == min(published, subscribed)
            assert not message.retain
            await client.disconnect()

        run(scenario)

    def test_messages_keep_their_order_even_right_before_disconnect(
        self, run: Callable[[Scenario], None]
    ) -> None:
        async def scenario(broker: Broker) -> None:
            reader = await RawClient.connected(broker.mqtt_port, "reader")
            await reader.subscribe("smib/config")
            writer = await RawClient.connected(broker.mqtt_port, "writer")
            for number in range(200):
                await writer.publish("smib/config", b"%d" % number)
            await writer.disconnect()
            assert [int((await reader.message()).data) for _ in range(200)] == list(range(200))
            await reader.disconnect()

        run(scenario)

    def test_wildcards_match_levels(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            client = await RawClient.connected(broker.mqtt_port, "one")
            await client.subscribe("sas/gli/server/+")
            for topic in ("sas/gli/server", "sas/gli/server/a/b", "sas/gli/server/a"):
                await client.publish(topic, b"")
            assert (await client.message()).topic == "sas/gli/server/a"
            await client.unsubscribe("sas/gli/server/+")
            await client.subscribe("sas/#")
            for topic in ("smib/config", "sas", "sas/gli/server/a"):
                await client.publish(topic, b"")
            assert [(await client.message()).topic for _ in range(2)] == ["sas", "sas/gli/server/a"]
            await client.disconnect()

        run(scenario)

    def test_subscribing_again_replaces_the_qos(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            client = await RawClient.connected(broker.mqtt_port, "one")
            await client.subscribe(TOPIC, qos=0)
            await client.subscribe(TOPIC, qos=1)
            await client.publish(TOPIC, b"x", qos=1)
            assert (await client.take_and_acknowledge()).qos == 1
            await client.ping()
            assert not client.inbox
            await client.disconnect()

        run(scenario)

    def test_a_wrong_filter_is_not_served(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            client = await RawClient.connected(broker.mqtt_port, "one")
            client.send(packet(0x82, b"\0\1" + text("sas/#/relay") + b"\0"))
            if broker.engine == "amqtt":
                assert await client.answer(0x90) == b"\0\1\x80"
            else:
                assert await client.closed()
            client.cut()

        run(scenario)

    def test_a_shared_subscription_is_refused_rather_than_silent(self) -> None:
        async def scenario() -> None:
            async with create_broker("amqtt", ws_port=None) as broker:
                client = await RawClient.connected(broker.mqtt_port, "one")
                assert await client.subscribe("$share/group/sas/#", "sas/#") == [0x80, 0]
                await client.disconnect()

        asyncio.run(scenario())

    def test_a_slow_reader_costs_its_own_messages_only(self) -> None:
        async def scenario() -> None:
            async with asyncio.timeout(30), EmbeddedBroker(ws_port=None) as broker:
                slow = await RawClient.connected(broker.mqtt_port, "slow")
                await slow.subscribe("bulk")
                quick = await RawClient.connected(broker.mqtt_port, "quick")
                await quick.subscribe("marker")
                assert broker.connected_clients() == {"slow", "quick"}
                while not broker.dropped:
                    await quick.publish("bulk", bytes(1 << 20))
                    await quick.ping()
                await quick.publish("marker", b"")
                assert (await quick.message()).topic == "marker"
                await quick.disconnect()
                slow.cut()

        asyncio.run(scenario())


class TestRetained:
    def test_it_is_sent_once_and_to_the_new_subscription_alone(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            bystander = await RawClient.connected(broker.mqtt_port, "bystander")
            await bystander.subscribe("marker")
            live = await RawClient.connected(broker.mqtt_port, "live")
            await live.subscribe(TOPIC)
            writer = await RawClient.connected(broker.mqtt_port, "writer")
            await writer.publish(TOPIC, b"kept", qos=1, retain=True)
            assert not (await live.message()).retain
            late = await RawClient.connected(broker.mqtt_port, "late")
            await late.subscribe(TOPIC, "marker", qos=1)
            kept = await late.take_and_acknowledge()
            assert (kept.data, kept.retain, kept.qos) == (b"kept", True, 1)
            await writer.publish("marker", b"")
            for client in (bystander, late):
                assert (await client.message()).topic == "marker"
            await live.subscribe("marker")
            await writer.publish("marker", b"")
            assert (await live.message()).topic == "marker"
            for client in (bystander, late, live, writer):
                await client.disconnect()

        run(scenario)

    def test_an_empty_payload_clears_it(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            client = await RawClient.connected(broker.mqtt_port, "one")
            await client.publish(TOPIC, b"kept", qos=1, retain=True)
            await client.publish(TOPIC, b"", qos=1, retain=True)
            await client.subscribe(TOPIC, "marker")
            await client.publish("marker", b"")
            assert (await client.message()).topic == "marker"
            await client.disconnect()

        run(scenario)

    def test_200_devices_subscribe_while_200_retained_topics_exist(
        self, run: Callable[[Scenario], None]
    ) -> None:
        async def device(port: int, number: int) -> tuple[str, bytes]:
            client = await RawClient.connected(port, f"device-{number}")
            await client.subscribe(f"sas/relay/{number}")
            message = await client.message()
            await client.publish(f"sas/relay/{number}", b"changed", retain=True)
            assert (await client.message()).data == b"changed"
            await client.disconnect()
            return message.topic, message.data

        async def scenario(broker: Broker) -> None:
            writer = await RawClient.connected(broker.mqtt_port, "writer")
            for number in range(200):
                await writer.publish(f"sas/relay/{number}", b"%d" % number, retain=True)
            await writer.ping()
            got = await asyncio.gather(*(device(broker.mqtt_port, number) for number in range(200)))
            assert got == [(f"sas/relay/{number}", b"%d" % number) for number in range(200)]
            await writer.disconnect()

        run(scenario)


class TestWill:
    WILL = Will("sas/gli/server/dead", b'{"typ":"NETWORK_DISCONNECTED"}', qos=1, retain=True)

    async def _witness(self, broker: Broker) -> RawClient:
        witness = await RawClient.connected(broker.mqtt_port, "witness")
        await witness.subscribe("sas/gli/server/+", "marker", qos=1)
        return witness

    async def _saw_the_will(self, witness: RawClient) -> None:
        message = await witness.take_and_acknowledge()
        assert (message.topic, message.data, message.qos) == self.WILL[:3]
        await witness.disconnect()

    def test_it_is_sent_for_a_cut_connection_and_retained(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            witness = await self._witness(broker)
            (await RawClient.connected(broker.mqtt_port, "device", will=self.WILL)).cut()
            await self._saw_the_will(witness)
            late = await RawClient.connected(broker.mqtt_port, "late")
            await late.subscribe(self.WILL.topic)
            assert (await late.message()).retain
            await late.disconnect()

        run(scenario)

    def test_it_is_sent_for_a_client_that_falls_silent(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            witness = await self._witness(broker)
            begun = asyncio.get_running_loop().time()
            device = await RawClient.connected(broker.mqtt_port, "device", keepalive=1, will=self.WILL)
            await self._saw_the_will(witness)
            assert asyncio.get_running_loop().time() - begun > 1.4
            assert await device.closed()
            device.cut()

        run(scenario)

    def test_a_client_that_keeps_talking_stays(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            silent = await RawClient.connected(broker.mqtt_port, "silent", keepalive=1)
            device = await RawClient.connected(broker.mqtt_port, "device", keepalive=1, will=self.WILL)
            end = asyncio.create_task(silent.closed())
            while not end.done():  # its own keep-alive would have run out with that of the silent one
                await device.ping()
                await asyncio.wait([end], timeout=0.1)
            await device.ping()
            await device.disconnect()
            silent.cut()

        run(scenario)

    def test_it_is_not_sent_after_a_clean_disconnect(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            witness = await self._witness(broker)
            device = await RawClient.connected(broker.mqtt_port, "device", will=self.WILL)
            await device.disconnect()
            assert await device.closed()
            await witness.publish("marker", b"", qos=1)
            assert (await witness.message()).topic == "marker"
            await witness.disconnect()

        run(scenario)

    def test_it_is_sent_when_a_second_connection_takes_over(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            witness = await self._witness(broker)
            first = await RawClient.connected(broker.mqtt_port, "device", will=self.WILL)
            second = await RawClient.connected(broker.mqtt_port, "device")
            assert await first.closed()
            await self._saw_the_will(witness)
            await second.ping()
            await second.disconnect()
            first.cut()

        run(scenario)


class TestSessions:
    def test_a_second_connection_takes_the_subscriptions_over(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            first = await RawClient.connected(broker.mqtt_port, "device", clean=False)
            await first.subscribe(TOPIC, qos=1)
            second = await RawClient.connected(broker.mqtt_port, "device", clean=False)
            assert await first.closed()
            assert second.session_present
            await second.publish(TOPIC, b"x")
            assert (await second.message()).data == b"x"
            await second.disconnect()
            first.cut()

        run(scenario)

    def test_a_clean_session_starts_with_nothing(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            first = await RawClient.connected(broker.mqtt_port, "device", clean=False)
            await first.subscribe(TOPIC)
            await first.disconnect()
            second = await RawClient.connected(broker.mqtt_port, "device")
            assert not second.session_present
            await second.subscribe("marker")
            await second.publish(TOPIC, b"x")
            await second.publish("marker", b"")
            assert (await second.message()).topic == "marker"
            await second.disconnect()

        run(scenario)

    def test_messages_wait_for_a_persistent_session(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            device = await RawClient.connected(broker.mqtt_port, "device", clean=False)
            await device.subscribe(TOPIC, qos=1)
            await device.disconnect()
            assert await device.closed()
            writer = await RawClient.connected(broker.mqtt_port, "writer")
            for number in range(3):
                await writer.publish(TOPIC, b"%d" % number, qos=1)
            device = await RawClient.connected(broker.mqtt_port, "device", clean=False)
            got = [await device.take_and_acknowledge() for _ in range(3)]
            assert [(each.data, each.retain) for each in got] == [(b"0", False), (b"1", False), (b"2", False)]
            await device.disconnect()
            await writer.disconnect()

        run(scenario)

    @pytest.mark.parametrize("qos", [1, 2])
    def test_what_was_not_acknowledged_is_sent_again(self, run: Callable[[Scenario], None], qos: int) -> None:
        async def scenario(broker: Broker) -> None:
            device = await RawClient.connected(broker.mqtt_port, "device", clean=False)
            await device.subscribe(TOPIC, qos=qos)
            writer = await RawClient.connected(broker.mqtt_port, "writer")
            await writer.publish(TOPIC, b"once", qos=qos)
            assert not (await device.message()).dup
            device.cut()
            device = await RawClient.connected(broker.mqtt_port, "device", clean=False)
            again = await device.take_and_acknowledge()
            assert (again.data, again.qos, again.dup) == (b"once", qos, True)
            await device.ping()
            await device.disconnect()
            await writer.disconnect()

        run(scenario)

    def test_a_repeated_qos_2_message_is_delivered_once(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            client = await RawClient.connected(broker.mqtt_port, "one")
            await client.subscribe(TOPIC, "marker")
            for dup in (0, 8):
                client.send(packet(0x34 | dup, text(TOPIC) + b"\0\x07" + b"x"))
                assert await client.answer(0x50) == b"\0\x07"
            client.send(packet(0x62, b"\0\x07"))
            assert await client.answer(0x70) == b"\0\x07"
            await client.publish("marker", b"")
            assert [(await client.message()).topic for _ in range(2)] == [TOPIC, "marker"]
            await client.disconnect()

        run(scenario)


class TestCredentials:
    LOGIN = ("floor", "not:a secret, ü")

    def _run(self, engine: Engine, scenario: Scenario) -> None:
        async def with_broker() -> None:
            async with (
                asyncio.timeout(30),
                create_broker(engine, credentials=Credentials(*self.LOGIN)) as broker,
            ):
                await scenario(broker)

        asyncio.run(with_broker())

    def test_only_the_right_password_is_let_in(self, engine: Engine) -> None:
        async def scenario(broker: Broker) -> None:
            for login in (None, ("floor", "wrong"), ("other", self.LOGIN[1])):
                refused = await RawClient.connected(broker.mqtt_port, "device", login=login)
                assert refused.refusal == 5
                assert await refused.closed()
                refused.cut()
            welcome = await RawClient.connected(broker.mqtt_port, "device", login=self.LOGIN)
            assert welcome.refusal == 0
            await welcome.disconnect()

        self._run(engine, scenario)

    def test_a_refused_password_leaves_the_owner_of_the_client_id_alone(self, engine: Engine) -> None:
        async def scenario(broker: Broker) -> None:
            owner = await RawClient.connected(broker.mqtt_port, "device", clean=False, login=self.LOGIN)
            await owner.subscribe(TOPIC)
            thief = await RawClient.connected(broker.mqtt_port, "device", login=("floor", "wrong"))
            assert thief.refusal == 5
            await owner.publish(TOPIC, b"still here")
            assert (await owner.message()).data == b"still here"
            await owner.disconnect()
            thief.cut()

        self._run(engine, scenario)

    def test_the_password_shows_in_no_repr(self) -> None:
        assert "a secret" not in repr(Credentials(*self.LOGIN))


class TestHostileBytes:
    GARBAGE = (
        b"\x00" * 64,
        b"\xff" * 64,
        b"GET / HTTP/1.1\r\nHost: floor\r\n\r\n",
        packet(0x10, b""),
        packet(0x10, b"\xff\xff"),
        packet(0x10, text("MQTT") + b"\x04\xff\x00\x00"),
        packet(0x30, text(TOPIC)),
        connect_packet("will", will=Will("sas/#", b"x")),
        connect_packet("will", will=Will("", b"x")),
        b"\x10\xff\xff\xff\xff\x01",
        b"\x10\xff\xff\xff\x7f",
    )
    AFTER_CONNECT = (
        b"\xf0\x00",
        packet(0x36, text(TOPIC) + b"\0\1x"),
        packet(0x30, b"\xff\xff" + b"too short"),
        packet(0x30, text("sas/#")),
        packet(0x30, text(b"\xff\xfe")),
        packet(0x82, b"\0\1"),
        packet(0x82, b"\0\1" + text("a") + b"\x03"),
        packet(0x80, b"\0\1" + text("a") + b"\x00"),
        packet(0x10, text("MQTT") + b"\x04\x02\x00\x00" + text("again")),
    )

    def test_garbage_closes_that_connection_and_nothing_else(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            client = await RawClient.connected(broker.mqtt_port, "one")
            await client.subscribe(TOPIC)
            assert broker.ws_port
            for garbage in self.GARBAGE:
                for port in (broker.mqtt_port, broker.ws_port):
                    hostile = await RawClient.open(port)
                    hostile.send(garbage)
                    await client.publish(TOPIC, b"alive")
                    assert (await client.message()).data == b"alive"
                    hostile.cut()
            await client.disconnect()

        run(scenario)

    @pytest.mark.parametrize("data", AFTER_CONNECT, ids=[each.hex() for each in AFTER_CONNECT])
    def test_a_broken_packet_of_a_client_closes_it(
        self, run: Callable[[Scenario], None], data: bytes
    ) -> None:
        async def scenario(broker: Broker) -> None:
            other = await RawClient.connected(broker.mqtt_port, "other")
            client = await RawClient.connected(broker.mqtt_port, "one")
            client.send(data)
            assert await client.closed()
            client.cut()
            await other.ping()
            await other.disconnect()

        run(scenario)

    def test_nothing_of_it_reaches_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        async def scenario() -> None:
            async with create_broker("amqtt") as broker:
                assert broker.ws_port
                for garbage in (*self.GARBAGE, connect_packet("one") + packet(0x36, b"")):
                    for port in (broker.mqtt_port, broker.ws_port):
                        hostile = await RawClient.open(port)
                        hostile.send(garbage)
                        hostile.cut()
                client = await RawClient.connected(broker.mqtt_port, "two")
                await client.ping()
                await client.disconnect()

        asyncio.run(scenario())
        assert not caplog.records


class TestPorts:
    def test_a_taken_port_is_named(self, engine: Engine) -> None:
        async def scenario() -> None:
            for option in ("mqtt_port", "ws_port"):
                with socket.create_server(("127.0.0.1", 0)) as other:
                    port = other.getsockname()[1]
                    broker = create_broker(engine, mqtt_port=port if option == "mqtt_port" else 0)
                    if option == "ws_port":
                        broker = create_broker(engine, ws_port=port)
                    with pytest.raises(
                        PortTaken, match=rf"port {port} .*taken.*--{option.replace('_', '-')}"
                    ):
                        await broker.start()
                    await broker.stop()

        asyncio.run(scenario())

    def test_it_starts_again_on_the_same_ports_at_once(self, engine: Engine) -> None:
        async def scenario() -> None:
            broker = create_broker(engine)
            await broker.start()
            ports = (broker.mqtt_port, broker.ws_port)
            client = await RawClient.connected(broker.mqtt_port, "device")
            await broker.stop()
            assert await client.closed()
            client.cut()
            again = create_broker(engine, mqtt_port=ports[0], ws_port=ports[1])
            async with again:
                assert (again.mqtt_port, again.ws_port) == ports
                client = await RawClient.connected(again.mqtt_port, "device")
                await client.ping()
                await client.disconnect()
            await again.start()
            assert (again.mqtt_port, again.ws_port) == ports
            await again.stop()
            await again.stop()

        asyncio.run(scenario())

    def test_without_a_websocket_listener(self, engine: Engine) -> None:
        async def scenario() -> None:
            async with create_broker(engine, ws_port=None) as broker:
                assert broker.ws_port is None
                assert broker.ws_uri is None
                assert broker.uri == f"mqtt://127.0.0.1:{broker.mqtt_port}"

        asyncio.run(scenario())

    def test_starting_twice_is_refused(self, engine: Engine) -> None:
        async def scenario() -> None:
            async with create_broker(engine) as broker:
                with pytest.raises(BrokerError, match="running already"):
                    await broker.start()

        asyncio.run(scenario())

    def test_500_connections_at_once(self, run: Callable[[Scenario], None]) -> None:
        async def scenario(broker: Broker) -> None:
            names = [f"device-{number}" for number in range(500)]
            clients = await asyncio.gather(*(RawClient.connected(broker.mqtt_port, name) for name in names))
            await asyncio.gather(*(client.ping() for client in clients))
            await asyncio.gather(*(client.disconnect() for client in clients))

        run(scenario)
