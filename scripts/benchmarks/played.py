"""A fleet whose machines are played, in a process of its own: ``URI COUNT SECONDS``.

Says how many messages it sent in so long once all of it was there, and whether it kept its own schedule.
"""

from __future__ import annotations

import asyncio
import sys

from simulator.deadlines import Deadlines, steady_clock
from simulator.fleet.fleet import Fleet
from simulator.fleet.plan import default_plan
from simulator.fleet.tally import Tally
from simulator.link.links import MqttLinks
from wire.address import parse_address

GAMES_PER_MINUTE = 600


async def main(uri: str, count: int, seconds: float) -> None:
    clock, tally = steady_clock(), Tally()
    deadlines = Deadlines(clock)
    fleet = Fleet(
        default_plan().with_count(count).with_pace(GAMES_PER_MINUTE),
        MqttLinks(),
        broker=parse_address(uri),
        clock=clock,
        deadlines=deadlines,
        on_event=tally.tell,
    )
    await fleet.start()
    await fleet.until(lambda: fleet.online == len(fleet))
    tally.watch(deadlines)
    before = fleet.totals["sent"]
    await asyncio.sleep(seconds)
    sent, missed = fleet.totals["sent"] - before, tally.reading(fleet).missed_its_rate
    tally.end(fleet)
    await fleet.stop()
    print(f"ready played sent={sent} kept={0 if missed else 1}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
