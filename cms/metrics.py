"""The figures of the service for Prometheus, made when somebody asks: nothing is counted twice for them.

No figure has a label per device: a floor of 10,000 would make as many series of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from cms.floor import BUCKETS_S
from cms.handlers.health import Health
from cms.handlers.monitoring import Monitoring

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

MEDIA = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The library is loaded, and a registry made, at the first request: the start does without (10 ms)."""

    def __init__(self, monitoring: Monitoring, health: Health) -> None:
        self._monitoring = monitoring
        self._health = health
        self._registry: CollectorRegistry | None = None

    def text(self) -> bytes:
        """Every figure, as Prometheus reads it."""
        from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

        if self._registry is None:
            self._registry = CollectorRegistry(auto_describe=False)
            self._registry.register(self)
            ProcessCollector(registry=self._registry)
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """What the library asks a collector for."""
        floor, service = self._monitoring.floor(), self._monitoring.service()
        yield from _floor(floor)
        yield from _service(service)
        yield self._answers()
        state = self._health.parts()
        parts = {**dict.fromkeys(state.working, 1), **{problem.field: 0 for problem in state.problems}}
        yield _gauge("cms_part_well", "1 where a part that the service needs is well", parts, "part")

    def _answers(self) -> Metric:
        from prometheus_client.core import HistogramMetricFamily

        floor = self._monitoring.monitor.floor
        bounds = (*map(str, BUCKETS_S), "+Inf")
        buckets = list(zip(bounds, map(float, accumulate(floor.histogram)), strict=True))
        return HistogramMetricFamily(
            "cms_answer_seconds", "From an order to its device's answer", buckets, floor.answers.total_s
        )


def _floor(floor: Mapping[str, Any]) -> Iterator[Metric]:
    yield _gauge("cms_cabinets", "Cabinets in each state", floor["states"], "state")
    yield _gauge("cms_cabinets_online", "Cabinets that are online", floor["online"])
    yield _gauge("cms_cabinets_out_of_step", "Cabinets that report other values", floor["outOfStep"])
    yield _counter("cms_device_errors", "Errors of devices", floor["errors"], "kind")
    yield _counter("cms_device_reconnects", "Devices that came back", floor["reconnects"])
    unknown = floor["unknown"]["messages"]
    yield _counter("cms_unknown_relay_messages", "Messages of relays that no cabinet has", unknown)


def _service(service: Mapping[str, Any]) -> Iterator[Metric]:
    queues, outbox, streams = service["queues"], service["outbox"], dict(service["streams"])
    limit = streams.pop("limit")
    yield _gauge("cms_uptime_seconds", "Since the start", service["uptimeS"])
    yield _gauge("cms_broker_connected", "1 while the broker is connected", service["broker"]["connected"])
    connects = service["broker"]["connects"]
    yield _counter("cms_broker_connects", "How often the broker was connected", connects)
    yield _counter("cms_messages_routed", "Messages that named their relay", queues["routed"])
    yield _counter("cms_messages_refused", "Messages that can't be routed", queues["refused"], "kind")
    yield _counter("cms_messages_dropped", "Messages that slow readers missed", queues["dropped"])
    yield _gauge("cms_outbox_waiting", "Orders that are to be sent", outbox["waiting"])
    yield _gauge("cms_outbox_unconfirmed", "Orders that were sent", outbox["unconfirmed"])
    yield _gauge("cms_outbox_oldest_seconds", "Age of the oldest that waits", outbox["oldestAgeS"] or 0)
    yield _gauge("cms_batches_open", "Orders to many cabinets", service["batches"]["open"])
    yield _counter("cms_batches", "Orders to many cabinets", service["batches"]["total"])
    yield _gauge("cms_streams_open", "Event streams", streams, "kind")
    yield _gauge("cms_streams_limit", "How many may be open", limit)
    yield _counter("cms_floor_frames", "Frames of the floor stream", service["frames"])


def _gauge(name: str, about: str, value: Any, label: str = "") -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    return _filled(GaugeMetricFamily(name, about, labels=[label] if label else None), value, label)


def _counter(name: str, about: str, value: Any, label: str = "") -> Metric:
    from prometheus_client.core import CounterMetricFamily

    return _filled(CounterMetricFamily(name, about, labels=[label] if label else None), value, label)


def _filled(family: Any, value: Any, label: str) -> Metric:
    pairs: Iterable[tuple[list[str], Any]] = (
        (([key], count) for key, count in value.items()) if label else [([], value)]
    )
    for labels, count in pairs:
        family.add_metric(labels, float(count))
    metric: Metric = family
    return metric
