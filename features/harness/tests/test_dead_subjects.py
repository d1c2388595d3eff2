"""No scenario passes while its subjects do not run (design, section 3)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from features.harness.process import ROOT

SECTIONS = sorted(path.parent for path in (ROOT / "features").glob("*/*.feature"))


def test_no_scenario_passes_on_dead_subjects(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "features.harness.tests.dead_subjects"]
    options = ["-p", "no:randomly", "-p", "no:cacheprovider", "--tb=no", f"--basetemp={tmp_path / 'dead'}"]
    options.append(f"--report={tmp_path / 'report'}")
    done = subprocess.run(
        [*argv, *options, *map(str, dict.fromkeys(SECTIONS))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    last = done.stdout.strip().splitlines()[-1]
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-2000:]
    assert "failed" in last
    assert "passed" not in last, done.stdout[-2000:]
