"""No scenario passes while its subjects do not run (design, section 3)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from features.harness.process import ROOT

SECTIONS = sorted(path.parent for path in (ROOT / "features").glob("*/*.feature"))
DEAD = {
    "cms": """
subject: cms
name: A CMS that never listens
url: "http://127.0.0.1:{port}"
start: "{python} -S -c 'import signal; signal.pause()'"
timing: {answer_s: 0.05}
""",
    "smib": """
subject: smib
name: A SMIB that ends at once
start: "{python} -S -c 'raise SystemExit(1)' {relays}"
timing: {answer_s: 0.05}
""",
}


@pytest.mark.timeout(200)
def test_no_scenario_passes_on_dead_subjects(tmp_path: Path) -> None:
    options = ["-q", "-p", "features.harness.tests.one_row", "-p", "no:randomly"]
    options += ["-p", "no:cacheprovider", "--tb=no"]
    options += [f"--basetemp={tmp_path / 'dead'}", f"--report={tmp_path / 'report'}"]
    for side, text in DEAD.items():
        file = tmp_path / f"{side}.yaml"
        file.write_text(text, encoding="utf-8")
        options.append(f"--subject={file}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *map(str, dict.fromkeys(SECTIONS))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    last = done.stdout.strip().splitlines()[-1]
    assert done.returncode in (1, 2), done.stdout[-2000:] + done.stderr[-2000:]
    assert "failed" in last
    assert "passed" not in last, done.stdout[-2000:]
