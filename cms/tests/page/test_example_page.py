"""``fixtures/mqtt-example.html``: a page on its own. A stand-in for MQTT.js echoes what is published."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

EXAMPLE = (Path(__file__).parents[3] / "fixtures" / "mqtt-example.html").as_uri()
LIBRARY = "**/node_modules/mqtt/dist/mqtt.min.js"
STAND_IN = """
window.mqtt = { connect(url, options) {
  const heard = {};
  const client = { connected: true, end() {}, options,
    on: (event, listener) => { heard[event] = listener; if (event === 'connect') setTimeout(listener); },
    subscribe: (topics, done) => done(null),
    publish(topic, text, how, done) {
      done(null);
      heard.message(topic, new TextEncoder().encode(text));
    } };
  return client;
} };
"""

pytestmark = pytest.mark.xdist_group("page")


def opened(browser: Browser, library: str | None) -> Page:
    page = browser.new_page()

    def answer(route: Route) -> None:
        if library is None:
            route.abort()
        else:
            route.fulfill(body=library, content_type="text/javascript")

    page.route(LIBRARY, answer)
    page.goto(EXAMPLE)
    return page


def test_it_connects_subscribes_publishes_and_shows_messages_as_text(browser: Browser) -> None:
    page = opened(browser, STAND_IN)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status")).to_have_text("Connect first.")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("status")).to_contain_text("Connected to ws://")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("status")).to_have_text("Subscribed to smib/config, sas/#.")
    page.get_by_label("Message").fill("<img src=x>")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("cell", name="<img src=x>")).to_have_count(2)
    assert page.locator("img").count() == 0
    page.close()


def test_without_the_library_it_says_how_to_install_it(browser: Browser) -> None:
    page = opened(browser, None)
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("status")).to_contain_text("npm install mqtt")
    page.close()
