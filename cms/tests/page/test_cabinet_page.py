"""The cabinet page, by mouse and keyboard (specification, "Complete Flow Example"; issue 6)."""

from __future__ import annotations

from functools import partial

import pytest
from playwright.sync_api import expect

from cms.tests.page.conftest import Enter
from cms.tests.page.floor import HOSTILE, NETWORKS, PASSWORD, RELAYS, RTL, Floor
from cms.tests.page.publisher import publish

pytestmark = pytest.mark.xdist_group("page")

STEPS = ("Stored", "Sent", "Confirmed by the device")


def test_the_wifi_of_a_machine_is_changed_and_the_device_confirms_it(enter: Enter, floor: Floor) -> None:
    visit = enter()
    visit.page.get_by_role("link", name="Lucky Lion 12").first.click()
    visit.button("SMIB configuration").click()
    for component in ("coms", "net", "mqtt", "ota", "app"):
        visit.sees("Device answered at", visit.section(component))
    visit.button("Edit").click()
    visit.input("netStaSSID").fill("New_WiFi")
    visit.input("netStaPwd").fill(PASSWORD)
    visit.button("Save network configuration").click()
    net = visit.section("net")
    expect(net.locator('.steps [data-done="yes"]')).to_have_count(3)
    for step in STEPS:
        visit.sees(step, net)
    visit.sees("The device has these values in force.", net)
    expect(visit.input("netStaPwd")).to_have_value("")
    stored = floor.ask("/api/cabinets/cab-1/smib-config")["data"]["smibConfig"]["net"]
    assert stored == {"netStaSSID": "New_WiFi", "netStaPwd": "***"}


def test_all_of_it_by_keyboard(enter: Enter) -> None:
    visit = enter()
    keys = visit.page.keyboard
    visit.page.locator("#main").focus()
    keys.press("/")
    keys.type("8464")
    expect(visit.page.locator(".place:visible")).to_have_count(1)
    visit.page.locator(".place:visible a").focus()
    keys.press("Enter")
    visit.button("SMIB configuration").focus()
    keys.press("Enter")
    visit.sees("Device answered at", visit.section("coms"))
    keys.press("Tab")
    keys.press("Enter")
    expect(visit.button("Done")).to_be_visible()
    visit.input("comsRateMs").focus()
    keys.press("Control+a")
    keys.type("250")
    keys.press("Enter")
    expect(visit.section("coms").locator('.steps [data-done="yes"]')).to_have_count(3)
    visit.button("Lock").focus()
    keys.press("Enter")
    expect(visit.page.get_by_role("dialog")).to_contain_text("Lock Royal Koi 7?")
    expect(visit.button("Cancel")).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    visit.sees("The machine is locked.")
    visit.sees("Locked", visit.page.locator(".place-state"))
    expect(visit.button("Lock")).to_be_focused()


def test_a_command_names_the_machine_and_can_be_thought_better_of(enter: Enter, floor: Floor) -> None:
    visit = enter(None)
    visit.go("#/cabinet/cab-3")
    before = floor.ask("/api/outbox?cabinet=cab-3")["count"]
    visit.button("Restart").click()
    expect(visit.page.get_by_role("dialog")).to_contain_text("Wild Comet 8 (cab-3), Main Floor")
    visit.page.keyboard.press("Escape")
    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    assert floor.ask("/api/outbox?cabinet=cab-3")["count"] == before
    visit.button("Restart").click()
    visit.button("Restart Wild Comet 8").click()
    visit.sees("The machine is back.")
    visit.sees("MACHINE_RESTART", visit.page.locator(".events"))


def test_two_people_at_one_cabinet_one_of_whom_edits(enter: Enter) -> None:
    one, other = enter(None), enter(None)
    other.tolerated.add(409)  # saved before the page has heard of the other order, it is tried once more
    one.cabinet("cab-3", edit=True)
    other.cabinet("cab-3", edit=True)
    other.input("comsGPC").fill("77")
    one.input("comsRateMs").fill("300")
    one.button("Save communication configuration").click()
    one.sees("The device has these values in force.", one.section("coms"))
    # The other sees it at once, and what is being typed there stays.
    expect(other.input("comsRateMs")).to_have_value("300")
    expect(other.input("comsGPC")).to_have_value("77")
    other.button("Save communication configuration").click()
    other.sees("The device has these values in force.", other.section("coms"))
    expect(one.input("comsGPC")).to_have_value("77")


def test_an_edit_of_what_somebody_else_changed_is_shown_before_it_is_saved(
    enter: Enter, floor: Floor
) -> None:
    visit = enter(None)
    visit.tolerated.add(409)
    path = "/api/cabinets/quiet/smib-config"
    before = floor.ask(path)["data"]["smibConfig"].get("coms", {})
    visit.cabinet("quiet", edit=True)
    visit.input("comsAddr").fill("9")
    floor.ask(path, {"smibConfig": {"coms": {"comsAddr": 7, "comsGPC": 6}}})
    save = visit.button("Save communication configuration")
    save.click()
    visit.sees("Somebody else changed this cabinet meanwhile.", visit.section("coms"))
    visit.sees("Stored meanwhile by somebody else: 7", visit.field("comsAddr"))
    expect(visit.input("comsGPC")).to_have_value("6")
    expect(visit.input("comsAddr")).to_have_value("9")
    save.click()
    visit.sees("Sent", visit.section("coms"))
    expect(visit.field("comsAddr").locator(".differs")).to_be_hidden()
    stored = floor.ask(path)["data"]["smibConfig"]["coms"]
    assert stored == {**before, "comsAddr": 9, "comsGPC": 6}


def test_what_is_wrong_is_said_while_typing_and_nothing_is_lost(enter: Enter) -> None:
    visit = enter(None)
    visit.tolerated.add(400)
    visit.cabinet("cab-4", edit=True)
    visit.sees("Device answered at", visit.section("net"))
    visit.input("netStaChan").fill("15")
    visit.sees("hole number from 1 to 14", visit.field("netStaChan").locator(".problem"))
    expect(visit.input("netStaChan")).to_have_attribute("aria-invalid", "true")
    save = visit.button("Save network configuration")
    expect(save).to_be_disabled()
    expect(save).to_have_attribute("aria-description", "Correct the marked fields first.")
    visit.input("mqttHost").fill("a b")
    visit.sees("A broker URI", visit.field("mqttURI").locator(".problem"))
    # The service judges by itself, whatever the page thinks.
    visit.page.route(
        "**/api/fields/check", lambda route: route.fulfill(json={"success": True, "problems": []})
    )
    visit.input("otaURL").fill("ftp://nowhere")
    visit.button("Save OTA configuration").click()
    visit.sees("An http or https URL was wanted", visit.field("otaURL").locator(".problem"))
    visit.sees("Not saved", visit.section("ota"))
    expect(visit.input("otaURL")).to_have_value("ftp://nowhere")
    expect(visit.input("otaURL")).to_be_focused()


def test_leaving_what_is_not_saved_asks_first(enter: Enter) -> None:
    visit = enter(None)
    visit.cabinet("cab-4", edit=True)
    visit.input("comsGPC").fill("5")
    visit.page.get_by_role("link", name="Console").click()
    visit.button("Cancel").click()
    expect(visit.input("comsGPC")).to_have_value("5")
    visit.page.get_by_role("link", name="Console").click()
    visit.button("Leave without saving").click()
    expect(visit.page.get_by_role("heading", name="Console")).to_be_visible()


def test_an_earlier_configuration_is_shown_and_rolled_back_to(enter: Enter, floor: Floor) -> None:
    path = "/api/cabinets/cab-2/smib-config"
    network = {"netStaSSID": NETWORKS[0], "netStaPwd": PASSWORD}  # one that the machine can join
    for address in (3, 9):
        floor.ask(path, {"smibConfig": {"coms": {"comsAddr": address}, "net": network}})
    visit = enter("#/cabinet/cab-2")
    visit.page.get_by_text("History of its configuration").click()
    steps = visit.page.locator(".history > li")
    visit.sees("coms.comsAddr: 3 → 9", steps.nth(0))
    assert PASSWORD not in visit.page.content()
    steps.nth(1).get_by_role("button").click()
    visit.sees("Roll Royal Koi 7 back to revision", visit.page.get_by_role("dialog"))
    visit.button("Roll back").click()
    visit.sees("coms.comsAddr: 9 → 3", steps.nth(0))
    visit.until(lambda: floor.ask(path)["data"]["smibConfig"]["coms"]["comsAddr"] == 3)


FIELDS = [
    "comsMode",
    "comsAddr",
    "comsRateMs",
    "comsRTE",
    "comsGPC",
    "netMode",
    "netStaSSID",
    "netStaPwd",
    "netStaChan",
    "mqttHost",
    "mqttPort",
    "mqttSecure",
    "mqttQOS",
    "mqttURI",
    "mqttSubTopic",
    "mqttPubTopic",
    "mqttCfgTopic",
    "mqttIdleTimeS",
    "mqttUsername",
    "mqttPassword",
    "otaURL",
    "firmware",
    "version",
]
"""The form fields of the specification, and what is read-only."""


def test_every_field_of_the_specification_is_there_and_can_be_edited_but_the_firmware(enter: Enter) -> None:
    visit = enter(None)
    visit.cabinet("cab-1", edit=True)
    found = visit.page.locator("[data-field]").evaluate_all("all => all.map((one) => one.dataset.field)")
    assert sorted(found) == sorted(FIELDS)
    for name in FIELDS:
        expect(visit.input(name).first).to_be_visible(visible=name not in ("firmware", "version"))


def test_a_password_is_masked_and_revealed_on_purpose(enter: Enter, floor: Floor) -> None:
    values = {"netStaSSID": "New_WiFi", "netStaPwd": PASSWORD}
    floor.ask("/api/cabinets/cab-5/smib-config", {"smibConfig": {"net": values}})
    visit = enter(None)
    visit.cabinet("cab-5")
    visit.sees("Device answered at", visit.section("net"))
    assert PASSWORD not in visit.page.content()
    visit.button("Reveal WiFi password").click()
    visit.sees(PASSWORD, visit.field("netStaPwd"))
    visit.button("Reveal WiFi password").click()
    expect(visit.field("netStaPwd")).not_to_contain_text(PASSWORD)


def test_a_device_that_never_answers_is_told_of_and_what_is_stored_is_shown(
    enter: Enter, floor: Floor
) -> None:
    floor.ask("/api/cabinets/quiet/smib-config", {"smibConfig": {"net": {"netStaSSID": "Third_WiFi"}}})
    visit = enter()
    visit.page.clock.install()
    visit.page.clock.resume()
    visit.cabinet("quiet", edit=True)
    visit.sees("the device has not said anything yet")
    expect(visit.input("netStaSSID")).to_have_value("Third_WiFi")
    visit.input("comsGPC").fill("3")
    visit.button("Save communication configuration").click()
    visit.sees("the device has not confirmed yet", visit.section("coms"))
    visit.page.clock.fast_forward(11_000)
    visit.sees("It may be offline; what is shown is what was stored.", visit.section("net"))
    visit.sees("The device has not confirmed for", visit.section("coms"))
    expect(visit.section("coms").locator('.steps [data-done="yes"]')).to_have_count(2)


def test_meters_are_asked_for_named_and_shown_as_money(enter: Enter) -> None:
    visit = enter("#/cabinet/cab-1")
    visit.button("Ask for its meters").click()
    card = visit.page.get_by_role("region", name="Meters")
    visit.sees("As of ", card)
    expect(card.locator("tbody tr")).to_have_count(10)
    coin_in = card.locator('tr[data-code="0000"]')
    expect(coin_in.locator("th")).not_to_contain_text("0000")
    credits = int("".join(filter(str.isdigit, coin_in.locator("td").inner_text())))
    card.get_by_label("Show money as").select_option("0.05")
    expect(coin_in.locator("td")).to_have_text(f"{credits * 5 / 100:,.2f}")


def test_a_machine_that_tells_no_meters_is_told_of(enter: Enter) -> None:
    visit = enter("#/cabinet/quiet")
    visit.tolerated.add(504)
    wait = {"POST": "?wait=0.5"}
    visit.page.route(
        "**/meters",
        lambda route: route.continue_(url=route.request.url + wait.get(route.request.method, "")),
    )
    visit.button("Ask for its meters").click()
    visit.sees("0.5 s", visit.page.get_by_role("region", name="Meters"))
    expect(visit.button("Ask for its meters")).to_be_enabled()


def test_what_the_device_has_is_shown_next_to_what_was_ordered(enter: Enter, floor: Floor) -> None:
    floor.ask("/api/cabinets/cab-4/smib-config", {"smibConfig": {"coms": {"comsGPC": 8}}})
    answer = (
        f'{{"rly":"{RELAYS["cab-4"]}","typ":"cfg","comp":"coms","comsMode":0,"comsAddr":1,"comsRateMs":200,'
        '"comsRTE":0,"comsGPC":44}'
    )
    visit = enter(None)
    visit.cabinet("cab-4")
    visit.sees("Device answered at", visit.section("coms"))
    publish(floor.mqtt_port, "smib/config", answer.encode())
    visit.sees("The device reports 44", visit.field("comsGPC"))
    visit.sees("ordered was 8", visit.field("comsGPC"))
    visit.sees("Out of step", visit.page.locator(".place-state"))
    visit.button("Order again what differs").click()
    visit.button("Order again").click()
    expect(visit.field("comsGPC").locator(".differs")).to_be_hidden()


def test_any_ssid_is_shown_and_sent_unharmed(enter: Enter, floor: Floor) -> None:
    def is_reported(ssid: str) -> bool:
        told = floor.ask("/api/cabinets/cab-5/smib-config")["data"]["reported"]
        return bool(told["net"]["netStaSSID"]["value"] == ssid)

    visit = enter(None)
    visit.cabinet("cab-5")
    visit.sees("Device answered at", visit.section("net"))
    for ssid in (NETWORKS[2], RTL, HOSTILE[:30]):  # 32 bytes, right to left, markup
        visit.button("Edit").click()
        visit.input("netStaSSID").fill(ssid)
        visit.input("netStaPwd").fill(PASSWORD)
        visit.button("Save network configuration").click()
        visit.until(partial(is_reported, ssid))
        visit.sees("The device has these values in force.", visit.section("net"))
        visit.button("Done").click()
        expect(visit.field("netStaSSID").locator(".value")).to_have_text(ssid)
        assert visit.page.locator("main img").count() == 0
