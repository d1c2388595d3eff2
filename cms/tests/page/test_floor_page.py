"""The floor, the console, and what holds of every view: live, legible, reachable, and texts stay texts."""

from __future__ import annotations

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, expect

from cms.tests.page.conftest import Enter
from cms.tests.page.floor import HOSTILE, NAMES, RELAYS, Floor
from cms.tests.page.publisher import publish
from cms.tests.page.visit import PATIENCE_MS, Visit

pytestmark = pytest.mark.xdist_group("page")

VIEWER = {"success": True, "signInNeeded": True, "user": "ann", "role": "viewer", "may": ["read"]}


def event(floor: Floor, relay_id: str, typ: str, payload: str = "") -> None:
    message = {"typ": typ, "rly": relay_id, "mac": "", "tkn": "", "pyd": payload}
    publish(floor.mqtt_port, f"sas/gli/server/{relay_id}", json.dumps(message).encode())


def shown(visit: Visit) -> list[str]:
    found = visit.page.locator(".place:visible")
    return [str(one.get_attribute("data-id")) for one in found.all()]


def test_every_cabinet_is_there_by_location_as_tile_or_row(enter: Enter) -> None:
    visit = enter()
    visit.sees(f"{len(NAMES)} cabinets")
    expect(visit.page.get_by_role("heading", level=2)).to_contain_text(["Main Floor", "Vault"])
    assert sorted(shown(visit)) == sorted(NAMES)
    visit.button("Rows").click()
    visit.sees("SN-1001")
    visit.page.reload()
    expect(visit.button("Rows")).to_have_attribute("aria-pressed", "true")


def test_the_floor_is_searched_and_filtered(enter: Enter) -> None:
    visit = enter()
    search = visit.page.get_by_role("searchbox")
    for text, found in (
        ("8464", ["cab-2"]),
        ("comet", ["cab-3"]),
        ("SN-1001", ["cab-1"]),
        ("nothing such", []),
    ):
        search.fill(text)
        for cabinet_id in found:
            expect(visit.page.locator(f'.place[data-id="{cabinet_id}"]')).to_be_visible()
        expect(visit.page.locator(".place:visible")).to_have_count(len(found))
    search.fill("")
    visit.page.get_by_label("Location").select_option("Vault")
    expect(visit.page.locator(".place:visible")).to_have_count(1)
    visit.sees(f"1 of {len(NAMES)} cabinets")


def test_what_a_machine_says_is_on_every_floor_without_a_reload(enter: Enter, floor: Floor) -> None:
    visit = enter()
    tile = visit.page.locator('.place[data-id="cab-1"]')
    event(floor, RELAYS["cab-1"], "MACHINE_LOCKED")
    expect(tile).to_have_attribute("data-state", "locked", timeout=PATIENCE_MS)
    visit.page.get_by_role("button", name="Locked").click()
    expect(tile).to_be_visible()
    event(floor, RELAYS["cab-1"], "MACHINE_UNLOCKED")
    expect(tile).to_be_hidden(timeout=PATIENCE_MS)
    visit.sees("MACHINE_UNLOCKED", visit.page.locator(".events"))


def picked(visit: Visit) -> list[str]:
    found = visit.page.locator(".place:has(:checked)")
    return [str(one.get_attribute("data-id")) for one in found.all()]


def tile(visit: Visit, cabinet_id: str) -> Locator:
    return visit.page.locator(f'.place[data-id="{cabinet_id}"]')


def test_several_are_locked_at_once_and_how_far_it_is_is_shown_for_each(enter: Enter) -> None:
    visit = enter()
    visit.button("Select several").click()
    expect(visit.button("Lock selected")).to_be_disabled()
    visit.page.get_by_label(f"Select {NAMES['cab-3']}").check()
    tile(visit, "cab-4").locator("a").click()  # the whole tile picks
    for label, state in (("Lock", "locked"), ("Unlock", "online")):
        visit.button(f"{label} selected").click()
        dialog = visit.page.get_by_role("dialog")
        visit.sees(f"{label} 2 machines?", dialog)
        expect(dialog.locator("li")).to_have_text([NAMES["cab-3"], NAMES["cab-4"]])
        visit.button(f"{label} 2").click()
        for cabinet_id in ("cab-3", "cab-4"):
            expect(tile(visit, cabinet_id)).to_have_attribute("data-state", state)
        newest = visit.page.locator(".batches > li").first
        visit.sees(f"{label.upper()} MACHINE, 2 machines", newest)
        visit.sees("2 confirmed.", newest)
    newest.get_by_text("Each machine").click()
    visit.sees(f"{NAMES['cab-3']} confirmed", newest)
    _assert_accessible(visit)


def test_machines_are_picked_by_range_by_location_by_filter_and_by_keyboard(enter: Enter) -> None:
    visit = enter()
    keys = visit.page.keyboard
    visit.button("Select several").focus()
    keys.press("Enter")
    first = visit.page.get_by_label(f"Select {NAMES['cab-1']}")
    first.focus()
    keys.press("Space")
    tile(visit, "cab-4").locator("a").click(modifiers=["Shift"])
    assert picked(visit) == ["cab-1", "cab-3", "cab-4"]  # cab-2 is elsewhere
    first.focus()
    keys.press("Space")
    assert picked(visit) == ["cab-3", "cab-4"]
    visit.page.get_by_label(f"Select {NAMES['quiet']}").focus()
    keys.press("Shift+Space")
    assert len(picked(visit)) == 5
    visit.button("None").click()
    visit.button("Select all of Vault").click()
    assert picked(visit) == ["cab-2"]
    visit.page.get_by_role("searchbox").fill("comet")
    visit.button("All that are shown").click()
    visit.sees("2 selected", visit.page.locator(".selection"))
    visit.page.get_by_role("searchbox").fill("")
    keys.press("Escape")
    expect(visit.button("Select several")).to_be_focused()
    assert picked(visit) == []


def test_a_section_of_configuration_is_ordered_of_several(enter: Enter, floor: Floor) -> None:
    visit = enter()
    visit.button("Select several").click()
    for name in (NAMES["cab-2"], NAMES["quiet"]):
        visit.page.get_by_label(f"Select {name}").check()
    visit.button("Configure selected").click()
    dialog = visit.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Go on").click()
    visit.sees("Fill in at least one field.", dialog)
    dialog.get_by_label("Rate (ms)").fill("1")
    visit.sees("hole number from 40", dialog)
    _assert_accessible(visit)
    dialog.get_by_label("Rate (ms)").fill("320")
    visit.page.keyboard.press("Enter")
    visit.sees("Order this of 2 machines?")
    visit.sees("Communication: Rate (ms) 320.", dialog)
    visit.button("Order of 2").click()
    newest = visit.page.locator(".batches > li").first
    visit.sees("comsRateMs, 2 machines", newest)
    visit.sees("1 confirmed, 1 sent, not confirmed yet", newest)
    stored = floor.ask("/api/cabinets/cab-2/smib-config")["data"]["smibConfig"]["coms"]
    assert stored["comsRateMs"] == 320


def test_markup_from_devices_and_people_is_text(enter: Enter, floor: Floor) -> None:
    visit = enter()
    expect(visit.page.locator('.place[data-id="cab-5"] .name')).to_have_text(HOSTILE)
    event(floor, RELAYS["cab-5"], "GAME_WON", HOSTILE)
    visit.sees(HOSTILE, visit.page.locator(".events .detail").first)
    visit.go("#/cabinet/cab-5")
    expect(visit.page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    event(floor, RELAYS["cab-5"], HOSTILE, HOSTILE)
    visit.sees(HOSTILE, visit.page.locator(".events"))
    visit.button("Lock").click()
    visit.sees(HOSTILE, visit.page.get_by_role("dialog"))
    assert visit.page.locator("img").count() == 0
    assert visit.page.title().startswith("<img")


def test_a_broker_that_goes_and_comes_back_loses_nothing(enter: Enter, floor: Floor) -> None:
    visit = enter()
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
    expect(visit.page.locator(".cabinet-head .link")).to_have_text("This SMIB: live", timeout=PATIENCE_MS)
    # No heartbeat for longer than there may be none; then the clock stands still, and nothing reconnects.
    visit.page.clock.pause_at(visit.page.evaluate("Date.now()") / 1000 + 12.5)
    visit.sees("Stale since", visit.page.locator(".cabinet-head .link"))
    visit.sees("what you typed is kept", visit.page.locator(".banner"))
    visit.sees("reconnecting", visit.page.locator("#link"))
    visit.page.clock.resume()
    expect(visit.page.locator(".cabinet-head .link")).to_have_text("This SMIB: live", timeout=PATIENCE_MS)
    expect(visit.page.locator(".banner")).to_be_hidden()
    expect(visit.input("comsGPC")).to_have_value("21")


def test_who_may_only_look_sees_why_a_control_does_nothing(enter: Enter) -> None:
    visit = enter()
    visit.page.route("**/api/session", lambda route: route.fulfill(json=VIEWER))
    visit.page.reload()
    visit.go("#/cabinet/cab-2")
    visit.sees("ann, viewer")
    visit.button("SMIB configuration").click()
    visit.sees("Device answered at", visit.section("net"))
    for name in ("Edit", "Lock", "Restart", "Unlock", "Reveal WiFi password"):
        expect(visit.button(name)).to_be_disabled()
        expect(visit.button(name)).to_have_attribute("aria-description", re.compile("^A viewer may not"))


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


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_view_has_a_serious_finding_of_axe(enter: Enter, dark: bool) -> None:
    visit = enter(dark=dark)
    for address in ("", "#/console", "#/cabinet/cab-3"):
        visit.go(address)
        if "cabinet" in address:
            visit.button("SMIB configuration").click()
            visit.sees("Device answered at", visit.section("app"))
            _assert_accessible(visit)
            visit.button("Edit").click()
            visit.input("netStaChan").fill("15")
            visit.sees("hole number", visit.field("netStaChan"))
            visit.button("Lock").click()
        _assert_accessible(visit)


@pytest.mark.parametrize("width", [360, 820, 2560])
def test_nothing_is_wider_than_the_screen(enter: Enter, width: int) -> None:
    visit = enter(width=width)
    for address in ("", "#/console", "#/cabinet/cab-5"):
        visit.go(address)
        if "cabinet" in address:
            visit.button("SMIB configuration").click()
            visit.button("Edit").click()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_a_thousand_cabinets_are_drawn_and_kept_up(enter: Enter) -> None:
    visit = enter()
    drawn = visit.page.evaluate(THOUSAND)
    assert drawn == {"cabinets": 1000, "locked": 1000}


THOUSAND = """async () => {
  const { createFloorStore } = await import('/page/floor-store.js');
  const { createFloorView } = await import('/page/floor-view.js');
  const store = createFloorStore();
  const cabinet = (n) => ({ id: `cab-${n}`, relayId: `e831cd${String(n).padStart(6, '0')}`,
    name: `Machine ${n}`, location: `Area ${n % 10}`, assetNumber: '', serialNumber: `SN-${n}`,
    game: 'Lion', state: 'online', online: true, locked: null, restarting: false, installing: false,
    updating: [], inStep: true,
    firmware: '1.0.0', lastSeen: null });
  const timestamp = new Date().toISOString();
  for (let part = 1; part <= 10; part += 1) {
    const cabinets = Array.from({ length: 100 }, (_, i) => cabinet((part - 1) * 100 + i + 1));
    store.take({ type: 'snapshot', part, parts: 10, cabinets, timestamp });
  }
  const view = createFloorView(store);
  document.getElementById('main').replaceChildren(view.root);
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame(); await frame();
  for (let second = 0; second < 5; second += 1) {
    for (let n = 0; n < 200; n += 1) {
      const id = second * 200 + n + 1;
      store.take({ type: 'event', cabinetId: `cab-${id}`, event: 'GAME_PLAYED', pyd: '1', timestamp });
      store.take({ type: 'state', cabinet: { ...cabinet(id), state: 'locked', locked: true }, timestamp });
    }
    await frame(); await frame();
  }
  const places = [...view.root.querySelectorAll('.place')];
  return { cabinets: places.length, locked: places.filter((p) => p.dataset.state === 'locked').length };
}"""


def _assert_accessible(visit: Visit) -> None:
    found = Axe().run(visit.page).response["violations"]
    serious = [
        (one["id"], [node["target"] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
