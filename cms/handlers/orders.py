"""What an operator orders of a cabinet: new values, what is known of the firmware, a machine command.

Everything is validated first, then stored with its outbox entries, then sent (contract, section 6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cms.actor import SYSTEM, Act, Actor
from cms.cabinet import Cabinet, ConfigChange
from cms.errors import RequestError, UnknownCabinet
from cms.mask import resolve_mask
from cms.store.entry import CommandOrder, OutboxEntry
from cms.store.store import Ordered, Store
from wire.commands import COMMANDS
from wire.components import COMPONENTS
from wire.errors import Problem

DELIVERY_S = 3.0
"""How long a caller waits for the broker's acknowledgement, before the answer says queued."""

MAX_VERSIONS = 32
VERSION_NAME_WANTED = "1 to 64 characters"
VERSION_WANTED = "a string of 1 to 256 characters without control characters"


class Sender(Protocol):
    """The outbox, as far as an order needs it."""

    async def deliver(self, entries: Sequence[OutboxEntry], timeout: float) -> bool:
        """Whether the broker acknowledged all of ``entries`` within ``timeout`` seconds."""

    def learn(self, entries: Sequence[OutboxEntry]) -> None:
        """These entries gave way to a newer order."""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What was asked for, as it came: None where the caller did not name it."""

    config: Mapping[str, Any] | None = field(default=None, repr=False)
    version: Mapping[str, Any] | None = None
    command: str | None = None
    expected_revision: int | None = None


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """``sent``: the broker acknowledged everything. ``queued``: something waits in the outbox."""

    cabinet: Cabinet
    sent: bool
    queued: bool


class Orders:
    """Gives orders to cabinets."""

    def __init__(self, store: Store, outbox: Sender, clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._outbox = outbox
        self._clock_ms = clock_ms

    async def give(self, cabinet_id: str, request: OrderRequest, actor: Actor = SYSTEM) -> OrderOutcome:
        """Store the order and send it. RequestError, UnknownCabinet, EditConflict: nothing of it happened.

        With the broker away the order stays in the outbox: it is not lost, and the outcome says so.
        """
        cabinet = await self._store.cabinet(cabinet_id)
        change = checked(request, cabinet)
        if cabinet is None:
            raise UnknownCabinet(cabinet_id)
        command = None if request.command is None else CommandOrder(request.command, self._clock_ms())
        act = Act(actor, "order")
        return await self.deliver(
            await self._store.order(cabinet_id, change, command, request.expected_revision, act)
        )

    async def place(
        self, cabinet_id: str, change: ConfigChange, command: CommandOrder | None, act: Act
    ) -> Ordered:
        """Store an order that was checked, and leave it to the outbox. UnknownCabinet."""
        ordered = await self._store.order(cabinet_id, change, command, None, act)
        self._outbox.learn(ordered.reduced)
        if ordered.entries:
            await self._outbox.deliver(ordered.entries, 0.0)
        return ordered

    async def deliver(self, ordered: Ordered) -> OrderOutcome:
        """Send what an order left in the outbox, and say what came of it so far."""
        self._outbox.learn(ordered.reduced)
        if not ordered.entries:
            return OrderOutcome(ordered.cabinet, sent=False, queued=False)
        sent = await self._outbox.deliver(ordered.entries, DELIVERY_S)
        return OrderOutcome(ordered.cabinet, sent=sent, queued=not sent)


def checked(request: OrderRequest, cabinet: Cabinet | None) -> ConfigChange:
    """The change that ``request`` asks for, or one RequestError for everything that is wrong with it."""
    if request.config is None and request.version is None and request.command is None:
        raise RequestError("body", "at least one of smibConfig, smibVersion, machineControl was wanted")
    problems = [*_command_problems(request.command), *_version_problems(request.version)]
    config, more = _checked_config(request.config, cabinet)
    if problems or more:
        raise RequestError.of([*more, *problems])
    return ConfigChange(config, dict(request.version or {}))


def _checked_config(
    config: Mapping[str, Any] | None, cabinet: Cabinet | None
) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    """``config`` without its masks, or what is wrong with it."""
    if config is None:
        return {}, []
    if problems := shape_problems(config):
        return {}, problems
    try:
        resolved = resolve_mask(config, {} if cabinet is None else cabinet.smib_config)
    except RequestError as exc:
        return {}, [_inside(problem) for problem in exc.problems]
    found = [_inside(p) for name, values in resolved.items() for p in COMPONENTS[name].problems(values)]
    return resolved, found


def shape_problems(config: Mapping[str, Any]) -> list[Problem]:
    """What keeps ``config`` from being a configuration, whatever its values are."""
    wanted = f"an object with at least one of {', '.join(COMPONENTS)} was wanted"
    if not config:
        return [Problem("smibConfig", wanted)]
    return [problem for name, values in config.items() if (problem := _component_problem(name, values))]


def _component_problem(name: str, values: Any) -> Problem | None:
    if name not in COMPONENTS:
        return Problem(f"smibConfig.{name[:64]}", f"unknown, one of {', '.join(COMPONENTS)} was wanted")
    if not isinstance(values, dict) or not values:
        return Problem(f"smibConfig.{name}", "an object with at least one field was wanted")
    return None


def _inside(problem: Problem) -> Problem:
    return Problem(f"smibConfig.{problem.field}", problem.wanted)


def _command_problems(command: str | None) -> list[Problem]:
    if command is None or command in COMMANDS:
        return []
    return [Problem("machineControl", f"one of {', '.join(COMMANDS)} was wanted")]


def _version_problems(version: Mapping[str, Any] | None) -> list[Problem]:
    if version is None:
        return []
    if not 1 <= len(version) <= MAX_VERSIONS:
        return [Problem("smibVersion", f"an object with 1 to {MAX_VERSIONS} fields was wanted")]
    names = [
        Problem("smibVersion", f"names of {VERSION_NAME_WANTED} were wanted")
        for n in version
        if not _is_text(n, 64)
    ]
    values = [
        Problem(f"smibVersion.{name[:64]}", f"{VERSION_WANTED} was wanted")
        for name, value in version.items()
        if not _is_text(value, 256)
    ]
    return [*names[:1], *values]


def _is_text(value: Any, limit: int) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= limit and value.isprintable()
