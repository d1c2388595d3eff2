"""Who may do what: four roles, and the one table of their rights (issue 4, "Security").

Each endpoint names the right that it asks for; ``cms/routes/gate.py`` is the one place that asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Right(StrEnum):
    """What an endpoint may ask for. ``order`` is configuration, commands, and the passwords of a stream;
    ``manage`` is what is ordered from: templates and firmware.
    """

    READ = "read"
    ORDER = "order"
    TEST = "test"
    AUDIT = "audit"
    EXPORT = "export"
    MANAGE = "manage"
    ADMINISTER = "administer"


class Role(StrEnum):
    """From the least to the most."""

    VIEWER = "viewer"
    TECHNICIAN = "technician"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


_VIEWS = frozenset({Right.READ})
_SERVICES = _VIEWS | {Right.ORDER, Right.TEST}
_MANAGES = _SERVICES | {Right.AUDIT, Right.EXPORT, Right.MANAGE}

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: _VIEWS,
    Role.TECHNICIAN: _SERVICES,
    Role.MANAGER: _MANAGES,
    Role.ADMINISTRATOR: _MANAGES | {Right.ADMINISTER},
}


def lower_of(one: Role, other: Role) -> Role:
    """The role with fewer rights: a token never has more of them than its user."""
    return one if RIGHTS[one] <= RIGHTS[other] else other


def roles_with(right: Right) -> tuple[Role, ...]:
    """Who may, from the least role on."""
    return tuple(role for role in Role if right in RIGHTS[role])
