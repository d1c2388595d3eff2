"""Where the control of a fleet listens, and with which token: from the command line and the environment."""

from __future__ import annotations

import argparse
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from simulator.command_line import port
from simulator.errors import ControlError

LOOPBACK = "127.0.0.1"
TOKEN, TOKEN_FILE = "SMIB_LAB_TOKEN", "SMIB_LAB_TOKEN_FILE"
SHORTEST_TOKEN = 16
TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class ControlOptions:
    """`generated` says that nobody knows the token yet, so that it has to be told once."""

    port: int
    token: str = field(repr=False)
    host: str = LOOPBACK
    generated: bool = False


def add_control_options(parser: argparse.ArgumentParser) -> None:
    """`--control-port` and `--control-host`."""
    parser.add_argument(
        "--control-port",
        type=port,
        metavar="N",
        help="listen for `smib-lab ctl` on this port, 0 = any free one (default: nowhere); the token is that "
        f"of {TOKEN} or of the file {TOKEN_FILE}, or is generated and told on stderr",
    )
    parser.add_argument(
        "--control-host",
        default=LOOPBACK,
        metavar="H",
        help=f"the address to listen on for that (default {LOOPBACK}: this machine only)",
    )


def control_options(args: argparse.Namespace) -> ControlOptions | None:
    """What the options ask for, None for no control; ControlError for a token that can't be used."""
    if args.control_port is None:
        return None
    given = given_token(os.environ)
    token = secrets.token_urlsafe(TOKEN_BYTES) if given is None else given
    return ControlOptions(args.control_port, token, args.control_host, generated=given is None)


def given_token(environ: Mapping[str, str]) -> str | None:
    """The token that the environment gives, by value or by file; None for none."""
    if token := environ.get(TOKEN):
        return _usable(token, TOKEN)
    if not (path := environ.get(TOKEN_FILE)):
        return None
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise ControlError(f"{TOKEN_FILE}: a file that can be read was wanted ({exc}).") from exc
    return _usable(lines[0].strip() if lines else "", TOKEN_FILE)


def _usable(token: str, variable: str) -> str:
    if len(token) >= SHORTEST_TOKEN and token.isascii() and token.isprintable() and " " not in token:
        return token
    raise ControlError(f"{variable}: a token of {SHORTEST_TOKEN} or more ASCII characters was wanted.")
