"""The operator's page as it is served: itself, from here alone, and under rules that a browser enforces."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cms.routes.page import FOLDER, MEDIA
from cms.tests.desk import Desk, at_desk

FILES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in MEDIA)
MODULES = [name for name in FILES if name.endswith(".js")]


def test_every_file_is_served_as_what_it_is_and_only_once_to_a_browser_that_keeps_it() -> None:
    async def act(desk: Desk) -> None:
        for name in FILES:
            answer = await desk.ask("GET", f"/page/{name}")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(MEDIA[Path(name).suffix])
            assert answer.content == (FOLDER / name).read_bytes()
            again = await desk.ask(
                "GET", f"/page/{name}", headers={"if-none-match": f'"x", W/{answer.headers["etag"]}'}
            )
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["cache-control"] == "no-cache"

    at_desk(act)


def test_the_page_is_at_the_root_and_may_load_nothing_from_elsewhere_and_nothing_inline() -> None:
    async def act(desk: Desk) -> None:
        answer = await desk.ask("GET", "/")
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'; ")
        assert "unsafe" not in policy
        assert "://" not in policy
        assert answer.headers["x-frame-options"] == "DENY"
        links = re.findall(r'(?:src|href)="([^"#]+)"', answer.text)
        for link in links:
            assert link.startswith("/")
            assert (await desk.ask("GET", link)).status_code == 200

    at_desk(act)


@pytest.mark.parametrize(
    "name", ["", "nothing.js", "package.json", "..%2Fapp.py", "../app.py", "app.py", "."]
)
def test_nothing_else_is_served(name: str) -> None:
    async def act(desk: Desk) -> None:
        assert (await desk.ask("GET", f"/page/{name}")).status_code == 404

    at_desk(act)


@pytest.mark.parametrize("name", MODULES)
def test_no_module_makes_markup_or_code_of_a_text(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "DOMParser",
    ):
        assert way not in text
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "").replace(r":\/\/", "")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_short_and_imports_only_what_is_there(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    assert text.startswith("// ")
    for other in re.findall(r'(?:from|import\() ?"([^"]+)"', text):
        assert other.removeprefix("./") in MODULES


def test_the_fields_are_those_of_the_table() -> None:
    async def act(desk: Desk) -> None:
        rules = (await desk.ask("GET", "/api/fields")).json()["data"]
        assert list(rules) == ["mqtt", "net", "coms", "ota", "app"]
        assert rules["net"][3] == {
            "name": "netStaChan",
            "type": "number",
            "meaning": "WiFi channel",
            "wanted": "a whole number from 1 to 14",
            "low": 1,
            "high": 14,
            "secret": False,
            "readOnly": False,
            "optional": False,
        }
        assert [rule["name"] for part in rules.values() for rule in part if rule["secret"]] == [
            "mqttPassword",
            "netStaPwd",
        ]

    at_desk(act)


def test_values_are_judged_as_a_device_would_and_nothing_is_sent() -> None:
    async def act(desk: Desk) -> None:
        values = {"netStaChan": 15, "netStaPwd": "short", "netStaSSID": "ok"}
        answer = (await desk.ask("POST", "/api/fields/check", {"component": "net", "values": values})).json()
        assert answer["problems"] == [
            {"field": "netStaChan", "wanted": "a whole number from 1 to 14 was wanted, not 15"},
            {"field": "netStaPwd", "wanted": "8 to 63 characters or an empty string was wanted"},
        ]
        empty = await desk.ask("POST", "/api/fields/check", {"component": "net", "values": {}})
        assert empty.status_code == 400
        assert desk.link.sent == []

    at_desk(act)
