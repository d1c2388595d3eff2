"""How to see a check again: lines for a shell, from what its timeline shows."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from features.harness.record.check import Check, Moment
from features.harness.record.header import Header

MOST = 8
"""Lines of each tool that are given."""

LONGEST = 2000
PORTS = {"mqtts": "8883", "wss": "443"}


def reproduction(check: Check, header: Header) -> tuple[str, ...]:
    """A line for pytest that runs this check alone, then a ``curl`` line for each request of it and a
    ``mosquitto_pub`` line for what its subject was sent. Secrets stand in them as ``***``."""
    seed = [f"--randomly-seed={header.seed}"] if header.seed else []
    pytest = shlex.join(["pytest", check.id, *header.options, *seed])
    curls = list(dict.fromkeys(_curls(check.timeline, header.address_of("cms"))))
    published = list(dict.fromkeys(_publications(check, header.broker.address)))
    return (pytest, *curls[:MOST], *published[:MOST])


def _curls(timeline: tuple[Moment, ...], url: str) -> Iterator[str]:
    for moment in timeline:
        if moment.kind != "request":
            continue
        facts = moment.facts
        path, method = str(facts.get("path", "/")), str(facts.get("method", "GET"))
        words = ["curl", "-sS", *(["-N"] if _is_stream(facts) else ["-i"])]
        words += [] if method == "GET" and facts.get("body") is None else ["-X", method]
        words += _headers(facts.get("headers"))
        words += [] if facts.get("body") is None else ["--data-raw", _text(facts["body"])]
        line = shlex.join([*words, f"{url.rstrip('/')}{path}"])
        if len(line) <= LONGEST:
            yield line


def _is_stream(facts: Mapping[str, Any]) -> bool:
    headers = facts.get("headers")
    return isinstance(headers, Mapping) and "text/event-stream" in str(headers.get("accept", ""))


def _headers(headers: object) -> list[str]:
    if not isinstance(headers, Mapping):
        return []
    kept = ("content-type", "authorization", "if-match", "accept")
    return [
        word
        for name, value in headers.items()
        if str(name).lower() in kept
        for word in ("-H", f"{name}: {value}")
    ]


def _publications(check: Check, broker: str) -> Iterator[str]:
    """What reached the subject through its tap; of a check of both sides, nothing: its requests say it
    all."""
    if check.role not in ("cms", "smib"):
        return
    for moment in check.timeline:
        facts = moment.facts
        if (moment.kind, facts.get("type"), facts.get("role")) != ("packet", "PUBLISH", check.role):
            continue
        if facts.get("direction") == "to-broker":
            continue
        words = ["mosquitto_pub", *_broker(broker), "-t", str(facts.get("topic", ""))]
        words += ["-q", str(facts.get("qos", 0))]
        words += ["-n"] if facts.get("payload") is None else ["-m", _text(facts["payload"])]
        line = shlex.join(words)
        if len(line) <= LONGEST:
            yield line


def _broker(address: str) -> list[str]:
    try:
        parts = urlsplit(address if "//" in address else f"mqtt://{address}")
        port = str(parts.port or PORTS.get(parts.scheme, "1883"))
    except ValueError:
        return []
    return ["-h", parts.hostname or "127.0.0.1", "-p", port]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
