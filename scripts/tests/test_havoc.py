"""The fault script: its count finds what it is there for, and a short run of it finds nothing."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.havoc.__main__ import main
from scripts.havoc.ledger import Line, judge

NOW = 1_760_000_000_000


def line(*values: int, commands: int = 0) -> Line:
    """A cabinet whose service has accepted these."""
    return Line(values=list(values), commands=commands)


def outcome(cabinet: str, what: str, result: str) -> dict[str, str]:
    return {"cabinet": cabinet, "what": what, "outcome": result}


class TestTheCount:
    def test_what_arrived_in_order_and_in_time_is_good(self) -> None:
        one = line(1, 2, commands=2)
        for value in (1, 2, 2):
            one.got_value(value)
        one.got_command(NOW, NOW + 30_000)
        ended = [outcome("cab-1", "coms", "confirmed"), outcome("cab-1", "LOCK MACHINE", "confirmed")]
        sent = [{"cabinetId": "cab-1", "what": "UNLOCK MACHINE", "state": "sent"}]
        found = judge({"cab-1": one}, ended, sent)
        assert found.good
        assert (found.accepted, found.confirmed, found.awaited, found.again) == (4, 2, 1, 0)

    def test_an_update_that_never_came_is_lost(self) -> None:
        one = line(1, 2, 3)
        one.got_value(1)
        assert judge({"cab-1": one}, [], []).lost == 2

    def test_a_command_of_which_nothing_is_known_is_lost(self) -> None:
        ended = [outcome("cab-1", "LOCK MACHINE", "expired"), outcome("cab-2", "LOCK MACHINE", "expired")]
        assert judge({"cab-1": line(commands=2)}, ended, []).lost == 1

    def test_an_older_value_behind_a_newer_one_is_overtaken(self) -> None:
        one = line(1, 2)
        for value in (2, 1, 2):
            one.got_value(value)
        assert judge({"cab-1": one}, [], []).overtaken == 1
        assert one.overtaken == [(2, 1)]

    def test_of_a_request_without_an_answer_nobody_knows_when_it_was_carried_out(self) -> None:
        one = line(2)
        for value in (2, 1):
            one.got_value(value)
        assert judge({"cab-1": one}, [], []).overtaken == 0

    def test_a_command_after_30_s_is_late_and_a_second_time_is_counted(self) -> None:
        one = line(commands=1)
        one.got_command(NOW, NOW + 1)
        one.got_command(NOW, NOW + 30_001)
        found = judge({"cab-1": one}, [outcome("cab-1", "LOCK MACHINE", "confirmed")], [])
        assert (found.late, found.again, found.good) == (1, 1, False)


KILLED = """
import asyncio, os, sys
from pathlib import Path
from scripts.havoc.victims import Victim, free_port

port = free_port()
victim = Victim("it", port, (sys.executable, "-m", "http.server", str(port)), Path(sys.argv[1]), {})
asyncio.run(victim.start())
print(port, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="where a kernel tells a child of our death")
def test_what_is_to_be_killed_does_not_outlive_a_script_that_is_killed_itself(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True, check=False
    )
    deadline_s = time.monotonic() + 8
    while not is_refused(int(ended.stdout)):
        assert time.monotonic() < deadline_s, "it still listens"


def is_refused(port: int) -> bool:
    """Whether nobody listens there; one that does may be slow to answer."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except TimeoutError:
        return False
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.timeout(180)
class TestAShortRun:
    def test_of_one_service_on_sqlite(self) -> None:
        assert main(["--rounds", "5", "--seed", "1", "--engine", "sqlite"]) == 0

    def test_of_two_services_on_one_database_that_die_in_turn(self) -> None:
        assert main(["--rounds", "3", "--seed", "2", "--kill", "service"]) == 0

    def test_a_kind_that_nobody_knows_is_wrong_use(self) -> None:
        with pytest.raises(SystemExit, match="2"):
            main(["--kill", "dog"])
