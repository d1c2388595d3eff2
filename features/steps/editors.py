"""Several operators at one cabinet, at the same time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from pytest_bdd import parsers, then, when

from features.harness.floor import Cabinet
from features.harness.marker import orders_before_marker
from features.harness.played import PlayedSmib, has
from features.harness.web import Answer, Web
from features.steps.operator import REQUEST, refuse, smib_config

WAIT = 5
ANSWERS: dict[str, dict[str, Any]] = {
    "net": {"netMode": 1, "netStaSSID": "Old_WiFi", "netStaPwd": "", "netStaChan": 3},
    "coms": {"comsMode": 2, "comsAddr": 9, "comsRateMs": 321, "comsRTE": 0, "comsGPC": 5},
    "ota": {"otaURL": "http://firmware.example/"},
    "mqtt": {"mqttQOS": 1, "mqttIdleTimeS": 77},
    "app": {"firmware": "smib", "version": "7.7.7"},
}
FIELDS = {"comsMode": 1, "comsAddr": 11, "comsRateMs": 111, "comsRTE": 1, "comsGPC": 111}
RATE = 500


@when("another operator saves meanwhile")
def _saves_meanwhile(web: Web, cabinet: Cabinet, docstring: str) -> None:
    answer = web.post(smib_config(cabinet.id), json.loads(docstring))
    assert answer.status == 200, str(answer)


@when(
    parsers.parse("{count:d} operators save over it at once, each his own value"),
    target_fixture="answers",
)
def _save_at_once(web: Web, cabinet: Cabinet, answer: Answer, count: int) -> list[Answer]:
    tag = {"If-Match": answer.headers["etag"]}
    bodies = [{"smibConfig": {"coms": {"comsRateMs": RATE + number}}} for number in range(count)]
    return at_once([partial(web.post, smib_config(cabinet.id), body, tag) for body in bodies])


@then("one of them succeeded, and every other was told of the conflict")
def _one_won(answers: list[Answer]) -> None:
    won = [answer for answer in answers if answer.status == 200]
    assert len(won) == 1, [str(answer) for answer in won]
    for answer in answers:
        if answer is not won[0]:
            refuse(answer, 409)


@then("the value of the one that succeeded is stored, and the only one that was sent")
def _only_one(web: Web, cabinet: Cabinet, smib: PlayedSmib, answers: list[Answer]) -> None:
    winner = next(number for number, answer in enumerate(answers) if answer.status == 200)
    stored = web.get(smib_config(cabinet.id)).field("data.smibConfig.coms.comsRateMs")
    assert stored == RATE + winner
    came = orders_before_marker(smib.peer.inbox, web, smib.relay_id)
    assert {one.fields.get("comsRateMs") for one in came} == {stored}, [str(one) for one in came]


@when(parsers.parse('{count:d} operators save different fields of "coms" at once'))
def _different_fields(web: Web, cabinet: Cabinet, count: int) -> None:
    assert count == len(FIELDS)
    path = smib_config(cabinet.id)
    parts = [{"smibConfig": {"coms": {name: value}}} for name, value in FIELDS.items()]
    for answer in at_once([partial(web.post, path, part) for part in parts]):
        assert answer.status == 200, str(answer)


@when(
    "five operators wait for one component each, and the SMIB answers in the other order",
    target_fixture="given_answers",
)
def _wait_each(web: Web, cabinet: Cabinet, smib: PlayedSmib) -> dict[str, Answer]:
    with waiting(web, cabinet, list(ANSWERS)) as waits:
        for component in ANSWERS:
            smib.order(f"a request for {component}", {"typ": "cfg", "comp": component})
        for component, values in reversed(ANSWERS.items()):
            smib.answers(component, values)
        return {component: wait.result() for component, wait in waits.items()}


@then("each of them was given the component that he asked for")
def _each_his_own(given_answers: dict[str, Answer]) -> None:
    for component, answer in given_answers.items():
        assert answer.field("component") == component
        assert has(answer.field("data"), {"comp": component}), str(answer)
        shown = {name: value for name, value in ANSWERS[component].items() if name != "netStaPwd"}
        assert has(answer.field("data"), shown), str(answer)


@when('an operator waits for the "net" settings, and the other SMIB answers first', target_fixture="answer")
def _other_first(web: Web, cabinet: Cabinet, smib: PlayedSmib, other_smib: PlayedSmib) -> Answer:
    with waiting(web, cabinet, ["net"]) as waits:
        smib.order("a request for net", {"typ": "cfg", "comp": "net"})
        other_smib.answers("net", {"netStaSSID": "Not_This_One"})
        smib.answers("net", ANSWERS["net"])
        return waits["net"].result()


@then("he was given the settings of his own")
def _his_own(answer: Answer) -> None:
    assert answer.field("data.netStaSSID") == ANSWERS["net"]["netStaSSID"], str(answer)


@contextmanager
def waiting(web: Web, cabinet: Cabinet, components: Sequence[str]) -> Iterator[dict[str, Future[Answer]]]:
    """An operator for each component, who asks for it and waits."""
    with ThreadPoolExecutor(len(components)) as operators:
        yield {
            component: operators.submit(
                web.post, f"{REQUEST}?wait={WAIT}", {"relayId": cabinet.relay_id, "component": component}
            )
            for component in components
        }


def at_once(requests: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Every request by an operator of its own, as near to the same moment as threads are."""
    with ThreadPoolExecutor(len(requests)) as operators:
        return list(operators.map(lambda request: request(), requests))
