"""A document of the service's own, of a kind that says who reads it (contract, section 7).

Batches, templates and firmware are sheets.

A sheet is changed as a whole, by whoever knows the number of the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Who reads it."""

    BATCH = "batch"
    TEMPLATE = "template"
    FIRMWARE = "firmware"


KEPT: Mapping[Kind, int] = {Kind.BATCH: 200}
"""How many of a kind are kept: the oldest go. Of the others all are."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """``number`` is 1 at first and rises by one with each change; ``at_ms`` is the time of the first.

    ``document`` is JSON without nulls, and without a key that a caller chose; it may hold passwords.
    """

    kind: Kind
    id: str
    number: int
    at_ms: int
    document: Mapping[str, Any] = field(repr=False)
