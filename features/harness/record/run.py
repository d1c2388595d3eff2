"""A whole run as it was recorded, and the reader of its file: it says what is wrong with it, and reads on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from features.harness.errors import RecordError
from features.harness.record.check import Check
from features.harness.record.footer import Footer
from features.harness.record.header import Header
from features.harness.record.values import Values

FILE = "run.ndjson"
LONGEST = 64 * 1024 * 1024
"""Bytes of a line beyond which it is not read."""


@dataclass(frozen=True, slots=True)
class Run:
    """``problems`` are sentences about lines that could not be read."""

    header: Header | None
    checks: tuple[Check, ...]
    footer: Footer | None
    problems: tuple[str, ...] = ()

    @property
    def trouble(self) -> tuple[str, ...]:
        """Why the run is incomplete; empty where it is complete."""
        if self.footer is None:
            return (*self.problems, "the run is incomplete: its record has no footer")
        found = [*self.problems, *(f"the run is incomplete: {what}" for what in self.footer.trouble)]
        if self.header is None:
            found.append("the record has no header")
        if self.footer.checks != len(self.checks):
            found.append(f"the footer counts {self.footer.checks} checks, {len(self.checks)} can be read")
        return tuple(found)

    @property
    def subjects(self) -> str:
        """The names of who was judged; runs of the same have the same."""
        return " + ".join(one.name for one in self.header.subjects) if self.header else "unknown"


def read_run(path: Path) -> Run:
    """The record in ``path``, a file or the folder that holds one. Lines that can't be read become problems
    of the run; RecordError only where there is nothing to read."""
    file = path / FILE if path.is_dir() else path
    try:
        with file.open("rb") as lines:
            run = _read(file.name, lines)
    except OSError as exc:
        raise RecordError(f"{file}: no record can be read: {exc.strerror or exc}") from exc
    if run.header is None and not run.checks:
        raise RecordError(
            f"{file}: this is no record of a run" + "".join(f"\n  {p}" for p in run.problems[:3])
        )
    return run


def _read(name: str, lines: Iterable[bytes]) -> Run:
    reader = _Reader()
    problems = []
    for number, raw in enumerate(lines, 1):
        try:
            reader.take(_parsed(raw))
        except RecordError as exc:
            problems.append(f"{name}, line {number}: {exc}")
    return Run(reader.header, tuple(reader.checks.values()), reader.footer, tuple(problems))


class _Reader:
    """Where each kind of line goes, in which order."""

    def __init__(self) -> None:
        self.header: Header | None = None
        self.checks: dict[str, Check] = {}
        self.footer: Footer | None = None

    def take(self, value: object) -> None:
        kind = Values(value, "line").text("line")
        if self.footer is not None:
            raise RecordError(f"a {kind} behind the footer")
        if kind == "header":
            self._take_header(value)
        elif kind == "check":
            self._take_check(Check.from_json(Values(value, "check")))
        elif kind == "footer":
            self.footer = Footer.from_json(Values(value, "footer"))
        else:
            raise RecordError(f"line: header, check or footer was wanted, not {kind!r}")

    def _take_header(self, value: object) -> None:
        if self.header is not None or self.checks:
            raise RecordError("a header that is not the first line")
        self.header = Header.from_json(Values(value, "header"))

    def _take_check(self, check: Check) -> None:
        if check.id in self.checks:
            raise RecordError(f"check {check.id!r} stands twice; the first counts")
        self.checks[check.id] = check


def _parsed(raw: bytes) -> Any:
    if len(raw) > LONGEST:
        raise RecordError(f"{len(raw)} bytes in one line; at most {LONGEST} are read")
    if not raw.endswith(b"\n"):
        raise RecordError("the line is cut short")
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_refused)
    except RecursionError as exc:
        raise RecordError("the line is nested too deep") from exc
    except ValueError as exc:
        raise RecordError(f"no JSON: {exc}") from exc


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
