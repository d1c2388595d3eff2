"""`smib-lab image`."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli import FAILED, main
from simulator.device.image import Image, Reader, verified


def test_an_image_is_made_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "wifi.bin"
    assert main(["image", "--version", "1.1.0", "--size", "1000", "--crash", "--out", str(out)]) == 0
    reader = Reader()
    reader.feed(out.read_bytes())
    assert verified(reader.received()) == Image("smib", "1.1.0", 1000, starts=False)
    assert "smib 1.1.0" in capsys.readouterr().out
    assert main(["image", "--version", "1 1", "--out", str(out)]) == FAILED
