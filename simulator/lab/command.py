"""`smib-lab up`: the whole floor, and a view of it."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from simulator.broker import Engine
from simulator.broker.installed import search_path
from simulator.command_line import broker_uri, port
from simulator.control.options import add_control_options, control_options
from simulator.fleet.options import add_ca_option, add_plan_options, add_play_option, chosen_plan
from wire.address import BrokerAddress

if TYPE_CHECKING:
    from simulator.lab.lab import Lab, LabOptions

DESCRIPTION = """\
Run a whole casino floor on this machine: an MQTT broker, a CMS and a fleet of virtual SMIBs, which the CMS
knows as its cabinets. Once every device answers it prints one line that starts with `ready lab` and shows
how the floor is: a screen on a terminal, a line every few seconds elsewhere. Ctrl-C ends all of it."""

EXAMPLES = """\
examples:
  smib-lab up                                   25 devices; http://127.0.0.1:3000/docs in a browser
  smib-lab up --count 200 --seed 7              another, bigger floor
  smib-lab up --fleet fixtures/fleets/mixed.yaml
  smib-lab up --state .lab                      what is configured and stored is there again next time
  smib-lab up --port 0 --mqtt-port 0 --ws-port 0 --plain     for a program: read the ready line
  smib-lab up --broker mosquitto --count 2000   for a big floor (apt-get install mosquitto)
  smib-lab up --control-port 3900               to interfere with `smib-lab ctl`
  smib-lab up --broker mqtt://user:password@192.0.2.7        at a broker that runs already

then, in another terminal:
  smib-lab watch
  curl http://127.0.0.1:3000/api/cabinets"""

EMBEDDED_LIMIT = 300
"""Devices beyond which the embedded broker is slow (design, section 4)."""

GAMES_PER_MINUTE = 2
"""On each machine, unless its group says how it is played: enough for a floor to look alive."""

EMBEDDED, MOSQUITTO = "embedded", "mosquitto"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options and the help text of the command."""
    parser.description = DESCRIPTION
    parser.epilog = EXAMPLES
    _add_ports(parser)
    add_plan_options(parser)
    add_play_option(parser, GAMES_PER_MINUTE)
    parser.add_argument(
        "--broker",
        type=_broker,
        metavar="URI",
        help="a broker that runs already; or mosquitto, to run an installed one; or embedded, which needs "
        f"no installing (default: embedded, but mosquitto beyond {EMBEDDED_LIMIT} devices if installed)",
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="keep the CMS's database, the devices' memories and the logs here (default: a folder that is "
        "removed at the end, unless a part of the floor ended by itself)",
    )
    add_ca_option(parser)
    add_control_options(parser)
    parser.add_argument("--plain", action="store_true", help="lines instead of a screen, on a terminal too")
    parser.add_argument(
        "--verbose", action="store_true", help="log lines of CMS, broker and fleet on stderr; implies --plain"
    )


def _add_ports(parser: argparse.ArgumentParser) -> None:
    for option, default, what in (
        ("--port", 3000, "the CMS: HTTP"),
        ("--mqtt-port", 1883, "the broker: MQTT over TCP"),
        ("--ws-port", 9001, "the broker: MQTT over WebSocket"),
    ):
        parser.add_argument(
            option,
            type=port,
            default=default,
            metavar="N",
            help=f"{what}; 0 = any free port (default {default})",
        )


def run(args: argparse.Namespace) -> int:
    """Run the floor until told to stop; SimulatorError with a sentence if it can't be or a part ends."""
    from simulator.fleet.open_files import allow_open_files
    from simulator.interrupt import until_interrupted
    from simulator.lab.lab import LabOptions

    plan = chosen_plan(args)
    choice = chosen_broker(args.broker, plan.count, _mosquitto_installed())
    allow_open_files(plan.count * choice.ends_here)
    if choice.note is not None:
        print(choice.note, file=sys.stderr)  # noqa: T201  a program for a terminal
    options = LabOptions(
        plan=plan,
        port=args.port,
        mqtt_port=args.mqtt_port,
        ws_port=args.ws_port,
        broker=choice.address,
        engine=choice.engine,
        state=args.state,
        verbose=args.verbose,
        control=control_options(args),
        ca_file=args.ca_file,
    )
    plain = args.plain or args.verbose or not sys.stdout.isatty()
    asyncio.run(until_interrupted(run_lab(options, sys.stdout, plain=plain)))
    return 0


@dataclass(frozen=True, slots=True)
class BrokerChoice:
    """Which broker the floor uses: somebody else's by its address, or one of ours; and what to say of it."""

    address: BrokerAddress | None = None
    engine: Engine = "amqtt"
    note: str | None = None

    @property
    def ends_here(self) -> int:
        """How many ends of a device's connection are in this process: the embedded broker's is too."""
        return 2 if self.address is None and self.engine == "amqtt" else 1


def chosen_broker(given: BrokerAddress | str | None, devices: int, mosquitto_installed: bool) -> BrokerChoice:
    """The broker for what --broker said (None: nothing) and for a floor of this size."""
    if isinstance(given, BrokerAddress):
        return BrokerChoice(address=given)
    if given == MOSQUITTO:
        return BrokerChoice(engine="mosquitto")
    if devices <= EMBEDDED_LIMIT:
        return BrokerChoice()
    if given is None and mosquitto_installed:
        note = f"= lab broker=mosquitto because {devices} devices are many for the embedded one"
        return BrokerChoice(engine="mosquitto", note=note)
    return BrokerChoice(
        note=f"! lab the embedded broker is slow beyond some {EMBEDDED_LIMIT} devices, and these are "
        f"{devices}: --broker mosquitto uses an installed Mosquitto (apt-get install mosquitto)"
    )


async def run_lab(options: LabOptions, out: TextIO, *, plain: bool) -> None:
    """Start, say `ready`, show the floor, and stop it when cancelled or when a part of it ends."""
    from simulator.lab.lab import running
    from simulator.lab.view import show

    async with running(options) as lab:
        out.write(ready_line(lab) + "\n")
        out.flush()
        await show(lab, out, plain=plain)


def ready_line(lab: Lab) -> str:
    """The line that a harness waits for; it holds no credentials."""
    ws = "" if lab.broker is None or lab.broker.ws_uri is None else f" ws={lab.broker.ws_uri}"
    control = "" if lab.control is None else f" control={lab.control.url}"
    return f"ready lab url={lab.cms.url} mqtt={lab.address}{ws} devices={len(lab.fleet)}{control}"


def _mosquitto_installed() -> bool:
    return shutil.which("mosquitto", path=search_path()) is not None


def _broker(text: str) -> BrokerAddress | str:
    return text if text in (EMBEDDED, MOSQUITTO) else broker_uri(text)
