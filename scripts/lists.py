"""The lists in the README files that come from the code: ``python -m scripts.lists`` writes them anew.

A list stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``. scripts/tests/test_lists.py fails while one of
them says something else than the code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from cms.app import build
from cms.settings import SETTINGS, read_settings
from features.harness.cli import COMMANDS as CONFORM_COMMANDS
from features.harness.subject import CAPABILITIES, PLACEHOLDERS
from simulator.cli import COMMANDS as LAB_COMMANDS
from simulator.control.operations import OPERATIONS
from simulator.faults import KINDS as FAULTS
from simulator.faults.spec import SpecField
from wire.commands import COMMANDS, EVENTS, action_of
from wire.components import COMPONENTS
from wire.fields import Field
from wire.topics import Topics

ROOT = Path(__file__).parents[1]


def fields() -> str:
    rows = [
        (f"`{component.name}`", f"`{field.name}`", _accepted(field), _default(field), field.meaning)
        for component in COMPONENTS.values()
        for field in component
    ]
    return table(("component", "field", "accepts", "default", "meaning"), rows)


def topics() -> str:
    known = Topics()
    rows = [
        (f"`{known.relay('<relayId>')}`", "CMS to SMIB", "requests, updates, commands"),
        (f"`{known.config}`", "SMIB to CMS", "configuration answers of all devices"),
        (f"`{known.server('<relayId>')}`", "SMIB to CMS", "events, meters, status of one device"),
        (f"`{known.shared_server}`", "SMIB to CMS", "the same, from devices with one shared topic"),
        (f"`{known.legacy_server}`", "SMIB to CMS", "the same, from older firmware"),
        (f"`{known.meter_push}`", "CMS to SMIB", "asks the device named in `rly` to push its meters"),
    ]
    return table(("topic", "direction", "what"), rows)


def commands() -> str:
    return table(("command", "action"), [(f"`{name}`", f"`{action_of(name)}`") for name in COMMANDS])


def events() -> str:
    return ", ".join(f"`{name}`" for name in sorted(EVENTS))


def settings() -> str:
    rows = [
        (
            f"`{s.name}`" + (f" (or `{s.alias}`)" if s.alias else ""),
            f"`{s.default}`" if s.default else "",
            s.help,
        )
        for s in SETTINGS
    ]
    return table(("variable", "default", "what"), rows)


def routes() -> str:
    endpoints = build(read_settings({})).endpoints
    rows = [(f"`{e.method} {e.path}`", e.operation.summary) for e in endpoints if e.operation is not None]
    return table(("endpoint", "what"), rows)


def lab_commands() -> str:
    return table(("command", "what"), [(f"`smib-lab {c.name}`", c.summary) for c in LAB_COMMANDS])


def faults() -> str:
    rows = [
        (f"`{name}`", kind.says, ", ".join(_fault_field(*entry) for entry in kind.fields.items()))
        for name, kind in FAULTS.items()
    ]
    return table(("kind", "a device with it", "fields"), rows)


def control() -> str:
    rows = [(f"`{o.method} {o.path}`", o.summary, ", ".join(f"`{n}`" for n in o.fields)) for o in OPERATIONS]
    return table(("operation", "what", "fields"), [*rows, ("`GET /metrics`", "figures for Prometheus", "")])


def capabilities() -> str:
    return table(("capability", "what it is"), [(f"`{name}`", what) for name, what in CAPABILITIES.items()])


def placeholders() -> str:
    return table(("in braces", "what"), [(f"`{{{name}}}`", what) for name, what in PLACEHOLDERS.items()])


def conform_commands() -> str:
    return table(("command", "what"), [(f"`smib-conform {c.name}`", c.help) for c in CONFORM_COMMANDS])


LISTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "wire/README.md": {"topics": topics, "fields": fields, "commands": commands, "events": events},
    "cms/README.md": {"settings": settings, "routes": routes},
    "simulator/README.md": {"lab commands": lab_commands, "faults": faults, "control": control},
    "features/README.md": {
        "placeholders": placeholders,
        "capabilities": capabilities,
        "conform commands": conform_commands,
    },
}


def rewritten(text: str, lists: Mapping[str, Callable[[], str]]) -> str:
    """``text`` with each of its lists as the code has it; ValueError for a list that has no place in it."""
    for name, made in lists.items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        found = place.search(text)
        if found is None:
            raise ValueError(f"<!-- {name} --> and <!-- /{name} --> were wanted")
        text = f"{text[: found.start()]}{found[1]}{made()}\n{found[2]}{text[found.end() :]}"
    return text


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars inside a cell are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _accepted(field: Field) -> str:
    if field.read_only:
        return "read-only"
    return field.wanted.rstrip(",") + (" (secret)" if field.secret else "")


def _fault_field(name: str, field: SpecField) -> str:
    return f"`{name}`" + (" (optional)" if field.optional else "")


def _default(field: Field) -> str:
    return "optional" if field.optional else f"`{field.default!r}`".replace("'", '"')


def main() -> None:
    for name, lists in LISTS.items():
        path = ROOT / name
        path.write_text(rewritten(path.read_text(), lists))


if __name__ == "__main__":
    main()
