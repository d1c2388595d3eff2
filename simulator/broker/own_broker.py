"""What every broker of our own has: where it listens, as ports and as URIs, and an end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from simulator.broker.address import reachable
from simulator.broker.broker import Credentials


class OwnBroker(ABC):
    """A broker on `host`, with TCP and WebSocket listeners and, if wanted, one user; see `Broker`.

    `_mqtt_port` and `_ws_port` are the wanted ports until `start` puts those that were found in their place.
    """

    def __init__(
        self,
        mqtt_port: int = 0,
        ws_port: int | None = 0,
        host: str = "127.0.0.1",
        credentials: Credentials | None = None,
    ) -> None:
        self._mqtt_port = mqtt_port
        self._ws_port = ws_port
        self._host = host
        self._credentials = credentials

    @property
    def mqtt_port(self) -> int:
        return self._mqtt_port

    @property
    def ws_port(self) -> int | None:
        return self._ws_port

    @property
    def uri(self) -> str:
        return f"mqtt://{reachable(self._host)}:{self._mqtt_port}"

    @property
    def ws_uri(self) -> str | None:
        return None if self._ws_port is None else f"ws://{reachable(self._host)}:{self._ws_port}"

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def stop(self) -> None: ...

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
