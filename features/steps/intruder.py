"""Whoever sends what no well-meaning client sends: ids that address other topics, bodies without sense."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from pytest_bdd import parsers, then, when

from features.harness.floor import Cabinet
from features.harness.peer import Peer
from features.harness.played import TOPICS
from features.harness.stream import SUBSCRIBE
from features.harness.web import Answer, Web
from features.steps.operator import PUBLISH, REQUEST, TEST, refuse, smib_config

UPDATE = {"typ": "cfg", "comp": "net", "netStaChan": 3}
ENDPOINTS: Mapping[str, Mapping[str, Any]] = {
    REQUEST: {"relayId": "RELAY", "component": "net"},
    PUBLISH: {"relayId": "RELAY", "config": UPDATE},
    TEST: {"action": "publish", "relayId": "RELAY"},
}
"""Each endpoint that takes a relay id in its body, with an otherwise good body."""

NAMED = {"an id of 65 characters": "a" * 65}
BODIES: Mapping[str, bytes] = {
    "nothing": b"",
    "text": b"please",
    "cut-off JSON": b'{"relayId": "e831cdfa8384", "component"',
    "a list": b'[{"relayId": "e831cdfa8384"}]',
    "a string": b'"e831cdfa8384"',
    "a number": b"7",
    "null": b"null",
    "bytes that are not UTF-8": b'{"relayId": "\xff\xfe"}',
    "JSON nested 10,000 deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "NaN": b'{"relayId": NaN}',
    "an object without anything in it": b"{}",
    "a key that nobody knows": b'{"colour": "red"}',
    "a megabyte": b'{"typ": "cfg", "comp": "' + b"a" * 1024 * 1024 + b'"}',
    "over 64 KiB": b'{"relayId": "' + b"a" * (64 * 1024) + b'"}',
}
NOISE = ("nothing", "text", "cut-off JSON", "a list", "a number", "null", "bytes that are not UTF-8", "NaN")
"""Short bodies that hold no JSON object."""


@when(
    parsers.parse("the operator uses the relay id {relay_id} at every endpoint that takes one"),
    target_fixture="answers",
)
def _everywhere(web: Web, relay_id: str) -> list[Answer]:
    value = NAMED.get(relay_id) or json.loads(relay_id)
    return [*_bodies(web, value), web.get(SUBSCRIBE + quote(value, safe=""))]


@when(
    parsers.parse("the operator uses the relay id {value} in every body that takes one"),
    target_fixture="answers",
)
def _in_bodies(web: Web, value: str) -> list[Answer]:
    return _bodies(web, json.loads(value))


@then(parsers.parse("each of them refuses it with {status:d}"))
def _each_refuses(answers: list[Answer], status: int) -> None:
    for answer in answers:
        refuse(answer, status)


@when(parsers.parse("somebody posts {kind} to the {endpoint} endpoint"), target_fixture="answer")
def _posts(web: Web, cabinet: Cabinet, kind: str, endpoint: str) -> Answer:
    return web.send("POST", _path(endpoint, cabinet), BODIES[kind])


@when(
    parsers.parse('somebody sends a good body to the {endpoint} endpoint as "{content_type}"'),
    target_fixture="answer",
)
def _posts_as(web: Web, cabinet: Cabinet, content_type: str, endpoint: str) -> Answer:
    raw = json.dumps(_good(endpoint, cabinet)).encode()
    return web.send("POST", _path(endpoint, cabinet), raw, content_type or None)


@when(parsers.parse("somebody posts to the {endpoint} endpoint {body}"), target_fixture="answer")
def _posts_body(web: Web, cabinet: Cabinet, endpoint: str, body: str) -> Answer:
    return web.send("POST", _path(endpoint, cabinet), body.replace("RELAY", cabinet.relay_id).encode())


@when(
    parsers.parse('the operator sends a good "{method}" to the settings of the cabinet "{cabinet_id}"'),
    target_fixture="answer",
)
def _to_cabinet(web: Web, method: str, cabinet_id: str) -> Answer:
    path = smib_config("CABINET").replace("CABINET", cabinet_id)
    body = json.dumps({"smibConfig": {"coms": {"comsMode": 1}}}).encode() if method == "POST" else None
    return web.send(method, path, body)


@when(parsers.parse("somebody publishes {kind} on every topic of reports"))
def _noise(join: Callable[..., Peer], cabinet: Cabinet, kind: str) -> None:
    peer = join("intruder")
    for topic in report_topics(cabinet):
        peer.publish(topic, BODIES[kind])


@when(parsers.parse("somebody publishes on every topic of reports {payload}"))
def _publishes(join: Callable[..., Peer], cabinet: Cabinet, payload: str) -> None:
    peer = join("intruder")
    for topic in report_topics(cabinet):
        peer.publish(topic, payload.replace("RELAY", cabinet.relay_id).encode())


@when(parsers.parse("somebody publishes on every shared topic {payload}"))
def _publishes_shared(join: Callable[..., Peer], cabinet: Cabinet, payload: str) -> None:
    peer = join("intruder")
    for topic in report_topics(cabinet)[:-1]:
        peer.publish(topic, payload.encode())


@when(parsers.parse("somebody publishes {count:d} pieces of noise"))
def _flood(join: Callable[..., Peer], cabinet: Cabinet, count: int) -> None:
    peer = join("intruder")
    pairs = itertools.product((BODIES[kind] for kind in NOISE), report_topics(cabinet))
    for body, topic in itertools.islice(itertools.cycle(pairs), count):
        peer.publish(topic, body)


def report_topics(cabinet: Cabinet) -> tuple[str, ...]:
    """The three shared topics and the SMIB's own."""
    return (TOPICS.config, TOPICS.shared_server, TOPICS.legacy_server, TOPICS.server(cabinet.relay_id))


def _bodies(web: Web, relay_id: Any) -> list[Answer]:
    return [web.post(path, {**body, "relayId": relay_id}) for path, body in ENDPOINTS.items()]


def _path(endpoint: str, cabinet: Cabinet) -> str:
    return {
        "request": REQUEST,
        "publish": PUBLISH,
        "test": TEST,
        "smib-config": smib_config(cabinet.id),
    }[endpoint]


def _good(endpoint: str, cabinet: Cabinet) -> Mapping[str, Any]:
    body = ENDPOINTS.get(_path(endpoint, cabinet), {"smibConfig": {"coms": {"comsMode": 1}}})
    return {**body, "relayId": cabinet.relay_id} if "relayId" in body else body
