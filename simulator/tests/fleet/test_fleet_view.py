"""What is seen of a fleet while it runs: a screen on a terminal, lines elsewhere."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from simulator.fleet.panel import Glance, Rates, panel, status_line
from simulator.fleet.reading import Reading
from simulator.fleet.report_options import shortage
from simulator.tests.floor import embedded
from simulator.tests.program import DEADLINE_S, Program
from simulator.traffic.terminal import cells


def reading(**counts: int) -> Reading:
    made = Reading(
        took_s=12.0, devices=10_000, connected=7_500, subscribed=7_000, answering=400, missing=3_000
    )
    made.states = Counter(online=7_000, connecting=300, booting=2_700)
    made.totals = Counter(received=500, sent=7_400, **counts)
    made.errors = Counter({"refused: broker unreachable": 12, "lost": 3})
    for us in (1_000, 2_000, 50_000):
        made.answers.add(us, 100)
    return made


GLANCE = Glance(reading(), {"received": 41.6, "sent": 616.7, "answered": 25.0}, 12.4, 2, False, ("! said",))


def texts(glance: Glance, width: int = 110, height: int = 24) -> list[str]:
    return [row.text for row in panel(glance, width, height)]


def test_the_screen_tells_connected_subscribed_and_answering_apart() -> None:
    rows = texts(GLANCE)
    assert rows[0].startswith("fleet  10000 SMIBs in 2 processes  up 0:00:12  starting ")
    assert rows[0].endswith(" 7,900 messages in all")
    assert "7500 connected  7000 subscribed  400 answering  3000 missing" in rows[2]
    assert rows[2].count("━") == 30
    assert rows[3] == "states    2700 booting  300 connecting  7000 online"
    assert rows[4] == "a second  41.6 received  616.7 sent  25.0 answered"
    assert rows[5].startswith("answers   p50 2.")
    assert rows[6] == "itself    not watched before all had their time"
    assert rows[7:9] == ["errors    12 refused: broker unreachable", "errors    3 lost"]
    assert "! said" in rows
    assert len(rows) == 24


@pytest.mark.parametrize("size", [(80, 24), (20, 5), (1, 1), (200, 60)])
def test_it_fits_every_terminal(size: tuple[int, int]) -> None:
    width, height = size
    rows = texts(GLANCE, width, height)
    assert len(rows) == height
    assert max(map(cells, rows)) <= width


def test_one_that_missed_its_rate_says_so() -> None:
    late = reading()
    late.behind.add(2_000_000, 100)
    (row,) = (row for row in texts(Glance(late, GLANCE.rates, 1.0)) if row.startswith("itself"))
    assert row.endswith("behind schedule  it missed its rate")


def test_the_line_for_logs_is_the_same_in_short() -> None:
    line = status_line(GLANCE)
    assert line.startswith("= fleet up=0:00:12 devices=10000 connected=7500 subscribed=7000 answering=400 ")
    assert "sent_per_s=616.7" in line
    assert line.endswith(" errors=15")


def test_rates_are_those_of_the_last_seconds() -> None:
    rates = Rates()
    assert rates.look(0.0, reading()) == {"received": 0.0, "sent": 0.0, "answered": 0.0}
    later = reading()
    later.totals["sent"] += 1_000
    assert rates.look(2.0, later)["sent"] == pytest.approx(500)
    for second in (4.0, 6.0, 8.0):
        quiet = rates.look(second, later)
    assert quiet["sent"] == 0


def test_a_broker_at_its_limit_is_told_with_the_cure() -> None:
    full = Reading(devices=60, connected=50, subscribed=50, missing=10)
    assert shortage(full) == "50 of 60 devices came to be subscribed"
    full.errors["refused: connection lost"] = 40
    assert "max_connections of Mosquitto" in shortage(full)


def test_a_terminal_shows_a_screen_and_keeps_the_ready_line_and_the_figures() -> None:
    def check(uri: str) -> str:
        master, slave = pty.openpty()
        command = [sys.executable, "-m", "simulator", "fleet", "--broker", uri, "--count", "3"]
        terminal = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
        with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=terminal) as process:
            os.close(slave)
            shown = _read(master, until="3 connected  3 subscribed")
            process.send_signal(signal.SIGINT)
            shown += _read(master, until="= fleet took=")
            assert process.wait(DEADLINE_S) == 0
        os.close(master)
        return shown

    async def scenario() -> str:
        async with embedded() as broker:
            return await asyncio.to_thread(check, broker.uri)

    shown = asyncio.run(scenario())
    screen, _, after = shown.rpartition("\x1b[?1049l")
    assert "\x1b[?1049h" in screen
    assert "ready fleet devices=3 connected=3 subscribed=3" in after
    assert "= fleet devices=3 connected=3 subscribed=3 answering=0" in after


@pytest.mark.parametrize("processes", ["1", "2"])
def test_ctrl_c_in_the_ramp_ends_it_with_what_was_reached(processes: str) -> None:
    def check(uri: str) -> None:
        given = ("--count", "400", "--processes", processes, "--fleet", "fixtures/fleets/ten-thousand.yaml")
        with Program("fleet", "--broker", uri, *given, "--verbose") as program:
            program.err.find(lambda line: "state=online" in line, "a device that is online")
            code, _ = program.end()
            assert code == 0
            (figures,) = (line for line in program.err.rest() if line.startswith("= fleet devices="))
            assert figures.startswith("= fleet devices=400 ")
            assert program.out.rest() == []

    async def scenario() -> None:
        async with embedded() as broker:
            await asyncio.to_thread(check, broker.uri)

    asyncio.run(scenario())


def _read(master: int, *, until: str) -> str:
    """What a terminal shows, up to that text and what came with it."""
    shown, deadline_s = "", time.monotonic() + DEADLINE_S
    while until not in shown:
        left_s = deadline_s - time.monotonic()
        assert select.select([master], [], [], max(0.0, left_s))[0], (
            f"{until} was not shown in {shown[-500:]}"
        )
        shown += os.read(master, 65_536).decode(errors="replace")
    return shown
