"""A fleet file with profiles out of what was seen of a floor.

A profile is one firmware: its name and version, the fields that it lacks, and the values that all its devices
have in common. A group is the devices of a profile with the same other values, those that are played apart
from those that are not. What is secret or of the site (broker, network, credentials) is left out, as for a
profile that is recorded: a clone of a floor must not find its way to that floor's production.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from simulator.device.play import HOUR_MS, HOURS
from simulator.errors import TapeError
from simulator.firmware.recording import profile_body
from simulator.tape.survey import Seen, Survey
from wire.components import APP

MOST_PER_MINUTE = 600
WHOLE_DAY_MS = 20 * HOUR_MS
"""From this length on, the hours of the day are told apart."""
ENOUGH_GAMES = 1_000
"""From this number on, what the games returned says something."""
BILLS = 20
"""Length of the list by which bills are drawn."""

Body = dict[str, Any]


@dataclass(slots=True)
class _Like:
    """Devices whose firmware is the same, and what each answers."""

    body: Body
    devices: list[tuple[Seen, Body]] = field(default_factory=list)


def clone(survey: Survey, path: Path) -> dict[Path, str]:
    """The files of the clone by their paths, the fleet file at `path` last; TapeError for an empty floor."""
    if not survey.devices:
        raise TapeError("no report of any device was found, so there is nothing to clone.")
    files: dict[Path, str] = {}
    groups: list[Body] = []
    for number, like in enumerate(_firmwares(survey), start=1):
        beside = path.with_name(f"{path.stem}-profile-{number}.yaml")
        profile = _profile(like)
        if profile:
            files[beside] = _text(profile, f"# Cloned from {len(like.devices)} devices.")
        for group in _groups(like, survey):
            named = {"profile": beside.name, **group} if profile else group
            groups.append({"name": f"clone-{len(groups) + 1}", **named})
    head = f"# Cloned from {len(survey.devices)} devices, seen for {survey.length_ms / 60_000:.1f} minutes."
    files[path] = _text({"groups": groups}, head)
    return files


def _firmwares(survey: Survey) -> list[_Like]:
    found: dict[str, _Like] = {}
    for relay_id, seen in sorted(survey.devices.items()):
        body, _ = profile_body(_fit(seen), relay_id)
        clock = {} if seen.stamped or not seen.events else {"clock": False}
        mark = {name: body[name] for name in ("firmware", "lacks") if name in body} | clock
        found.setdefault(json.dumps(mark, sort_keys=True), _Like(mark)).devices.append((seen, body))
    return list(found.values())


def _fit(seen: Seen) -> dict[str, dict[str, Any]]:
    """The values that a file can hold; the firmware's name is whatever a device says, and may be anything."""
    fit = {name: dict(values) for name, values in seen.values.items()}
    app = fit.get(APP.name, {})
    words = {n: v for n, v in app.items() if isinstance(v, str) and v.isprintable() and 1 <= len(v) <= 64}
    if APP.name in fit:
        fit[APP.name] = {n: v for n, v in words.items() if v.strip()}
    return fit


def _profile(like: _Like) -> Body:
    shared = _shared([body.get("config", {}) for _, body in like.devices])
    about = {"about": "cloned from a recording"}
    body = {**like.body, **({"config": shared} if shared else {})}
    return {**about, **body} if body else {}


def _shared(configs: Sequence[Body]) -> Body:
    """The values that all have."""
    found: Body = {}
    for component, values in configs[0].items():
        same = {n: v for n, v in values.items() if all(c.get(component, {}).get(n) == v for c in configs)}
        if same:
            found[component] = same
    return found


def _groups(like: _Like, survey: Survey) -> Iterator[Body]:
    shared = _shared([body.get("config", {}) for _, body in like.devices])
    members: defaultdict[tuple[str, bool], list[Seen]] = defaultdict(list)
    for seen, body in like.devices:
        own = {
            component: left
            for component, values in body.get("config", {}).items()
            if (left := {n: v for n, v in values.items() if n not in shared.get(component, {})})
        }
        members[json.dumps(own, sort_keys=True), seen.played > 0].append(seen)
    for (own_text, played), devices in members.items():
        group: Body = {"relays": [seen.relay_id for seen in devices]}
        if own := json.loads(own_text):
            group["config"] = own
        if played and (play := play_of(devices, survey)):
            group["play"] = play
        yield group


def play_of(devices: Sequence[Seen], survey: Survey) -> Body:
    """How the machines of these devices were played, on average; as a fleet file spells it."""
    played = sum(seen.played for seen in devices)
    minutes = max(survey.length_ms, 60_000) / 60_000
    pace = played / len(devices) / minutes
    play: Body = {}
    if survey.length_ms >= WHOLE_DAY_MS:
        hours = [sum(seen.games[hour] for seen in devices) for hour in range(HOURS)]
        play["day"] = [round(games / max(hours), 2) for games in hours]
        pace *= HOURS / max(1e-9, sum(play["day"]))
    bets = _together(seen.bets for seen in devices)
    if bets:
        play["bet"] = min(max(bets, key=lambda bet: (bets[bet], -bet)), 100_000)
    staked = sum(bet * number for bet, number in bets.items())
    if played >= ENOUGH_GAMES and staked:
        play["return_to_player"] = min(1.5, round(sum(seen.won for seen in devices) / staked, 3))
    if bills := _drawn(_together(seen.bills for seen in devices)):
        play["bills"] = bills
    return {"games_per_minute": min(MOST_PER_MINUTE, max(0.001, round(pace, 3))), **play}


def _together(counters: Iterable[Counter[int]]) -> Counter[int]:
    whole: Counter[int] = Counter()
    for counter in counters:
        whole.update(counter)
    return whole


def _drawn(bills: Counter[int]) -> list[int]:
    """A short list in which each bill stands about as often as it came; rare ones are left out."""
    total = bills.total()
    return [bill for bill in sorted(bills) for _ in range(round(BILLS * bills[bill] / total))]


def _text(body: Body, head: str) -> str:
    return f"{head}\n{yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=100)}"
