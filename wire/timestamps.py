"""Time as messages carry it: ISO 8601 in UTC with milliseconds and ``Z`` (contract, section 4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from wire.errors import MessageError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@lru_cache(maxsize=256)
def format_timestamp(epoch_ms: int) -> str:
    """Milliseconds since 1970 as ``2024-01-15T10:30:00.000Z``."""
    moment = _EPOCH + epoch_ms * _MILLISECOND
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_timestamp(text: str) -> int:
    """Milliseconds since 1970; any ISO 8601 date and time with a zone is read, MessageError for the rest."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise MessageError("timestamp", "ISO 8601 in UTC was wanted, as 2024-01-15T10:30:00.000Z") from exc
    if moment.tzinfo is None:
        raise MessageError("timestamp", "a time zone was wanted, as the Z in 2024-01-15T10:30:00.000Z")
    return (moment - _EPOCH) // _MILLISECOND
