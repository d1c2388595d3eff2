"""Every liar by its name: which side it plays, which requirement it breaks, and where it is written."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass

from features import liars
from features.liars import dead
from features.liars.liar import Liar
from features.pair.cms import Cms
from features.pair.smib import Smib

Subject = type[Cms] | type[Smib] | type[dead.Corpse]


@dataclass(frozen=True, slots=True)
class Entry:
    """``requirement`` is ``nothing`` for the dead."""

    name: str
    side: str
    requirement: str
    module: str
    sentence: str
    subject: Subject

    @property
    def is_dead(self) -> bool:
        return self.requirement == dead.NOTHING


def read_liars() -> Mapping[str, Entry]:
    """The liars of every module beside this one. ValueError where two have one name."""
    found: dict[str, Entry] = {}
    for module in pkgutil.iter_modules(liars.__path__, f"{liars.__name__}."):
        if module.ispkg or module.name.endswith("__main__"):
            continue
        for one in vars(importlib.import_module(module.name)).values():
            if _is_subject(one) and one.__module__ == module.name:
                entry = _entry(one)
                if entry.name in found:
                    raise ValueError(f"two liars are named {entry.name}")
                found[entry.name] = entry
    return found


def _is_subject(one: object) -> bool:
    if not isinstance(one, type):
        return False
    return (issubclass(one, Liar) and one is not Liar) or (
        issubclass(one, dead.Corpse) and one is not dead.Corpse
    )


def _entry(one: type) -> Entry:
    side = "smib" if issubclass(one, Smib) else "cms"
    sentence = (one.__doc__ or "").strip()
    return Entry(one.name(), side, one.breaks, one.__module__, sentence, one)  # type: ignore[attr-defined]
