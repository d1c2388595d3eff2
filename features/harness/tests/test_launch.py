"""Processes that are forks: they look from outside as any other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from features.harness.launch import Fork, Process, by_fork

PROGRAM = """
import os, signal, sys
print("ready thing", *sys.argv[1:], os.environ["WORD"], os.getcwd(), __name__, flush=True)
print("to the log", file=sys.stderr, flush=True)
if "fall" in sys.argv:
    raise ValueError("it burst")
if "leave" in sys.argv:
    sys.exit(3)
signal.pause()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "forked_program.py").write_text(textwrap.dedent(PROGRAM))
    monkeypatch.syspath_prepend(str(tmp_path))
    return str(tmp_path)


def started(folder: str, *arguments: str) -> Process:
    argv = [sys.executable, "-m", "forked_program", *arguments]
    return by_fork("forked_program")(argv, {"WORD": "said"}, folder)


def test_it_has_its_own_words_environment_folder_and_streams(folder: str) -> None:
    running = started(folder, "a", "b")
    assert running.stdout is not None
    assert running.stderr is not None
    with running.stdout, running.stderr:
        assert running.stdout.readline() == f"ready thing a b said {folder} __main__\n"
        assert running.stderr.readline() == "to the log\n"
        assert os.getpgid(running.pid) == running.pid
        assert running.poll() is None
        os.killpg(running.pid, signal.SIGTERM)
        assert running.wait(8) == -signal.SIGTERM
        assert running.poll() == -signal.SIGTERM


@pytest.mark.parametrize(("word", "code", "told"), [("leave", 3, ""), ("fall", 1, "ValueError: it burst")])
def test_it_ends_as_a_program_does(folder: str, word: str, code: int, told: str) -> None:
    running = started(folder, word)
    assert running.stdout is not None
    assert running.stderr is not None
    with running.stdout, running.stderr:
        assert running.wait(8) == code
        assert told in running.stderr.read()


def test_a_wait_that_is_too_short_is_told(folder: str) -> None:
    running = started(folder)
    assert running.stdout is not None
    assert running.stderr is not None
    with running.stdout, running.stderr:
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.01)
        os.killpg(running.pid, signal.SIGKILL)
        assert running.wait(8) == -signal.SIGKILL


def test_threads_of_the_harness_do_not_disturb_it(folder: str) -> None:
    held, done = threading.Lock(), threading.Event()
    with held:
        waiting = threading.Thread(target=done.wait)
        waiting.start()
        running = started(folder, "leave")
    assert running.stdout is not None
    assert running.stderr is not None
    with running.stdout, running.stderr:
        assert running.wait(8) == 3
    done.set()
    waiting.join()


def test_what_is_no_module_of_these_packages_is_spawned(folder: str) -> None:
    running = by_fork("features.liars")([sys.executable, "-c", "pass"], {}, folder)
    assert not isinstance(running, Fork)
    assert running.stdout is not None
    assert running.stderr is not None
    with running.stdout, running.stderr:
        assert running.wait(20) == 0
