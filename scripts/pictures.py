"""Pictures of the operator's page, from a lab of its own: ``scripts/screenshots [FOLDER]``.

Without a folder those of the README are written anew; with one, all of them are put there.
They are WebP, which the browser itself writes, and small enough to be kept with the code.
"""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from scripts.chromium import chromium

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "fixtures" / "screenshots"
FLEET = ROOT / "fixtures" / "fleets" / "mixed.yaml"
READY = re.compile(rb"^ready lab url=(\S+)")
CABINET = "slots-3"
QUALITY = 55
WIDE, PHONE, TABLET, WALL = (1280, 800), (390, 800), (820, 1180), (2560, 1440)


def floor(page: Page) -> None:
    """The floor in tiles, with machines in several states."""
    page.locator(".events li").nth(9).wait_for(timeout=60_000)


def rows(page: Page) -> None:
    floor(page)
    page.get_by_role("button", name="Rows").click()


def cabinet(page: Page) -> None:
    page.get_by_role("button", name="SMIB configuration").click()
    page.get_by_text("Device answered at").nth(4).wait_for()


def edit(page: Page) -> None:
    """An order that the device confirmed, and a value that it would refuse."""
    cabinet(page)
    page.get_by_role("button", name="Edit").click()
    rate = page.get_by_label("Rate (ms)")
    rate.fill("250" if rate.input_value() != "250" else "260")
    page.get_by_role("button", name="Save communication configuration").click()
    page.get_by_text("The device has these values in force.").wait_for()
    page.get_by_label("WiFi channel").fill("15")
    page.locator(".problem", has_text="hole number").wait_for()
    page.locator('form[data-component="coms"]').scroll_into_view_if_needed()


def lock(page: Page) -> None:
    page.get_by_role("button", name="Ask for its meters").click()
    page.get_by_text("As of ").wait_for()
    page.get_by_role("button", name="Lock", exact=True).click()


def several(page: Page) -> None:
    """Machines picked by location, and an order to them that is under way."""
    floor(page)
    page.get_by_role("button", name="Select several").click()
    page.get_by_role("button", name="Select all of").first.click()
    page.get_by_role("button", name="Lock selected", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Lock ").click()
    page.locator(".batches").get_by_text(" confirmed.").wait_for(timeout=60_000)


def error(page: Page) -> None:
    """What is shown while the service can't be reached."""
    edit(page)
    page.context.set_offline(True)
    page.get_by_label("WiFi channel").fill("7")
    page.get_by_role("button", name="Save network configuration").click()
    page.get_by_text("can't be reached").first.wait_for()
    page.locator('form[data-component="net"]').scroll_into_view_if_needed()


VIEWS: dict[str, tuple[str, Callable[[Page], None], tuple[int, int], bool]] = {
    "floor": ("", floor, WIDE, False),
    "floor-dark": ("", rows, WIDE, True),
    "floor-phone": ("", floor, PHONE, False),
    "floor-tablet": ("", floor, TABLET, False),
    "floor-wall": ("", floor, WALL, True),
    "cabinet": (f"#/cabinet/{CABINET}", cabinet, WIDE, False),
    "cabinet-phone": (f"#/cabinet/{CABINET}", cabinet, PHONE, True),
    "cabinet-tablet": (f"#/cabinet/{CABINET}", cabinet, TABLET, True),
    "edit": (f"#/cabinet/{CABINET}", edit, WIDE, False),
    "confirm": (f"#/cabinet/{CABINET}", lock, WIDE, True),
    "several": ("", several, WIDE, False),
    "error": (f"#/cabinet/{CABINET}", error, TABLET, False),
}
"""What each picture shows: address, what is done there, the size of the screen, and whether it is dark."""

KEPT = ("floor", "floor-dark", "edit", "several")
"""The pictures that the README shows."""


@contextmanager
def lab() -> Iterator[str]:
    """A lab of its own on any free ports; gives the address of its page."""
    ports = ["--port", "0", "--mqtt-port", "0", "--ws-port", "0"]
    command = [
        sys.executable,
        "-m",
        "simulator",
        "up",
        *ports,
        "--plain",
        "--fleet",
        str(FLEET),
        "--play",
        "6",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        found = next((match for line in process.stdout if (match := READY.match(line))), None)
        if found is None:
            raise SystemExit("screenshots: the lab did not become ready")
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield found[1].decode()
    finally:
        process.terminate()
        process.wait()


def lock_some(page: Page, url: str) -> None:
    """Bring some colour onto the floor."""
    for cabinet_id in ("slots-5", "vault-2", "slots-9"):
        page.request.post(
            f"{url}/api/cabinets/{cabinet_id}/smib-config", data={"machineControl": "LOCK MACHINE"}
        )
    order = {"smibConfig": {"coms": {"comsGPC": 7}}}
    page.request.post(f"{url}/api/cabinets/quiet-1/smib-config", data=order)


def take(browser: Browser, url: str, name: str, folder: Path) -> None:
    address, act, size, dark = VIEWS[name]
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    lock_some(page, url)
    page.goto(f"{url}/{address}")
    act(page)
    path = folder / f"{name}.webp"
    browser_line = page.context.new_cdp_session(page)
    shot = browser_line.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    path.write_bytes(base64.b64decode(shot["data"]))
    page.close()
    print(f"{path.name} {path.stat().st_size // 1024} KiB")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with lab() as url, chromium() as browser:
        for name in VIEWS if len(sys.argv) > 1 else KEPT:
            take(browser, url, name, folder)


if __name__ == "__main__":
    main()
