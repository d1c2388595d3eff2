"""Debian's Chromium for the programs here, without what it would do on its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that nobody sees, until the block ends."""
    path = shutil.which("chromium", path="/usr/bin:/usr/local/bin")
    if path is None:
        raise SystemExit("chromium is not installed; scripts/setup --system installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()
