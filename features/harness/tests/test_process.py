"""Processes: found ready, ended, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import psutil
import pytest

from features.harness import warden as warden_module
from features.harness.errors import SubjectFailed
from features.harness.evidence.timeline import Timeline
from features.harness.inbox import Inbox
from features.harness.process import Running, Warden, Workshop
from features.harness.waiting import eventually
from features.harness.warden import guard

READY = "import signal, sys; print('ready thing at=7 name=x', flush=True); signal.pause()"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {READY}"
PARENT = (
    "import subprocess, sys, signal; "
    f"child = subprocess.Popen([sys.executable, '-c', {READY!r}], stdout=subprocess.DEVNULL); "
    "print('ready parent child=%d' % child.pid, flush=True); signal.pause()"
)


@pytest.fixture
def own_warden() -> Iterator[Warden]:
    with closing(Warden()) as made:
        yield made


@pytest.fixture
def own_workshop(own_warden: Warden) -> Iterator[Workshop]:
    with Workshop(own_warden, Timeline()) as made:
        yield made


def run(workshop: Workshop, program: str) -> Running:
    return workshop.start("thing", [sys.executable, "-c", program])


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_the_facts_of_the_ready_line_are_read(own_workshop: Workshop) -> None:
    assert run(own_workshop, READY).ready() == {"at": "7", "name": "x"}


def test_a_process_that_ends_instead_is_told_with_its_log(own_workshop: Workshop) -> None:
    thing = run(own_workshop, "import sys; print('no port', file=sys.stderr); sys.exit(1)")
    with pytest.raises(SubjectFailed, match=r"(?s)no ready line.*no port"):
        thing.ready()
    assert thing.exit_code() == 1


def test_the_workshop_ends_what_still_runs_and_its_children(own_warden: Warden) -> None:
    with Workshop(own_warden, Timeline()) as workshop:
        parent = run(workshop, PARENT)
        child = int(parent.ready()["child"])
    assert not parent.alive
    eventually(lambda: gone(child), bool, "the end of the child")


def test_power_can_be_cut(own_workshop: Workshop) -> None:
    thing = run(own_workshop, DEAF)
    thing.ready()
    assert thing.kill() == -signal.SIGKILL
    assert not thing.alive


def test_a_process_that_does_not_end_when_it_is_asked_is_killed_and_told(
    own_warden: Warden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("features.harness.process.STOP", 0.2)
    timeline = Timeline()
    workshop = Workshop(own_warden, timeline)
    thing = run(workshop, DEAF)
    thing.ready()
    workshop.__exit__(None, None, None)
    assert not thing.alive
    assert any("did not end" in line for line in timeline.lines())


def test_settings_of_the_run_do_not_leak_into_a_subject(
    own_workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MQTT_URI", "mqtt://elsewhere")
    thing = run(
        own_workshop, "import os; print('ready thing uri=%s' % os.environ.get('MQTT_URI'), flush=True)"
    )
    assert thing.ready()["uri"] == "None"


def test_the_warden_knows_what_is_still_running() -> None:
    assert guard(["+1\n", "+22\n", "-1\n"]) == {22}


def test_the_warden_outlives_a_harness_that_dies_and_kills_what_it_left() -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", READY], stdout=subprocess.PIPE, start_new_session=True)
    assert sleeper.stdout is not None
    assert sleeper.stdout.readline().startswith(b"ready")
    argv = [sys.executable, warden_module.__file__]
    warden = subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True)
    warden.communicate(f"+{sleeper.pid}\n".encode(), timeout=10)
    assert sleeper.wait(10) == -signal.SIGKILL
    sleeper.stdout.close()
    assert warden.returncode == 0


def test_a_log_is_on_the_timeline_without_its_secrets(own_warden: Warden) -> None:
    timeline = Timeline()
    with Workshop(own_warden, timeline) as workshop:
        thing = run(workshop, "import sys; print('at mqtt://floor:hidden@host:1', file=sys.stderr)")
        assert thing.exit_code() == 0
        assert isinstance(thing.log, Inbox)
    lines = "\n".join(timeline.lines())
    assert "mqtt://floor:***@host:1" in lines
    assert "hidden" not in lines
    assert os.getpid() != thing.pid
