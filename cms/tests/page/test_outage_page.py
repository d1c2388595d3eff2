"""What goes away and comes back while the page is open, and loses nothing of a form."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from cms.tests.page.conftest import Enter
from cms.tests.page.floor import RELAYS, Floor
from cms.tests.page.visit import AWAY

pytestmark = pytest.mark.xdist_group("page")


def test_a_broker_that_goes_and_comes_back_loses_nothing(enter: Enter, floor: Floor) -> None:
    visit = enter(None)
    visit.tolerated.add(503)
    visit.cabinet("cab-2", edit=True)
    visit.sees("Device answered at", visit.section("coms"))
    floor.stop_broker()
    try:
        visit.button("Ask the device again").click()
        visit.sees("broker", visit.section("net").locator(".answer"))
        visit.input("comsGPC").fill("9")
        visit.button("Save communication configuration").click()
        visit.sees("The broker is away: the order is stored", visit.section("coms"))
    finally:
        floor.start_broker()
    visit.sees("The device has these values in force.", visit.section("coms"))


def test_a_lost_stream_is_told_of_and_comes_back_and_edits_stay(enter: Enter) -> None:
    visit = enter()
    visit.page.clock.install()
    visit.page.reload()
    visit.cabinet("cab-2", edit=True)
    visit.input("comsGPC").fill("21")
    expect(visit.page.locator(".cabinet-head .link")).to_have_text("This SMIB: live")
    # No heartbeat for longer than there may be none; then the clock stands still, and nothing reconnects.
    visit.page.clock.pause_at(visit.page.evaluate("Date.now()") / 1000 + 12.5)
    visit.sees("Stale since", visit.page.locator(".cabinet-head .link"))
    visit.sees("what you typed is kept", visit.page.locator(".banner"))
    visit.sees("reconnecting", visit.page.locator("#link"))
    visit.page.clock.resume()
    expect(visit.page.locator(".cabinet-head .link")).to_have_text("This SMIB: live")
    expect(visit.page.locator(".banner")).to_be_hidden()
    expect(visit.input("comsGPC")).to_have_value("21")


def test_a_cms_that_is_started_anew_is_waited_for_and_edits_stay(enter: Enter, floor: Floor) -> None:
    visit = enter(None)
    visit.tolerated |= {AWAY, 503}
    visit.cabinet("cab-2", edit=True)
    visit.sees("Device answered at", visit.section("coms"))
    visit.input("comsRateMs").fill("333")
    floor.stop_cms()
    try:
        visit.sees("Stale since", visit.page.locator(".cabinet-head .link"))
        visit.sees("what you typed is kept", visit.page.locator(".banner"))
        visit.button("Save communication configuration").click()
        visit.sees("The CMS can't be reached.", visit.section("coms"))
    finally:
        floor.start_cms()
    expect(visit.page.locator(".cabinet-head .link")).to_have_text("This SMIB: live")
    expect(visit.page.locator("#link")).to_have_text("Live")
    expect(visit.input("comsRateMs")).to_have_value("333")
    visit.button("Save communication configuration").click()
    visit.sees("The device has these values in force.", visit.section("coms"))
    floor.event(RELAYS["cab-2"], "GAME_WON", "12")
    visit.sees("GAME_WON", visit.page.locator(".events"))
