"""From POST of a config request to its SSE frame, next to a bare MQTT request and answer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from statistics import median
from time import perf_counter

from scripts.benchmarks import processes
from scripts.benchmarks.clients import WAIT_SECONDS, Api, Mqtt, Stream
from scripts.benchmarks.table import milliseconds, show
from wire.orders import ConfigRequest, encode
from wire.topics import Topics

DEVICES = 25
AIM = 3.0


def run(rounds: int) -> None:
    rows = [_measure(engine, rounds) for engine in processes.engines()]
    show(
        f"Round trip, {DEVICES} devices, {rounds} rounds in turn (aim: at most {AIM:.0f} times the bare one)",
        ("broker", "HTTP, MQTT, device, MQTT, SSE", "bare MQTT request and answer", "ratio of medians"),
        rows,
    )


def _measure(engine: str, rounds: int) -> tuple[str, str, str, str]:
    with contextlib.ExitStack() as stack:
        uri = stack.enter_context(processes.broker(engine))
        _, relays = stack.enter_context(processes.fleet(uri, DEVICES))
        url = stack.enter_context(processes.cms(uri, relays))
        stream = stack.enter_context(contextlib.closing(Stream(url, relays[0])))
        bare = stack.enter_context(Mqtt(uri, Topics().config))
        api, topic, request = Api(url), Topics().relay(relays[1]), encode(ConfigRequest("mqtt"))

        def through_the_cms() -> None:
            api.post("/api/mqtt/config/request", {"relayId": relays[0], "component": "mqtt"})
            stream.next_of("config_update")

        def straight_to_the_device() -> None:
            bare.client.publish(topic, request)
            while relays[1].encode() not in bare.arrived.get(timeout=WAIT_SECONDS):
                pass

        full, plain = _in_turn(rounds, through_the_cms, straight_to_the_device)
        return engine, milliseconds(full), milliseconds(plain), f"{median(full) / median(plain):.2f}"


def _in_turn(rounds: int, *actions: Callable[[], None]) -> list[list[float]]:
    """Seconds that each action took, a warm-up left out; taken in turn, so that noise hits all alike."""
    samples: list[list[float]] = [[] for _ in actions]
    for turn in range(rounds + rounds // 10):
        for action, taken in zip(actions, samples, strict=True):
            started = perf_counter()
            action()
            if turn >= rounds // 10:
                taken.append(perf_counter() - started)
    return samples
