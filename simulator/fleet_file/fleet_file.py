"""The fleet file: YAML to a `FleetPlan`, or everything that is wrong with it, each with its line and field.

Text is taken as it is written, whatever YAML would make of it (`version: 1.10`, `relays: [831000008384]`).
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from simulator.errors import FleetFileError, FleetPlanError
from simulator.firmware.profile import Profile, merged
from simulator.firmware.profile_file import load_profile
from simulator.fleet.plan import DEFAULT_LOCATION, MAX_DEVICES, FleetPlan, Group, default_plan
from simulator.fleet.schedule import Occasion
from simulator.fleet_file.board_file import read_config, read_faults, read_firmware, read_play, read_value
from simulator.fleet_file.schedule_file import Floor, read_duration, read_schedule, read_script
from simulator.fleet_file.yaml_document import Document, Entry, compose, described, is_text, read_document
from simulator.link.networks import DEFAULT_NETWORKS, Network
from wire.components import APP, NET
from wire.errors import RelayIdError
from wire.fields import Value
from wire.relay import canonical_relay_id

MAX_SEED = 2**63 - 1

FLEET_KEYS = ("seed", "arrival", "networks", "groups", "schedule")
NETWORK_KEYS = {"ssid": "netStaSSID", "password": "netStaPwd", "channel": "netStaChan"}
GROUP_KEYS = (
    "name",
    "count",
    "relays",
    "location",
    "profile",
    "firmware",
    "config",
    "faults",
    "play",
    "script",
)

_GROUP_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,48}")


def load_plan(path: str | None, *, count: int | None = None, seed: int | None = None) -> FleetPlan:
    """The plan of a fleet file, of the default floor where `path` is None; with another size or seed."""
    plan = default_plan() if path is None else _Reader(read_document(Path(path))).plan()
    return plan.with_seed(seed).with_count(count)


def parse_plan(name: str, data: bytes) -> FleetPlan:
    """The plan that the text of a fleet file spells; `name` stands in the problems."""
    return _Reader(compose(name, data)).plan()


class _Reader:
    """Walks one document, notes every problem and builds the plan only of a document without any."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._names: dict[str, int] = {}
        self._relays: dict[str, int] = {}
        self._count = 0
        self._scripts: list[Occasion] = []

    def plan(self) -> FleetPlan:
        root = self._document.root
        entries = self._document.mapping(root, "", FLEET_KEYS)
        seed = self._seed(entries.get("seed"))
        networks = self._networks(entries.get("networks"))
        groups = self._groups(root, entries.get("groups"))
        arrival_ms = read_duration(self._document, entries.get("arrival"), "arrival")
        floor = Floor({group.name for group in groups}, {group.location for group in groups})
        schedule = read_schedule(self._document, entries.get("schedule"), floor)
        if self._count > MAX_DEVICES:
            self._document.note(
                root, "groups", f"at most {MAX_DEVICES} devices were wanted, not {self._count}"
            )
        self._document.refuse()
        return FleetPlan(groups, networks, seed, (*self._scripts, *schedule), arrival_ms or 0)

    def _seed(self, entry: Entry | None) -> int:
        seed = None if entry is None else self._document.whole(entry.value, "seed", 0, MAX_SEED)
        return 1 if seed is None else seed

    def _networks(self, entry: Entry | None) -> tuple[Network, ...]:
        items = [] if entry is None else self._document.items(entry.value, "networks")
        networks: list[Network] = []
        places: dict[tuple[str, int], int] = {}
        for index, node in enumerate(items):
            network = self._network(node, f"networks[{index}]")
            if network is None:
                continue
            place = (network.ssid, network.channel)
            if place in places:
                seen = f"line {places[place]} has one"
                wanted = f"one network of this ssid on channel {network.channel} was wanted; {seen}"
                self._document.note(node, f"networks[{index}].ssid", wanted)
            places.setdefault(place, node.start_mark.line + 1)
            networks.append(network)
        return tuple(networks) or DEFAULT_NETWORKS

    def _network(self, node: yaml.Node, field: str) -> Network | None:
        entries = self._document.mapping(node, field, NETWORK_KEYS)
        values: dict[str, Value] = {"password": "", "channel": 1}
        for name, entry in entries.items():
            row = NET.field(NETWORK_KEYS[name])
            value = None if row is None else read_value(self._document, entry.value, f"{field}.{name}", row)
            if value is not None:
                values[name] = value
        if "ssid" not in entries and isinstance(node, yaml.MappingNode):
            self._document.note(node, f"{field}.ssid", "the name of the network was wanted, not nothing")
        if "ssid" not in values:
            return None
        return Network(str(values["ssid"]), str(values["password"]), int(values["channel"]))

    def _groups(self, root: yaml.Node, entry: Entry | None) -> tuple[Group, ...]:
        if entry is None:
            self._document.note(root, "groups", "a list of one or more groups was wanted, not nothing")
            return ()
        items = self._document.items(entry.value, "groups")
        if isinstance(entry.value, yaml.SequenceNode) and not items:
            self._document.note(entry.value, "groups", "one or more groups were wanted, not an empty list")
        return tuple(self._group(node, f"groups[{index}]") for index, node in enumerate(items))

    def _group(self, node: yaml.Node, field: str) -> Group:
        entries = self._document.mapping(node, field, GROUP_KEYS)
        relays = self._relay_ids(entries.get("relays"), f"{field}.relays")
        count = self._size(node, entries, field, relays)
        self._count += count
        name = self._name(node, entries.get("name"), field)
        self._scripts += read_script(self._document, entries.get("script"), f"{field}.script", name)
        location = entries.get("location")
        profile = self._profile(entries.get("profile"), f"{field}.profile")
        config = read_config(self._document, entries.get("config"), f"{field}.config")
        firmware = read_firmware(self._document, entries.get("firmware"), f"{field}.firmware")
        faults = read_faults(self._document, entries.get("faults"), f"{field}.faults")
        return Group(
            name=name,
            count=count,
            relays=relays,
            location=(location and self._document.text(location.value, f"{field}.location", longest=128))
            or DEFAULT_LOCATION,
            config=merged(profile.config, {**config, **({APP.name: firmware} if firmware else {})}),
            faults=(*profile.quirks, *faults),
            play=read_play(self._document, entries.get("play"), f"{field}.play"),
            lacks=profile.lacks,
            boot_ms=profile.boot_ms,
            clock=profile.clock,
        )

    def _name(self, group: yaml.Node, entry: Entry | None, field: str) -> str:
        if entry is None:
            if isinstance(group, yaml.MappingNode):
                self._document.note(group, f"{field}.name", "a name for the group was wanted, not nothing")
            return ""
        node = entry.value
        if not is_text(node) or not _GROUP_NAME.fullmatch(node.value):
            wanted = f"1 to 48 characters out of A-Z a-z 0-9 _ . : - were wanted, not {described(node)}"
            self._document.note(node, f"{field}.name", wanted)
            return ""
        self._once(node, f"{field}.name", self._names, str(node.value))
        return str(node.value)

    def _relay_ids(self, entry: Entry | None, field: str) -> tuple[str, ...]:
        found: list[str] = []
        items = [] if entry is None else self._document.items(entry.value, field)
        if entry is not None and isinstance(entry.value, yaml.SequenceNode) and not items:
            self._document.note(entry.value, field, "one or more relay ids were wanted, not an empty list")
        for index, node in enumerate(items):
            place = f"{field}[{index}]"
            try:
                relay_id = canonical_relay_id(node.value if is_text(node) else None)
            except RelayIdError as exc:
                self._document.note(node, place, str(exc).removeprefix("relayId: "))
                continue
            self._once(node, place, self._relays, relay_id)
            found.append(relay_id)
        return tuple(found)

    def _size(self, node: yaml.Node, entries: dict[str, Entry], field: str, relays: tuple[str, ...]) -> int:
        given, counted = entries.get("relays"), entries.get("count")
        if counted is None:
            if given is None and isinstance(node, yaml.MappingNode):
                self._document.note(node, f"{field}.count", "count or relays was wanted, not neither")
            return len(relays)
        if given is not None:
            self._document.note(counted.key, f"{field}.count", "count or relays was wanted, not both")
        return self._document.whole(counted.value, f"{field}.count", 1, MAX_DEVICES) or 0

    def _profile(self, entry: Entry | None, field: str) -> Profile:
        name = None if entry is None else self._document.text(entry.value, field, longest=256)
        if entry is None or name is None:
            return Profile("")
        try:
            return load_profile(name, Path(self._document.name).parent)
        except FleetFileError as exc:
            self._document.take_over(exc.problems)
        except FleetPlanError as exc:
            self._document.note(entry.value, field, str(exc).removeprefix("profile: "))
        return Profile("")

    def _once(self, node: yaml.Node, field: str, seen: dict[str, int], value: str) -> None:
        line = node.start_mark.line + 1
        if value in seen:
            self._document.note(
                node, field, f"each only once was wanted; line {seen[value]} has {value!r} too"
            )
        seen.setdefault(value, line)
