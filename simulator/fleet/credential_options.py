"""The options by which each device of a fleet has credentials of its own, and where it comes from."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from simulator.fleet.credentials import RELAY, Templates, read_credentials
from simulator.fleet.fleet import PapersOf
from simulator.fleet.identities import Register
from simulator.fleet.plan import FleetPlan
from simulator.link.papers import Papers

TEMPLATES = ("username", "password_file", "cert", "key")


def add_credential_options(parser: argparse.ArgumentParser) -> None:
    """`--credentials`, `--username` and its like, `--bind-address`."""
    parser.add_argument(
        "--credentials",
        type=Path,
        metavar="FILE",
        help="own credentials for each device, from a CSV file with the columns relay and some of username, "
        "password, cert, key (paths beside the file)",
    )
    for option, what in (
        ("--username", "own user name for each device: a template"),
        ("--password-file", "the path of a file whose first line is the password: a template"),
        ("--cert", "the path of its certificate for TLS, in PEM: a template"),
        ("--key", "the path of that certificate's key (default: the same file): a template"),
    ):
        parser.add_argument(option, metavar="T", help=f"{what}, in which {RELAY} is the device's relay id")
    parser.add_argument(
        "--bind-address",
        action="append",
        default=[],
        metavar="A",
        help="connect from this address of the machine; give it again for more, which the devices share: "
        "each has ports for some 28,000 connections (127.0.0.2 and so on are this machine's too)",
    )


def refuse_odd_credentials(args: argparse.Namespace) -> None:
    """Wrong use, where options do not go together."""
    given = [name for name in TEMPLATES if getattr(args, name) is not None]
    if args.credentials is not None and given:
        args.refuse(f"--credentials: no --{given[0].replace('_', '-')} beside it was wanted")
    for name, needed in (("password_file", "username"), ("key", "cert")):
        if name in given and needed not in given:
            args.refuse(f"--{name.replace('_', '-')}: --{needed} was wanted too")
    own_names = args.credentials is not None or "username" in given
    if own_names and args.broker is not None and args.broker.username:
        args.refuse("--broker: no user name was wanted in it, where devices have their own")


def papers_of(args: argparse.Namespace, plan: FleetPlan) -> PapersOf | None:
    """What the options ask for, None for nothing; CredentialsError with everything that is wrong."""
    own = _credentials(args, plan)
    sources: Sequence[str] = args.bind_address
    if own is None and not sources:
        return None

    @cache
    def plain(source: str) -> Papers:
        return Papers(source=source)

    def found(place: int, relay_id: str) -> Papers | None:
        source = sources[place % len(sources)] if sources else None
        papers = None if own is None else own.get(relay_id)
        if papers is None:
            return None if source is None else plain(source)
        return papers if source is None else replace(papers, source=source)

    return found


def _credentials(args: argparse.Namespace, plan: FleetPlan) -> dict[str, Papers] | None:
    templates = Templates(args.username, args.password_file, args.cert, args.key)
    if args.credentials is None and templates == Templates():
        return None
    relay_ids = [seat.relay_id for _, seat in Register(plan).seats()]
    if args.credentials is not None:
        return read_credentials(args.credentials, relay_ids)
    return templates.papers(relay_ids)
