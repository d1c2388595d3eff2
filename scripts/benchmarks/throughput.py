"""Config requests per second through REST, and frames per second to many SSE streams."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

from scripts.benchmarks import processes
from scripts.benchmarks.clients import Mqtt, Stream
from scripts.benchmarks.table import show
from wire.components import COMPONENTS
from wire.reports import ConfigAnswer, encode
from wire.topics import Topics

DEVICES = 25
CONNECTIONS = 16
STREAMS = 100
BATCH = 100
REPEATS = 3


def requests(seconds: float) -> None:
    """POST /api/mqtt/config/request as fast as it goes, next to GET /healthz, which touches nothing."""
    rows = []
    for engine in processes.engines():
        with contextlib.ExitStack() as stack:
            uri = stack.enter_context(processes.broker(engine))
            _, relays = stack.enter_context(processes.fleet(uri, DEVICES))
            url = stack.enter_context(processes.cms(uri, relays))
            body = json.dumps({"relayId": relays[0], "component": "mqtt"})
            posts = asyncio.run(_rate(url, "POST", "/api/mqtt/config/request", body, seconds))
            health = asyncio.run(_rate(url, "GET", "/healthz", "", seconds))
        rows.append((engine, f"{posts:,.0f}", f"{health:,.0f}", f"{posts / health:.2f}"))
    show(
        f"Requests per second, {CONNECTIONS} connections, one in flight on each, {seconds:.0f} s",
        ("broker", "POST /api/mqtt/config/request", "GET /healthz", "ratio"),
        rows,
    )


def streams(batches: int) -> None:
    """Config answers published straight to the broker, until all streams of their relay have them."""
    rows = []
    for engine in processes.engines():
        with processes.broker(engine) as uri, processes.cms(uri, ["e831cdfa8384"]) as url:
            rates = [_fan_out(uri, url, batches) for _ in range(REPEATS)]
            one = [_fan_out(uri, url, batches, streams=1) for _ in range(REPEATS)]
        rows.append((engine, f"{median(rates):,.0f}", f"{median(one):,.0f}"))
    show(
        f"SSE frames per second, batches of {BATCH} answers, median of {REPEATS}",
        ("broker", f"{STREAMS} streams on one relay", "1 stream"),
        rows,
    )


async def _rate(url: str, method: str, path: str, body: str, seconds: float) -> float:
    parts = urlsplit(url)
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
    deadline = perf_counter() + seconds
    started = perf_counter()
    counts = await asyncio.gather(
        *(_hammer(str(parts.hostname), parts.port or 80, request, deadline) for _ in range(CONNECTIONS))
    )
    return sum(counts) / (perf_counter() - started)


async def _hammer(host: str, port: int, request: bytes, deadline: float) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    done = 0
    while perf_counter() < deadline:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode(errors="replace"))
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        done += 1
    writer.close()
    return done


def _fan_out(uri: str, url: str, batches: int, streams: int = STREAMS) -> float:
    relay = "e831cdfa8384"
    payload = encode(ConfigAnswer(relay, "coms", COMPONENTS["coms"].defaults()))
    with contextlib.ExitStack() as stack, Mqtt(uri, "bench/nothing") as mqtt:
        opened = [stack.enter_context(contextlib.closing(Stream(url, relay))) for _ in range(streams)]
        started = perf_counter()
        for _ in range(batches):
            reader = threading.Thread(target=_drain, args=(opened, BATCH))
            reader.start()
            for _ in range(BATCH):
                mqtt.client.publish(Topics().config, payload)
            reader.join()
        return batches * BATCH * streams / (perf_counter() - started)


def _drain(opened: list[Stream], count: int) -> None:
    for stream in opened:
        for _ in range(count):
            stream.next_of("config_update")
