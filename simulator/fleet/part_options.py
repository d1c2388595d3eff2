"""The options by which a fleet is split: over processes of this machine, or over machines."""

from __future__ import annotations

import argparse
import os

from simulator.errors import FleetPlanError
from simulator.fleet.open_files import most_connections
from simulator.fleet.plan import FleetPlan
from simulator.fleet.shard import MOST_SHARDS, WANTED, Shard, shard

FEW = 5_000
"""Devices that one process is not at all busy with; beyond that it is as many as cores allow."""
MOST_PROCESSES = 64
INDEX = "JOB_COMPLETION_INDEX"
"""What Kubernetes tells each pod of an indexed job, counted from 0."""
OF_JOB = "job/"


def add_part_options(parser: argparse.ArgumentParser) -> None:
    """`--processes` and `--shard`, and what a process of a fleet is told beside."""
    parser.add_argument(
        "--processes",
        type=_processes,
        metavar="N",
        help=f"run the fleet in so many processes (default: one for every {FEW} devices, where there is a "
        "core for each beside the broker's, and as many as the limit of open files asks for)",
    )
    parser.add_argument(
        "--shard",
        type=_shard,
        metavar="K/N",
        help="run one part of N of the fleet: the same file and seed give the same devices whatever the "
        f"parts; job/N takes K from {INDEX}, as a Kubernetes job gives it",
    )
    parser.add_argument(
        "--workers",
        metavar="ADDRESS",
        help="run a part of the fleet on each worker of the Dask cluster whose scheduler is there, as "
        "tcp://192.0.2.7:8786, and gather them here",
    )
    parser.add_argument("--feed", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--plain", action="store_true", help="lines instead of a screen, on a terminal too")


def processes_for(args: argparse.Namespace, plan: FleetPlan) -> int:
    """How many processes are to run the plan; FleetPlanError for more than devices."""
    alone = args.control_port is not None
    processes = args.processes or (1 if alone else suited(plan.share, cores(), most_connections()))
    if processes > plan.share:
        raise FleetPlanError(f"--processes: at most one for each of {plan.share} devices was wanted.")
    return processes


def cores() -> int:
    """How many of the machine's this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def suited(devices: int, cores: int, connections: int | None) -> int:
    """How many processes such a fleet is best run in, each of which may have so many connections.

    The broker wants a core for itself: processes that take it from each other are slower than one.
    """
    wanted = min(-(-devices // FEW), max(1, cores - 1))
    needed = 1 if not connections else -(-devices // connections)
    return min(max(wanted, needed), MOST_PROCESSES)


def _processes(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 4 else 0
    if not 1 <= number <= MOST_PROCESSES:
        wanted = f"a whole number from 1 to {MOST_PROCESSES} was wanted"
        raise argparse.ArgumentTypeError(f"{wanted}, not {text[:40]!r}")
    return number


def _shard(text: str) -> Shard:
    if text.startswith(OF_JOB):
        text = f"{_job_number(text)}/{text.removeprefix(OF_JOB)}"
    found = shard(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{WANTED}, was wanted, not {text[:40]!r}")
    return found


def _job_number(text: str) -> int:
    index = os.environ.get(INDEX, "")
    if not (index.isascii() and index.isdecimal() and len(index) <= len(str(MOST_SHARDS))):
        raise argparse.ArgumentTypeError(
            f"{text}: {INDEX} was wanted as a whole number from 0, not {index!r}"
        )
    return int(index) + 1
