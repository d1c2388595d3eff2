"""Signing in at the page of a service that has users, and what a viewer may there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from cms.tests.page.program import Program
from cms.tests.page.visit import AWAY, Visit

pytestmark = pytest.mark.xdist_group("page")

PASSWORD = "lucky-lion-4711"


class Guarded:
    """A service with a viewer, ann, and a technician, bo; there is no broker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environ = {
            "CMS_DATABASE": str(folder / "cms.sqlite3"),
            "MQTT_URI": "mqtt://127.0.0.1:1",
            "CMS_CABINETS": "cab-1=e831cdfa8384",
        }
        for name, role in (("ann", "viewer"), ("bo", "technician")):
            self._add(name, role)
        self._program = self._run(0)
        self.url = self._program.facts["url"]

    def stop(self) -> None:
        self._program.stop()

    def start(self) -> None:
        self._program = self._run(int(self.url.rpartition(":")[2]))

    def _add(self, name: str, role: str) -> None:
        command = [sys.executable, "-m", "cms", "users", "add", name, "--role", role]
        environ = {**os.environ, **self._environ}
        done = subprocess.run(
            command, input=f"{PASSWORD}\n", text=True, env=environ, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def _run(self, port: int) -> Program:
        environ = {**self._environ, "CMS_PORT": str(port)}
        return Program(self._folder / "cms.log", "cms", "serve", environ=environ)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    guarded = Guarded(tmp_path_factory.mktemp("guarded"))
    yield guarded
    guarded.stop()


@pytest.fixture
def visit(browser: Browser, guarded: Guarded) -> Iterator[Visit]:
    visit = Visit(browser, guarded.url)
    visit.tolerated |= {401, 403, 503, AWAY}  # signed out, not allowed, and there is no broker
    visit.page.goto(guarded.url)
    yield visit
    visit.close()


def sign_in(visit: Visit, user: str, password: str = PASSWORD) -> None:
    visit.page.locator("#sign-in-user").fill(user)
    visit.page.locator("#sign-in-password").fill(password)
    visit.page.keyboard.press("Enter")


def test_nothing_is_shown_before_somebody_signed_in(visit: Visit) -> None:
    expect(visit.page.get_by_role("dialog")).to_contain_text("Sign in")
    visit.page.keyboard.press("Escape")
    expect(visit.page.get_by_role("dialog")).to_be_visible()
    assert visit.page.locator(".place").count() == 0
    sign_in(visit, "ann", "wrong")
    visit.sees("There is no such user, or this is not the password.")
    sign_in(visit, "ann")
    visit.sees("ann, viewer")
    visit.sees("1 cabinet")


WRITES: tuple[tuple[str, dict[str, object]], ...] = (
    ("/api/cabinets/cab-1/smib-config", {"machineControl": "LOCK MACHINE"}),
    ("/api/cabinets/cab-1/smib-config/resync", {}),
    ("/api/cabinets/cab-1/smib-config/rollback", {"revision": 1}),
    ("/api/batches", {"cabinets": ["cab-1"], "machineControl": "RESTART"}),
    ("/api/mqtt/config/publish", {"relayId": "e831cdfa8384", "config": {"typ": "cfg", "comp": "net"}}),
    ("/api/mqtt/test", {"action": "publish"}),
)
SEND = """async ([path, body]) => (await fetch(path, {method: 'POST',
  headers: {'content-type': 'application/json'}, body: JSON.stringify(body)})).status"""


def test_a_viewer_sees_why_a_control_does_nothing_and_the_service_refuses_all_the_same(visit: Visit) -> None:
    def are_of_no_use(*names: str) -> None:
        for name in names:
            expect(visit.button(name)).to_be_disabled()
            expect(visit.button(name)).to_have_attribute("aria-description", re.compile("^A viewer may not"))

    sign_in(visit, "ann")
    visit.button("Select several").click()
    are_of_no_use("Restart selected", "Lock selected", "Unlock selected", "Configure selected")
    visit.button("Select several").click()
    visit.page.locator(".place a").click()
    visit.button("SMIB configuration").click()
    are_of_no_use("Edit", "Restart", "Lock", "Unlock", "Reveal WiFi password", "Reveal Password")
    visit.page.get_by_role("link", name="Console").click()
    are_of_no_use("Connect", "Publish", "Subscribe")
    for path, body in WRITES:
        assert visit.page.evaluate(SEND, [path, body]) == 403, path


def test_a_session_that_ends_loses_nothing_that_was_typed(visit: Visit) -> None:
    sign_in(visit, "bo")
    visit.page.locator(".place a").click()
    visit.button("SMIB configuration").click()
    visit.button("Edit").click()
    visit.input("comsGPC").fill("9")
    visit.page.context.clear_cookies()
    visit.button("Save communication configuration").click()
    visit.sees("Your session has ended.", visit.page.get_by_role("dialog"))
    sign_in(visit, "bo")
    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    expect(visit.input("comsGPC")).to_have_value("9")
    visit.button("Save communication configuration").click()
    visit.sees("The broker is away: the order is stored", visit.section("coms"))


def test_a_service_that_is_started_anew_knows_who_is_here_and_asks_who_is_not(
    visit: Visit, guarded: Guarded
) -> None:
    sign_in(visit, "bo")
    visit.page.locator(".place a").click()
    visit.button("SMIB configuration").click()
    visit.button("Edit").click()
    visit.input("comsGPC").fill("19")
    for signed_out in (False, True):
        guarded.stop()
        try:
            visit.sees("Connection lost", visit.page.locator("#link"))
            if signed_out:
                visit.page.context.clear_cookies()
        finally:
            guarded.start()
        if signed_out:
            visit.sees("Your session has ended.", visit.page.get_by_role("dialog"))
            sign_in(visit, "bo")
        expect(visit.page.locator("#link")).to_have_text("Live")
        expect(visit.page.get_by_role("dialog")).to_have_count(0)
        expect(visit.input("comsGPC")).to_have_value("19")


def test_signing_out_ends_it(visit: Visit) -> None:
    sign_in(visit, "bo")
    visit.button("Sign out").click()
    expect(visit.page.get_by_role("dialog")).to_contain_text("Sign in")
