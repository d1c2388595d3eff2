"""How long it takes until a floor answers."""

from __future__ import annotations

from statistics import median
from time import perf_counter

from scripts.benchmarks import processes
from scripts.benchmarks.clients import Api
from scripts.benchmarks.table import show

REPEATS = 3
LAB_DEVICES = 25
AIM_SECONDS = 3.0


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


def _first_answer(url: str) -> None:
    api = Api(url)
    relay = api.get("/api/cabinets")["data"][0]["relayId"]
    answer = api.post("/api/mqtt/config/request?wait=5", {"relayId": relay, "component": "coms"})
    assert answer["data"]["comp"] == "coms"
