"""The cabinets that a CMS which runs already says it has."""

from __future__ import annotations

import contextlib
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from features.harness.floor import Cabinet
from features.harness.inbox import WITHIN
from features.harness.subject import Subject

CABINETS = "/api/cabinets"


def listed(subject: Subject) -> tuple[Cabinet, ...]:
    """What ``GET /api/cabinets`` answers; none where it does not, or in another form."""
    place = urlsplit(subject.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port or 80, timeout=WITHIN)
    with contextlib.closing(connection):
        try:
            connection.request("GET", CABINETS, headers=dict(subject.headers))
            content = json.loads(connection.getresponse().read())
        except (OSError, ValueError, RecursionError, http.client.HTTPException):
            return ()
    return tuple(Cabinet(one["id"], one["relayId"]) for one in _entries(content) if _is_seat(one))


def _entries(content: Any) -> list[Any]:
    data = content.get("data") if isinstance(content, dict) else None
    found = data.get("cabinets") if isinstance(data, dict) else data
    return found if isinstance(found, list) else []


def _is_seat(one: Any) -> bool:
    return isinstance(one, dict) and all(isinstance(one.get(name), str) for name in ("id", "relayId"))
