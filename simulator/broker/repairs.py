"""amqtt's broker with its known defects closed, by overriding only; `tests/broker` holds it to Mosquitto's
behaviour.

Closed, with the paragraph of MQTT 3.1.1 where there is one:
- a silent client is cut after 1.5 times its keep-alive and its will published (3.1.2.10)
- a second connection with a client id closes the first, whose will is published (3.1.4)
- the credentials are checked before anything of an existing session is touched
- retained messages go to the new subscription alone, and many at once disturb nobody (3.3.1.3)
- messages are delivered at the lower of the two QoS, once per client, in order (3.8.4); subscribing again
  replaces the QoS
- what a persistent session did not acknowledge is sent again with DUP (4.4), and kept while the client is
  away
- messages sent right before DISCONNECT are routed; bytes that are no MQTT close that one connection only
- a shared subscription (`$share/…`, MQTT 5) is refused with 0x80 where amqtt acknowledged it and delivered
  nothing
- the cost of a message does not grow with the number of exact subscriptions

Left open: MQTT 3.1 and 5 are refused at CONNECT; no `$SYS` topics; no TLS listener (Mosquitto behind a TLS
proxy, or an external broker); sessions and retained messages live in memory; at most 65,535 messages in
flight and 10,000 waiting per client, what comes on top is dropped and counted; messages to a client are not
re-sent while its connection stays up.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from typing import Any

from amqtt.adapters import BufferReader
from amqtt.broker import Broker as AmqttBroker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from websockets.asyncio.server import Server, serve
from websockets.typing import Subprotocol

from simulator.broker import packet as mqtt
from simulator.broker.address import reason
from simulator.broker.broker import Credentials
from simulator.broker.connection import Connection
from simulator.broker.packet import Publish
from simulator.broker.stream import Stream, TcpStream, WebSocketStream
from simulator.broker.subscriptions import REFUSED, Subscriptions, is_valid, matches
from simulator.errors import PortTaken, ProtocolViolation

CONNECT_WAIT = 10.0
"""Seconds in which a new connection must have sent its CONNECT."""
CLOSE_WAIT = 1.0
"""Seconds that a stop waits for the connections to end."""
CONNECT_LIMIT = 5 * 65_537 + 16
"""Bytes that a CONNECT can have at most: five fields of 64 KiB and its header."""
WAITING_LIMIT = 10_000
"""Messages kept for a persistent session whose client is away."""
BACKLOG = 1024
"""Connections that may wait to be accepted: a fleet comes back all at once."""

ACCEPTED, NOT_AUTHORISED = 0, 5


class RepairedBroker(AmqttBroker):  # type: ignore[misc]  # amqtt ships no types
    """amqtt's listeners, sessions and life cycle, with our own way from one client to the others."""

    def __init__(
        self, host: str, mqtt_port: int, ws_port: int | None, credentials: Credentials | None
    ) -> None:
        at = f"[{host}]" if ":" in host else host
        listeners = {"default": ListenerConfig(type=ListenerType.TCP, bind=f"{at}:{mqtt_port}")}
        if ws_port is not None:
            listeners["websocket"] = ListenerConfig(type=ListenerType.WS, bind=f"{at}:{ws_port}")
        super().__init__(BrokerConfig(listeners=listeners, plugins={}))
        self.dropped = 0
        self._credentials = credentials
        self._stopping = False
        self._served: dict[Stream, asyncio.Task[None]] = {}
        self._live: dict[str, Connection] = {}
        self._index = Subscriptions()

    @property
    def client_ids(self) -> frozenset[str]:
        """The clients that are connected now."""
        return frozenset(self._live)

    def bound_port(self, listener: str) -> int:
        """The port that a listener really got."""
        port: int = next(iter(self._servers[listener].instance.sockets)).getsockname()[1]
        return port

    def close_listeners(self) -> None:
        """Accept nobody any more, also where only some of the ports could be had."""
        for server in self._servers.values():
            server.instance.close()

    async def shutdown(self) -> None:
        """Stop listening and cut everybody, without wills: there is nobody left to read them."""
        self._stopping = True
        self.close_listeners()
        for stream in self._served:
            stream.abort()
        if self._served:
            await asyncio.wait(self._served.values(), timeout=CLOSE_WAIT)
        await super().shutdown()

    # --- what a connection asks of its broker

    def route(self, topic: str, data: bytes, qos: int, retain: bool) -> None:
        """Deliver to every subscriber, keep for those who are away, and retain where asked."""
        if topic.startswith("$"):
            return  # MQTT 3.1.1, 4.7.2: the broker's own, and this one publishes none
        if retain and data:
            self._retained_messages[topic] = Publish(topic, data, qos, True, 0)
        elif retain:
            self._retained_messages.pop(topic, None)
        encoded: bytes | None = None
        for client_id, granted in self._index.matching(topic).items():
            level = min(qos, granted)
            connection = self._live.get(client_id)
            if connection is None:
                self._keep(client_id, Publish(topic, data, level, False, 0))
            elif level:
                connection.deliver(Publish(topic, data, level, False, 0))
            else:
                encoded = encoded or mqtt.encode_publish(Publish(topic, data, 0, False, 0))
                connection.deliver_encoded(encoded)

    def subscribe(self, connection: Connection, filters: list[tuple[str, int]]) -> list[int]:
        """Add the valid filters; the SUBACK codes in their order."""
        codes = [qos if is_valid(topic_filter) else REFUSED for topic_filter, qos in filters]
        for (topic_filter, qos), code in zip(filters, codes, strict=True):
            if code != REFUSED:
                self._index.add(connection.client_id, topic_filter, qos)
        return codes

    def unsubscribe(self, connection: Connection, filters: list[str]) -> None:
        """Remove the filters."""
        for topic_filter in filters:
            self._index.remove(connection.client_id, topic_filter)

    def send_retained(self, connection: Connection, topic_filter: str, qos: int) -> None:
        """Send what is retained for a new subscription; nothing where it was refused."""
        if qos == REFUSED:
            return
        if "+" in topic_filter or "#" in topic_filter:
            levels = topic_filter.split("/")
            found = [
                message
                for topic, message in self._retained_messages.items()
                if matches(topic.split("/"), levels)
            ]
        else:
            found = [message for message in (self._retained_messages.get(topic_filter),) if message]
        for message in found:
            connection.deliver(message._replace(qos=min(qos, message.qos)))

    def _keep(self, client_id: str, message: Publish) -> None:
        """Let a message wait for a persistent session (MQTT-3.1.2-5)."""
        waiting = self._sessions[client_id][0].retained_messages
        if message.qos and waiting.qsize() < WAITING_LIMIT:
            waiting.put_nowait(message)
        elif message.qos:
            self.dropped += 1

    # --- from a new socket to a served client

    async def _create_server_instance(
        self, listener_name: str, listener_type: ListenerType, address: str, port: int, ssl_context: Any
    ) -> Any:
        del listener_name, ssl_context
        host, is_tcp = address.strip("[]"), listener_type == ListenerType.TCP
        try:
            return await (self._listen_tcp(host, port) if is_tcp else self._listen_websocket(host, port))
        except OSError as exc:
            what, option = ("MQTT", "--mqtt-port") if is_tcp else ("WebSocket", "--ws-port")
            raise PortTaken(what, host, port, option, reason(exc)) from exc

    async def _listen_tcp(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.start_server(
            lambda reader, writer: self._serve(TcpStream(reader, writer)),
            host,
            port,
            backlog=BACKLOG,
            limit=2**18,
        )

    async def _listen_websocket(self, host: str, port: int) -> Server:
        return await serve(
            lambda socket: self._serve(WebSocketStream(socket)),
            host,
            port,
            subprotocols=[Subprotocol("mqtt"), Subprotocol("mqttv3.1")],
            compression=None,
            max_size=mqtt.MAX_PACKET,
            ping_interval=None,  # the keep-alive of MQTT says who is dead
            close_timeout=1,
            backlog=BACKLOG,
            logger=_silent(),
        )

    async def _serve(self, stream: Stream) -> None:
        """The whole life of one connection; nothing that a client sends gets further than this."""
        if task := asyncio.current_task():
            self._served[stream] = task
        try:
            async with asyncio.timeout(CONNECT_WAIT):
                connection = await self._welcome(stream)
            if connection is not None:
                await self._attend(connection)
        except (EOFError, OSError, TimeoutError, ProtocolViolation) as exc:
            self.logger.debug("! connection closed reason=%s", exc)
        finally:
            await stream.close()
            self._served.pop(stream, None)

    async def _welcome(self, stream: Stream) -> Connection | None:
        """Read CONNECT, check who it is, take over from an older connection; None if it was refused."""
        session = await self._read_connect(stream)
        will = _will_of(session)
        if not self._admits(session):
            await stream.write(mqtt.encode(mqtt.CONNACK, 0, bytes((0, NOT_AUTHORISED))))
            return None
        while older := self._live.get(session.client_id):
            older.abort()
            await older.ended.wait()
        if self._stopping:
            return None
        session, present = self._adopt(session)
        connection = Connection(session, will, stream, self)
        self._live[connection.client_id] = connection
        self._sessions[connection.client_id] = (session, connection)
        session.transitions.connect()
        connection.post(mqtt.encode(mqtt.CONNACK, 0, bytes((present, ACCEPTED))))
        connection.resume()
        return connection

    async def _attend(self, connection: Connection) -> None:
        """Serve a welcomed client, then let it go: its will, its session if that was a clean one."""
        try:
            await connection.run()
        finally:
            del self._live[connection.client_id]
            connection.session.transitions.disconnect()
            if connection.session.clean_session:
                self._forget(connection.client_id)
            if connection.will and not self._stopping:
                self.route(*connection.will[:4])
            connection.ended.set()

    async def _read_connect(self, stream: Stream) -> Any:
        """The session that a CONNECT asks for, by amqtt's own checks, which answer an unfitting one."""
        packet = await mqtt.read_packet(stream, CONNECT_LIMIT)
        if packet.kind != mqtt.CONNECT:
            raise ProtocolViolation(f"a first packet of kind {packet.kind} instead of CONNECT")
        data = BufferReader(mqtt.encode(packet.kind, packet.flags, packet.body))
        try:
            _, session = await BrokerProtocolHandler.init_from_connect(
                data, stream.adapter, self.plugins_manager
            )
        except Exception as exc:  # amqtt raises five roots and several built-in errors on hostile bytes
            raise ProtocolViolation(f"a CONNECT that can't be served: {exc}") from exc
        return session

    def _admits(self, session: Any) -> bool:
        """Whether user and password are the configured ones; without any, everybody is let in."""
        if self._credentials is None:
            return True
        user, password = session.username or "", session.password or ""
        return hmac.compare_digest(user.encode(), self._credentials.user.encode()) & hmac.compare_digest(
            password.encode(), self._credentials.password.encode()
        )

    def _adopt(self, session: Any) -> tuple[Any, bool]:
        """The session to go on with: the one that was kept for this client, or the new one (3.1.2.4)."""
        kept = self._sessions.get(session.client_id, (None, None))[0]
        if kept is None or kept.clean_session or session.clean_session:
            self._forget(session.client_id)
            return session, False
        kept.keep_alive, kept.username = session.keep_alive, session.username
        return kept, True

    def _forget(self, client_id: str) -> None:
        self._sessions.pop(client_id, None)
        self._index.drop(client_id)

    async def _del_all_subscriptions(self, session: Any) -> None:
        self._index.drop(session.client_id)


def _will_of(session: Any) -> Publish | None:
    """The will of a CONNECT, held to the rules of a message."""
    if not session.will_flag:
        return None
    will = Publish(session.will_topic, bytes(session.will_message), session.will_qos, session.will_retain, 0)
    mqtt.check_topic(will.topic)
    if will.qos == 3:
        raise ProtocolViolation("a CONNECT with a will of QoS 3")
    return will


def _silent() -> logging.Logger:
    """A logger for the WebSocket handshakes: a failed one is the client's affair, and websockets logs its
    traceback.
    """
    logger = logging.Logger("simulator.broker.websocket", logging.CRITICAL + 1)
    logger.addHandler(logging.NullHandler())
    return logger
