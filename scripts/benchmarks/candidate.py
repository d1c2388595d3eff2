"""A fleet whose links are of a chosen kind, in a process of its own: ``KIND URI COUNT``.

The device, the session and the fleet around them are the product's.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping

from scripts.benchmarks.gmqtt_link import GmqttLinks
from scripts.benchmarks.paho_link import PahoLinks
from simulator.fleet.fleet import Fleet
from simulator.fleet.plan import default_plan
from simulator.link.link import Links
from simulator.link.links import MqttLinks
from wire.address import parse_address

KINDS: Mapping[str, Callable[[], Links]] = {"ours": MqttLinks, "paho": PahoLinks, "gmqtt": GmqttLinks}


async def main(kind: str, uri: str, count: int) -> None:
    fleet = Fleet(default_plan().with_count(count), KINDS[kind](), broker=parse_address(uri))
    await fleet.start()
    await fleet.until(lambda: fleet.online == len(fleet))
    print(f"ready candidate kind={kind} subscribed={fleet.online}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
