"""MQTT clients under the same devices: ours, paho on asyncio, gmqtt."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from scripts.benchmarks import processes
from scripts.benchmarks.asker import Asker
from scripts.benchmarks.herd import herd
from scripts.benchmarks.table import show

KINDS = ("ours", "paho", "gmqtt")
SIZES = (1_000, 3_000)
ROUNDS = 10
IN_FLIGHT = 64

Figures = dict[str, float]
UNITS: dict[str, Callable[[float], str]] = {
    "3,000 subscribed": lambda value: f"{value:.2f} s",
    "processor time to that": lambda value: f"{value:.2f} s",
    "memory of each further": lambda value: f"{value:.1f} KiB",
    "processor time of an answer": lambda value: f"{value:.0f} us",
}


def run(repeats: int) -> None:
    found: dict[str, list[Figures]] = {kind: [] for kind in KINDS}
    for _ in range(repeats):
        for kind in KINDS:
            found[kind].append(_measured(kind))
    rows = [
        (kind, *(unit(median(each[name] for each in found[kind])) for name, unit in UNITS.items()))
        for kind in KINDS
    ]
    show(f"MQTT clients under the same devices, median of {repeats}", ("client", *UNITS), rows)


def _measured(kind: str) -> Figures:
    few, many = SIZES
    with processes.broker("mosquitto") as uri:
        with herd(kind, uri, few) as there:
            small = there.memory
        with herd(kind, uri, many) as there, Asker(uri) as asker:
            cpu_s, memory = there.cpu_s, there.memory
            asker.ask(there.relays, 1, IN_FLIGHT)
            before = there.cpu_s
            asker.ask(there.relays, ROUNDS, IN_FLIGHT)
            spent = there.cpu_s - before
    figures = (there.seconds, cpu_s, (memory - small) / (many - few) / 1024, spent / ROUNDS / many * 1e6)
    return dict(zip(UNITS, figures, strict=True))
