"""Messages that no SMIB would send, as fast as the service takes them; real ones between, which must come."""

from __future__ import annotations

import contextlib
import json
import random
import string
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from scripts.benchmarks import processes
from scripts.benchmarks.clients import Api, Mqtt, Stream
from scripts.benchmarks.table import show
from wire.topics import Topics

RELAY = "e831cdfa8384"
BETWEEN = 100
"""Hostile messages between two real ones."""

TOPICS = Topics()


@dataclass(frozen=True, slots=True)
class Attack:
    """What came of it: how many real messages are ``missing``, what the hub counted, and the memory of the
    service in MB after a fifth of the messages and after all of them."""

    sent: int
    missing: int
    refused: int
    routed: int
    early_mb: float
    late_mb: float
    seconds: float


def run(messages: int) -> None:
    found = attack(messages, random.Random(1))
    row = (
        f"{found.sent:,}",
        f"{found.sent / found.seconds:,.0f}",
        str(found.missing),
        f"{found.refused:,}",
        f"{found.early_mb:.1f} MB",
        f"{found.late_mb:.1f} MB",
    )
    head = (
        "hostile messages",
        "a second",
        "real ones missing",
        "refused",
        "memory after a fifth",
        "at the end",
    )
    show(f"Hostile messages, one real message behind each {BETWEEN}", head, [row])


def attack(messages: int, chance: random.Random) -> Attack:
    """Send ``messages`` of them to a service of its own."""
    with (
        processes.broker(processes.engines()[-1]) as uri,
        processes.service(uri, [RELAY]) as (process, url),
        Mqtt(uri, "bench/nothing") as mqtt,
    ):
        memory = psutil.Process(process.pid).memory_info
        stream, began, missing, early = Stream(url, RELAY), time.perf_counter(), 0, 0
        for number in range(1, messages + 1):
            mqtt.client.publish(*hostile(chance))
            if number % BETWEEN == 0:
                real = {"rly": RELAY, "typ": "cfg", "comp": "coms", "number": number}
                mqtt.client.publish(TOPICS.config, json.dumps(real))
                missing += not _arrives(stream, number)
            if number == messages // 5:
                early = memory().rss
        seconds, late = time.perf_counter() - began, memory().rss
        with contextlib.closing(stream), contextlib.closing(Api(url)) as api:
            queues = api.get("/api/monitoring")["service"]["queues"]
    refused = sum(queues["refused"].values())
    return Attack(messages, missing, refused, queues["routed"], early / 2**20, late / 2**20, seconds)


def hostile(chance: random.Random) -> tuple[str, bytes]:
    """A topic that the service listens on, and a payload that is wrong in one of many ways."""
    topics = (TOPICS.config, TOPICS.shared_server, TOPICS.legacy_server, TOPICS.server(_relay(chance)))
    return chance.choice(topics), chance.choice(_WRONG)(chance)


def _arrives(stream: Stream, number: int) -> bool:
    """Whether the next real message on the stream is this one."""
    while (found := stream.next_of("config_update")["data"].get("number")) is None:
        continue
    return bool(found == number)


def _relay(chance: random.Random) -> str:
    return "".join(chance.choices(string.hexdigits.lower(), k=12))


def _json(fields: object) -> bytes:
    return json.dumps(fields).encode()


def _cut(chance: random.Random) -> bytes:
    whole = _json({"rly": RELAY, "typ": "cfg", "comp": "net", "netStaSSID": "x" * 20})
    return whole[: chance.randrange(len(whole))]


def _odd_relay(chance: random.Random) -> bytes:
    odd: tuple[object, ...] = (
        0,
        None,
        [],
        {},
        True,
        "",
        "a/b",
        "#",
        "+",
        "x" * 65,
        "\u0000",
        "\ud800",
        1e308,
    )
    return _json({"rly": chance.choice(odd), "typ": "cfg", "comp": "mqtt"})


def _odd_event(chance: random.Random) -> bytes:
    typ = chance.choice(("MACHINE_LOCKED", "cfg", "rsp", "exp", "", None, 7, ["cfg"], {"cfg": 1}))
    pyd = chance.choice(("x" * 5_000, None, -1, {"a": [1] * 50}, "\n\r\u2028data: {}", 10**300))
    return _json({"rly": _relay(chance), "typ": typ, "pyd": pyd, "comp": pyd})


_WRONG: tuple[Callable[[random.Random], bytes], ...] = (
    lambda chance: chance.randbytes(chance.randrange(200)),
    lambda _: b"[" * 50_000,
    lambda _: b'{"a":' * 10_000,
    lambda _: b'{"rly":"' + b"x" * 70_000 + b'"}',
    lambda _: b'{"rly":"e831cdfa8384","typ":"cfg","comp":NaN}',
    lambda _: b'{"rly":"e831cdfa8384","rly":"e831cdfa8385"}',
    lambda _: b"\xff\xfe{}",
    lambda _: b"",
    lambda chance: _json([_relay(chance)] * 50),
    lambda chance: _json({f"field{n}": n for n in range(chance.randrange(3_000))}),
    _cut,
    _odd_relay,
    _odd_event,
)
