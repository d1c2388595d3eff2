"""What a fleet costs before anything happens on its floor: time, memory, processor; and how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from statistics import median
from time import perf_counter, sleep

import psutil

from scripts.benchmarks import processes
from scripts.benchmarks.herd import BARE, FLEET, KINDS, herd
from scripts.benchmarks.secure_broker import is_possible, secure_broker
from scripts.benchmarks.table import show

SIZES = (5_000, 10_000)
AIMS_S = {5_000: 2.5, 10_000: 5.0}
IDLE_S = 60.0
"""Two heartbeats and a keepalive of each device."""
UNDER_WAY = 1_000
"""Open files of a ramp that is interrupted."""


def ramp(repeats: int) -> None:
    """From the start of the process until every subscription is acknowledged."""
    rows = []
    for size in SIZES:
        times: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for _ in range(repeats):
            for kind in KINDS:
                with processes.broker("mosquitto") as uri, herd(kind, uri, size) as there:
                    times[kind].append(there.seconds)
        fleet, bare = (median(times[kind]) for kind in KINDS)
        rows.append(
            (f"{size:,}", f"{AIMS_S[size]} s", f"{fleet:.2f} s", f"{bare:.2f} s", f"{fleet / bare:.2f}")
        )
    head = ("devices", "aim", FLEET, BARE, "ratio")
    show(f"From process start to the last SUBACK, median of {repeats}", head, rows)


def memory(repeats: int) -> None:
    """What each further connection adds to the process: the slope between two sizes."""
    rows = [("TCP", "10 KiB", *(_slope(repeats, kind, 2_000, 6_000) for kind in KINDS))]
    if is_possible():
        rows.append(("TLS", "60 KiB", _slope(repeats, FLEET, 500, 1_500, secure=True), "-"))
    show(f"Memory of each further device, median of {repeats}", ("line", "aim", FLEET, BARE), rows)


def idle() -> None:
    """Processor time of 10,000 devices that nobody asks anything: heartbeats and keepalives."""
    with processes.broker("mosquitto") as uri, herd(FLEET, uri, 10_000) as there:
        before = there.cpu_s
        sleep(IDLE_S)
        share = (there.cpu_s - before) / IDLE_S
    show(f"10,000 idle devices, {IDLE_S:g} s", ("aim", "of one core"), [("5 %", f"{share:.1%}")])


def interrupt(repeats: int) -> None:
    """Ctrl-C while 10,000 devices connect: until the process is gone, with its summary."""
    times = []
    for _ in range(repeats):
        with processes.broker("mosquitto") as uri:
            times.append(_interrupted(uri))
    head = ("aim", "until the process is gone")
    show("Ctrl-C in the ramp of 10,000", head, [("3 s", f"{median(times):.2f} s")])


def _slope(repeats: int, kind: str, low: int, high: int, *, secure: bool = False) -> str:
    slopes = []
    for _ in range(repeats):
        sizes = []
        for size in (low, high):
            if secure:
                with secure_broker() as (uri, ca), herd(kind, uri, size, "--ca-file", ca) as there:
                    sizes.append(there.memory)
            else:
                with processes.broker("mosquitto") as uri, herd(kind, uri, size) as there:
                    sizes.append(there.memory)
        slopes.append((sizes[1] - sizes[0]) / (high - low) / 1024)
    return f"{median(slopes):.1f} KiB"


def _interrupted(uri: str) -> float:
    command = [sys.executable, "-m", "simulator", "fleet", "--count", "10000", "--broker", uri]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while psutil.Process(process.pid).num_fds() < UNDER_WAY:
        sleep(0.01)
    process.send_signal(signal.SIGINT)
    began = perf_counter()
    _, said = process.communicate(timeout=30)
    if "fleet devices=10000" not in said:
        raise RuntimeError(f"a summary was wanted, not {said!r}")
    return perf_counter() - began
