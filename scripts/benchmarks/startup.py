"""How long it takes until a floor answers, and what 500 devices cost."""

from __future__ import annotations

from statistics import median
from time import perf_counter

import psutil

from scripts.benchmarks import processes
from scripts.benchmarks.clients import Api
from scripts.benchmarks.table import show

REPEATS = 3
LAB_DEVICES = 25
AIM_SECONDS = 3.0
FLEET_DEVICES = 500


def lab(repeats: int = REPEATS) -> None:
    """Cold start of `smib-lab up` to the first configuration that a device answered."""
    ports = ("--port", "0", "--mqtt-port", "0", "--ws-port", "0", "--plain")
    ready, answered = [], []
    for _ in range(repeats):
        started = perf_counter()
        with processes.running("simulator", "up", "--count", str(LAB_DEVICES), *ports) as (_, facts):
            ready.append(perf_counter() - started)
            _first_answer(facts["url"])
            answered.append(perf_counter() - started)
    show(
        f"smib-lab up, {LAB_DEVICES} devices, median of {repeats} (aim: {AIM_SECONDS:.0f} s)",
        ("until it says ready", "until a device answered a request"),
        [(f"{median(ready):.2f} s", f"{median(answered):.2f} s")],
    )


def fleet(repeats: int = REPEATS) -> None:
    """Process start to 500 connected and subscribed devices, and the memory of each further one."""
    rows = []
    for engine in processes.engines():
        times, memory = [], []
        for _ in range(repeats):
            with processes.broker(engine) as uri:
                alone = _fleet_of(uri, 1)[1]
                seconds, whole = _fleet_of(uri, FLEET_DEVICES)
            times.append(seconds)
            memory.append((whole - alone) / (FLEET_DEVICES - 1))
        rows.append((engine, f"{median(times):.2f} s", f"{median(memory) / 1024:.1f} KiB"))
    show(
        f"{FLEET_DEVICES} devices connected and subscribed, median of {repeats}",
        ("broker", "from process start", "memory of each further device"),
        rows,
    )


def _fleet_of(uri: str, count: int) -> tuple[float, int]:
    started = perf_counter()
    options = ("--count", str(count), "--seed", "1", "--broker", uri)
    with processes.running("simulator", "fleet", *options) as (process, facts):
        seconds = perf_counter() - started
        if facts["subscribed"] != str(count):
            raise RuntimeError(f"{facts['subscribed']} of {count} devices subscribed")
        return seconds, psutil.Process(process.pid).memory_info().rss


def _first_answer(url: str) -> None:
    api = Api(url)
    relay = api.get("/api/cabinets")["data"][0]["relayId"]
    answer = api.post("/api/mqtt/config/request?wait=5", {"relayId": relay, "component": "coms"})
    assert answer["data"]["comp"] == "coms"
