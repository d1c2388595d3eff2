"""The options that every command with a fleet has, and the plan that they ask for."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from simulator.command_line import count, pace, seed
from simulator.fleet.plan import DEFAULT_COUNT, FleetPlan
from simulator.fleet_file.fleet_file import load_plan


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    """`--fleet`, `--count` and `--seed`."""
    parser.add_argument(
        "--fleet",
        metavar="FILE",
        help=f"groups of devices, their settings and faults, in YAML (default: {DEFAULT_COUNT} devices in "
        "two locations); the examples in fixtures/fleets show all that can be said",
    )
    parser.add_argument(
        "--count",
        type=count,
        metavar="N",
        help="how many devices in all; the groups share them in proportion",
    )
    parser.add_argument(
        "--seed",
        type=seed,
        metavar="S",
        help="another floor: other relay ids and cabinets; the same seed gives the same floor",
    )


def add_play_option(parser: argparse.ArgumentParser, default: float) -> None:
    """`--play`, for the commands that run machines."""
    parser.add_argument(
        "--play",
        type=pace,
        default=default,
        metavar="N",
        help="games a minute on each machine, for groups whose file does not say how they are played; "
        f"0 = nobody plays (default {default:g})",
    )


def add_ca_option(parser: argparse.ArgumentParser) -> None:
    """`--ca-file`, for the commands that reach a broker over TLS."""
    parser.add_argument(
        "--ca-file",
        type=Path,
        metavar="FILE",
        help="certificates to trust for TLS (default: the system's)",
    )


def chosen_plan(args: argparse.Namespace) -> FleetPlan:
    """The plan that the options ask for; FleetPlanError with everything that is wrong with it."""
    plan = load_plan(args.fleet, count=args.count, seed=args.seed)
    plan = plan.with_pace(args.play) if "play" in args else plan
    return plan if getattr(args, "shard", None) is None else replace(plan, shard=args.shard)
