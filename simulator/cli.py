"""The command `smib-lab`: what can be given on its command line, and what its exit code says.

Each command lives in a module of its own, which is loaded only when that command is given: `--help` answers
at once, and `watch` loads no broker.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from simulator.errors import SimulatorError

DONE, FAILED, WRONG_USE = 0, 1, 2

UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What becomes of a disk that takes no more, or is broken: of the file that stdout goes to, as a rule."""

DESCRIPTION = "A casino floor on this machine: a CMS, virtual SMIBs and the MQTT broker between them."

EPILOG = """\
a first tour:
  smib-lab up                                the whole floor: broker, CMS and 25 SMIBs; Ctrl-C ends it
  smib-lab watch                             in another terminal: every message, decoded
  curl http://127.0.0.1:3000/api/cabinets    what the CMS knows of the floor

parts of a floor, to put together with your own:
  smib-lab broker --mqtt-port 1884                       only a broker
  smib-lab fleet --broker mqtt://192.0.2.7 --count 100   only SMIBs, for the broker of your own CMS
  smib-lab identities --seed 7 > cabinets.yaml           what a CMS has to know of that fleet

exit codes: 0 done (Ctrl-C is how a floor is ended, so that is 0 too), 1 failed, 2 wrong use
`smib-lab COMMAND --help` says more of a command."""


class CommandModule(Protocol):
    """What the module of a command offers. `run` raises SimulatorError with a sentence, or gives the exit
    code.
    """

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, where it lives, and what it does in a line."""

    name: str
    module: str
    summary: str

    def load(self) -> CommandModule:
        return cast(CommandModule, import_module(self.module))


COMMANDS = (
    Command("up", "simulator.lab.command", "the whole floor: broker, CMS and fleet, with a live view"),
    Command("broker", "simulator.broker.command", "only a broker: MQTT over TCP and over WebSocket"),
    Command("fleet", "simulator.fleet.command", "only virtual SMIBs, for a broker that runs already"),
    Command("ctl", "simulator.control.command", "looks inside a running fleet, and interferes with it"),
    Command("watch", "simulator.traffic.command", "shows the floor's MQTT traffic, a decoded line each"),
    Command("record", "simulator.tape.record_command", "keeps the floor's MQTT traffic in a file"),
    Command("replay", "simulator.tape.replay_command", "plays such a file again, to a broker"),
    Command("clone", "simulator.tape.clone_command", "makes a fleet file out of recorded or live traffic"),
    Command("profile", "simulator.firmware.profile_command", "records a firmware profile from a device"),
    Command("image", "simulator.firmware.image_command", "makes a firmware image for virtual SMIBs"),
    Command("identities", "simulator.fleet.identities_command", "prints a fleet's cabinets, for a CMS"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code is 0 done, 1 failed (one sentence on stderr), 2 wrong use."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(sys.argv[1:] if argv is None else list(argv))
    except SimulatorError as exc:
        print(f"smib-lab: {exc}", file=sys.stderr)  # noqa: T201  a program for a terminal
        return FAILED
    except KeyboardInterrupt:  # a signal that came before the command listens to them itself
        return DONE
    except BrokenPipeError:
        # `smib-lab watch | head`: the reader has enough.
        _silence()
        return DONE
    except OSError as exc:
        if exc.errno not in UNWRITABLE:
            raise
        _silence()
        print(f"smib-lab: writing failed: {os.strerror(exc.errno).lower()}", file=sys.stderr)  # noqa: T201
        return FAILED
    finally:
        signal.signal(signal.SIGTERM, before)


def _silence() -> None:
    """Let stdout go nowhere: Python would fail once more on flushing it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def command_line(chosen: Command | None, module: CommandModule | None) -> argparse.ArgumentParser:
    """The parser, with the options of the one command that was given; the others are named only."""
    parser = argparse.ArgumentParser(
        "smib-lab",
        usage="smib-lab [-h] COMMAND [options]",
        description=f"{DESCRIPTION}\n\ncommands:\n{_table()}",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", help="one of those above", prog="smib-lab")
    for command in COMMANDS:
        sub = commands.add_parser(
            command.name,
            description=f"{command.summary[0].upper()}{command.summary[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if command is chosen and module is not None:
            module.add_arguments(sub)
    return parser


def _table() -> str:
    return "\n".join(f"  {command.name:<11} {command.summary}" for command in COMMANDS)


def _chosen(given: Sequence[str]) -> Command | None:
    """The command that a command line names: its first word, before which only --help can stand."""
    word = next((word for word in given if not word.startswith("-")), None)
    return next((command for command in COMMANDS if command.name == word), None)


def _run(given: list[str]) -> int:
    chosen = _chosen(given)
    module = None if chosen is None else chosen.load()
    parser = command_line(chosen, module)
    args = parser.parse_args(given)
    args.given = given
    if module is None:
        parser.print_help(sys.stderr)
        return WRONG_USE
    code = module.run(args)
    sys.stdout.flush()
    return code
