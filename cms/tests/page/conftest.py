"""One browser and one floor for all tests of the page, and for each test a visit that tolerates no error."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from cms.tests.page.floor import Floor
from cms.tests.page.visit import PATIENCE_MS, Visit

CHROMIUM = shutil.which("chromium", path=f"/usr/bin:{os.environ.get('PATH', '')}")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Nothing that the browser would do on its own: this machine reaches no other."""

Enter = Callable[..., Visit]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("chromium was wanted: scripts/setup --system installs it")
        pytest.skip("chromium is not installed: scripts/setup --system installs it")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    folder: Path = tmp_path_factory.mktemp("floor")
    floor = Floor(folder)
    yield floor
    floor.close()


@pytest.fixture
def enter(browser: Browser, floor: Floor) -> Iterator[Enter]:
    """Opens the page at an address, or nothing yet, in a browser profile of its own."""
    with ExitStack() as exits:

        def open_at(address: str | None = "") -> Visit:
            visit = Visit(browser, floor.url)
            exits.callback(visit.close)
            if address is not None:
                visit.go(address)
            return visit

        yield open_at


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a test that failed goes what the floor said."""
    report = yield
    floor = getattr(item, "funcargs", {}).get("floor")
    if report.failed and isinstance(floor, Floor):
        report.sections.append(("floor", floor.said()))
    return report
