"""The embedded broker: amqtt in this process, started in milliseconds, nothing to install (contract, section
2).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from simulator.broker.broker import Credentials, Engine
from simulator.broker.own_broker import OwnBroker
from simulator.errors import BrokerError

if TYPE_CHECKING:
    from simulator.broker.repairs import RepairedBroker

QUIET = ("amqtt", "transitions")
"""Loggers that speak at warning level, with tracebacks, of what a client did; the broker handles all of
that.
"""


class EmbeddedBroker(OwnBroker):
    """amqtt with TCP and WebSocket listeners and, if wanted, one user; see `Broker` for the interface.

    A second `start` after `stop` listens on the same ports again, with nothing retained and no session left.
    """

    engine: Engine = "amqtt"

    def __init__(
        self,
        mqtt_port: int = 0,
        ws_port: int | None = 0,
        host: str = "127.0.0.1",
        credentials: Credentials | None = None,
    ) -> None:
        super().__init__(mqtt_port, ws_port, host, credentials)
        self._broker: RepairedBroker | None = None
        self._ended = asyncio.Event()

    @property
    def dropped(self) -> int:
        """Messages that were not delivered because a client was too slow or away for too long."""
        return self._broker.dropped if self._broker else 0

    def connected_clients(self) -> frozenset[str]:
        """The client ids that are connected now."""
        return self._broker.client_ids if self._broker else frozenset()

    async def start(self) -> None:
        """Listen; amqtt is loaded here and not before."""
        if self._broker is not None:
            raise BrokerError(f"The broker is running already, on port {self._mqtt_port}.")
        from amqtt.errors import BrokerError as AmqttError

        from simulator.broker.repairs import RepairedBroker

        for name in QUIET:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        broker = RepairedBroker(self._host, self._mqtt_port, self._ws_port, self._credentials)
        try:
            await broker.start()
        except AmqttError as exc:
            broker.close_listeners()
            if isinstance(exc.__cause__, BrokerError):
                raise exc.__cause__ from exc.__cause__.__cause__
            raise BrokerError(f"The embedded broker did not start: {exc}") from exc
        self._mqtt_port = broker.bound_port("default")
        self._ws_port = None if self._ws_port is None else broker.bound_port("websocket")
        self._broker = broker
        self._ended.clear()

    async def stop(self) -> None:
        """Cut every client and close the ports."""
        if self._broker is not None:
            broker, self._broker = self._broker, None
            await broker.shutdown()
            self._ended.set()

    async def ended(self) -> str:
        """Wait for `stop`; it lives and dies with this process."""
        await self._ended.wait()
        return "it was stopped"
