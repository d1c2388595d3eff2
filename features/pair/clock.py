"""Time as messages carry it: ISO 8601 in UTC with milliseconds and ``Z`` (contract, section 4)."""

from __future__ import annotations

import datetime
import re

_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def written(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def stamp() -> str:
    """The time now."""
    return written(now())


def age_s(text: object) -> float | None:
    """The seconds since the moment in ``text``; None where it is no moment."""
    if not isinstance(text, str) or not _FORM.fullmatch(text):
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (now() - moment).total_seconds()
