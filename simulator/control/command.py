"""`smib-lab ctl`: looks inside the devices of a running fleet, and interferes with them."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import yaml

from simulator.control.client import ControlClient
from simulator.control.options import TOKEN, TOKEN_FILE, given_token
from simulator.errors import ControlError

CONTROL = "SMIB_LAB_CONTROL"
UNDECIDED = "which fleet is meant was wanted: --control URL or {}, with the control=… of its ready line."

DESCRIPTION = f"""\
Look inside the devices of a fleet that runs with --control-port, and interfere with them.

WHO is a relay id, group:NAME, location:NAME or all; several relay ids can be given. A fleet in several
processes (--processes) has a control for each, on ports that follow each other; its ready line names all, and
each knows the devices of its own process. The token is the one of
{TOKEN}, of the file {TOKEN_FILE}, or that which the fleet told on stderr when it started."""

EXAMPLES = """\
examples:
  smib-lab fleet --broker mqtt://127.0.0.1 --control-port 3900      prints url and token
  export SMIB_LAB_CONTROL=http://127.0.0.1:3900 SMIB_LAB_TOKEN=...
  smib-lab ctl list --location Annex --state online
  smib-lab ctl show e831cdfa8384                   state, meters, memory (masked), last messages
  smib-lab ctl power off location:Annex --for 20s
  smib-lab ctl fault set group:slots drop probability=0.3 --for 1m
  smib-lab ctl fault set e831cdfa8384 silent kinds=[cfg] --name mute
  smib-lab ctl fault clear all
  smib-lab ctl door open e831cdfa8384              begin and end take any condition: ctl begin WHO "bill jam"
  smib-lab ctl bill e831cdfa8384 20
  smib-lab ctl play all --win 0
  smib-lab ctl add --group annex --location Annex --count 5
  smib-lab ctl metrics                             for Prometheus"""

Run = Callable[[argparse.Namespace, ControlClient], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options and the help text of the command."""
    parser.description = DESCRIPTION
    parser.epilog = EXAMPLES
    parser.add_argument("--control", metavar="URL", help=f"the fleet's control (default: that of {CONTROL})")
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    actions = parser.add_subparsers(metavar="ACTION", required=True, help="what to do, one of these:")
    _add_looking(actions)
    _add_coming_and_going(actions)
    _add_faults(actions)
    _add_machine(actions)


def run(args: argparse.Namespace) -> int:
    """Ask the control; ControlError with a sentence where it is not there or refuses."""
    url = args.control or os.environ.get(CONTROL)
    if not url:
        raise ControlError(UNDECIDED.format(CONTROL))
    token = given_token(os.environ)
    if token is None:
        raise ControlError(f"{TOKEN} or {TOKEN_FILE}: the token of the fleet was wanted, not nothing.")
    action: Run = args.action
    action(args, ControlClient(url, token))
    return 0


def _add_looking(actions: Any) -> None:
    listing = _action(actions, "list", "the devices and how they are", _list)
    for name in ("group", "location", "state"):
        listing.add_argument(f"--{name}", metavar=name.upper(), help=f"those of this {name} only")
    listing.add_argument("--limit", metavar="N", help="at most so many (default 100)")
    showing = _action(actions, "show", "the inside of a device", _show)
    showing.add_argument("relay", metavar="RELAY")
    _action(actions, "metrics", "the fleet in figures, for Prometheus", _metrics)


def _add_coming_and_going(actions: Any) -> None:
    adding = _action(actions, "add", "more devices", _add)
    for name, says in (("relay", "its relay id"), ("group", "of this group"), ("location", "standing there")):
        adding.add_argument(f"--{name}", metavar=name.upper(), help=says)
    adding.add_argument("--count", type=int, metavar="N", help="so many (default 1)")
    removing = _action(actions, "remove", "takes devices off the floor", _remove)
    removing.add_argument("relays", nargs="+", metavar="RELAY")
    power = _action(actions, "power", "cuts the power or gives it back", _power)
    power.add_argument("power", choices=("off", "on"))
    _add_who(power)
    _add_for(power)
    for name, says in (("pause", "lets nothing happen to devices"), ("resume", "lets them go on")):
        _add_who(_action(actions, name, says, _plain(f"/api/{name}")))


def _add_faults(actions: Any) -> None:
    fault = actions.add_parser("fault", help="sets and clears faults").add_subparsers(
        metavar="ACTION", required=True
    )
    setting = _action(fault, "set", "sets a fault", _set_fault)
    setting.add_argument("who", metavar="WHO")
    setting.add_argument("kind", metavar="KIND", help="see `smib-lab ctl fault kinds`")
    setting.add_argument("fields", nargs="*", metavar="FIELD=VALUE", help="as in a fleet file")
    setting.add_argument("--name", metavar="NAME", help="by which to clear it (default: its kind)")
    _add_for(setting)
    clearing = _action(fault, "clear", "clears faults", _clear_faults)
    clearing.add_argument("who", metavar="WHO")
    clearing.add_argument("name", nargs="?", metavar="NAME", help="only the fault of this name")
    _action(fault, "kinds", "the kinds of fault and their fields", _kinds)


def _add_machine(actions: Any) -> None:
    door = _action(actions, "door", "opens or closes the slot door", _door)
    door.add_argument("move", choices=("open", "close"))
    _add_who(door)
    for name, says in (("begin", "something is the matter from now on"), ("end", "it is put right")):
        changing = _action(actions, name, says, _condition(present=name == "begin"))
        changing.add_argument("who", metavar="WHO")
        changing.add_argument("condition", metavar="CONDITION", help='tilt, "bill jam", "drop door", …')
    bill = _action(actions, "bill", "inserts a bill", _bill)
    bill.add_argument("who", metavar="WHO")
    bill.add_argument("bill", type=int, metavar="UNITS", help="in whole units of currency")
    playing = _action(actions, "play", "plays a game", _play)
    _add_who(playing)
    playing.add_argument("--win", type=int, metavar="CREDITS", help="decide it (default: by chance)")
    _add_who(_action(actions, "cash-out", "takes the credits out", _plain("/api/cash-out")))


def _action(actions: Any, name: str, says: str, run: Run) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=says, description=f"{says}.")
    parser.set_defaults(action=run)
    return parser


def _add_who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("who", nargs="+", metavar="WHO", help="relay ids, group:NAME, location:NAME or all")


def _add_for(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--for", dest="length", metavar="TIME", help="for a while, as 20s or 00:30")


def who(words: str | Sequence[str]) -> dict[str, Any]:
    """The fields that say whom a request is for."""
    found: dict[str, Any] = {}
    relays: list[str] = []
    for word in [words] if isinstance(words, str) else words:
        name, colon, value = word.partition(":")
        if word == "all":
            found["all"] = True
        elif colon and name in ("group", "location"):
            found[name] = value
        else:
            relays.append(word)
    return {**found, "relayId": relays} if relays else found


def fields(words: Sequence[str]) -> dict[str, Any]:
    """FIELD=VALUE as a fleet file reads the values; ControlError for what is no such thing."""
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError as exc:
            raise ControlError(f"{name}: a value as in a fleet file was wanted, not {value[:40]!r}.") from exc
        if not equals:
            raise ControlError(f"FIELD=VALUE was wanted, not {word[:40]!r}.")
    return found


def _list(args: argparse.Namespace, control: ControlClient) -> None:
    names = ("group", "location", "state", "limit")
    answer = control.get("/api/devices", {n: getattr(args, n) for n in names if getattr(args, n) is not None})
    if args.json:
        _print_json(answer)
        return
    for device in answer["devices"]:
        paused = " paused" if device["paused"] else ""
        faults = f" faults={','.join(device['faults'])}" if device["faults"] else ""
        _print(
            f"{device['relayId']}  {device['state']:<10} {device['cabinetId']:<20} "
            f"{device['location']}{paused}{faults}"
        )
    if (rest := answer["total"] - len(answer["devices"])) > 0:
        _print(f"and {rest} more: --limit N shows them")


def _show(args: argparse.Namespace, control: ControlClient) -> None:
    answer = control.get(f"/api/devices/{quote(args.relay, safe='')}")
    _print_json(answer if args.json else answer["device"])


def _metrics(_: argparse.Namespace, control: ControlClient) -> None:
    sys.stdout.write(control.text("/metrics"))


def _add(args: argparse.Namespace, control: ControlClient) -> None:
    given = {"relayId": args.relay, "group": args.group, "location": args.location, "count": args.count}
    _reached(args, control.post("/api/devices", _known(given)))


def _remove(args: argparse.Namespace, control: ControlClient) -> None:
    for relay in args.relays:
        _reached(args, control.delete(f"/api/devices/{quote(relay, safe='')}"))


def _power(args: argparse.Namespace, control: ControlClient) -> None:
    body = {**who(args.who), **_known({"power": args.power, "for": args.length})}
    _reached(args, control.post("/api/power", body))


def _plain(path: str) -> Run:
    return lambda args, control: _reached(args, control.post(path, who(args.who)))


def _set_fault(args: argparse.Namespace, control: ControlClient) -> None:
    fault = {**fields(args.fields), "kind": args.kind}
    body = {**who(args.who), "fault": fault, **_known({"name": args.name, "for": args.length})}
    _reached(args, control.post("/api/faults", body))


def _clear_faults(args: argparse.Namespace, control: ControlClient) -> None:
    _reached(args, control.post("/api/faults/clear", {**who(args.who), **_known({"name": args.name})}))


def _kinds(args: argparse.Namespace, control: ControlClient) -> None:
    answer = control.get("/api/faults")
    if args.json:
        _print_json(answer)
        return
    for name, kind in answer["kinds"].items():
        _print(f"{name:<16} {kind['says']}")
        for field, wanted in kind["fields"].items():
            _print(f"{'':<16}   {field}: {wanted}")


def _door(args: argparse.Namespace, control: ControlClient) -> None:
    body = {**who(args.who), "condition": "slot door", "present": args.move == "open"}
    _reached(args, control.post("/api/condition", body))


def _condition(*, present: bool) -> Run:
    def change(args: argparse.Namespace, control: ControlClient) -> None:
        body = {**who(args.who), "condition": args.condition, "present": present}
        _reached(args, control.post("/api/condition", body))

    return change


def _bill(args: argparse.Namespace, control: ControlClient) -> None:
    _reached(args, control.post("/api/bill", {**who(args.who), "bill": args.bill}))


def _play(args: argparse.Namespace, control: ControlClient) -> None:
    _reached(args, control.post("/api/play", {**who(args.who), **_known({"win": args.win})}))


def _known(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _reached(args: argparse.Namespace, answer: Mapping[str, Any]) -> None:
    if args.json:
        _print_json(answer)
    else:
        for relay_id in answer["relayIds"]:
            _print(relay_id)


def _print_json(answer: Mapping[str, Any]) -> None:
    _print(json.dumps(answer, indent=2, ensure_ascii=False))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
