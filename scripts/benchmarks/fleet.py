"""A fleet at Mosquitto, next to bare sockets in the same run; at the embedded broker as far as it goes."""

from __future__ import annotations

import shutil

from scripts.benchmarks import fleet_cost, fleet_traffic

PEERS = ("emqtt_bench", "mqttx")


def run(repeats: int) -> None:
    fleet_traffic.embedded(repeats)
    if shutil.which("mosquitto") is None:
        print("Mosquitto is not installed here: the embedded broker's figures are all there are.")
        return
    absent = [name for name in PEERS if shutil.which(name) is None]
    if absent:
        print(f"Not measured beside it, because not installed here: {', '.join(absent)}.")
    fleet_cost.idle()
    for measure in (fleet_cost.ramp, fleet_cost.memory, fleet_cost.interrupt):
        measure(repeats)
    for measure in (
        fleet_traffic.answers,
        fleet_traffic.storm,
        fleet_traffic.events,
        fleet_traffic.recovery,
    ):
        measure(repeats)
