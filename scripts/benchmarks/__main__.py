"""``scripts/bench [NAME…] [--quick]``: what is measured, and how often."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from scripts.benchmarks import (
    candidates,
    fleet,
    hostile,
    page,
    round_trip,
    service,
    startup,
    throughput,
)

BENCHMARKS: Mapping[str, tuple[str, Callable[[argparse.Namespace], None]]] = {
    "round-trip": (
        "POST to SSE frame, next to bare MQTT",
        lambda options: round_trip.run(50 if options.quick else 500),
    ),
    "requests": (
        "config requests per second",
        lambda options: throughput.requests(1 if options.quick else 5),
    ),
    "streams": (
        "SSE frames per second to 100 streams",
        lambda options: throughput.streams(2 if options.quick else 20),
    ),
    "page": (
        "message to the changed page, and its memory",
        lambda options: page.run(0.1 if options.quick else options.minutes),
    ),
    "service": (
        "orders, streams, memory, outbox, audit",
        lambda options: service.run(0.5 if options.quick else 5),
    ),
    "hostile": (
        "100,000 messages that no SMIB would send",
        lambda options: hostile.run(5_000 if options.quick else 100_000),
    ),
    "start": ("cold start of the lab", lambda options: startup.lab(1 if options.quick else 3)),
    "fleet": ("what devices cost, say and stand", lambda options: fleet.run(1 if options.quick else 3)),
    "clients": ("MQTT clients under a device", lambda options: candidates.run(1 if options.quick else 3)),
}


def main() -> None:
    listing = "\n".join(f"  {name:<12} {what}" for name, (what, _) in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/bench", formatter_class=argparse.RawDescriptionHelpFormatter, description=listing
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure (default: all)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds: does it still run?")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long page watches (default: 1)")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    for name in options.names or BENCHMARKS:
        BENCHMARKS[name][1](options)


if __name__ == "__main__":
    main()
