"""The page's modules by themselves, under Node's own test runner, with the rules that the service tells."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cms.tests.desk import Desk, at_desk

FOLDER = Path(__file__).parent / "page"
NODE = shutil.which("node")


@pytest.mark.parametrize("file", sorted(path.name for path in FOLDER.glob("*.test.js")))
def test_the_modules_do_what_their_tests_say(file: str, tmp_path: Path) -> None:
    if NODE is None:
        if os.environ.get("CI"):
            pytest.fail("node was wanted: it runs the tests of the page's modules")
        pytest.skip("node is not installed: the page's modules are not tested by themselves")
    rules = tmp_path / "fields.json"

    async def act(desk: Desk) -> None:
        answer = await desk.ask("GET", "/api/fields")
        rules.write_text(json.dumps(answer.json()["data"]), encoding="utf-8")

    at_desk(act)
    environ = {**os.environ, "CMS_FIELDS": str(rules)}
    command = [NODE, "--test", "--test-reporter=tap", str(FOLDER / file)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 0" not in done.stdout
