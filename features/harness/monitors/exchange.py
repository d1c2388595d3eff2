"""The REST exchanges on a timeline, each request with its answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from features.harness.evidence.entry import AnswerCame, Entry, RequestSent

API = "/api/"


@dataclass(frozen=True, slots=True)
class Exchange:
    """``answer`` is None where none came."""

    request: RequestSent
    answer: AnswerCame | None

    @property
    def path(self) -> str:
        return urlsplit(self.request.path).path

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path, percent-decoded: ``("api", "cabinets", "cab-1", "smib-config")``."""
        return tuple(unquote(part) for part in self.path.strip("/").split("/"))

    @property
    def query(self) -> Mapping[str, list[str]]:
        return parse_qs(urlsplit(self.request.path).query)

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON object of the request; an empty one where it has none."""
        return self.request.body if isinstance(self.request.body, Mapping) else {}

    @property
    def told(self) -> Mapping[str, Any]:
        """The JSON object of the answer; an empty one where it has none."""
        return self.answer.body if self.answer and isinstance(self.answer.body, Mapping) else {}

    @property
    def refused(self) -> bool:
        return self.answer is not None and 400 <= self.answer.status < 500

    @property
    def succeeded(self) -> bool:
        """A success by status and by word."""
        return self.answer is not None and self.answer.status == 200 and self.told.get("success") is True


def exchanges(entries: Iterable[Entry]) -> list[Exchange]:
    """Every request to the API, in order."""
    seen = tuple(entries)
    answers = {entry.exchange: entry for entry in seen if isinstance(entry, AnswerCame) and entry.status}
    return [
        Exchange(entry, answers.get(entry.exchange))
        for entry in seen
        if isinstance(entry, RequestSent) and entry.path.startswith(API)
    ]
