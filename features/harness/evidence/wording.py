"""What was sent and received in the words of a failure: one line each, secrets masked by their names."""

from __future__ import annotations

import json
from typing import Any

from wire.errors import WireError
from wire.jsontext import parse_object
from wire.redaction import redacted

LONGEST = 1200
"""Characters; what is longer is cut before anybody looks for secrets in it."""


def shown(payload: bytes) -> str:
    """``payload`` as a person may read it: JSON with its secrets masked, other text and bytes cut short."""
    try:
        return readable(parse_object(payload))
    except WireError:
        return f"{len(payload)} bytes {payload[:48]!r}"


def readable(value: Any) -> str:
    """A JSON value as one line, its secrets masked."""
    text = json.dumps(redacted(value), ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"
