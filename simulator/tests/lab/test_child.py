"""A program in a process of its own: ready, ended, stopped, and gone when we are."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from simulator.errors import LabError
from simulator.lab.child import Child
from simulator.tests.program import DEADLINE_S

READY = "print('ready thing url=http://x:1?a=b flag', flush=True);"
FOREVER = "import time\nwhile True: time.sleep(60)"


def with_child(log: Path, program: str, use: Callable[[Child], Awaitable[None]]) -> None:
    async def scenario() -> None:
        child = await Child.start("the thing", [sys.executable, "-c", program], {}, log)
        try:
            await use(child)
        finally:
            await child.stop(0.2)
        assert not psutil.pid_exists(child.pid)

    asyncio.run(scenario())


def test_its_ready_line_is_read(tmp_path: Path) -> None:
    async def use(child: Child) -> None:
        assert await child.ready(DEADLINE_S) == {"url": "http://x:1?a=b", "flag": ""}

    with_child(tmp_path / "log", f"print('hello');{READY}{FOREVER}", use)


def test_one_that_ends_during_its_start_is_a_sentence_with_the_last_it_said(tmp_path: Path) -> None:
    async def use(child: Child) -> None:
        with pytest.raises(LabError, match=r"^the thing ended during its start: out of coins$"):
            await child.ready(DEADLINE_S)

    with_child(tmp_path / "log", "import sys; sys.exit('a line\\nout of coins\\n')", use)


def test_one_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    async def use(child: Child) -> None:
        with pytest.raises(LabError, match=r"^the thing was not ready within 0\.05 s$"):
            await child.ready(0.05)

    with_child(tmp_path / "log", FOREVER, use)


@pytest.mark.parametrize(
    ("program", "how"),
    [
        ("raise SystemExit(3)", "with exit code 3"),
        ("import sys; sys.exit('no coins')", "with exit code 1: no coins"),
        (
            "import os, sys; print('hm', file=sys.stderr); os.kill(os.getpid(), 9)",
            "by signal SIGKILL; its log ends in: hm",
        ),
        ("import os; os.kill(os.getpid(), 9)", "by signal SIGKILL"),
    ],
)
def test_its_end_is_told_with_the_reason(tmp_path: Path, program: str, how: str) -> None:
    async def use(child: Child) -> None:
        assert await child.ended() == f"the thing ended by itself, {how}"

    with_child(tmp_path / "log", program, use)


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    async def use(child: Child) -> None:
        await child.ready(DEADLINE_S)
        began = time.monotonic()
        await child.stop(0.2)
        assert time.monotonic() - began < 8

    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    with_child(tmp_path / "log", f"{ignore}{READY}{FOREVER}", use)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom simulator.lab.child import Child\n"
        "async def main():\n"
        f"    child = await Child.start('x', [sys.executable, '-c', {FOREVER!r}], {{}}, Path(sys.argv[1]))\n"
        "    print(child.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", parent, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        child = psutil.Process(int(run.stdout.readline()))
        run.send_signal(signal.SIGKILL)
        run.wait(DEADLINE_S)
        psutil.wait_procs([child], timeout=DEADLINE_S)
        assert not child.is_running()
