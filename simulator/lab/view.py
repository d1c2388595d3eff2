"""A lab that runs, as the view shows it: looked at again and again until a part of it ends."""

from __future__ import annotations

import asyncio
import time
from typing import TextIO

from simulator.broker import Broker
from simulator.device.transitions import State
from simulator.lab.lab import Lab
from simulator.lab.plain_view import Look, show_lines
from simulator.lab.snapshot import Places, Snapshot, clock, screen

STATES = (State.ONLINE, State.CONNECTING, State.WAITING, State.BOOTING, State.OFF)
"""The states of a device in the order in which they are shown: the good one first."""
SHOWN_MESSAGES = 100


async def show(lab: Lab, out: TextIO, *, plain: bool) -> None:
    """Show the floor on `out`, as lines or as a screen, until cancelled; LabError if a part of it ends."""
    began = time.monotonic()
    places = places_of(lab)

    def look() -> Snapshot:
        return snapshot(lab, places, time.monotonic() - began, time.time_ns() // 1_000_000)

    tasks = (asyncio.ensure_future(lab.ended()), asyncio.ensure_future(_shown(look, out, plain=plain)))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        out.write(f"= lab ended up={clock(time.monotonic() - began)} messages={lab.pulse.count}\n")
        out.flush()
    for task in done:
        task.result()


def snapshot(lab: Lab, places: Places, up_s: float, now_ms: int) -> Snapshot:
    """The lab as it is now."""
    counts = dict(lab.fleet.counts)
    devices = {state.value: counts.pop(state.value, 0) for state in STATES}
    return Snapshot(
        places=places,
        up_s=up_s,
        devices={**devices, **counts},
        messages=lab.pulse.count,
        rate=lab.pulse.rate(now_ms),
        last=lab.pulse.last(SHOWN_MESSAGES),
    )


def places_of(lab: Lab) -> Places:
    """Where the lab is to be reached."""
    return Places(
        url=lab.cms.url,
        mqtt=str(lab.address),
        ws=None if lab.broker is None else lab.broker.ws_uri,
        broker=_engine(lab.broker),
        relay_id=next(iter(lab.fleet)).device.relay_id,
        log=None if lab.cms.log is None else str(lab.cms.log),
    )


async def _shown(look: Look, out: TextIO, *, plain: bool) -> None:
    if plain:
        await show_lines(look, out)
    else:
        from simulator.lab.live_view import (
            show_screen,  # rich: a fifth of a second that plain lines do without
        )

        await show_screen(lambda width, height: screen(look(), width, height), out)


def _engine(broker: Broker | None) -> str:
    return "not ours" if broker is None else broker.engine
