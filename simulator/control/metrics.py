"""The fleet in figures, as Prometheus reads them. No label names a device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from simulator.fleet.fleet import Fleet

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics_text(fleet: Fleet) -> str:
    """All figures at this moment."""
    return "".join(f"{line}\n" for line in _lines(fleet))


def _lines(fleet: Fleet) -> Iterator[str]:
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


def _family(name: str, kind: str, says: str, label: str | None, values: Mapping[str, int]) -> Iterator[str]:
    yield f"# HELP {name} {says}"
    yield f"# TYPE {name} {kind}"
    for key, value in sorted(values.items()):
        yield f"{name} {value}" if label is None else f'{name}{{{label}="{key}"}} {value}'
