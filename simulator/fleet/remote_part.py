"""A part of a fleet on a worker of Dask: the same command as everywhere, whose words go to who asked for it.

This is what the engine runs on the worker. It knows nothing of fleets but their command line.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import IO

from distributed import get_worker

from simulator.fleet.crew import STOP_S, part_command
from simulator.lab.child import dies_with_its_parent

POLL_S = 0.2
WANTED = ("executing", "long-running")
"""The states of a task that somebody still waits for."""

Tell = Callable[[str, object], None]


def run_part(given: Sequence[str], shard: str, topic: str) -> None:
    """Run that shard until it ends, or nobody waits for it any more: who asked cancelled it, or is gone.

    Each line is logged under `topic` as {shard, feed} or {shard, error}; the last event is {shard, code}.
    """
    worker = get_worker()
    key = worker.get_current_task()

    def tell(name: str, what: object) -> None:
        worker.log_event(topic, {"shard": shard, name: what})

    def is_wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state in WANTED

    with subprocess.Popen(
        part_command(given, shard),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=dies_with_its_parent(),
    ) as process:
        readers = [_reader(process.stdout, "feed", tell), _reader(process.stderr, "error", tell)]
        _attend(process, is_wanted)
        for reader in readers:
            reader.join()
    tell("code", process.returncode)


def _attend(process: subprocess.Popen[bytes], is_wanted: Callable[[], bool]) -> None:
    """Return when the process is gone; end it when it is not wanted any more."""
    while process.poll() is None:
        if not is_wanted():
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(POLL_S)


def _reader(stream: IO[bytes] | None, name: str, tell: Tell) -> threading.Thread:
    def read() -> None:
        assert stream is not None
        for line in stream:
            tell(name, line.decode(errors="replace").rstrip("\n"))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread
