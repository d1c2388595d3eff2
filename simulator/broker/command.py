"""`smib-lab broker`: a broker by itself, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from simulator.broker.broker import ENGINES, Broker, Credentials, Engine, create_broker
from simulator.errors import BrokerError, SimulatorError

SUMMARY = "run a broker by itself"

DESCRIPTION = """\
Run an MQTT broker for a floor: the embedded one (amqtt), or an installed Mosquitto or
RabbitMQ (with its MQTT plugin).
Once it listens it prints one line with its addresses; Ctrl-C stops it."""

EXAMPLES = """\
examples:
  smib-lab broker                                   on the usual ports, 1883 and 9001
  smib-lab broker --mqtt-port 0 --ws-port 0         on any two free ports; read them from the ready line
  smib-lab broker --engine mosquitto                for a floor of thousands of devices
  smib-lab broker --engine rabbitmq                 a node of its own; it starts in some seconds
  smib-lab broker --user floor --password-file pw   let in only who knows the password in the file pw
  smib-lab broker --host 0.0.0.0 --user floor --password-file pw
                                                    reachable by real SMIBs in the network

then, in another terminal:
  smib-lab fleet --broker mqtt://127.0.0.1:1883 --count 25
  smib-lab watch --broker mqtt://127.0.0.1:1883"""


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """What the command line said."""

    mqtt_port: int = 1883
    ws_port: int | None = 9001
    host: str = "127.0.0.1"
    engine: Engine = "amqtt"
    user: str | None = None
    password_file: Path | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options and the help text of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = DESCRIPTION
    parser.epilog = EXAMPLES
    parser.add_argument(
        "--mqtt-port",
        type=port,
        default=1883,
        metavar="N",
        help="MQTT over TCP; 0 = any free port (default 1883)",
    )
    parser.add_argument(
        "--ws-port",
        type=port,
        default=9001,
        metavar="N",
        help="MQTT over WebSocket; 0 = any free port (default 9001)",
    )
    parser.add_argument("--no-ws", action="store_true", help="no WebSocket listener")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on; 0.0.0.0 = the whole network (default 127.0.0.1)",
    )
    parser.add_argument("--user", metavar="U", help="the one user who is let in; needs --password-file")
    parser.add_argument(
        "--password-file", type=Path, metavar="F", help="a file with that user's password on its first line"
    )
    parser.add_argument(
        "--engine", choices=ENGINES, default="amqtt", help="the program to run (default amqtt)"
    )


def run(args: argparse.Namespace) -> int:
    """Run the command with parsed arguments; the exit code: 0 done, 1 failed, 2 wrong use."""
    if (args.user is None) != (args.password_file is None):
        sys.stderr.write("smib-lab broker: --user and --password-file are given together or not at all.\n")
        return 2
    options = BrokerOptions(
        mqtt_port=args.mqtt_port,
        ws_port=None if args.no_ws else args.ws_port,
        host=args.host,
        engine=args.engine,
        user=args.user,
        password_file=args.password_file,
    )
    try:
        return asyncio.run(run_broker(options, sys.stdout))
    except SimulatorError as exc:
        sys.stderr.write(f"smib-lab broker: {exc}\n")
        return 1


async def run_broker(options: BrokerOptions, out: TextIO) -> int:
    """Listen, say so, and stop at SIGINT or SIGTERM; raises `BrokerError` with a sentence."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    broker = create_broker(
        options.engine,
        mqtt_port=options.mqtt_port,
        ws_port=options.ws_port,
        host=options.host,
        credentials=read_credentials(options.user, options.password_file),
    )
    async with broker:
        out.write(ready_line(broker) + "\n")
        out.flush()
        await first_of(stopped, broker)
    return 0


async def first_of(stopped: asyncio.Event, broker: Broker) -> None:
    """Wait for the signal, or raise `BrokerError` if the broker ends by itself."""
    waits = [asyncio.create_task(stopped.wait()), asyncio.create_task(broker.ended())]
    done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.wait(waits)
    if waits[1] in done and not stopped.is_set():
        raise BrokerError(f"The broker on port {broker.mqtt_port} ended by itself: {waits[1].result()}")


def ready_line(broker: Broker) -> str:
    """The line that a harness waits for; it holds no credentials."""
    websocket = f" ws={broker.ws_uri}" if broker.ws_uri else ""
    return f"ready broker mqtt={broker.uri}{websocket} engine={broker.engine}"


def read_credentials(user: str | None, password_file: Path | None) -> Credentials | None:
    """The credentials from the option and the file's first line."""
    if user is None or password_file is None:
        return None
    try:
        lines = password_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise BrokerError(f"--password-file {password_file} can't be read as a text file: {exc}") from exc
    if not lines or not lines[0]:
        raise BrokerError(
            f"--password-file {password_file} has an empty first line; a password was wanted there."
        )
    return Credentials(user, lines[0])


def port(value: str) -> int:
    """A port of the command line."""
    if not value.isascii() or not value.isdigit() or int(value) > 65_535:
        raise argparse.ArgumentTypeError(f"{value!r} is no port; wanted 0 to 65535")
    return int(value)
