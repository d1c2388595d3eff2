"""``scripts/faults``: kills the service, its broker and its database under load, and counts what that cost.

Exit code 0 where nothing was lost, late or overtaken, else 1; 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from scripts.havoc.floor import KINDS, Floor
from scripts.havoc.ledger import Verdict

ROWS = {
    "accepted": "orders accepted",
    "unsure": "requests without an answer",
    "confirmed": "orders confirmed by devices (updates that give way to a newer one are none)",
    "given_up": "ended without confirmation, and shown as such",
    "awaited": "commands whose answer died with broker or service",
    "again": "commands that came twice, in time",
    "lost": "lost",
    "late": "executed late",
    "overtaken": "updates overtaken by an older one",
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    print(f"seed {options.seed}: {options.rounds} rounds, {options.engine}, {options.processes} service(s)")
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        try:
            verdict = asyncio.run(_run(options, Path(folder)))
        except KeyboardInterrupt:
            print("\nstopped", flush=True)
            return 130
    for name, what in ROWS.items():
        print(f"| {what:<76} | {asdict(verdict)[name]:>7,} |")
    return 0 if verdict.good else 1


async def _run(options: argparse.Namespace, folder: Path) -> Verdict:
    chance = random.Random(options.seed)
    began_s = time.monotonic()
    floor = Floor(
        folder,
        chance,
        engine=options.engine,
        processes=options.processes,
        cabinet_count=options.cabinets,
        kinds=options.kill.split(","),
    )
    async with floor:
        for number in range(1, options.rounds + 1):
            said = await floor.round()
            print(f"{number:>4}/{options.rounds}  {time.monotonic() - began_s:6.1f} s  {said}", flush=True)
        return await floor.verdict()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100, help="how often something is killed (100)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--engine", choices=("sqlite", "mongodb"), default="mongodb")
    parser.add_argument("--processes", type=int, default=2, help="services on the database (2)")
    parser.add_argument("--cabinets", type=int, default=8, help="each has an operator of its own (8)")
    parser.add_argument("--kill", default=",".join(KINDS), help=f"what is killed ({','.join(KINDS)})")
    options = parser.parse_args(arguments)
    if unknown := set(options.kill.split(",")) - set(KINDS):
        parser.error(f"--kill: {', '.join(sorted(unknown))} unknown, some of {', '.join(KINDS)} were wanted")
    if options.engine == "sqlite":
        options.processes = 1
    return options


if __name__ == "__main__":
    sys.exit(main())
