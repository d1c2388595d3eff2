"""`smib-lab fleet --virtual-time`: a floor's day as a tape, without a broker and without waiting."""

from __future__ import annotations

import argparse
import asyncio
import sys

from simulator.fleet.plan import FleetPlan
from simulator.fleet.virtual_options import START
from simulator.interrupt import until_interrupted
from simulator.tape.tape import TapeWriter
from simulator.virtual.floor import Progress, VirtualFloor
from wire.timestamps import parse_timestamp


def play(args: argparse.Namespace, plan: FleetPlan) -> int:
    """Play the plan into a file; a signal ends it with what was written so far."""
    start_ms = parse_timestamp(START) if args.start is None else args.start
    with TapeWriter(args.out, mask=args.mask) as tape:
        floor = VirtualFloor(plan, tape.keep, start_ms=start_ms, broker=args.broker)

        async def played() -> None:
            _say(await floor.play(args.duration, _say))

        asyncio.run(until_interrupted(played()))
        if (done_ms := floor.clock() - start_ms) < args.duration:
            _note(f"= virtual interrupted played={done_ms / 3_600_000:.2f}h messages={tape.written}")
    return 0


def _say(progress: Progress) -> None:
    _note(f"= virtual {progress}")


def _note(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
