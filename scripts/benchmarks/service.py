"""What an operator sizes a service by: orders a second, streams, memory, the drain of the outbox, the audit.

Everything in one run, next to the same service with everything off; no fleet takes part, so that what is
measured is the service.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from urllib.parse import urlsplit

import aiomqtt
import psutil

from scripts.benchmarks import processes
from scripts.benchmarks.audit_cost import audit_cost
from scripts.benchmarks.table import show
from scripts.havoc import victims
from wire.components import COMPONENTS
from wire.reports import ConfigAnswer, encode
from wire.topics import Topics

CABINETS = 200
CONNECTIONS = 16
STREAMS = 1_000
ROUNDS = 5
USER, PASSWORD = "bench", "a password for this run only"
COMPONENTS_EACH = ({"coms": {"comsAddr": 3}}, {"net": {"netStaChan": 6}}, {"ota": {"otaURL": "http://h/"}})

Requests = Iterator[bytes]


def run(seconds: float) -> None:
    asyncio.run(_run(seconds))


async def _run(seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    await _rates(seconds)
    await _streams()
    await _drains()
    await audit_cost(int(400 * seconds))


KINDS = {
    "everything off: in memory, nobody signs in, no limit": (":memory:", False),
    "on disk": ("cms.sqlite3", False),
    "on disk, signed in with a token, limited": ("cms.sqlite3", True),
}


@dataclass(slots=True)
class Kind:
    """A way to run the service, and the times of the answers that it gave."""

    url: str
    token: str
    orders: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)


async def _rates(seconds: float) -> None:
    """All kinds side by side, a turn each, so that whatever else the machine does meets all of them."""
    async with contextlib.AsyncExitStack() as stack:
        kinds: dict[str, Kind] = {}
        for what, (database, signed_in) in KINDS.items():
            limit = {} if signed_in else {"CMS_ORDERS_PER_MINUTE": "0"}
            uri = await stack.enter_async_context(_broker())
            _, url, folder = await stack.enter_async_context(_service(uri, database, limit))
            kinds[what] = Kind(url, _token(folder) if signed_in else "")
        for _ in range(ROUNDS):
            for kind in kinds.values():
                kind.orders += await _hammer(kind.url, _orders(kind.token), seconds / ROUNDS)
                read = itertools.repeat(_request("GET", "/api/cabinets/cab-1", kind.token))
                kind.reads += await _hammer(kind.url, read, seconds / ROUNDS)
    off = len(next(iter(kinds.values())).orders)
    rows = [
        (
            what,
            f"{len(kind.orders) / seconds:,.0f}",
            _tail(kind.orders),
            f"{len(kind.orders) / off:.2f}",
            f"{len(kind.reads) / seconds:,.0f}",
            _tail(kind.reads),
        )
        for what, kind in kinds.items()
    ]
    title = f"POST smib-config and GET /api/cabinets/{{id}}, {CONNECTIONS} connections, {seconds:g} s each"
    show(title, ("service", "orders/s", "p50, p99", "ratio", "reads/s", "p50, p99"), rows)


async def _streams() -> None:
    async with _broker() as uri, _service(uri, "cms.sqlite3", {}) as (process, url, _):
        memory = psutil.Process(process.pid).memory_info
        before = memory().rss
        readers = await _open_streams(url, STREAMS)
        each_kb = (memory().rss - before) / STREAMS / 1024
        address = urlsplit(uri)
        times = []
        async with aiomqtt.Client(str(address.hostname), int(address.port or 0)) as client:
            for _ in range(ROUNDS):
                began = perf_counter()
                await client.publish(Topics().config, encode(_answer()))
                await asyncio.gather(*(reader.readuntil(b"config_update") for reader, _ in readers))
                times.append(perf_counter() - began)
        began = perf_counter()
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, 30)
        stopped_s = perf_counter() - began
        for _, writer in readers:
            writer.close()
    row = (f"{median(times) * 1000:.0f} ms", f"{STREAMS / median(times):,.0f}/s", f"{each_kb:.1f} KB")
    head = ("one message at all of them", "frames", "memory of a stream", "stop with all open")
    show(f"{STREAMS:,} streams on one relay, median of {ROUNDS}", head, [(*row, f"{stopped_s:.1f} s")])


async def _drains() -> None:
    rows = []
    for engine in ("SQLite", "nx-27017, which is no MongoDB"):
        with tempfile.TemporaryDirectory() as folder:
            rows.append((engine, *await _drain(Path(folder), mongodb=engine != "SQLite")))
    show("Outbox, filled while the broker was away", ("storage", "orders", "sent a second"), rows)


async def _drain(folder: Path, *, mongodb: bool) -> tuple[str, str]:
    broker, server = victims.broker(folder), victims.database(folder) if mongodb else None
    if server is not None:
        await server.start()
    database = "cms.sqlite3" if server is None else f"mongodb://127.0.0.1:{server.port}/bench"
    try:
        async with _service(f"mqtt://127.0.0.1:{broker.port}", database, {}) as (_, url, _):
            bodies = [
                _request("POST", f"/api/cabinets/cab-{n}/smib-config", "", {"smibConfig": config})
                for n in range(1, CABINETS + 1)
                for config in COMPONENTS_EACH
            ]
            await _hammer(url, iter(bodies), 120)
            await broker.start()
            rate = await _listen(broker.port, len(bodies))
    finally:
        for victim in filter(None, (broker, server)):
            await victim.kill()
    return f"{len(bodies):,}", f"{rate:,.0f}"


async def _listen(port: int, wanted: int) -> float:
    """How many orders come in a second, from the first to the last."""
    times: list[float] = []
    async with asyncio.timeout(120), aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe(Topics().relay("+"), qos=1)
        seen: set[tuple[str, bytes]] = set()
        async for message in client.messages:
            seen.add((str(message.topic), bytes(message.payload)))
            times.append(perf_counter())
            if len(seen) == wanted:
                break
    return len(times) / (times[-1] - times[0])


@contextlib.asynccontextmanager
async def _broker() -> AsyncIterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        broker = victims.broker(Path(folder))
        await broker.start()
        try:
            yield f"mqtt://127.0.0.1:{broker.port}"
        finally:
            await broker.kill()


@contextlib.asynccontextmanager
async def _service(
    uri: str, database: str, more: Mapping[str, str]
) -> AsyncIterator[tuple[subprocess.Popen[str], str, Path]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = database if database == ":memory:" or "://" in database else str(folder / database)
        env = {
            "MQTT_URI": uri,
            "CMS_DATABASE": file,
            "CMS_CABINETS": ",".join(f"cab-{n}=e831cd{n:06x}" for n in range(1, CABINETS + 1)),
            "CMS_LOG": "quiet",
            **more,
        }
        with processes.running("cms", "serve", "--port", "0", env=env) as (process, facts):
            yield process, facts["url"], folder


def _token(folder: Path) -> str:
    """A user who may order, and a token of its own; the service notices both while it runs."""

    def users(*arguments: str) -> str:
        command = [sys.executable, "-m", "cms", "users", *arguments]
        env = {**os.environ, "CMS_DATABASE": str(folder / "cms.sqlite3")}
        return subprocess.run(
            command, input=f"{PASSWORD}\n", capture_output=True, text=True, check=True, env=env
        ).stdout

    users("add", USER, "--role", "technician")
    found = re.search(r"\S{40,}", users("token", USER, "--role", "technician", "--label", "bench"))
    if found is None:
        raise RuntimeError("smib-cms users token printed no token")
    return found[0]


def _orders(token: str) -> Requests:
    for number in itertools.count():
        config = {"coms": {"comsRateMs": 40 + number % 50_000}}
        path = f"/api/cabinets/cab-{1 + number % CABINETS}/smib-config"
        yield _request("POST", path, token, {"smibConfig": config})


def _request(method: str, path: str, token: str, body: Mapping[str, object] | None = None) -> bytes:
    content = "" if body is None else json.dumps(body)
    sign = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{sign}"
    return f"{head}Content-Length: {len(content)}\r\n\r\n{content}".encode()


async def _hammer(url: str, requests: Requests, seconds: float) -> list[float]:
    """The times of all answers that ``CONNECTIONS`` callers got; it ends early with the last request."""
    parts, times = urlsplit(url), list[float]()
    deadline = perf_counter() + seconds

    async def call() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for request in requests:
            began = perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode(errors="replace"))
            await reader.readexactly(int(re.findall(rb"(?i)content-length: (\d+)", head)[0]))
            times.append(perf_counter() - began)
            if times[-1] + began > deadline:
                break
        writer.close()

    await asyncio.gather(*(call() for _ in range(CONNECTIONS)))
    return times


async def _open_streams(url: str, count: int) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts, opened = urlsplit(url), []
    path = f"/api/mqtt/config/subscribe?relayId={_answer().relay_id}"
    for _ in range(count):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        opened.append((reader, writer))
    await asyncio.gather(*(reader.readuntil(b'"connected"') for reader, _ in opened))
    return opened


def _answer() -> ConfigAnswer:
    return ConfigAnswer("e831cd000001", "coms", COMPONENTS["coms"].defaults())


def _tail(times: list[float]) -> str:
    return f"{median(times) * 1000:.1f}, {quantiles(times, n=100)[-1] * 1000:.1f} ms"
