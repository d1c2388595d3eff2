"""`smib-lab fleet`: virtual SMIBs for a broker that runs already."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from simulator.command_line import broker_uri, duration
from simulator.control.options import add_control_options, control_options
from simulator.errors import FleetPlanError
from simulator.fleet.asking import Asking
from simulator.fleet.credential_options import add_credential_options, papers_of, refuse_odd_credentials
from simulator.fleet.feed import Word, say
from simulator.fleet.fleet import PapersOf
from simulator.fleet.gathering import announce, gathered, processes, workers
from simulator.fleet.open_files import allow_open_files
from simulator.fleet.options import add_ca_option, add_plan_options, add_play_option, chosen_plan
from simulator.fleet.part_options import add_part_options, processes_for
from simulator.fleet.plan import FleetPlan
from simulator.fleet.report_options import add_report_options, check_reports, judged
from simulator.fleet.room import addresses_of, check_room
from simulator.fleet.running import PATIENCE_S, Course, Run, for_a_while, run_fleet
from simulator.fleet.state_dir import StateDir
from simulator.fleet.tally import Tally
from simulator.fleet.view import View
from simulator.fleet.virtual_options import add_virtual_options, refuse_odd_options
from simulator.interrupt import until_interrupted
from simulator.link.links import MqttLinks
from simulator.link.trust import trusting

FEED_S = 0.5
"""Between two lines to the process that started this one."""

SUMMARIZE = "summarize"

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
  smib-lab fleet --broker mqtt://127.0.0.1 --count 10000 --processes 2
  smib-lab fleet --broker mqtt://192.0.2.7 --count 10000 --shard 2/4    on the second of four machines
  smib-lab fleet --virtual-time --duration 24h --count 1000 --play 6 --out day.ndjson.gz   a day, in minutes
  smib-lab fleet check floor.yaml                                what is wrong with it, and runs nothing
  smib-lab fleet summarize 1.json 2.json --fail-if 'p99>200ms'   the reports of two shards as one
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
        metavar="check FILE | schema | summarize REPORT",
        help="run nothing: say what is wrong with fleet files, print their JSON Schema for editors, or put "
        "the reports (--summary-json) of a fleet's parts together",
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
    add_ca_option(parser)
    parser.add_argument(
        "--patience",
        type=duration,
        metavar="D",
        help="give up where no device is connected that long after the first attempt "
        f"(default {PATIENCE_S:g}s)",
    )
    add_credential_options(parser)
    add_control_options(parser)
    add_part_options(parser)
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
    refuse_odd_credentials(args)
    logging.basicConfig(
        stream=sys.stderr, format="%(message)s", level=logging.INFO if args.verbose else logging.WARNING
    )
    plan = chosen_plan(args)
    if args.virtual_time:
        from simulator.virtual.command import play  # nothing that a fleet in real time needs

        return play(args, plan)
    if not plan.share:
        raise FleetPlanError(f"--shard {plan.shard}: a part of the {plan.count} devices was wanted.")
    if args.feed:
        allow_open_files(plan.share)
        state = None if args.state is None else StateDir(args.state, claimed=True)
        return _run_part(_run(args, plan, state, papers_of(args, plan)))
    check_reports(args)
    if args.workers is not None:
        return gathered(args, plan, workers(args.workers))
    with kept_in(args.state) as state:
        number = processes_for(args, plan)
        allow_open_files(-(-plan.share // number))
        check_room(plan.share, number, args.broker, addresses_of(args.bind_address))
        papers = papers_of(args, plan)
        if number > 1:
            return gathered(args, plan, processes(number, control_options(args)))
        return _run_alone(args, _run(args, plan, state, papers))


def _run_alone(args: argparse.Namespace, run: Run) -> int:
    """All of it in this process."""
    tally, course = Tally(), Course(run.plan)
    asking = Asking(course, args, run.plan)
    view = View(asking, plain=args.plain or args.verbose)

    def told(course: Course) -> None:
        announce(view, course.reading, course.control)
        asking.begin()

    work = view.over(asking.over(run_fleet(run, tally, course, told)))
    asyncio.run(until_interrupted(for_a_while(work, args.duration)))
    return judged(asking.reading, args, was_ready=course.ready)


def _run_part(run: Run) -> int:
    """A part of it, for the process that started this one, which is told how it goes."""
    tally, course = Tally(), Course(run.plan)

    def tell(course: Course) -> None:
        say(Word(course.reading, course.ready, course.control), sys.stdout)

    async def telling() -> None:
        while True:
            await asyncio.sleep(FEED_S)
            tell(course)

    async def work() -> None:
        task = asyncio.create_task(telling())
        try:
            await run_fleet(run, tally, course, tell)
        finally:
            task.cancel()

    try:
        asyncio.run(until_interrupted(work()))
    finally:
        tell(course)
    return 0


def _run(args: argparse.Namespace, plan: FleetPlan, state: StateDir | None, papers: PapersOf | None) -> Run:
    return Run(
        plan,
        args.broker,
        MqttLinks(tls=trusting(args.ca_file), own_tls=trusting(args.ca_file)),
        state,
        control_options(args),
        PATIENCE_S if args.patience is None else args.patience / 1000,
        papers,
    )


def _said(args: argparse.Namespace) -> int:
    from simulator.fleet.summarize import summarize
    from simulator.fleet_file import check

    if args.words[0] == SUMMARIZE and len(args.words) > 1:
        return summarize(args.words[1:], args)
    if not check.understood(args.words):
        wanted = f"check FILE, schema or {SUMMARIZE} REPORT was wanted"
        args.refuse(f"{wanted}, not {' '.join(args.words)!r}")
    check.say(args.words, args, sys.stdout)
    return 0


@contextlib.contextmanager
def kept_in(folder: Path | None) -> Iterator[StateDir | None]:
    """The state folder while it is claimed; nothing for none."""
    if folder is None:
        yield None
    else:
        with StateDir(folder) as state:
            yield state
