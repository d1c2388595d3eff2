"""One person at the page, in a browser profile of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

PATIENCE_MS = 20_000
FAILED = re.compile(r"Failed to load resource: (?:the server responded with a status of (\d+)|net::ERR_)")
AWAY = 0
"""Stands for no answer at all."""


class Visit:
    """Finds things by what a person sees or hears, in the tab that is ``page``.

    close() fails for whatever the browser complained of.

    ``tolerated`` are the statuses of answers of which the browser may complain (AWAY: none came): a test
    that provokes a failure names it.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self._host = urlsplit(url).netloc
        self._url = url
        self.tolerated: set[int] = set()
        self.complaints: list[str] = []
        self._context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        self.page: Page = self.tab()

    def tab(self) -> Page:
        """Another tab of the same browser, empty yet."""
        page = self._context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)
        return page

    @contextmanager
    def at(self, page: Page) -> Iterator[None]:
        """Inside, ``page`` is the tab."""
        before, self.page = self.page, page
        yield
        self.page = before

    def go(self, address: str) -> None:
        self.page.goto(f"{self._url}/{address}")
        expect(self.page.locator("#link")).to_have_text("Live", timeout=PATIENCE_MS)

    def cabinet(self, cabinet_id: str, *, edit: bool = False) -> None:
        """Open a cabinet's configuration, and begin to edit it."""
        self.go(f"#/cabinet/{cabinet_id}")
        self.button("SMIB configuration").click()
        if edit:
            self.button("Edit").click()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def field(self, name: str) -> Locator:
        """An entry of the form by the wire name of its field."""
        return self.page.locator(f'[data-field="{name}"]')

    def input(self, name: str) -> Locator:
        return self.field(name).locator("input, select")

    def section(self, component: str) -> Locator:
        return self.page.locator(f'form[data-component="{component}"]')

    def sees(self, text: str, where: Locator | None = None) -> None:
        """The text is there, or comes in time."""
        expect(where or self.page.locator("body")).to_contain_text(text, timeout=PATIENCE_MS)

    def until(self, holds: Callable[[], bool]) -> None:
        """What can be asked of the service comes true in time."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not holds():
            assert time.monotonic() < deadline, "it did not come true"
            self.page.wait_for_timeout(50)

    def assert_accessible(self) -> None:
        """axe-core finds nothing serious in what is shown."""
        found = Axe().run(self.page).response["violations"]
        serious = [
            (one["id"], [node["target"] for node in one["nodes"]][:3])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert not serious, serious

    def close(self) -> None:
        self._context.close()
        assert not self.complaints, self.complaints

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        failed = FAILED.search(message.text)
        if failed is None or int(failed[1] or AWAY) not in self.tolerated:
            self.complaints.append(f"{message.text} {message.location}")

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).netloc != self._host:
            self.complaints.append(f"asked another host: {request.url}")
