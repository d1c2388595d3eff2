"""A fleet's run summed up and judged: figures, thresholds, reports, exit codes."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import SummaryError
from simulator.fleet.latency import Latencies
from simulator.fleet.reading import Reading, together
from simulator.fleet.summary import FIGURES, Summary
from simulator.fleet.threshold import threshold
from simulator.tests.floor import embedded, onlooker
from simulator.tests.program import Program, run
from wire.orders import ConfigRequest

TIMES_US = {1_000: 850, 2_000: 100, 3_000: 35, 250_000: 10, 300_000: 4, 400_000: 1}
"""A time, and how many took it."""


def reading(times_us: Mapping[int, int] = TIMES_US) -> Reading:
    made = Reading(took_s=10.0, devices=200, connected=190, subscribed=195, answering=100, missing=5)
    made.totals.update(received=400, sent=5_000)
    made.errors.update({"lost": 2, "refused: broker unreachable": 3})
    for us, number in times_us.items():
        made.answers.add(us, number)
    return made


def summary(times_us: Mapping[int, int] = TIMES_US) -> Summary:
    return Summary(reading(times_us))


def late(share: float) -> Reading:
    """A fleet that did this part of what was due a second late."""
    made = reading()
    made.behind.add(1_000_000, int(1_000 * share))
    made.behind.add(0, 1_000 - int(1_000 * share))
    return made


TIMES = ("answer_ms", "trip_ms", "itself_ms")


class TestLatencies:
    @given(
        st.lists(st.integers(0, 10**9), min_size=1, max_size=60), st.sampled_from([1, 50, 90, 99, 99.9, 100])
    )
    def test_a_percentile_is_known_to_a_percent(self, times: list[int], percent: float) -> None:
        latencies = Latencies()
        for us in times:
            latencies.add(us)
        rank = max(1, -int(-len(times) * percent // 100))
        exact, found = sorted(times)[rank - 1], latencies.percentile_us(percent)
        assert found is not None
        assert exact <= found <= exact * 1.01 + 1
        assert latencies.max_us == max(times)

    def test_nothing_is_no_time(self) -> None:
        assert Latencies().percentile_us(99) is None
        assert Latencies().mean_us is None

    @given(st.lists(st.integers(0, 10**9), max_size=60), st.integers(0, 60))
    def test_parts_put_together_are_the_whole(self, times: list[int], cut: int) -> None:
        whole, parts = Latencies(), (Latencies(), Latencies())
        for number, us in enumerate(times):
            whole.add(us)
            parts[number < cut].add(us)
        parts[0].merge(Latencies.from_dict(json.loads(json.dumps(parts[1].to_dict()))))
        assert parts[0].to_dict() == whole.to_dict()
        assert parts[0].count == len(times)

    def test_a_stall_is_what_each_of_its_periods_would_have_found(self) -> None:
        lag = Latencies()
        lag.add_stall(350_000, 100_000)
        assert lag.count == 4
        assert lag.total_us == 350_000 + 250_000 + 150_000 + 50_000


class TestReading:
    def test_parts_put_together_are_the_whole(self) -> None:
        whole = together([reading(), late(0.5), Reading(took_s=11.0, devices=1)])
        assert (whole.took_s, whole.devices, whole.missing) == (11.0, 401, 10)
        assert (whole.sent, whole.answered, whole.errors["lost"]) == (10_000, 2_000, 4)
        assert Reading.from_dict(whole.to_dict()).to_dict() == whole.to_dict()
        assert whole.missed_its_rate

    def test_what_is_none_is_refused(self) -> None:
        with pytest.raises(SummaryError, match="the figures of a fleet were wanted"):
            Reading.from_dict({**reading().to_dict(), "answers": {"buckets": [[1]]}})

    @pytest.mark.parametrize("changed", [{"devices": float("inf")}, {"took_s": 10**400}])
    def test_a_number_beyond_all_is_refused_too(self, changed: dict[str, float]) -> None:
        with pytest.raises(SummaryError, match="the figures of a fleet were wanted"):
            Reading.from_dict({**reading().to_dict(), **changed})


class TestThreshold:
    @pytest.mark.parametrize(
        ("text", "failed"),
        [
            ("p99>200ms", True),
            ("p99 > 0.2 s", True),
            ("p99>252ms", False),
            ("p99>=249ms", True),
            ("p99.9<1s", True),
            ("max>400000us", False),
            ("lag>1s", True),
            ("mean>4ms", True),
            ("connected<100%", True),
            ("subscribed<95%", False),
            ("answering==100", True),
            ("errors!=5", False),
            ("errors>4", True),
            ("sent<500/s", False),
            ("sent<501/s", True),
            ("missing>0", True),
            ("devices<200", False),
        ],
    )
    def test_it_judges(self, text: str, failed: bool) -> None:
        one = threshold(text)
        assert one.failed(summary()) is failed
        assert one.verdict(summary())["failed"] is failed
        assert text in one.sentence(summary())

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("", "a figure, one of"),
            ("p99", "as p99>200ms"),
            ("p99>200", "the unit of p99 is us or ms or s, not 'none'"),
            ("p99>200%", "the unit of p99"),
            ("errors>1ms", "the unit of errors is none or /s, not 'ms'"),
            ("p98>1ms", "one of devices, connected"),
            ("p99=200ms", "one of > >= < <= == !="),
            ("p99>-1ms", "a number"),
            ("p99>1e9ms", "a figure"),
            ("__import__('os')>1", "a figure"),
            ("p99>200ms or errors>0", "a figure"),
        ],
    )
    def test_what_is_none_is_refused_with_what_was_wanted(self, text: str, wanted: str) -> None:
        with pytest.raises(SummaryError) as refused:
            threshold(text)
        assert wanted in str(refused.value)

    @given(st.text())
    def test_no_text_makes_it_raise_anything_else(self, text: str) -> None:
        try:
            threshold(text)
        except SummaryError as exc:
            assert str(exc)

    def test_a_time_that_nothing_is_known_of_fails(self) -> None:
        unknown = summary({})
        assert threshold("p99>200ms").failed(unknown)
        assert "nothing was timed" in threshold("p99>200ms").sentence(unknown)

    def test_a_rate_that_the_fleet_itself_missed_is_none(self) -> None:
        stands, falls = Summary(late(0.005)), Summary(late(0.05))
        assert threshold("sent<1/s").failed(stands) is False
        assert threshold("sent<1/s").failed(falls) is True
        assert "the fleet itself fell behind" in threshold("sent<1/s").sentence(falls)


class TestSummary:
    def test_every_figure_is_in_every_report(self) -> None:
        rows = {row["figure"]: row["value"] for row in csv.DictReader(io.StringIO(summary().csv()))}
        report = json.loads(summary().json([]))
        for name in FIGURES:
            assert name in rows
            assert any(name in part for part in (report, *map(report.get, TIMES)))
        assert rows["errors: lost"] == "2"
        assert report["answer_ms"]["p99"] == pytest.approx(250, rel=0.01)
        assert report["per_s"] == {"received": 40, "sent": 500, "answered": 100, "asked": 0, "heard": 0}
        assert report["errors"] == {"lost": 2, "refused: broker unreachable": 3}

    def test_the_text_tells_connected_subscribed_and_answering_apart(self) -> None:
        text = summary().text()
        assert "devices=200 connected=190 subscribed=195 answering=100" in text
        assert "p99=250." in text
        assert "! fleet errors=3 kind='refused: broker unreachable'" in text
        assert "answer p50" not in summary({}).text()

    def test_a_rate_that_the_fleet_itself_missed_is_in_no_report(self) -> None:
        falls = Summary(late(0.05))
        report = json.loads(falls.json([]))
        rows = {row["figure"]: row["value"] for row in csv.DictReader(io.StringIO(falls.csv()))}
        assert "sent_per_s=missed" in falls.text()
        assert report["rates_stand"] is False
        assert set(report["per_s"].values()) == {None}
        assert (rows["sent"], rows["sent/s"]) == ("5000", "")
        assert "1000" in falls.excuse

    def test_the_readme_lists_every_figure(self) -> None:
        readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
        for name, figure in FIGURES.items():
            assert f"| `{name}` | {figure.sort.value} | {figure.meaning} |" in readme


class TestCommand:
    def test_a_run_ends_by_itself_with_its_figures(self, tmp_path: Path) -> None:
        report, table = tmp_path / "run.json", tmp_path / "run.csv"

        async def scenario() -> str:
            async with embedded() as broker, onlooker(broker) as cms:
                given = ("--fleet", "fixtures/fleets/one-device.yaml", "--duration", "5s")
                reports = ("--summary-json", str(report), "--summary-csv", str(table))
                judge = ("--fail-if", "p99>5s", "--fail-if", "answering<1", "--fail-if", "sent>0")
                with Program("fleet", "--broker", broker.uri, *given, *reports, *judge) as program:
                    await asyncio.to_thread(program.ready)
                    await cms.order(ConfigRequest("net"))
                    await cms.heard(typ="cfg", comp="net")
                    assert await asyncio.to_thread(program.process.wait, 20) == 1
                    return "\n".join(program.err.rest())

        said = asyncio.run(scenario())
        assert "devices=1 connected=1 subscribed=1 answering=1" in said
        assert "smib-lab: --fail-if sent>0: sent is" in said
        fields = json.loads(report.read_text())
        assert fields["answered"] == 1
        assert [one["failed"] for one in fields["thresholds"]] == [False, False, True]
        assert table.read_text().startswith("figure,value,unit\n")

    def test_a_fleet_that_is_short_says_so_and_fails(self) -> None:
        done = run("fleet", "--broker", "mqtt://127.0.0.1:1", "--count", "3", "--duration", "3s")
        assert done.returncode == 1
        assert "the fleet is short: 0 of 3 devices" in done.stderr
        assert "kind='refused: broker unreachable'" in done.stderr

    @pytest.mark.parametrize(
        ("args", "code", "sentence"),
        [
            (("--fail-if", "p99>200"), 2, "the unit of p99 is us or ms or s"),
            (("--summary-json", "nowhere/x.json"), 1, "a file in a folder that is there was wanted"),
            (("--virtual-time", "--duration", "1s", "--out", "x", "--fail-if", "sent>0"), 2, "--fail-if"),
        ],
    )
    def test_what_can_t_be_gets_a_sentence(self, args: tuple[str, ...], code: int, sentence: str) -> None:
        done = run("fleet", "--broker", "mqtt://127.0.0.1:1", *args)
        assert sentence in done.stderr
        assert done.returncode == code
