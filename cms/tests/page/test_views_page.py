"""What holds of every view: legible, reachable, and texts stay texts; and the console."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import expect

from cms.tests.page.conftest import Enter
from cms.tests.page.floor import HOSTILE, RELAYS, Floor

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

pytestmark = pytest.mark.xdist_group("page")


def test_markup_from_devices_and_people_is_text(enter: Enter, floor: Floor) -> None:
    visit = enter()
    expect(visit.page.locator('.place[data-id="cab-5"] .name')).to_have_text(HOSTILE)
    floor.event(RELAYS["cab-5"], "GAME_WON", HOSTILE)
    visit.sees(HOSTILE, visit.page.locator(".events .detail").first)
    visit.go("#/cabinet/cab-5")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    floor.event(RELAYS["cab-5"], HOSTILE, HOSTILE)
    visit.sees(HOSTILE, visit.page.locator(".events"))
    visit.button("Lock").click()
    visit.sees(HOSTILE, visit.page.get_by_role("dialog"))
    assert visit.page.locator("img").count() == 0
    assert visit.page.title().startswith("<img")


def test_the_console_publishes_and_shows_what_comes_with_topic_and_time(enter: Enter) -> None:
    visit = enter()
    visit.page.get_by_role("link", name="Console").click()
    visit.page.get_by_label("SMIB (relay id)").fill(RELAYS["cab-3"])
    visit.button("Connect").click()
    visit.sees("Connected to MQTT broker")
    visit.button("Subscribe").click()
    visit.sees(f"Subscribed to what {RELAYS['cab-3']} sends.")
    visit.page.get_by_label("Message, as it goes").fill('{"typ":"cfg","comp":"ota"}')
    visit.button("Publish").click()
    row = visit.page.locator('tr[data-direction="received"]').first
    visit.sees('"comp":"ota"', row)
    visit.sees("smib/config", row)
    visit.sees(f"sas/relay/{RELAYS['cab-3']}", visit.page.locator('tr[data-direction="sent"]'))
    expect(row.locator("time")).not_to_be_empty()


def test_a_cabinet_that_is_not_there_is_told_of_with_a_way_on(enter: Enter) -> None:
    visit = enter("#/cabinet/cab-2")
    visit.tolerated.add(404)
    visit.go("#/cabinet/nothing")
    visit.sees("no cabinet is called 'nothing'", visit.page.get_by_role("alert").first)
    visit.page.locator("main").get_by_role("link", name="Floor").click()
    visit.sees("6 cabinets")


def test_no_view_has_a_serious_finding_of_axe_in_light_and_in_dark(enter: Enter) -> None:
    visit = enter(None)

    def are_accessible() -> None:
        for scheme in SCHEMES:
            visit.page.emulate_media(color_scheme=scheme)
            expect(visit.page.locator("html")).to_have_attribute("data-theme", scheme)
            visit.assert_accessible()

    for address in ("", "#/console", "#/cabinet/cab-3"):
        visit.go(address)
        visit.page.locator("main h1").wait_for()
        if "cabinet" in address:
            visit.button("SMIB configuration").click()
            visit.sees("Device answered at", visit.section("app"))
            are_accessible()
            visit.button("Edit").click()
            visit.input("netStaChan").fill("15")
            visit.sees("hole number", visit.field("netStaChan"))
            visit.button("Lock").click()
        are_accessible()


def test_nothing_is_wider_than_the_screen(enter: Enter) -> None:
    visit = enter(None)
    for address in ("", "#/console", "#/cabinet/cab-5"):
        visit.go(address)
        if "cabinet" in address:
            visit.button("SMIB configuration").click()
            visit.button("Edit").click()
        else:
            visit.page.locator("h1").wait_for()
        for width in (360, 820, 2560):
            visit.page.set_viewport_size({"width": width, "height": 900})
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width, (address, width)
