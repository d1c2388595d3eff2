"""The writer of a record: line by line, each one on its way to the disk before the next."""

from __future__ import annotations

import contextlib
import json
import math
import os
from pathlib import Path
from typing import Any, BinaryIO

from features.harness.record.check import Check
from features.harness.record.footer import Footer
from features.harness.record.header import Header


class Journal:
    """Writes the header when it is made and the footer when it is closed. It raises nothing: where the disk
    is full or the folder can't be written, ``problem`` is the sentence that says so, nothing more is
    written, and what was written stays readable, without a footer."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.problem = ""
        self._file: BinaryIO | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("wb", buffering=0)
        except OSError as exc:
            self._give_up(exc)
        self._write(header.to_json())

    def add(self, check: Check) -> None:
        self._write(check.to_json())

    def close(self, footer: Footer) -> None:
        self._write(footer.to_json())
        if self._file is None:
            return
        try:
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as exc:
            self._give_up(exc)
        self._file = None

    def abandon(self) -> None:
        """Closes the file without a footer."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, value: dict[str, Any]) -> None:
        if self._file is None:
            return
        line = _line(value)
        start = self._file.tell()
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError as exc:
            self._take_back(start)
            self._give_up(exc)

    def _take_back(self, start: int) -> None:
        """A line that is not whole is taken away again, where the disk allows it."""
        assert self._file is not None, "only what was written can be taken back"
        with contextlib.suppress(OSError):  # the reader copes with half a line
            self._file.truncate(start)

    def _give_up(self, exc: OSError) -> None:
        self.problem = self.problem or (
            f"{self.path}: the record could not be written: {exc.strerror or exc}; what was written stays"
        )
        if self._file is not None:
            with contextlib.suppress(OSError):  # the problem is known already
                self._file.close()
        self._file = None


def _line(value: dict[str, Any]) -> bytes:
    """ASCII, and JSON in the narrow sense: ``NaN`` that a subject sent becomes text."""
    try:
        text = json.dumps(value, allow_nan=False, default=str)
    except ValueError:
        text = json.dumps(_finite(value), allow_nan=False, default=str)
    return text.encode("ascii") + b"\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
