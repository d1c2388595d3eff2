"""Signing in at the page of a service that has users, and what a viewer may there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from cms.tests.page.program import Program
from cms.tests.page.visit import PATIENCE_MS, Visit

pytestmark = pytest.mark.xdist_group("page")

PASSWORD = "lucky-lion-4711"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service with a viewer, ann, and a technician, bo."""
    folder: Path = tmp_path_factory.mktemp("guarded")
    environ = {
        "CMS_DATABASE": str(folder / "cms.sqlite3"),
        "CMS_PORT": "0",
        "MQTT_URI": "mqtt://127.0.0.1:1",
        "CMS_CABINETS": "cab-1=e831cdfa8384",
    }
    for name, role in (("ann", "viewer"), ("bo", "technician")):
        command = [sys.executable, "-m", "cms", "users", "add", name, "--role", role]
        done = subprocess.run(
            command,
            input=f"{PASSWORD}\n",
            text=True,
            env={**os.environ, **environ},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    program = Program(folder / "cms.log", "cms", "serve", environ=environ)
    yield program.facts["url"]
    program.stop()


@pytest.fixture
def visit(browser: Browser, guarded: str) -> Iterator[Visit]:
    visit = Visit(browser, guarded, width=1280, dark=False)
    visit.tolerated |= {401, 403, 503}  # signed out, not allowed, and there is no broker
    visit.page.goto(guarded)
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


def test_a_viewer_looks_and_the_service_refuses_all_the_same(visit: Visit) -> None:
    sign_in(visit, "ann")
    visit.page.locator(".place a").click()
    expect(visit.button("Lock")).to_be_disabled()
    status = visit.page.evaluate(
        """async () => (await fetch('/api/cabinets/cab-1/smib-config', {method: 'POST', headers:
        {'content-type': 'application/json'}, body: '{"machineControl":"LOCK MACHINE"}'})).status"""
    )
    assert status == 403


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


def test_signing_out_ends_it(visit: Visit) -> None:
    sign_in(visit, "bo")
    visit.button("Sign out").click()
    expect(visit.page.get_by_role("dialog")).to_contain_text("Sign in", timeout=PATIENCE_MS)
