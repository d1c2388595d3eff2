"""``scripts/bench [NAME…] [--quick]``: what is measured, and how often."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from scripts.benchmarks import round_trip, startup, throughput

BENCHMARKS: Mapping[str, tuple[str, Callable[[bool], None]]] = {
    "round-trip": (
        "POST to SSE frame, next to bare MQTT",
        lambda quick: round_trip.run(50 if quick else 500),
    ),
    "requests": ("config requests per second", lambda quick: throughput.requests(1 if quick else 5)),
    "streams": ("SSE frames per second to 100 streams", lambda quick: throughput.streams(2 if quick else 20)),
    "start": ("cold start of the lab", lambda quick: startup.lab(1 if quick else 3)),
    "fleet": ("time and memory to 500 devices", lambda quick: startup.fleet(1 if quick else 3)),
}


def main() -> None:
    listing = "\n".join(f"  {name:<12} {what}" for name, (what, _) in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/bench", formatter_class=argparse.RawDescriptionHelpFormatter, description=listing
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure (default: all)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds: does it still run?")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    for name in options.names or BENCHMARKS:
        BENCHMARKS[name][1](options.quick)


if __name__ == "__main__":
    main()
