"""MQTT connections on asyncio by paho: the only file that knows the library (design, section 4).

No thread and no `select()`: paho is handed a `Channel` that is open already, reads when its descriptor is
readable, writes at the end of the loop's turn, and keeps alive in one sweep over all connections.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from simulator.device.link import LinkSettings, Refusal
from simulator.errors import LinkError
from simulator.link.channel import Channel
from simulator.link.link import LinkListener

LINGER_S = 1.0
"""How long a clean end waits for acknowledgements: a fleet is gone within 2 s."""
FROZEN_KEEPALIVES = 1.5
"""How long a client waits for the answer to its pings (MQTT 3.1.1, 3.1.2.10, as seen from the client)."""
MAX_BACKLOG = 4 * 1024 * 1024
"""Bytes that may wait for a broker that does not read; more counts as a lost connection."""

_log = logging.getLogger("simulator.connection")


class Sweep(Protocol):
    """What keeps connections alive, all in one go."""

    def tend(self, connection: Connection) -> None: ...

    def leave(self, connection: Connection) -> None: ...


class _HandedOver(Client):
    """A paho client that does not connect by itself, because that blocks."""

    def __init__(self, channel: Channel, client_id: str) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2, client_id, clean_session=True, reconnect_on_failure=False
        )
        self._channel = channel

    def _create_socket(self) -> Any:
        return self._channel


class Connection:
    """What is said over one channel, from CONNECT to its end. A client of its own, so that no unacknowledged
    message of an earlier connection is ever sent again.

    paho holds a lock while it calls back, so its callbacks only take notes; `_settle` acts on them.
    """

    def __init__(self, channel: Channel, settings: LinkSettings, sweep: Sweep) -> None:
        self._loop = asyncio.get_running_loop()
        self._channel = channel
        self._settings = settings
        self._sweep = sweep
        self._listener: LinkListener | None = None
        self._inbox: deque[tuple[str, bytes]] = deque()
        self._unacknowledged: set[int] = set()
        self._backlog = 0
        self._flush_due = self._write_watched = self._leaving = False
        self._frozen_since: float | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.established: asyncio.Future[None] = self._loop.create_future()
        self.closed = asyncio.Event()
        self._client = self._configured()
        channel.on_close = self._ended
        self._loop.add_reader(channel.fileno(), self._readable)
        sweep.tend(self)
        self._client.connect(settings.address.host, settings.address.port, settings.keepalive_s)

    def begin(self, listener: LinkListener) -> None:
        """Report to `listener` from now on, beginning with what has come since the subscription."""
        self._listener = listener
        listener.link_up()
        self._settle()

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> bool:
        """Send a message, if the channel is open and its reader keeps up."""
        if not self._channel.open:
            return False
        if self._frozen_since is not None:
            return True
        self._backlog += len(payload)
        if self._backlog > MAX_BACKLOG:
            self._loop.call_soon(self._channel.abort)
            return False
        if qos and self._client.on_publish is None:
            self._client.on_publish = self._on_publish
        info = self._client.publish(topic, payload, qos, retain)
        if qos:
            self._unacknowledged.add(info.mid)
        return True

    def leave(self, *, clean: bool) -> None:
        """End it, without a report; `closed` is set when that is done."""
        known, self._listener = self._listener is not None, None
        self._inbox.clear()
        if not clean or not self._channel.open or self._frozen_since is not None:
            self._channel.abort()
            return
        self._leaving = True
        self._channel.part_gently = known
        self._deadline = self._loop.call_later(LINGER_S, self._channel.abort)
        self._flush()

    def freeze(self, frozen: bool) -> None:
        """Leave the socket open and touch it no more, or go on."""
        if frozen == (self._frozen_since is not None) or not self._channel.open:
            return
        descriptor = self._channel.fileno()
        if frozen:
            self._frozen_since = self._loop.time()
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)
            self._write_watched = False
        else:
            self._frozen_since = None
            self._loop.add_reader(descriptor, self._readable)
            self._flush()

    def keep_alive(self) -> None:
        """Ping the broker where that is due; end what it no longer answers."""
        if self._frozen_since is not None:
            patience_s = FROZEN_KEEPALIVES * self._settings.keepalive_s
            if self._loop.time() - self._frozen_since > patience_s:
                self._channel.abort()
            return
        self._run(self._client.loop_misc)

    def _configured(self) -> Client:
        settings, address = self._settings, self._settings.address
        client = _HandedOver(self._channel, settings.client_id)
        client.max_inflight_messages = 0  # none waits for another's acknowledgement
        client.will_set(settings.will_topic, settings.will_payload, settings.qos)
        if address.username is not None or address.password is not None:
            client.username_pw_set(address.username or "", address.password)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        client.on_socket_register_write = self._on_write_wanted
        return client

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        topics = self._settings.subscriptions
        if reason.is_failure:
            self._refuse(LinkError(Refusal.REFUSED, f"the broker refused: {reason}"))
        elif topics:
            self._client.subscribe([(topic, self._settings.qos) for topic in topics])
        elif not self.established.done():
            self.established.set_result(None)

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, granted: Any, _properties: Any) -> None:
        refused = [code for code in granted if code.is_failure]
        if refused or len(granted) != len(self._settings.subscriptions):
            self._refuse(LinkError(Refusal.REFUSED, "the broker refused a subscription"))
        elif not self.established.done():
            self.established.set_result(None)

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        try:
            self._inbox.append((message.topic, bytes(message.payload)))
        except UnicodeDecodeError:
            _log.warning("! %s topic=not-utf8", self._settings.client_id)

    def _on_publish(self, _client: Any, _data: Any, mid: int, _reason: Any, _properties: Any) -> None:
        self._unacknowledged.discard(mid)

    def _on_disconnect(self, *_facts: Any) -> None:
        self._refuse(LinkError(Refusal.LOST, "the broker closed the connection"))

    def _on_write_wanted(self, _client: Any, _data: Any, _channel: Any) -> None:
        if not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._flush)

    def _readable(self) -> None:
        self._channel.fill()
        while self._channel.unread and self._client.socket() is not None:
            self._run(self._client.loop_read)
        if self._channel.ended:
            self._channel.abort()

    def _flush(self) -> None:
        self._flush_due = False
        if self._frozen_since is not None:
            return
        if self._channel.open:
            self._run(self._client.loop_write)
        if not self._channel.open:
            return
        waiting = self._client.want_write() or self._channel.unsent
        if not waiting:
            self._backlog = 0
        if waiting != self._write_watched:
            self._write_watched = waiting
            if waiting:
                self._loop.add_writer(self._channel.fileno(), self._flush)
            else:
                self._loop.remove_writer(self._channel.fileno())

    def _run(self, part: Callable[[], object]) -> None:
        """Let paho do a part of its work; whatever a broker makes it stumble over ends this channel only."""
        try:
            self._channel.push()
            part()
        except Exception as exc:  # noqa: BLE001  paho documents no errors for malformed packets
            _log.warning("! %s mqtt=%s why=%s", self._settings.client_id, type(exc).__name__, exc)
            self._channel.abort()
        self._settle()

    def _settle(self) -> None:
        """Hand over what came, then report the end."""
        while self._inbox and self._listener is not None:
            self._listener.link_message(*self._inbox.popleft())
        listener = self._listener
        if listener is not None and not self._channel.open:
            self._listener = None
            listener.link_down()
        self._goodbye()

    def _goodbye(self) -> None:
        """Send DISCONNECT once nothing is left to be acknowledged; paho closes the channel behind it."""
        if self._leaving and not self._unacknowledged and self._channel.open:
            self._leaving = False
            self._client.disconnect()

    def _refuse(self, error: LinkError) -> None:
        if not self.established.done():
            self.established.set_exception(error)

    def _ended(self, descriptor: int) -> None:
        """The channel is about to be closed, by whomever."""
        self._loop.remove_reader(descriptor)
        self._loop.remove_writer(descriptor)
        self._sweep.leave(self)
        if self._deadline is not None:
            self._deadline.cancel()
        self._refuse(LinkError(Refusal.LOST, "the connection was lost"))
        self.closed.set()
        self._loop.call_soon(self._settle)
