"""What the end of a phase of pytest says of a scenario: whose fault it was, what was expected and seen."""

from __future__ import annotations

import pytest

from features.harness.record.draft import Draft
from features.harness.record.verdict import Verdict

TIMEOUT = "from pytest-timeout"


def expected_and_seen(exception: BaseException) -> tuple[str, str]:
    """What a failed step says: of the harness's own exceptions both, of an assertion its message."""
    seen = getattr(exception, "seen", None)
    expected = getattr(exception, "wanted", None) or getattr(exception, "expected", None)
    if unwanted := getattr(exception, "unwanted", None):
        expected = f"never: {unwanted}"
    if seen is None:
        return str(expected or ""), str(exception) or type(exception).__name__
    lines = seen if isinstance(seen, list | tuple) else [seen]
    return str(expected or ""), "\n".join(map(str, lines)) or "nothing"


def end_phase(draft: Draft, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
    """Tells ``draft`` how a phase of its scenario ended."""
    exception = call.excinfo.value if call.excinfo is not None else None
    if report.skipped and not draft.is_settled:
        reason = getattr(exception, "msg", None) or str(exception or "it was skipped")
        draft.settle(Verdict.UNTESTABLE, f"skipped: {reason}")
    elif report.failed:
        unwitting = exception is None or report.when == "setup" or not _accuses(exception)
        place = f" ({call.excinfo.getrepr(style='value').reprcrash})" if call.excinfo else ""
        text = str(exception) if exception is not None else report.longreprtext
        if unwitting:
            draft.ended(Verdict.ERROR, f"{report.when}: {type(exception).__name__}: {text}{place}")
        else:
            draft.ended(Verdict.FAIL, text or type(exception).__name__)


def _accuses(exception: BaseException) -> bool:
    """Whether it says something of the subject: an assertion does; a time-out of pytest, or any other
    exception, is the harness's own."""
    if isinstance(exception, pytest.fail.Exception):
        return TIMEOUT not in str(exception)
    return isinstance(exception, AssertionError)
