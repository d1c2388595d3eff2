"""What stands between the service and its broker in a test: it can hold traffic, cut it, and do TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable


class Gate:
    """Forwards each connection to ``target`` on this machine; with None, it accepts and never says a word.

    ``received`` is what came from the client's side.
    """

    def __init__(self, target: int | None, tls: ssl.SSLContext | None = None) -> None:
        self._target = target
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._writers: list[asyncio.StreamWriter] = []
        self._clients: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.received = b""

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Gate:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        self.release()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hold(self) -> None:
        """Forward nothing more, in either direction, until release()."""
        self._open.clear()

    def release(self) -> None:
        """Forward again, and what was held as well, but for what came over connections that are gone."""
        self._open.set()

    def cut(self) -> None:
        """Reset every connection."""
        for writer in self._writers:
            writer.transport.abort()

    @property
    def accepted(self) -> int:
        """How many clients came."""
        return len(self._clients)

    @property
    def left(self) -> int:
        """How many clients are gone."""
        return sum(client.is_closing() for client in self._clients)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.append(writer)
        self._clients.append(writer)
        far: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        if self._target is not None:
            far = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.append(far[1])
            self._tasks.add(asyncio.create_task(self._forward(far[0], writer)))
        await self._forward(reader, None if far is None else far[1])

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if writer is None:
                    self.received += data
                    continue
                await self._open.wait()
                if reader.exception() is not None or reader.at_eof():
                    break
                writer.write(data)
                await writer.drain()
        if writer is not None:
            writer.close()


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Return once ``condition`` holds; AssertionError if it does not within ``seconds``."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def gate_to(target: int | None, tls: ssl.SSLContext | None = None) -> AsyncIterator[Gate]:
    async with Gate(target, tls) as gate:
        yield gate
