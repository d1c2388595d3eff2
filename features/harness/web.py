"""The operator's HTTP client: each request and answer is on the timeline."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from features.harness.errors import Missing
from features.harness.evidence.timeline import Timeline
from features.harness.evidence.wording import shown
from features.harness.inbox import WITHIN, Deadline
from features.harness.protection import Protection

JSON_TYPE = "application/json"
OPERATOR = "operator"
CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``body`` is the decoded JSON, None where the answer is none."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        try:
            return json.loads(self.raw)
        except ValueError:
            return None

    def field(self, path: str) -> Any:
        """The value under a dotted path, ``data.smibConfig.net``; Missing where there is none."""
        value = self.body
        for name in path.split("."):
            if not isinstance(value, dict) or name not in value:
                raise Missing(f"{path} in the answer", 0, [str(self)])
            value = value[name]
        return value

    def __str__(self) -> str:
        return f"{self.status} {shown(self.raw)}"


class Subject(Protocol):
    """A CMS by its URL, which may change when it is started again."""

    @property
    def url(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class Web:
    """Requests to one CMS. Redirects are not followed: the contract knows none."""

    def __init__(self, subject: Subject, timeline: Timeline, protection: Protection | None = None) -> None:
        self._subject = subject
        self._protection = protection or Protection()
        self.timeline = timeline

    @property
    def headers(self) -> Mapping[str, str]:
        """What the subject file has every request carry."""
        return self._subject.headers

    @property
    def host(self) -> str:
        return urlsplit(self._subject.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self._subject.url).port or 80

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """``body`` as JSON."""
        return self.send("POST", path, json.dumps(body, ensure_ascii=False).encode(), headers=headers)

    def send(
        self,
        method: str,
        path: str,
        raw: bytes | None = None,
        content_type: str | None = JSON_TYPE,
        headers: Mapping[str, str] | None = None,
        within: float = 2 * WITHIN,
    ) -> Answer:
        """One request on a connection of its own, its bytes as they are."""
        self._protection.check(path, raw)
        told = {
            **self._subject.headers,
            **({"Content-Type": content_type} if raw is not None and content_type else {}),
            **(headers or {}),
        }
        exchange = self.timeline.request(OPERATOR, method, path, told, raw)
        try:
            answer = self._sent(method, path, raw, told, within * self.timeline.pace)
        except Missing as exc:
            self.timeline.unanswered(exchange, OPERATOR, "; ".join(exc.seen))
            raise
        self.timeline.answer(exchange, OPERATOR, answer.status, answer.headers, answer.raw)
        return answer

    def quietly(self, path: str) -> Answer:
        """A GET that is repeated until it answers as wanted, and stands on no timeline."""
        return self._sent("GET", path, None, self._subject.headers, 2 * WITHIN * self.timeline.pace)

    def quietly_posted(self, path: str, body: Any) -> Answer:
        """The same for a POST."""
        told = {**self._subject.headers, "Content-Type": JSON_TYPE}
        return self._sent("POST", path, json.dumps(body).encode(), told, 2 * WITHIN * self.timeline.pace)

    def noted(self, path: str, answer: Answer) -> Answer:
        """Puts the last of those on the timeline."""
        exchange = self.timeline.request(OPERATOR, "GET", path)
        self.timeline.answer(exchange, OPERATOR, answer.status, answer.headers, answer.raw)
        return answer

    def _sent(
        self, method: str, path: str, raw: bytes | None, told: Mapping[str, str], within: float
    ) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=within)
        deadline = Deadline(within)
        with contextlib.closing(connection):
            try:
                connection.request(method, path, raw, told)
                response = connection.getresponse()
                whole = b"".join(_parts(response, deadline))
                return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, whole)
            except (OSError, http.client.HTTPException) as exc:
                raise Missing(f"an answer to {method} {path}", within, [repr(exc)]) from exc


def _parts(response: http.client.HTTPResponse, deadline: Deadline) -> Iterator[bytes]:
    """TimeoutError where it does not end: a stream that should have been refused goes on for ever."""
    while part := response.read1(CHUNK):
        yield part
        if not deadline.left:
            raise TimeoutError(f"{response.status}, and no end of what follows")
