"""The technician's firmware server, and what devices do with what it serves."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from pytest_bdd import given, parsers, then, when

from features.harness.errors import Unexpected
from features.harness.firmware import LIMIT, FirmwareServer, firmware_server, image
from features.harness.floor import Cabinet
from features.harness.inbox import WITHIN
from features.harness.peer import Received
from features.harness.played import PlayedCms, has
from features.steps.devices import answered, settings_of
from wire import orders

FILE = "wifi.bin"
ACKNOWLEDGED = 10.0
"""Seconds in which a firmware order is acknowledged (contract, section 7)."""
NEW = "9.9.0"
_SOUND = image(NEW)
_WRONG: Mapping[str, Callable[[FirmwareServer], None]] = {
    "is not there": lambda _: None,
    "can't be read by the server": lambda server: server.fails(FILE, 500),
    "is cut off by the line": lambda server: server.cuts(FILE, _SOUND),
    "is shorter than it says": lambda server: server.has(FILE, _SOUND[:-100]),
    "is longer than it says": lambda server: server.has(FILE, _SOUND + b"more"),
    "has a wrong checksum": lambda server: server.has(FILE, _SOUND[:-1] + b"!"),
    "is larger than any SMIB": lambda server: server.promises(FILE, LIMIT + 1),
    "is no image": lambda server: server.has(FILE, b"<html>Nothing to see here</html>"),
    "is empty": lambda server: server.has(FILE, b""),
    "is for another board": lambda server: server.has(FILE, image(NEW, name="toaster")),
    "is sent on for ever": lambda server: server.sends_on(FILE, FILE),
}


@given("a firmware server, from which the device loads", target_fixture="server")
def _server(stage: contextlib.ExitStack, played_cms: PlayedCms, device: Cabinet) -> FirmwareServer:
    server = stage.enter_context(firmware_server())
    loads_from(played_cms, device, server.url)
    return server


@given(parsers.parse('the image "{file}" of version "{version}" is on it'))
def _image(server: FirmwareServer, file: str, version: str) -> None:
    server.has(file, image(version))


@given(parsers.parse('the image "{file}" of version "{version}", of {size:d} bytes, is on it'))
def _large_image(server: FirmwareServer, file: str, version: str, size: int) -> None:
    server.has(file, image(version, size))


@given(parsers.parse('the image "{file}" of version "{version}" is on it, which does not start'))
def _crashing(server: FirmwareServer, file: str, version: str) -> None:
    server.has(file, image(version, starts=False))


@given(parsers.parse('the image "{file}" of version "{version}" comes slowly from it'))
def _slow(server: FirmwareServer, file: str, version: str) -> None:
    server.holds(file, image(version, 200_000))


@given(parsers.parse('the server sends on from "{file}" to "{target}"'))
def _sent_on(server: FirmwareServer, file: str, target: str) -> None:
    server.sends_on(file, target)


@given(parsers.parse("its image {flaw}"))
def _wrong(server: FirmwareServer, flaw: str) -> None:
    _WRONG[flaw](server)


@given(parsers.parse('the device loads its firmware from "{url}"'))
def _loads_from(played_cms: PlayedCms, device: Cabinet, url: str) -> None:
    loads_from(played_cms, device, url)


@when(parsers.parse('the CMS orders the firmware "{file}"'), target_fixture="since")
def _orders(played_cms: PlayedCms, device: Cabinet, file: str) -> int:
    return played_cms.sends(device.relay_id, orders.FirmwareOrder(file))


@when("the rest of it comes")
def _rest(server: FirmwareServer) -> None:
    server.released.set()


@then("the device acknowledges the firmware order")
def _acknowledges(played_cms: PlayedCms, device: Cabinet, since: int) -> None:
    wanted = {"typ": "OTA_PROGRESS"}
    played_cms.report(device.relay_id, "its progress", wanted, since=since, within=ACKNOWLEDGED)


@then(parsers.parse('it tells its progress, restarts, and is complete with version "{version}"'))
def _completes(played_cms: PlayedCms, device: Cabinet, version: str, since: int) -> None:
    came = told_until(played_cms, device, "OTA_COMPLETE", since)
    assert came[-1].fields["pyd"] == version, str(came[-1])
    types = [one.fields["typ"] for one in came]
    assert "OTA_FAILED" not in types, types
    restart = types.index("MACHINE_RESTART")
    percent = [int(one.fields["pyd"]) for one in came if one.fields["typ"] == "OTA_PROGRESS"]
    assert percent == sorted(percent), percent
    assert (percent[0], percent[-1]) == (0, 100)
    assert "OTA_PROGRESS" not in types[restart:]


@then(parsers.parse("it tells at least {count:d} parts of its progress"))
def _parts(played_cms: PlayedCms, device: Cabinet, count: int, since: int) -> None:
    came = told_until(played_cms, device, "OTA_COMPLETE", since)
    assert sum(one.fields["typ"] == "OTA_PROGRESS" for one in came) >= count


@then("the device tells that the update failed, and why")
def _fails(played_cms: PlayedCms, device: Cabinet, since: int) -> None:
    came = told_until(played_cms, device, "OTA_FAILED", since)
    assert came[-1].fields["pyd"].strip(), str(came[-1])
    if restarted := [one for one in came if one.fields["typ"] == "MACHINE_RESTART"]:
        raise Unexpected("a restart for an update that failed", [str(one) for one in restarted])


@then("the device restarts, and tells that the update failed")
def _rolls_back(played_cms: PlayedCms, device: Cabinet, since: int) -> None:
    came = told_until(played_cms, device, "OTA_FAILED", since)
    types = [one.fields["typ"] for one in came]
    assert "MACHINE_RESTART" in types, types
    assert "OTA_COMPLETE" not in types, types


@then(parsers.parse('its version is "{version}"'))
def _version(played_cms: PlayedCms, device: Cabinet, version: str) -> None:
    since = played_cms.sends(device.relay_id, orders.ConfigRequest("app"))
    assert has(answered(played_cms, device, "app", since).fields, {"version": version})


@then("its version is the one before, and its settings are as they were")
def _version_before(played_cms: PlayedCms, device: Cabinet, noted: Mapping[str, Mapping[str, Any]]) -> None:
    assert settings_of(played_cms, device) == noted


@then("nobody asked the server for anything")
def _nothing_asked(server: FirmwareServer) -> None:
    assert list(server.asked) == []


@then(parsers.parse('the server was asked once for "{file}"'))
def _asked_once(server: FirmwareServer, file: str) -> None:
    assert list(server.asked).count(file) == 1, list(server.asked)


def loads_from(played_cms: PlayedCms, device: Cabinet, url: str) -> None:
    since = played_cms.sends(device.relay_id, orders.ConfigUpdate("ota", {"otaURL": url}))
    confirmed = {"typ": "cfg", "comp": "ota", "otaURL": url}
    played_cms.report(device.relay_id, "the confirmation", confirmed, since=since)


def told_until(played_cms: PlayedCms, device: Cabinet, event: str, since: int) -> list[Received]:
    """What the device tells from ``since`` to its first ``event``."""
    wanted = {"typ": event}
    return played_cms.reports_upto(
        device.relay_id, f"the event {event}", wanted, since=since, within=3 * WITHIN
    )
