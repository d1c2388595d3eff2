"""The floor, the console, and what holds of every view: live, legible, reachable, and texts stay texts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from cms.tests.page.conftest import Enter
from cms.tests.page.floor import NAMES, RELAYS, Floor
from cms.tests.page.visit import Visit

pytestmark = pytest.mark.xdist_group("page")


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
    floor.event(RELAYS["cab-1"], "MACHINE_LOCKED")
    expect(tile).to_have_attribute("data-state", "locked")
    visit.page.get_by_role("button", name="Locked").click()
    expect(tile).to_be_visible()
    floor.event(RELAYS["cab-1"], "MACHINE_UNLOCKED")
    expect(tile).to_be_hidden()
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
    visit.assert_accessible()


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
    visit.button("Lock selected").click()
    visit.sees("1 of them is not shown on the floor now.", visit.page.get_by_role("dialog"))
    keys.press("Escape")
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
    visit.assert_accessible()
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


def test_pictures_say_what_they_show(enter: Enter, floor: Floor) -> None:
    floor.ask("/api/mqtt/config/request?wait=10", {"relayId": RELAYS["cab-1"], "component": "net"})
    visit = enter()
    for title, said in (
        ("Messages per minute", "at most"),
        ("Devices by state", "[0-9]+ online"),
        ("Answer times", "Half of the SMIBs answered within"),
    ):
        picture = visit.page.get_by_role("img", name=re.compile(rf"^{title}\. .*{said}"))
        expect(picture.locator("path").first).to_have_attribute("d", re.compile("^M"))
    visit.page.get_by_label("Time shown").select_option("Last day")
    expect(visit.page.get_by_role("img", name="Messages per minute.")).to_be_visible()


def test_a_thousand_cabinets_are_drawn_and_kept_up(enter: Enter) -> None:
    visit = enter()
    assert visit.page.evaluate(THOUSAND) == 1000


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
  const count = (what) => view.root.querySelectorAll(what).length;
  while (count('.place[data-state=locked]') < 1000) await frame();
  view.close();
  return count('.place');
}"""
