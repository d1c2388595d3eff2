"""Writes everything that is read of a run: ``report.html``, ``junit.xml`` and ``summary.md``."""

from __future__ import annotations

from pathlib import Path

from features.harness.catalogue import read_catalogue
from features.harness.errors import RecordError
from features.harness.record.ruling import Ruling
from features.harness.record.run import Run
from features.harness.report.junit import junit
from features.harness.report.page import page
from features.harness.report.summary import summary

PAGE, JUNIT, SUMMARY = "report.html", "junit.xml", "summary.md"


def publish(run: Run, ruling: Ruling, folder: Path) -> None:
    """RecordError where ``folder`` can't be written."""
    files = {
        PAGE: page(run, ruling, read_catalogue()).encode("utf-8"),
        JUNIT: junit(run, ruling),
        SUMMARY: summary(run, ruling).encode("utf-8"),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as exc:
        raise RecordError(f"{folder}: the report could not be written: {exc.strerror or exc}") from exc
