"""Many tabs of one browser, which opens six connections to a service at most."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from cms.tests.page.conftest import Enter
from cms.tests.page.floor import NAMES, RELAYS, Floor
from cms.tests.page.visit import PATIENCE_MS, Visit

pytestmark = pytest.mark.xdist_group("page")

LINES = 3
"""Streams of single SMIBs that one browser has open at once, over all its tabs."""


def open_tab(visit: Visit, address: str = "") -> Page:
    page = visit.tab()
    with visit.at(page):
        visit.go(address)
    return page


def streams(floor: Floor) -> dict[str, int]:
    found: dict[str, int] = floor.ask("/api/monitoring?location=none")["service"]["streams"]
    return found


def test_ten_tabs_all_live_on_few_streams_and_another_reads_when_the_reader_is_closed(
    enter: Enter, floor: Floor
) -> None:
    visit = enter()
    tabs = [visit.page, *(open_tab(visit) for _ in range(3))]
    tabs += [open_tab(visit, f"#/cabinet/{cabinet_id}") for cabinet_id in NAMES]
    assert streams(floor)["floor"] == 1
    assert streams(floor)["relay"] == LINES
    floor.event(RELAYS["cab-1"], "MACHINE_LOCKED")
    for page in tabs[:4]:
        expect(page.locator('.place[data-id="cab-1"]')).to_have_attribute("data-state", "locked")
    tabs[0].close()
    floor.event(RELAYS["cab-1"], "MACHINE_UNLOCKED")
    for page in tabs[1:4]:
        expect(page.locator('.place[data-id="cab-1"]')).to_have_attribute("data-state", "online")
        expect(page.locator("#link")).to_have_text("Live")
    assert streams(floor)["floor"] == 1
    with visit.at(tabs[-1]):
        visit.button("Lock").focus()  # it can be asked for things, too


def test_a_tab_that_has_to_wait_for_a_line_shows_what_its_machine_says_and_gets_one(
    enter: Enter, floor: Floor
) -> None:
    visit = enter()
    others = [open_tab(visit, f"#/cabinet/{cabinet_id}") for cabinet_id in list(NAMES)[:LINES]]
    for other in others:  # a line is whoever's comes first
        expect(other.locator(".cabinet-head .link")).to_have_text("This SMIB: live", timeout=PATIENCE_MS)
    visit.cabinet("cab-4", edit=True)
    line = visit.page.locator(".cabinet-head .link")
    visit.sees("Followed by the floor's stream", line)
    visit.sees("Device answered at", visit.section("coms"))
    visit.input("comsRateMs").fill("310")
    visit.button("Save communication configuration").click()
    visit.sees("The device has these values in force.", visit.section("coms"))
    floor.event(RELAYS["cab-4"], "GAME_WON", "7")
    visit.sees("GAME_WON", visit.page.locator(".events"))
    others[1].close()
    expect(line).to_have_text("This SMIB: live")
