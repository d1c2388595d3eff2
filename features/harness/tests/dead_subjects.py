"""A pytest plugin for ``test_dead_subjects``: a CMS that says it is ready and never listens, and no fleet."""

from __future__ import annotations

import sys

from features.harness import process, readiness, subjects

_SAYS_READY = "import signal; print('ready cms url=http://127.0.0.1:1', flush=True); signal.pause()"


def pytest_configure() -> None:
    subjects.CMS = (sys.executable, "-S", "-c", _SAYS_READY)
    subjects.FLEET = (sys.executable, "-S", "-c", "raise SystemExit(1)")
    readiness.RECOVERY = 0.1
    process.START = 0.5
