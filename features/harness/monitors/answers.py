"""Every REST answer: no password in clear, no failure but the contract's (section 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from features.harness.evidence.entry import AnswerCame
from features.harness.evidence.timeline import Excerpt
from features.harness.monitors.exchange import exchanges
from features.harness.monitors.finding import Finding, Setting
from wire.errors import WireError
from wire.timestamps import parse_timestamp

NO_SECRET = "SECRET-1"
NO_CRASH = "HTTP-7"
ENVELOPE = "HTTP-1"

ALLOWED_5XX = (503, 504)
_STAMP = len("2025-10-26T10:30:00.000Z")


def no_secret_in_clear(excerpt: Excerpt, setting: Setting) -> Iterator[Finding]:
    """Passwords never appear in an answer of a REST endpoint."""
    for exchange in exchanges(excerpt.entries):
        if (answer := exchange.answer) is not None and answer.leaks:
            sentence = f"the answer shows a password in clear: {', '.join(answer.leaks)}"
            yield Finding(NO_SECRET, setting.cms, sentence, (exchange.request, answer))


def no_crash(excerpt: Excerpt, setting: Setting) -> Iterator[Finding]:
    """No 5xx but 503 (the broker is unreachable) and 504 (a device did not answer in time)."""
    for exchange in exchanges(excerpt.entries):
        answer = exchange.answer
        if answer is not None and answer.status >= 500 and answer.status not in ALLOWED_5XX:
            sentence = f"the answer was {answer.status}; of 5xx only 503 and 504 are allowed"
            yield Finding(NO_CRASH, setting.cms, sentence, (exchange.request, answer))


def failures_in_the_envelope(excerpt: Excerpt, setting: Setting) -> Iterator[Finding]:
    """Every failure is ``{"success":false,"error":"a sentence","timestamp":T}`` with a fitting status."""
    for exchange in exchanges(excerpt.entries):
        answer = exchange.answer
        if answer is None or exchange.request.method == "HEAD":
            continue
        problem = _envelope_problem(answer, exchange.told)
        if problem:
            yield Finding(ENVELOPE, setting.cms, problem, (exchange.request, answer))


def _envelope_problem(answer: AnswerCame, told: Mapping[str, Any]) -> str:
    if answer.status < 400:
        failed = told.get("success") is False
        return f"success is false and the status {answer.status} says otherwise" if failed else ""
    wrong = []
    if not answer.headers.get("content-type", "").startswith("application/json"):
        wrong.append("the content type is not application/json")
    if told.get("success") is not False:
        wrong.append("success is not false")
    error = told.get("error")
    if not isinstance(error, str) or not error.strip():
        wrong.append("error is not a sentence")
    if not _is_stamp(told.get("timestamp")):
        wrong.append("timestamp is not a time in UTC with milliseconds and Z")
    return f"a failure with {answer.status} is not in the envelope: {', '.join(wrong)}" if wrong else ""


def _is_stamp(value: object) -> bool:
    if not isinstance(value, str) or len(value) != _STAMP or not value.endswith("Z"):
        return False
    try:
        parse_timestamp(value)
    except WireError:
        return False
    return True
