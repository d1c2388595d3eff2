"""JSON objects and the bytes that carry them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from features.pair.errors import Malformed

MOST = 64 * 1024
"""Bytes of a payload or a body at most (contract, sections 3 and 6)."""


def parsed(raw: bytes) -> dict[str, Any]:
    """The object in ``raw``; Malformed for every other byte string."""
    if len(raw) > MOST:
        raise Malformed(f"{len(raw)} bytes, at most {MOST} were wanted")
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise Malformed("JSON in UTF-8 was wanted") from exc
    if not isinstance(value, dict):
        raise Malformed("a JSON object was wanted")
    return value


def written(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
