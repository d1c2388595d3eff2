"""The MQTT service: every operation of the specification's interface, in Python naming (contract, section 5).

What is said to SMIBs goes through here, what they say comes through here to the hub. Every operation that
publishes raises RequestError for an id, component or value that is wrong, and then publishes nothing;
BrokerUnavailable where the broker is away or does not acknowledge, and then nothing is sent later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cms import log
from cms.callbacks import Callbacks, ConfigCallback
from cms.connection import Connection
from cms.errors import RequestError
from cms.filters import covers, is_filter
from cms.hub import Hub
from cms.listeners import Listeners
from cms.mqtt_config import MqttConfig
from wire.commands import COMMANDS
from wire.components import COMS, NET, component_named
from wire.errors import ConfigError, MessageError, RelayIdError
from wire.jsontext import to_bytes
from wire.orders import (
    Command,
    ConfigRequest,
    ConfigUpdate,
    MeterPush,
    Order,
    encode,
    order_from,
)
from wire.relay import canonical_relay_id
from wire.timestamps import format_timestamp
from wire.topics import WANTED as TOPIC_WANTED
from wire.topics import is_topic

MessageCallback = Callable[[str, bytes], None]
"""Takes the topic and the payload of a message, as they came."""

MAX_EXTRA_TOPICS = 64


class MqttService:
    """One per process. ``relay_of`` gives a cabinet's relay id, or raises UnknownCabinet."""

    def __init__(
        self,
        config: MqttConfig,
        hub: Hub,
        *,
        relay_of: Callable[[str], Awaitable[str]],
        clock_ms: Callable[[], int],
    ) -> None:
        self._config = config
        self._topics = config.topics
        self._hub = hub
        self._relay_of = relay_of
        self._clock_ms = clock_ms
        self._callbacks = Callbacks(hub)
        self._on_message: Listeners[str, bytes] = Listeners("message listener")
        self._on_connected: Listeners[()] = Listeners("connect listener")
        self._connection = Connection(
            config, config.topics.report_filters, self._receive, self._on_connected.tell
        )

    # Connection

    def start(self) -> None:
        """Begin to connect, and keep at it until disconnect()."""
        self._connection.start()

    async def connect(self) -> None:
        """Start, and return once connected and subscribed.

        BrokerUnavailable if that takes longer than 30 s; the service goes on trying all the same.
        """
        self._connection.start()
        await self._connection.wait_connected(self._config.first_connect_s)

    async def first_attempt(self) -> None:
        """Return once the first attempt to connect has ended, well or not; for whoever says "ready"."""
        await self._connection.first_attempt()

    async def disconnect(self) -> None:
        """End the connection for good. Callbacks stay, and work on after another connect()."""
        await self._connection.stop()

    def is_connected(self) -> bool:
        return self._connection.is_connected()

    def alive(self) -> bool:
        """Whether the task that owns the connection runs, which it does while the broker is away too."""
        return self._connection.alive()

    @property
    def failure(self) -> str | None:
        """Why the broker is not connected, None while it is."""
        return self._connection.failure

    @property
    def connects(self) -> int:
        """How often the broker was connected."""
        return self._connection.connects

    def get_config(self) -> MqttConfig:
        """The configuration in force; it shows its password to nobody who prints it."""
        return self._config

    # Orders to cabinets and relays

    async def send_smib_config_update(
        self, cabinet_id: str, smib_config: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Order new values for the components in ``smib_config``, an update for each (section 3)."""
        updates = [_update(name, values) for name, values in smib_config.items()]
        relay_id = await self._relay_of(cabinet_id)
        for update in updates:
            await self.publish(update, relay_id)

    async def send_network_config_update(self, cabinet_id: str, network_config: Mapping[str, Any]) -> None:
        await self.send_smib_config_update(cabinet_id, {NET.name: network_config})

    async def send_communication_mode_update(self, cabinet_id: str, coms_mode: int) -> None:
        await self.send_smib_config_update(cabinet_id, {COMS.name: {"comsMode": coms_mode}})

    async def send_machine_control_command(self, cabinet_id: str, command: str) -> None:
        """Order RESTART, LOCK MACHINE or UNLOCK MACHINE, with the present time as its timestamp."""
        if command not in COMMANDS:
            raise RequestError("command", f"one of {', '.join(COMMANDS)} was wanted")
        relay_id = await self._relay_of(cabinet_id)
        await self.publish(Command(command, format_timestamp(self._clock_ms())), relay_id)

    async def request_config(self, relay_id: str, component: str) -> None:
        """Ask a SMIB for one component; the answer comes through the hub. QoS 0, never retained."""
        with _refusals():
            request = ConfigRequest(component_named(component).name)
        await self.publish(request, relay_id)

    async def publish_config(self, relay_id: str, config: Mapping[str, Any]) -> None:
        """Send ``config``, a whole ``cfg`` message with one or more fields, as it is and in its key order."""
        with _refusals():
            order = order_from(config)
        if not isinstance(order, ConfigUpdate):
            raise RequestError("config", "typ cfg, a comp and one or more of its fields were wanted")
        await self._send(relay_id, to_bytes(config), _update(order.component, order.values))

    async def publish(self, order: Order, relay_id: str) -> None:
        """Send any order to a SMIB: a configuration request with QoS 0, all else with QoS 1."""
        await self._send(relay_id, encode(order), order)

    async def publish_raw(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """Send any bytes to any topic, never retained."""
        if not is_topic(topic):
            raise RequestError("topic", f"{TOPIC_WANTED} were wanted")
        if qos not in (0, 1):
            raise RequestError("qos", "0 or 1 was wanted")
        await self._connection.publish(topic, payload, qos=qos)

    # Callbacks

    async def subscribe_to_config(
        self,
        relay_id: str,
        callback: ConfigCallback,
        *,
        on_dropped: Callable[[int], None] | None = None,
    ) -> None:
        """Call ``callback`` with everything that comes from a relay, until it is unsubscribed.

        A callback that is too slow misses the oldest messages; ``on_dropped`` is told how many.
        """
        with _refusals():
            self._callbacks.add(relay_id, callback, on_dropped=on_dropped)
        log.event("=", "callback registered", relay=relay_id)

    async def subscribe_and_request_config(
        self, relay_id: str, component: str, callback: ConfigCallback
    ) -> None:
        """Register ``callback``, then ask for ``component``; where asking fails, it is not registered."""
        await self.subscribe_to_config(relay_id, callback)
        try:
            await self.request_config(relay_id, component)
        except BaseException:
            self.unsubscribe_callback(relay_id, callback)
            raise

    async def subscribe_to_server_data(self, relay_id: str, callback: ConfigCallback) -> None:
        """Call ``callback`` with a relay's events, meters and status: all but its configuration answers."""
        with _refusals():
            self._callbacks.add(relay_id, callback, wants=lambda item: item.topic != self._topics.config)
        log.event("=", "callback registered", relay=relay_id, what="server data")

    def unsubscribe_from_config(self, relay_id: str) -> None:
        """Take back all callbacks of a relay."""
        with _refusals():
            count = self._callbacks.remove_all(relay_id)
        log.event("=", "callbacks removed", relay=relay_id, count=count)

    def unsubscribe_callback(self, relay_id: str, callback: ConfigCallback) -> None:
        """Take back one callback, and the relay's entry with its last one."""
        with _refusals():
            found = self._callbacks.remove(relay_id, callback)
        if found:
            log.event("=", "callback removed", relay=relay_id, left=self._callbacks.count(relay_id))

    def callback_count(self, relay_id: str) -> int:
        with _refusals():
            return self._callbacks.count(relay_id)

    def relays_with_callbacks(self) -> tuple[str, ...]:
        return self._callbacks.relays()

    # Topics and messages

    async def subscribe(self, topic: str) -> None:
        """Listen on one more topic or filter, for on_message(). What SMIBs report on is heard anyway."""
        if not is_filter(topic):
            raise RequestError("topic", "a topic, in which + and # stand for whole levels, was wanted")
        if any(covers(name, topic) for name in self._connection.filters):
            return
        if len(self._connection.filters) >= MAX_EXTRA_TOPICS:
            raise RequestError("topic", f"at most {MAX_EXTRA_TOPICS} topics can be listened on")
        await self._connection.subscribe(topic)
        log.event("=", "topic subscribed", topic=topic)

    async def unsubscribe(self, topic: str) -> None:
        """Take back what subscribe() added."""
        await self._connection.unsubscribe(topic)

    def on_message(self, callback: MessageCallback) -> Callable[[], None]:
        """Call ``callback`` with every message, routed or not, as it came. Gives what takes it back."""
        return self._on_message.add(callback)

    def on_connected(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` after each connect, when all is subscribed. Gives what takes it back."""
        return self._on_connected.add(callback)

    def _receive(self, topic: str, payload: bytes, retained: bool) -> None:
        self._on_message.tell(topic, payload)
        if any(covers(name, topic) for name in self._topics.report_filters):
            self._hub.route(topic, payload, retained=retained)

    async def _send(self, relay_id: str, payload: bytes, order: Order) -> None:
        with _refusals():
            key = canonical_relay_id(relay_id)
        topic = self._topics.meter_push if isinstance(order, MeterPush) else self._topics.relay(key)
        qos = 0 if isinstance(order, ConfigRequest) else 1
        retain = isinstance(order, ConfigUpdate) and self._config.retain_config
        await self._connection.publish(topic, payload, qos=qos, retain=retain)
        component = order.component if isinstance(order, ConfigRequest | ConfigUpdate) else None
        command = order.name if isinstance(order, Command) else None
        log.event(">", _words(order), comp=component, command=command, relay=key, topic=topic)


def _words(order: Order) -> str:
    """What an order is called in the log: ``config request`` for a ConfigRequest."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in type(order).__name__).strip()


def _update(name: str, values: object) -> ConfigUpdate:
    """A checked update; one without a field is refused, as it would be a request."""
    with _refusals():
        component = component_named(name)
        if not isinstance(values, Mapping) or not values:
            raise RequestError(name, "an object with one or more of its fields was wanted")
        component.check(values)
    return ConfigUpdate(name, values)


@contextmanager
def _refusals() -> Iterator[None]:
    """The contract's refusals as RequestError, the field named."""
    try:
        yield
    except ConfigError as exc:
        raise RequestError.of(exc.problems) from exc
    except MessageError as exc:
        raise RequestError(exc.field, exc.wanted) from exc
    except RelayIdError as exc:
        raise RequestError("relayId", str(exc).removeprefix("relayId: ")) from exc
