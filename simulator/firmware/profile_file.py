"""A firmware profile from a YAML file, or everything that is wrong with it, each with its line and field.

about: what is to be said of it                 optional, as is everything else
firmware: {firmware: smib, version: 0.9.4}      what its boards answer as app
config: {coms: {comsRateMs: 500}}               its defaults where they are not the contract's
lacks: {coms: [comsGPC]}                        fields that it does not have
timing: {boot_ms: 4000}                         from power to the first attempt to connect
clock: false                                    no ts in events, commands of any age executed
quirks: [{kind: slow, ms: 250}]                 faults that all its boards have, always
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from simulator.device.device import BOOT_MS
from simulator.errors import FleetPlanError
from simulator.firmware.profile import Profile
from simulator.fleet_file.board_file import read_config, read_faults, read_firmware
from simulator.fleet_file.yaml_document import Document, Entry, compose, described, read_document, scalar
from wire.components import APP, COMPONENTS

KEYS = ("about", "firmware", "config", "lacks", "timing", "clock", "quirks")
SHIPPED = Path(__file__).resolve().parent / "profiles"
"""A link to fixtures/profiles here, a copy of it in an installed package."""
LONGEST_BOOT_MS = 600_000
LONGEST_ABOUT = 1_000

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,48}")


def load_profile(name: str, beside: Path) -> Profile:
    """The profile of that name, or in the file of that path (which ends in .yaml, and starts at the folder
    `beside`). FleetPlanError for a name that no profile has, FleetFileError for a file that is wrong.
    """
    path = profile_path(name, beside)
    return read_profile(read_document(path), path.stem)


def profile_path(name: str, beside: Path) -> Path:
    """Where a profile is: its path if it is one; else `NAME.yaml` in `profiles` next to the folder `beside`,
    or among those that are shipped.
    """
    if name.endswith((".yaml", ".yml")):
        return beside / name
    if not _NAME.fullmatch(name):
        raise FleetPlanError(f"profile: a name or the path of a .yaml file was wanted, not {name[:40]!a}")
    folders = (beside.resolve().parent / "profiles", SHIPPED)
    for folder in folders:
        if (path := folder / f"{name}.yaml").is_file():
            return path
    known = sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})
    names = f"one of {', '.join(known)}, " if known else ""
    raise FleetPlanError(f"profile: {names}or the path of a .yaml file was wanted, not {name!a}")


def parse_profile(name: str, data: bytes) -> Profile:
    """The profile that the text of a file spells; `name` stands in the problems."""
    return read_profile(compose(name, data), Path(name).stem)


def read_profile(document: Document, name: str) -> Profile:
    """The profile that a document spells."""
    entries = document.mapping(document.root, "", KEYS)
    if (about := entries.get("about")) is not None:
        document.text(about.value, "about", longest=LONGEST_ABOUT)
    config = read_config(document, entries.get("config"), "config")
    firmware = read_firmware(document, entries.get("firmware"), "firmware")
    profile = Profile(
        name=name,
        config={**config, **({APP.name: firmware} if firmware else {})},
        lacks=_lacks(document, entries.get("lacks")),
        boot_ms=_boot_ms(document, entries.get("timing")),
        clock=_clock(document, entries.get("clock")),
        quirks=read_faults(document, entries.get("quirks"), "quirks"),
    )
    document.refuse()
    return profile


def _lacks(document: Document, entry: Entry | None) -> dict[str, frozenset[str]]:
    entries = {} if entry is None else document.mapping(entry.value, "lacks", COMPONENTS)
    return {name: _fields(document, part.value, name) for name, part in entries.items()}


def _fields(document: Document, node: yaml.Node, component: str) -> frozenset[str]:
    names, found = [row.name for row in COMPONENTS[component]], set[str]()
    for index, item in enumerate(document.items(node, f"lacks.{component}")):
        value = scalar(item)
        if isinstance(value, str) and value in names:
            found.add(value)
        else:
            wanted = f"one of {', '.join(names)} was wanted, not {described(item)}"
            document.note(item, f"lacks.{component}[{index}]", wanted)
    return frozenset(found)


def _boot_ms(document: Document, entry: Entry | None) -> int:
    entries = {} if entry is None else document.mapping(entry.value, "timing", ("boot_ms",))
    given = entries.get("boot_ms")
    read = None if given is None else document.whole(given.value, "timing.boot_ms", 0, LONGEST_BOOT_MS)
    return BOOT_MS if read is None else read


def _clock(document: Document, entry: Entry | None) -> bool:
    value = True if entry is None else scalar(entry.value)
    if entry is not None and not isinstance(value, bool):
        document.note(entry.value, "clock", f"true or false was wanted, not {described(entry.value)}")
    return value is not False
