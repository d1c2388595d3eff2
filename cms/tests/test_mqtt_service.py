"""The specification's service interface, against a real broker (contract, sections 2 to 5)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aiomqtt
import pytest

from cms.errors import BrokerUnavailable, RequestError, UnknownCabinet
from cms.hub import Hub
from cms.mqtt_config import MqttConfig
from cms.mqtt_service import MqttService
from cms.tests.broker import ENGINES, Broker, running_broker
from cms.tests.gate import until
from wire.address import parse_address
from wire.orders import Command, FirmwareOrder, LongPoll, MeterPush, NvsClear, Restart
from wire.topics import Topics

RELAY = "e831cdfa8384"
OTHER = "e831cdfa8464"
TOPIC = f"sas/relay/{RELAY}"
NOW = 1_705_314_600_000
NOW_TEXT = "2024-01-15T10:30:00.000Z"
LOCK = b'{"command":"LOCK MACHINE","timestamp":"%b","action":"lock_machine"}' % NOW_TEXT.encode()


@dataclass
class Heard:
    """What a client that listens to everything heard: topic, payload, retained; and a way to speak."""

    client: aiomqtt.Client
    messages: list[tuple[str, bytes]] = field(default_factory=list)

    async def say(self, topic: str, payload: bytes | None = None, **fields: Any) -> None:
        await self.client.publish(topic, json.dumps(fields) if payload is None else payload, qos=1)

    async def listen(self) -> None:
        async for message in self.client.messages:
            self.messages.append((str(message.topic), bytes(message.payload)))


@dataclass
class Floor:
    """A service on a broker, with a device's ear beside it."""

    broker: Broker
    hub: Hub
    service: MqttService
    device: Heard

    async def sent(self, count: int) -> list[tuple[str, bytes]]:
        """The first ``count`` messages that the service sent to devices; there are no more."""
        await self.service.publish_raw("sas/relay/marker", b"", 1)
        await until(lambda: ("sas/relay/marker", b"") in self.device.messages)
        assert len(self.device.messages) == count + 1
        return self.device.messages[:count]


async def relay_of(cabinet_id: str) -> str:
    if cabinet_id != "cab-1":
        raise UnknownCabinet(cabinet_id)
    return RELAY


@contextlib.asynccontextmanager
async def a_floor(engine: str = ENGINES[-1], queue_size: int = 256, **options: Any) -> AsyncIterator[Floor]:
    async with running_broker(engine) as broker:
        config = replace(MqttConfig(address=parse_address(broker.uri)), **options)
        hub = Hub(config.topics, clock_ms=lambda: NOW, queue_size=queue_size)
        service = MqttService(config, hub, relay_of=relay_of, clock_ms=lambda: NOW)
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            device = Heard(client)
            await client.subscribe([("sas/relay/+", 1), ("sas/gli/server", 1)])
            listening = asyncio.create_task(device.listen())
            try:
                await service.connect()
                yield Floor(broker, hub, service, device)
            finally:
                hub.close()
                await service.disconnect()
                listening.cancel()
                await asyncio.wait([listening])


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 30))


def offline() -> MqttService:
    hub = Hub(Topics(), clock_ms=lambda: NOW)
    config = MqttConfig(address=parse_address("mqtt://floor:geheim@127.0.0.1:9"))
    return MqttService(config, hub, relay_of=relay_of, clock_ms=lambda: NOW)


class TestOrders:
    @pytest.mark.parametrize("engine", ENGINES)
    def test_what_a_device_hears(self, engine: str) -> None:
        async def work() -> None:
            async with a_floor(engine) as floor:
                service = floor.service
                await service.request_config(RELAY.upper(), "mqtt")
                await service.publish_config(
                    RELAY, {"typ": "cfg", "comp": "coms", "comsRTE": 1, "comsMode": 0}
                )
                await service.publish_config(RELAY, {"comsMode": 2, "comp": "coms", "typ": "cfg"})
                await service.send_network_config_update("cab-1", {"netStaSSID": "Casino Süd"})
                await service.send_communication_mode_update("cab-1", 2)
                await service.send_machine_control_command("cab-1", "LOCK MACHINE")
                assert await floor.sent(6) == [
                    (TOPIC, b'{"typ":"cfg","comp":"mqtt"}'),
                    (TOPIC, b'{"typ":"cfg","comp":"coms","comsRTE":1,"comsMode":0}'),
                    (TOPIC, b'{"comsMode":2,"comp":"coms","typ":"cfg"}'),
                    (TOPIC, '{"typ":"cfg","comp":"net","netStaSSID":"Casino Süd"}'.encode()),
                    (TOPIC, b'{"typ":"cfg","comp":"coms","comsMode":2}'),
                    (TOPIC, LOCK),
                ]

        run(work)

    def test_a_whole_configuration_is_one_update_for_each_component(self) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                await floor.service.send_smib_config_update(
                    "cab-1", {"net": {"netStaChan": 6}, "coms": {"comsMode": 1}, "mqtt": {"mqttQOS": 1}}
                )
                assert [body for _, body in await floor.sent(3)] == [
                    b'{"typ":"cfg","comp":"net","netStaChan":6}',
                    b'{"typ":"cfg","comp":"coms","comsMode":1}',
                    b'{"typ":"cfg","comp":"mqtt","mqttQOS":1}',
                ]

        run(work)

    def test_every_kind_of_order_and_where_it_goes(self) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                for order in (
                    Restart(),
                    Command("RESTART", NOW_TEXT),
                    LongPoll("016F"),
                    FirmwareOrder("wifi.bin"),
                    NvsClear("E101015B2C"),
                ):
                    await floor.service.publish(order, RELAY)
                await floor.service.publish(MeterPush(RELAY), RELAY)
                topics = [topic for topic, _ in await floor.sent(6)]
                assert topics == [TOPIC] * 5 + ["sas/gli/server"]

        run(work)

    @pytest.mark.parametrize("retain", [False, True])
    def test_only_updates_are_retained_and_only_where_the_operator_wants_it(self, retain: bool) -> None:
        async def work() -> None:
            async with a_floor(retain_config=retain) as floor:
                service = floor.service
                await service.send_communication_mode_update("cab-1", 2)
                await service.publish(Command("RESTART", NOW_TEXT), OTHER)
                await service.request_config("a", "net")
                await service.publish_raw("sas/relay/b", b"raw")
                async with aiomqtt.Client("127.0.0.1", floor.broker.port) as late:
                    await late.subscribe("sas/relay/+")
                    await service.publish_raw("sas/relay/marker", b"")
                    kept = []
                    async for message in late.messages:
                        if str(message.topic) == "sas/relay/marker":
                            break
                        kept.append((str(message.topic), message.retain))
                assert set(kept) == ({(TOPIC, True)} if retain else set())  # amqtt sends it twice

        run(work)

    @pytest.mark.parametrize(
        ("order", "field"),
        [
            (lambda s: s.request_config("a/b", "mqtt"), "relayId"),
            (lambda s: s.request_config("a\n", "mqtt"), "relayId"),
            (lambda s: s.request_config(RELAY, "wifi"), "comp"),
            (lambda s: s.publish_config("+", {"typ": "cfg", "comp": "net", "netStaChan": 1}), "relayId"),
            (lambda s: s.publish_config(RELAY, {"typ": "cfg", "comp": "net"}), "config"),
            (lambda s: s.publish_config(RELAY, {"typ": "rst"}), "config"),
            (lambda s: s.publish_config(RELAY, {"comp": "net", "netStaChan": 1}), "typ"),
            (lambda s: s.publish_config(RELAY, {"typ": "cfg", "comp": "wifi", "x": 1}), "comp"),
            (
                lambda s: s.publish_config(RELAY, {"typ": "cfg", "comp": "net", "netStaChan": 99}),
                "net.netStaChan",
            ),
            (lambda s: s.publish_config(RELAY, {"typ": "cfg", "comp": "net", "rly": "x"}), "net.rly"),
            (lambda s: s.publish_config(RELAY, {"command": "RESTART"}), "config"),
            (lambda s: s.send_smib_config_update("cab-1", {"net": {"netStaChan": 1}, "x": {"y": 1}}), "comp"),
            (lambda s: s.send_smib_config_update("cab-1", {"net": {"netStaChan": 1}, "coms": {}}), "coms"),
            (lambda s: s.send_smib_config_update("cab-1", {"net": 7}), "net"),
            (lambda s: s.send_smib_config_update("cab-1", {"app": {"version": "2"}}), "app.version"),
            (lambda s: s.send_network_config_update("cab-1", {"netStaPwd": "short"}), "net.netStaPwd"),
            (lambda s: s.send_communication_mode_update("cab-1", 3), "coms.comsMode"),
            (lambda s: s.send_machine_control_command("cab-1", "EXPLODE"), "command"),
            (lambda s: s.publish(Restart(), "sas/#"), "relayId"),
            (lambda s: s.publish_raw("sas/relay/+", b""), "topic"),
            (lambda s: s.publish_raw("", b""), "topic"),
            (lambda s: s.publish_raw("a", b"", 2), "qos"),
            (lambda s: s.subscribe("a/#/b"), "topic"),
            (lambda s: s.subscribe("a+"), "topic"),
            (lambda s: s.subscribe_to_config("a/b", print), "relayId"),
            (lambda s: s.subscribe_to_server_data("#", print), "relayId"),
        ],
    )
    def test_what_is_wrong_is_refused_before_anything_is_sent(
        self, order: Callable[[MqttService], Coroutine[Any, Any, None]], field: str
    ) -> None:
        # Offline: had it got as far as sending, the error would be BrokerUnavailable.
        with pytest.raises(RequestError) as caught:
            asyncio.run(order(offline()))
        assert caught.value.problems[0].field == field

    def test_an_unknown_cabinet(self) -> None:
        async def work() -> None:
            with pytest.raises(UnknownCabinet):
                await offline().send_machine_control_command("cab-9", "RESTART")
            with pytest.raises(UnknownCabinet):
                await offline().send_communication_mode_update("cab-9", 0)

        run(work)


class TestConnection:
    def test_says_how_it_is(self) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                assert floor.service.is_connected()
                assert floor.service.alive()
                assert not bool(floor.service.failure)
                await floor.service.disconnect()
                assert not floor.service.is_connected()
                assert not floor.service.alive()
                assert "stopped" in str(floor.service.failure)
                await floor.service.connect()
                assert floor.service.is_connected()

        run(work)

    def test_a_broker_that_is_away(self) -> None:
        async def work() -> None:
            service = offline()
            service.start()
            for order in (
                service.request_config(RELAY, "net"),
                service.send_machine_control_command("cab-1", "RESTART"),
                service.publish_raw("a", b""),
            ):
                with pytest.raises(BrokerUnavailable) as caught:
                    await order
                assert "geheim" not in str(caught.value)
            assert service.alive()
            assert "geheim" not in repr(service.get_config())
            await service.disconnect()

        run(work)

    def test_tells_each_time_that_it_is_connected(self) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                seen: list[bool] = []

                def fails() -> None:
                    raise ValueError("listener")

                floor.service.on_connected(fails)
                remove = floor.service.on_connected(lambda: seen.append(floor.service.is_connected()))
                for count in (1, 2):
                    await floor.broker.stop()
                    await until(lambda: not floor.service.is_connected())
                    await floor.broker.start()
                    await until(lambda count=count: len(seen) == count)  # type: ignore[misc]
                assert seen == [True, True]
                remove()
                remove()

        run(work)


class TestCallbacks:
    @pytest.mark.parametrize(
        "topic", ["smib/config", "sas/gy/server", "sas/server", f"sas/gli/server/{RELAY}"]
    )
    def test_get_what_their_relay_says(self, topic: str) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                mine: list[Mapping[str, Any]] = []
                theirs: list[Mapping[str, Any]] = []
                await floor.service.subscribe_to_config(RELAY.upper(), mine.append)
                await floor.service.subscribe_to_config(OTHER, theirs.append)
                await floor.device.say(topic, rly=RELAY, typ="cfg", comp="net")
                await floor.device.say("smib/config", rly=OTHER, n=1)
                await until(lambda: bool(mine and theirs))
                assert mine == [{"rly": RELAY, "typ": "cfg", "comp": "net"}]
                assert theirs == [{"rly": OTHER, "n": 1}]

        run(work)

    def test_ask_and_hear(self) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                got: list[Mapping[str, Any]] = []
                await floor.service.subscribe_and_request_config(RELAY, "coms", got.append)
                assert await floor.sent(1) == [(TOPIC, b'{"typ":"cfg","comp":"coms"}')]
                await floor.device.say("smib/config", rly=RELAY, typ="cfg", comp="coms")
                await until(lambda: len(got) == 1)

        run(work)

    def test_where_asking_fails_nothing_is_registered(self) -> None:
        async def work() -> None:
            service = offline()
            with pytest.raises(BrokerUnavailable):
                await service.subscribe_and_request_config(RELAY, "coms", print)
            with pytest.raises(RequestError):
                await service.subscribe_and_request_config(RELAY, "wifi", print)
            assert service.relays_with_callbacks() == ()

        run(work)

    def test_server_data_is_all_but_configuration_answers(self) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                got: list[Mapping[str, Any]] = []
                await floor.service.subscribe_to_server_data(RELAY, got.append)
                await floor.device.say("smib/config", rly=RELAY, typ="cfg", comp="net")
                await floor.device.say(f"sas/gli/server/{RELAY}", typ="GAME_PLAYED")
                await floor.device.say("sas/server", rly=RELAY, typ="rsp")
                await until(lambda: len(got) == 2)
                assert got == [{"typ": "GAME_PLAYED"}, {"rly": RELAY, "typ": "rsp"}]

        run(work)

    def test_one_that_raises_or_meddles_disturbs_no_other(self, caplog: pytest.LogCaptureFixture) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                got: list[Mapping[str, Any]] = []

                def fails(message: Mapping[str, Any]) -> None:
                    raise ValueError(message)

                async def fails_later(message: Mapping[str, Any]) -> None:
                    raise KeyError(message["rly"])

                def meddles(message: Mapping[str, Any]) -> None:
                    message.clear()  # type: ignore[attr-defined]

                for callback in (fails, fails_later, meddles, got.append):
                    await floor.service.subscribe_to_config(RELAY, callback)
                for n in range(5):
                    await floor.device.say("smib/config", rly=RELAY, netStaPwd="geheim99", n=n)
                await until(lambda: len(got) == 5)
                assert [message["n"] for message in got] == list(range(5))

        run(work)
        failed = [text for text in caplog.messages if "callback failed" in text]
        assert len(failed) == 2
        assert "geheim99" not in caplog.text

    def test_a_slow_one_holds_up_no_other_and_is_told_what_it_missed(self) -> None:
        async def work() -> None:
            async with a_floor(queue_size=4) as floor:
                go = asyncio.Event()
                slow: list[Any] = []
                quick: list[Any] = []

                async def waits(message: Mapping[str, Any]) -> None:
                    slow.append(message["n"])
                    await go.wait()

                await floor.service.subscribe_to_config(
                    RELAY, waits, on_dropped=lambda count: slow.append(f"missed {count}")
                )
                await floor.service.subscribe_to_config(RELAY, lambda message: quick.append(message["n"]))
                for n in range(10):
                    await floor.device.say("smib/config", rly=RELAY, n=n)
                    await until(lambda n=n: quick == list(range(n + 1)))  # type: ignore[misc]
                go.set()
                await until(lambda: len(slow) == 6)
                assert slow == [0, "missed 5", 6, 7, 8, 9]

        run(work)

    def test_leaving_removes_one_and_the_entry_with_the_last(self) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                service = floor.service
                one: list[Any] = []
                two: list[Any] = []
                await service.subscribe_to_config(RELAY, one.append)
                await service.subscribe_to_config(RELAY, two.append)
                await service.subscribe_to_config(RELAY, two.append)
                service.unsubscribe_callback(RELAY, one.append)
                service.unsubscribe_callback(RELAY, print)
                assert service.callback_count(RELAY) == 2
                await floor.device.say("smib/config", rly=RELAY)
                await until(lambda: len(two) == 2)
                assert one == []
                service.unsubscribe_callback(RELAY.upper(), two.append)
                service.unsubscribe_callback(RELAY, two.append)
                assert service.callback_count(RELAY) == 0
                assert service.relays_with_callbacks() == ()
                assert floor.hub.readers(RELAY) == 0

        run(work)

    def test_leaving_all_at_once(self) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                for callback in (print, repr, len):
                    await floor.service.subscribe_to_config(RELAY, callback)  # type: ignore[arg-type]
                await floor.service.subscribe_to_config(OTHER, print)
                floor.service.unsubscribe_from_config(RELAY)
                floor.service.unsubscribe_from_config(RELAY)
                assert floor.service.relays_with_callbacks() == (OTHER,)
                assert floor.hub.readers(RELAY) == 0

        run(work)

    def test_one_that_leaves_while_it_is_called_finishes_and_is_called_no_more(self) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                got: list[str] = []

                async def once(message: Mapping[str, Any]) -> None:
                    floor.service.unsubscribe_callback(RELAY, once)
                    await asyncio.sleep(0)
                    got.append(f"finished {message['n']}")

                await floor.service.subscribe_to_config(RELAY, once)
                other: list[Any] = []
                await floor.service.subscribe_to_config(RELAY, other.append)
                for n in range(3):
                    await floor.device.say("smib/config", rly=RELAY, n=n)
                await until(lambda: len(other) == 3 and bool(got))
                assert got == ["finished 0"]

        run(work)

    def test_work_on_after_a_reconnect(self) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                got: list[Any] = []
                await floor.service.subscribe_to_config(RELAY, got.append)
                await floor.broker.stop()
                await until(lambda: not floor.service.is_connected())
                await floor.broker.start()
                await floor.service.connect()
                async with aiomqtt.Client("127.0.0.1", floor.broker.port) as client:
                    await client.publish("smib/config", f'{{"rly":"{RELAY}"}}', qos=1)
                    await until(lambda: len(got) == 1)

        run(work)

    def test_hostile_traffic_does_not_stop_them(self) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                got: list[Any] = []
                await floor.service.subscribe_to_config(RELAY, got.append)
                for payload in (
                    b"",
                    b"\xff",
                    b"{",
                    b"[]",
                    b"{}",
                    b'{"rly":7}',
                    b"[" * 10_000,
                    b"x" * 1_000_000,
                ):
                    for topic in ("smib/config", "sas/gy/server", "sas/server", f"sas/gli/server/{OTHER}"):
                        await floor.device.say(topic, payload)
                await floor.device.say("smib/config", rly=RELAY, n=1)
                await until(lambda: bool(got))
                assert got == [{"rly": RELAY, "n": 1}]

        run(work)


class TestMessages:
    def test_a_listener_gets_everything_as_it_came(self) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                got: list[tuple[str, bytes]] = []

                def fails(topic: str, payload: bytes) -> None:
                    raise ValueError(topic, payload)

                floor.service.on_message(fails)
                remove = floor.service.on_message(lambda topic, payload: got.append((topic, payload)))
                await floor.device.say("smib/config", b"\xff{")
                await floor.device.say("sas/server", b"")
                await until(lambda: len(got) == 2)
                assert got == [("smib/config", b"\xff{"), ("sas/server", b"")]
                remove()
                await floor.device.say("smib/config", rly=RELAY)
                await until(lambda: floor.hub.counts()["routed"] == 1)
                assert len(got) == 2

        run(work)

    def test_another_topic_is_heard_and_not_routed(self) -> None:
        async def work() -> None:
            async with a_floor() as floor:
                got: list[str] = []
                floor.service.on_message(lambda topic, _: got.append(topic))
                await floor.service.subscribe("sas/relay/+")
                await floor.service.subscribe("sas/relay/+")
                await floor.service.subscribe(TOPIC)
                await floor.service.subscribe(f"sas/gli/server/{RELAY}")
                await floor.service.request_config(RELAY, "net")
                await until(lambda: got == [TOPIC])
                assert floor.hub.counts() == {"routed": 0, "dropped": 0}
                await floor.service.unsubscribe("sas/relay/+")
                await floor.service.request_config(RELAY, "net")
                await floor.device.say("smib/config", rly=RELAY)
                await until(lambda: got == [TOPIC, "smib/config"])

        run(work)

    def test_extra_topics_are_bounded(self) -> None:
        async def work() -> None:
            service = offline()
            for n in range(60):
                await service.subscribe(f"extra/{n}")
            with pytest.raises(RequestError, match="at most"):
                await service.subscribe("extra/one too many")

        run(work)
