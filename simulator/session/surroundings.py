"""What a session has around it, and shares with the others of its fleet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.deadlines import Clock, Deadlines
from simulator.link.networks import Networks
from simulator.session.download import Downloads

Tell = Callable[[str, str, Mapping[str, Any]], None]
"""Relay id, kind of event, facts; see `Fleet` for the kinds."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the devices of a fleet have in common: the time, their timers, the networks that exist, where an
    NVS is kept (None: nowhere), who is told of everything, and how firmware is loaded.
    """

    clock: Clock
    deadlines: Deadlines
    networks: Networks
    save: Callable[[str, Mapping[str, Any]], None] | None
    tell: Tell
    downloads: Downloads
