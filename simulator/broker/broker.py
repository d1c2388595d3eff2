"""What the lab asks of a broker, whichever engine is behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol, Self, get_args

Engine = Literal["amqtt", "mosquitto", "rabbitmq"]
ENGINES: tuple[Engine, ...] = get_args(Engine)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The one user that a broker lets in; the password shows in no repr."""

    user: str
    password: str = field(repr=False)


class Broker(Protocol):
    """A broker that can be started and stopped; the ports are known once `start` has returned.

    The URIs carry no credentials, so that they can be printed.
    """

    @property
    def engine(self) -> Engine: ...

    @property
    def mqtt_port(self) -> int: ...

    @property
    def ws_port(self) -> int | None: ...

    @property
    def uri(self) -> str: ...

    @property
    def ws_uri(self) -> str | None: ...

    async def start(self) -> None:
        """Listen; raise `BrokerError` with a sentence if that can't be."""

    async def stop(self) -> None:
        """Close every connection and the ports; the same ports can be listened on at once. Twice is
        harmless.
        """

    async def ended(self) -> str:
        """Wait until a started broker is gone, by `stop` or by itself, and say why."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def create_broker(
    engine: Engine = "amqtt",
    *,
    mqtt_port: int = 0,
    ws_port: int | None = 0,
    host: str = "127.0.0.1",
    credentials: Credentials | None = None,
) -> Broker:
    """A broker that is not started yet. Port 0 is any free port; `ws_port=None` means no WebSocket
    listener.
    """
    if engine == "mosquitto":
        from simulator.broker.mosquitto import MosquittoBroker

        return MosquittoBroker(mqtt_port, ws_port, host, credentials)
    if engine == "rabbitmq":
        from simulator.broker.rabbitmq import RabbitBroker

        return RabbitBroker(mqtt_port, ws_port, host, credentials)
    from simulator.broker.embedded import EmbeddedBroker

    return EmbeddedBroker(mqtt_port, ws_port, host, credentials)
