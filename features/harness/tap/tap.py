"""The MQTT tap: a TCP proxy between a subject and its broker (design, section 4: QoS, retain, duplicates and
order of a subject are judged on its own connection alone)."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from types import TracebackType
from typing import Any, Protocol, TypeVar, cast

from features.harness.errors import HarnessError
from features.harness.inbox import Inbox
from features.harness.tap.faults import BOTH, Change, Faults, Predicate, Rule, flip, vanish
from features.harness.tap.line import End, Line, Owner
from features.harness.tap.packet import Direction, Packet
from wire.address import BrokerAddress

PATIENCE = 5.0
"""Seconds that the tap's own thread may take for what it is told; it takes microseconds."""

T = TypeVar("T")


class TapError(HarnessError):
    """The harness's fault: the tap itself failed, or a rule's predicate raised."""


class Witness(Protocol):
    """Who is told what passes, on the tap's own thread."""

    def packet(self, packet: Packet) -> None: ...

    def state(self, at: float, who: str, what: str) -> None: ...


class Nobody:
    """The witness of a tap whose packets are read from the tap alone."""

    def packet(self, packet: Packet) -> None:
        """Nothing is kept."""

    def state(self, at: float, who: str, what: str) -> None:
        """Nothing is kept."""


class Tap:
    """Listens on a free port, or on ``port``, and passes every connection on to ``broker``. ``packets``
    holds what passed, raw: secrets are in it, so it is for steps to look at and never for a file.

    ``role`` is the subject's, ``cms`` or ``smib``: the monitors judge its packets by it. Faults hold for all
    connections, the present and the coming ones, until ``clear``; each method returns once it is in force.
    """

    def __init__(
        self,
        name: str,
        broker: BrokerAddress,
        role: str = "",
        witness: Witness | None = None,
        port: int = 0,
    ) -> None:
        self.name = name
        self.packets: Inbox[Packet] = Inbox(f"the tap of {name}")
        self._broker = broker
        self._witness: Witness = witness or Nobody()
        self._faults = Faults()
        self._numbers = itertools.count(1)
        self._lines: list[Line] = []
        self._joining: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Event | None = None
        self._failure: BaseException | None = None
        self._owner = Owner(name, role, self._saw, self._gone)
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._failed)
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"tap {name}", daemon=True)
        self._thread.start()
        self._server: asyncio.Server = self._run(self._listen(port))
        host, port = self._server.sockets[0].getsockname()[:2]
        self.address: BrokerAddress = replace(broker, scheme="mqtt", host=host, port=port)

    def __enter__(self) -> Tap:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def uri(self) -> str:
        """What the subject is given in the place of the broker's URI, the credentials included."""
        return self.address.uri()

    def close(self) -> None:
        """Ends every connection. TapError where anything went wrong inside the tap."""
        if self._loop.is_closed():
            return
        try:
            self._run(self._end())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(PATIENCE)
            self._loop.close()
            self.packets.close("the tap is closed")
        if self._failure is not None:
            raise TapError(f"tap {self.name}: {self._failure!r}") from self._failure

    @property
    def clients(self) -> list[str | None]:
        """The client ids of the open connections, oldest first; None before a CONNECT."""
        return self._do(lambda: [line.client_id for line in self._lines])

    def cut(self, client_id: str | None = None) -> int:
        """Closes both sides of every connection, or of one client's; how many. They may come back at once."""
        return self._do(lambda: self._cut(client_id))

    def refuse(self) -> None:
        """New connections are closed as soon as they are made; the present ones stay."""
        self._set("refuses new connections", lambda: setattr(self._faults, "refusing", True))

    def allow(self) -> None:
        """New connections are passed on again."""
        self._set("lets new connections in", lambda: setattr(self._faults, "refusing", False))

    def delay(self, seconds: float, direction: Direction | None = None) -> None:
        """Everything is passed on ``seconds`` later, in its order; one direction or both."""
        ways = _ways(direction)
        self._set(
            f"delays by {seconds:g} s {_named(ways)}",
            lambda: self._faults.delays.update(dict.fromkeys(ways, seconds)),
        )

    def drop(self, matches: Predicate, direction: Direction | None = None, times: int | None = None) -> Rule:
        """Packets that match are not passed on; ``times`` of them, or all. The rule counts its hits."""
        return self._rule(Rule("dropped", matches, vanish, direction, times))

    def corrupt(
        self,
        matches: Predicate,
        change: Change = flip,
        direction: Direction | None = None,
        times: int | None = None,
    ) -> Rule:
        """Packets that match are passed on as ``change`` makes them, from bytes of a packet to bytes."""
        return self._rule(Rule("corrupted", matches, change, direction, times))

    def half_open(self, direction: Direction | None = None) -> None:
        """Nothing is passed on any more, closing neither, and no side is told. ``clear`` delivers what has
        gathered, as a network does that heals; ``cut`` loses it."""
        ways = _ways(direction)
        self._set(f"holds the line half-open {_named(ways)}", lambda: self._faults.held.update(ways))

    def clear(self) -> None:
        """Every fault ends; what was held or delayed goes now."""
        self._set("clears its faults", self._clear)

    def _rule(self, rule: Rule) -> Rule:
        self._set(f"will have packets {rule.word}", lambda: self._faults.rules.append(rule))
        return rule

    def _set(self, what: str, change: Callable[[], object]) -> None:
        def apply() -> None:
            self._note(what)
            change()

        self._do(apply)

    def _do(self, call: Callable[[], T]) -> T:
        async def on_loop() -> T:
            return call()

        return self._run(on_loop())

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if self._loop.is_closed():
            coroutine.close()
            raise TapError(f"tap {self.name}: it is closed")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    # Everything from here on runs on the tap's own thread.

    async def _listen(self, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        try:
            return await loop.create_server(self._accepting, "127.0.0.1", port, backlog=1024)
        except OSError as exc:
            raise TapError(
                f"tap {self.name}: port {port} can't be listened on: {exc.strerror or exc}"
            ) from exc

    async def _end(self) -> None:
        self._server.close()
        for task in self._joining:
            task.cancel()
        await asyncio.gather(*self._joining, return_exceptions=True)
        self._ended = asyncio.Event()
        if self._cut(None):
            await self._ended.wait()

    def _accepting(self) -> asyncio.Protocol:
        return Entrance(Line(next(self._numbers), self._owner, self._faults), self._enter)

    def _enter(self, line: Line, transport: asyncio.Transport) -> None:
        self._lines.append(line)
        if self._faults.refusing:
            self._note(f"refuses connection {line.number}")
            transport.abort()
            return
        self._note(f"connection {line.number} is made")
        transport.pause_reading()
        task = asyncio.get_running_loop().create_task(self._join(line, transport))
        self._joining.add(task)
        task.add_done_callback(self._joining.discard)

    async def _join(self, line: Line, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(
                lambda: End(line, Direction.FROM_BROKER), self._broker.host, self._broker.port
            )
        except OSError as exc:
            self._note(f"connection {line.number}: the broker at {self._broker} can't be reached ({exc})")
            transport.abort()
            return
        if transport.is_closing():
            line.cut()
        else:
            transport.resume_reading()

    def _cut(self, client_id: str | None) -> int:
        chosen = [line for line in self._lines if client_id in (None, line.client_id)]
        for line in chosen:
            self._note(f"cuts connection {line.number}")
            line.cut()
        return len(chosen)

    def _clear(self) -> None:
        self._faults.clear()
        for line in self._lines:
            line.release()

    def _saw(self, packet: Packet) -> None:
        self._witness.packet(packet)
        self.packets.put(packet)

    def _note(self, what: str) -> None:
        self._witness.state(time.monotonic(), f"tap {self.name}", what)

    def _gone(self, line: Line) -> None:
        if line in self._lines:
            self._lines.remove(line)
            self._note(f"connection {line.number} is closed")
        if not self._lines and self._ended is not None:
            self._ended.set()

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception") or RuntimeError(str(context.get("message")))
        self._failure = self._failure or cast(BaseException, error)


class Entrance(End):
    """The subject's side of a connection; ``enter`` learns of it once its socket is there."""

    def __init__(self, line: Line, enter: Callable[[Line, asyncio.Transport], None]) -> None:
        super().__init__(line, Direction.TO_BROKER)
        self._enter = enter

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._enter(self.line, cast(asyncio.Transport, transport))


def _ways(direction: Direction | None) -> tuple[Direction, ...]:
    return BOTH if direction is None else (direction,)


def _named(ways: tuple[Direction, ...]) -> str:
    return " and ".join(ways)
