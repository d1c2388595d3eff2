"""What came before a marker, and that nothing can be mistaken for one."""

from __future__ import annotations

import pytest

from features.harness.errors import Missing
from features.harness.evidence.timeline import Timeline
from features.harness.inbox import Inbox
from features.harness.marker import MARKERS, reports_before_marker
from features.harness.peer import Received
from features.harness.played import TOPICS, PlayedCms
from wire.jsontext import to_bytes
from wire.relay import canonical_relay_id

RELAY = canonical_relay_id("e831cd000001")


def report(relay: str = RELAY, **fields: str) -> Received:
    return Received(TOPICS.config, to_bytes({"rly": relay, **fields}), False, 0.0)


def answer(component: str, relay: str = RELAY) -> Received:
    return report(relay, typ="cfg", comp=component)


class Answering:
    """A peer in whose inbox the device's answer stands as soon as it is asked."""

    def __init__(self, *before: Received, answers: bool = True) -> None:
        self.inbox: Inbox[Received] = Inbox("CMS", Timeline(pace=0.01))
        self._asked = iter(MARKERS)
        self._answers = answers
        for one in before:
            self.inbox.put(one)

    def publish(self, _topic: str, _payload: bytes) -> None:
        if self._answers:
            self.inbox.put(answer(next(self._asked)))


def before(*reports: Received, answers: bool = True, since: int = 0) -> list[Received]:
    peer = Answering(*reports, answers=answers)
    return reports_before_marker(PlayedCms(peer), RELAY, since)  # type: ignore[arg-type]


def test_nothing_came_before() -> None:
    assert before() == []
    assert before(report(typ="GAME_WON"), since=1) == []


def test_what_came_before_is_told_without_what_concerns_another() -> None:
    event = report(typ="GAME_WON")
    assert before(event, report("e831cd000002", typ="GAME_WON"), answer("app", "e831cd000002")) == [event]


@pytest.mark.parametrize("component", MARKERS)
def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_marker(component: str) -> None:
    assert [one.fields["comp"] for one in before(answer(component))] == [component]


def test_without_the_answers_nothing_is_proven() -> None:
    with pytest.raises(Missing):
        before(answer("app"), answers=False)
