"""`smib-lab fleet`: virtual SMIBs for a broker that runs already."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from simulator.command_line import broker_uri, duration
from simulator.control.options import ControlOptions, add_control_options, control_options
from simulator.errors import LinkError
from simulator.fleet.fleet import Fleet
from simulator.fleet.options import add_plan_options, add_play_option, chosen_plan
from simulator.fleet.plan import FleetPlan
from simulator.fleet.report_options import add_report_options, check_reports, judged
from simulator.fleet.state_dir import StateDir
from simulator.fleet.tally import Tally
from simulator.fleet.virtual_options import add_virtual_options, refuse_odd_options
from simulator.interrupt import until_interrupted
from simulator.link.links import PahoLinks
from wire.address import BrokerAddress

if TYPE_CHECKING:
    from simulator.control.control import Control

STRAGGLERS_S = 5.0
"""How long the ready line waits for the last devices once the first one is connected."""

PATIENCE_S = 30.0
"""How long a fleet tries to reach its broker at the start, unless --patience says otherwise."""

DESCRIPTION = """\
Run virtual SMIBs against a broker that runs already: each with its own connection, memory and cabinet.
Once they are connected it prints one line with their number; Ctrl-C ends it.

A device that is told to go to another broker or WiFi network really goes there, and comes back to its last
working settings if it finds nothing. Devices that lose the broker try again for ever; but where
none of them is connected within --patience of the start, that is the end, with exit code 1."""

EXAMPLES = """\
examples:
  smib-lab fleet --broker mqtt://127.0.0.1:1883                  the default floor of 25
  smib-lab fleet --broker mqtt://192.0.2.7 --count 500 --seed 7
  smib-lab fleet --broker ws://192.0.2.7:9001 --fleet fixtures/fleets/mixed.yaml
  smib-lab fleet --broker mqtt://127.0.0.1 --state .lab/state    what is configured survives this process
  smib-lab fleet --broker mqtt://127.0.0.1 --control-port 3900   for `smib-lab ctl`
  smib-lab fleet --broker mqtt://127.0.0.1 --duration 5m --summary-json run.json --fail-if 'p99>200ms'
  smib-lab fleet --virtual-time --duration 24h --count 1000 --play 6 --out day.ndjson.gz   a day, in minutes
  smib-lab fleet check floor.yaml                                what is wrong with it, and runs nothing
  smib-lab fleet schema > fleet.schema.json                      for an editor that completes and checks YAML

then, in another terminal:
  smib-lab watch --broker mqtt://127.0.0.1:1883"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options and the help text of the command."""
    parser.description = DESCRIPTION
    parser.epilog = EXAMPLES
    parser.set_defaults(refuse=parser.error)
    parser.add_argument(
        "words",
        nargs="*",
        metavar="check FILE | schema",
        help="run nothing: say what is wrong with fleet files, or print their JSON Schema for editors",
    )
    parser.add_argument(
        "--broker",
        type=broker_uri,
        metavar="URI",
        help="where the devices find the CMS, [mqtt|mqtts|ws|wss://][user:password@]host[:port]",
    )
    add_plan_options(parser)
    add_play_option(parser, 0)
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="keep the devices' memories in this folder (default: nowhere)",
    )
    parser.add_argument(
        "--ca-file",
        type=Path,
        metavar="FILE",
        help="certificates to trust for TLS (default: the system's)",
    )
    parser.add_argument(
        "--patience",
        type=duration,
        metavar="D",
        help="give up where no device is connected that long after the first attempt "
        f"(default {PATIENCE_S:g}s)",
    )
    add_control_options(parser)
    add_virtual_options(parser)
    add_report_options(parser)
    parser.add_argument(
        "--verbose", action="store_true", help="a line on stderr for each device's every state"
    )


def run(args: argparse.Namespace) -> int:
    """Run the fleet until told to stop; SimulatorError with a sentence if it can't be."""
    if args.words:
        return _said(args)
    refuse_odd_options(args)
    logging.basicConfig(
        stream=sys.stderr, format="%(message)s", level=logging.INFO if args.verbose else logging.WARNING
    )
    plan = chosen_plan(args)
    if args.virtual_time:
        from simulator.virtual.command import play  # nothing that a fleet in real time needs

        return play(args, plan)
    check_reports(args)
    patience_s = PATIENCE_S if args.patience is None else args.patience / 1000
    control = control_options(args)
    links = PahoLinks(tls=trusting(args.ca_file))
    tally = Tally()
    with kept_in(args.state) as state:
        fleet = run_fleet(plan, links, args.broker, state, sys.stdout, control, tally, patience_s)
        asyncio.run(until_interrupted(for_a_while(fleet, args.duration)))
    return 0 if tally.summary is None else judged(tally.summary, args)


async def for_a_while(work: Awaitable[None], duration_ms: int | None) -> None:
    """Do `work` until it ends or that long has gone by."""
    limit = asyncio.timeout(None if duration_ms is None else duration_ms / 1000)
    try:
        async with limit:
            await work
    except TimeoutError:
        if not limit.expired():
            raise


def _said(args: argparse.Namespace) -> int:
    from simulator.fleet_file import check

    if not check.understood(args.words):
        args.refuse(f"check FILE or schema was wanted, not {' '.join(args.words)!r}")
    check.say(args.words, args, sys.stdout)
    return 0


async def run_fleet(
    plan: FleetPlan,
    links: PahoLinks,
    broker: BrokerAddress,
    state: StateDir | None,
    out: TextIO,
    options: ControlOptions | None = None,
    tally: Tally | None = None,
    patience_s: float = PATIENCE_S,
) -> None:
    """Start, say `ready`, and go on until cancelled; `tally` counts along, and is ended. LinkError where no
    device is connected within `patience_s` of the first that tried.
    """
    tally = tally or Tally()
    async with controlled(options) as control:
        fleet = _fleet(plan, links, broker, state, control, tally)
        try:
            await fleet.start()
            if control is not None:
                control.start(fleet)
            await _reached(fleet, broker, patience_s)
            await _gathered(fleet)
            out.write(ready_line(fleet, control) + "\n")
            out.flush()
            await asyncio.get_running_loop().create_future()
        finally:
            tally.end(fleet)
            await fleet.stop()


def _fleet(
    plan: FleetPlan,
    links: PahoLinks,
    broker: BrokerAddress,
    state: StateDir | None,
    control: Control | None,
    tally: Tally,
) -> Fleet:
    def trust() -> ssl.SSLContext:
        return links.tls

    hook = tally.tell if control is None else control.hook(tally.tell)
    return Fleet(plan, links, broker=broker, state=state, trust=trust, on_event=hook)


async def _reached(fleet: Fleet, broker: BrokerAddress, patience_s: float) -> None:
    """Wait until a device is connected; LinkError if that takes too long from the first attempt on.

    Boards that boot for long, or have no power at first, take nothing of that time.
    """
    await fleet.until(lambda: fleet.totals["connecting"] > 0)
    try:
        async with asyncio.timeout(patience_s):
            await fleet.until(lambda: fleet.online > 0 or fleet.is_settled)
            if not fleet.online:
                sentence = f"no device is connected to {broker} yet; they keep trying for {patience_s:g} s"
                logging.getLogger("simulator.fleet").warning("! fleet %s", sentence)
            await fleet.until(lambda: fleet.online > 0)
    except TimeoutError as exc:
        sentence = f"no device was connected to {broker} within {patience_s:g} s: a broker that runs and lets"
        raise LinkError("no broker", f"{sentence} them in was wanted (--patience waits longer).") from exc


async def _gathered(fleet: Fleet) -> None:
    """Wait until all devices are connected, or those that are not had their time."""
    await fleet.settled()
    with contextlib.suppress(TimeoutError):  # those that have not come by then may never come
        async with asyncio.timeout(STRAGGLERS_S):
            await fleet.until(lambda: fleet.online == len(fleet))


def ready_line(fleet: Fleet, control: Control | None = None) -> str:
    """The line that a harness waits for. Connected is who has its subscriptions acknowledged."""
    url = "" if control is None else f" control={control.url}"
    return f"ready fleet devices={len(fleet)} connected={fleet.online} subscribed={fleet.online}{url}"


@contextlib.asynccontextmanager
async def controlled(options: ControlOptions | None) -> AsyncIterator[Control | None]:
    """The control that was asked for, whose port is claimed; None for none."""
    if options is None:
        yield None
        return
    from simulator.control.control import Control  # an HTTP server, which a fleet without it does without

    control = Control(options)
    try:
        yield control
    finally:
        await control.stop()


@contextlib.contextmanager
def kept_in(folder: Path | None) -> Iterator[StateDir | None]:
    """The state folder while it is claimed; nothing for none."""
    if folder is None:
        yield None
    else:
        with StateDir(folder) as state:
            yield state


def trusting(ca_file: Path | None) -> ssl.SSLContext | None:
    """A TLS context that trusts the certificates in a file; None for the system's own."""
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as exc:
        raise LinkError("no TLS", f"--ca-file {ca_file}: certificates in PEM were wanted ({exc}).") from exc
