"""The fleet in figures, as Prometheus reads them. No label names a device."""

from __future__ import annotations

import json
import resource
from collections import Counter
from collections.abc import Iterator, Mapping

from simulator.fleet.fleet import Fleet
from simulator.fleet.latency import Latencies
from simulator.fleet.reading import Reading

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
STAGES = ("devices", "connected", "subscribed", "answering", "missing")


def metrics_text(fleet: Fleet, reading: Reading) -> str:
    """All figures at this moment; `reading` is what a tally has of the fleet."""
    return "".join(
        f"{line}\n" for lines in (_fleet(fleet), _reading(reading), _itself(reading)) for line in lines
    )


def _fleet(fleet: Fleet) -> Iterator[str]:
    counters: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    paused = 0
    for session in fleet:
        counters.update(session.device.counters)
        faults.update(str(spec["kind"]) for spec in session.faults.values())
        paused += session.paused
    yield from _family("smib_fleet_devices", "gauge", "Devices by state.", "state", fleet.counts)
    yield from _family("smib_fleet_paused", "gauge", "Devices that are paused.", None, {"": paused})
    yield from _family("smib_fleet_faults", "gauge", "Faults that devices have now, by kind.", "kind", faults)
    yield from _family(
        "smib_fleet_events_total", "counter", "What happened to devices, by kind.", "kind", fleet.totals
    )
    yield from _family(
        "smib_fleet_device_counters_total",
        "counter",
        "What the devices themselves count, together.",
        "counter",
        counters,
    )


def _reading(reading: Reading) -> Iterator[str]:
    reached = {stage: getattr(reading, stage) for stage in STAGES}
    says = "Devices that were to be, are connected, were ever subscribed, ever answered, or are missing."
    yield from _family("smib_fleet_reached", "gauge", says, "stage", reached)
    errors = "Connections refused or lost, and devices that failed, by reason."
    yield from _family("smib_fleet_errors_total", "counter", errors, "reason", reading.errors)
    answers = "From an order to its first answer: the device's own share."
    yield from _histogram("smib_fleet_answer_seconds", answers, reading.answers)


def _itself(reading: Reading) -> Iterator[str]:
    """How the generator itself is doing."""
    behind = "How late what was due came about."
    yield from _histogram("smib_fleet_behind_seconds", behind, reading.behind)
    lag = "How long the event loop kept others waiting, looked at every tenth of a second."
    yield from _histogram("smib_fleet_loop_lag_seconds", lag, reading.lag)
    missed = "Whether the fleet was too slow for its own schedule: its rates say nothing then."
    yield from _family(
        "smib_fleet_missed_its_rate", "gauge", missed, None, {"": int(reading.missed_its_rate)}
    )
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = {"": round(used.ru_utime + used.ru_stime, 3)}
    yield from _family("smib_fleet_cpu_seconds_total", "counter", "Processor time of its process.", None, cpu)


def _family(
    name: str, kind: str, says: str, label: str | None, values: Mapping[str, int | float]
) -> Iterator[str]:
    yield f"# HELP {name} {says}"
    yield f"# TYPE {name} {kind}"
    for key, value in sorted(values.items()):
        yield f"{name} {value}" if label is None else f"{name}{{{label}={json.dumps(key)}}} {value}"


def _histogram(name: str, says: str, times: Latencies) -> Iterator[str]:
    yield f"# HELP {name} {says}"
    yield f"# TYPE {name} histogram"
    for bound_s in BOUNDS_S:
        yield f'{name}_bucket{{le="{bound_s:g}"}} {times.count - times.over(int(bound_s * 1e6))}'
    yield f'{name}_bucket{{le="+Inf"}} {times.count}'
    yield f"{name}_sum {times.total_us / 1e6:.6f}"
    yield f"{name}_count {times.count}"
