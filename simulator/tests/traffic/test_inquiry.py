"""Questions on a schedule: each is timed from when it was due, and an answer belongs to one of them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from simulator.tests.floor import OTHER, RELAY, embedded
from simulator.tests.program import DEADLINE_S, Program, run
from simulator.traffic.inquiry import PATIENCE_NS, Inquiry
from wire.components import COMPONENTS
from wire.jsontext import parse_object, to_bytes

SECOND_NS = 1_000_000_000


def answer(relay_id: str, component: str) -> bytes:
    return to_bytes({"rly": relay_id, "typ": "cfg", "comp": component})


def test_everybody_is_asked_for_everything_in_turn() -> None:
    inquiry = Inquiry([RELAY, OTHER], 1)
    asked = [inquiry.ask(0, 0) for _ in range(2 * len(COMPONENTS))]
    assert [topic.rpartition("/")[2] for topic, _ in asked] == [RELAY, OTHER] * len(COMPONENTS)
    assert [parse_object(payload)["comp"] for _, payload in asked[::2]] == list(COMPONENTS)


def test_a_question_that_went_out_late_has_waited_since_it_was_due() -> None:
    inquiry = Inquiry([RELAY], 1)
    first = next(iter(COMPONENTS))
    inquiry.ask(0, 3 * SECOND_NS)
    inquiry.hear("smib/config", answer(RELAY, first), 4 * SECOND_NS)
    assert (inquiry.heard, inquiry.trips.max_us, inquiry.behind.max_us) == (1, 4_000_000, 3_000_000)


def test_what_answers_nothing_is_passed_over() -> None:
    inquiry = Inquiry([RELAY], 1)
    inquiry.ask(0, 0)
    for payload in (
        b"",
        b"{}",
        answer(OTHER, "mqtt"),
        answer(RELAY, "ota"),
        b'{"rly":1,"typ":"cfg","comp":"net"}',
    ):
        inquiry.hear("smib/config", payload, SECOND_NS)
    assert inquiry.heard == 0


def test_one_that_stays_without_an_answer_is_counted_after_a_while() -> None:
    inquiry = Inquiry([RELAY], 1)
    for _ in range(len(COMPONENTS) + 1):
        inquiry.ask(0, 0)
    assert inquiry.unheard(SECOND_NS) == 1
    assert inquiry.unheard(PATIENCE_NS + 1) == 1 + len(COMPONENTS)


def test_a_fleet_asks_itself_through_its_broker(tmp_path: Path) -> None:
    report = tmp_path / "run.json"

    def check(uri: str) -> None:
        given = ("--count", "4", "--processes", "2", "--ask", "40/s", "--duration", "6s")
        judge = ("--summary-json", str(report), "--fail-if", "unheard>0", "--fail-if", "answering<100%")
        with Program("fleet", "--broker", uri, *given, *judge) as program:
            program.ready()
            assert program.process.wait(DEADLINE_S) == 0, program.err.rest()

    async def scenario() -> None:
        async with embedded() as broker:
            await asyncio.to_thread(check, broker.uri)

    asyncio.run(scenario())
    fields = json.loads(report.read_text())
    assert fields["asked"] >= fields["heard"] > 20
    assert fields["trip_ms"]["trip50"] > 0


def test_a_rate_that_is_none_is_wrong_use() -> None:
    done = run("fleet", "--broker", "mqtt://127.0.0.1:1", "--ask", "often")
    assert "a number a second as 200/s was wanted, not 'often'" in done.stderr
    assert done.returncode == 2
