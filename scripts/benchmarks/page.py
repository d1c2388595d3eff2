"""From a device's message to the changed DOM of the operator's page, and what the page costs (issue 6)."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from playwright.sync_api import CDPSession, Page

from scripts.benchmarks import processes
from scripts.benchmarks.clients import Mqtt
from scripts.benchmarks.table import show
from scripts.chromium import chromium
from wire.reports import Event, encode
from wire.topics import Topics

CABINETS = 1000
RATE = 200
"""Messages a second, each of which changes how its cabinet looks."""

WAIT_MS = 60_000
TURNS = (("MACHINE_LOCKED", "locked"), ("MACHINE_UNLOCKED", "online"))

WATCH = """() => {
  window.changes = [];
  window.longTasks = [];
  new MutationObserver((found) => {
    const at = performance.timeOrigin + performance.now();
    for (const { target } of found) window.changes.push([target.dataset.id, target.dataset.state, at]);
  }).observe(document.querySelector('.locations'), { subtree: true, attributeFilter: ['data-state'] });
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ entryTypes: ['longtask'] });
}"""
SCROLL = """() => new Promise((done) => {
  const gaps = [];
  let last = performance.now();
  const step = (now) => {
    gaps.push(now - last);
    last = now;
    scrollBy(0, gaps.length % 240 < 120 ? 60 : -60);
    if (gaps.length < 240) requestAnimationFrame(step);
    else done(gaps.slice(1));
  };
  requestAnimationFrame(step);
})"""


@dataclass
class Traffic:
    """Messages at a steady rate, in a thread of their own; ``sent`` has when each change was ordered."""

    mqtt: Mqtt
    relays: Sequence[str]
    seconds: float
    count: int = 0
    sent: dict[tuple[str, str], deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        topics, started = Topics(), time.perf_counter()
        while self.count < RATE * self.seconds:
            self._say(topics)
            time.sleep(max(0.0, self.count / RATE - (time.perf_counter() - started)))

    def _say(self, topics: Topics) -> None:
        number = self.count % CABINETS
        typ, state = TURNS[self.count // CABINETS % 2]
        relay_id = self.relays[number]
        self.sent[f"cab-{number + 1}", state].append(time.time() * 1000)
        self.mqtt.client.publish(topics.server(relay_id), encode(Event(typ, relay_id, "")))
        self.count += 1


def run(minutes: float) -> None:
    """With each broker that is there."""
    show(
        f"The page: {CABINETS:,} cabinets, {RATE} messages a second, {minutes:g} min",
        ("broker", "message to DOM", "of", "tasks over 50 ms", "frame while scrolling", "script memory"),
        [(engine, *_measured(engine, minutes * 60)) for engine in processes.engines()],
    )


def _measured(engine: str, seconds: float) -> Sequence[str]:
    relays = [f"e831cd{number:06x}" for number in range(CABINETS)]
    with processes.broker(engine) as uri, processes.cms(uri, relays) as url, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url)
        page.locator(".place").nth(CABINETS - 1).wait_for(state="attached", timeout=WAIT_MS)
        devtools = page.context.new_cdp_session(page)
        before = _heap_mb(devtools)
        page.evaluate(WATCH)
        with Mqtt(uri, "bench/nothing") as mqtt:
            traffic = Traffic(mqtt, relays, seconds)
            waits, gaps = _followed(page, traffic)
        longs = page.evaluate("window.longTasks")
        after = _heap_mb(devtools)
    return (
        f"{median(waits):.0f} ms (p99 {_p99(waits):.0f})",
        f"{len(waits):,} of {traffic.count:,} changes",
        f"{len(longs)}, longest {max(longs, default=0):.0f} ms",
        f"{median(gaps):.0f} ms (p99 {_p99(gaps):.0f})",
        f"{before:.1f} MB, then {after:.1f} MB",
    )


def _followed(page: Page, traffic: Traffic) -> tuple[list[float], list[float]]:
    """Milliseconds from each message to its change in the page, and between frames while it is scrolled."""
    waits: list[float] = []
    gaps: list[float] = []
    thread = traffic.start()
    while thread.is_alive() or len(waits) < traffic.count:
        changes = page.evaluate("window.changes.splice(0)")
        if not changes and not thread.is_alive():
            break
        for cabinet_id, state, at in changes:
            waits.append(at - traffic.sent[cabinet_id, state].popleft())
        if not gaps and traffic.count > RATE * traffic.seconds / 2:
            gaps = page.evaluate(SCROLL)
        page.wait_for_timeout(1000)
    return waits, gaps


def _heap_mb(devtools: CDPSession) -> float:
    devtools.send("HeapProfiler.collectGarbage")
    devtools.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
    return float(metrics["JSHeapUsedSize"]) / 1e6


def _p99(samples: Sequence[float]) -> float:
    return quantiles(samples, n=100)[-1]
