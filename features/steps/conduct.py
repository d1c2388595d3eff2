"""What can be seen of a device where the contract leaves it a choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_bdd import parsers, then, when

from features.harness.errors import Unexpected
from features.harness.floor import Cabinet
from features.harness.marker import reports_before_marker
from features.harness.played import PlayedCms
from features.steps.devices import FALL_BACK, now
from wire import orders

HERE = "NETWORK_CONNECTED"
HEARTBEAT = {"typ": HERE, "pyd": "heartbeat"}


@when(
    parsers.parse('the CMS orders the device to "{command}", on a clock that is {ahead:d} s ahead'),
    target_fixture="since",
)
def _orders_ahead(played_cms: PlayedCms, device: Cabinet, command: str, ahead: int) -> int:
    return played_cms.sends(device.relay_id, orders.Command(command, now(ahead)))


@then(parsers.parse('the device reports "{event}", and its relay id as its mac'))
def _mac(played_cms: PlayedCms, device: Cabinet, event: str, since: int) -> None:
    report = played_cms.report(device.relay_id, f"the event {event}", {"typ": event}, since=since)
    assert report.fields["mac"] == device.relay_id


@then("nobody told that the device had gone")
def _no_will(played_cms: PlayedCms, device: Cabinet, since: int) -> None:
    came = reports_before_marker(played_cms, device.relay_id, since)
    if gone := [str(one) for one in came if one.fields["typ"] == "NETWORK_DISCONNECTED"]:
        raise Unexpected("a last will", gone)


@then("it reports a heartbeat")
def _heartbeat(played_cms: PlayedCms, device: Cabinet) -> None:
    played_cms.report(device.relay_id, "a heartbeat", HEARTBEAT)


@then("its announcement is no heartbeat")
def _announcement(played_cms: PlayedCms, device: Cabinet, since: int) -> None:
    restarted = {"typ": "MACHINE_RESTART"}
    came = played_cms.reports_upto(device.relay_id, "its restart", restarted, since=since)
    announced = [one.fields["pyd"] for one in came if one.fields["typ"] == HERE]
    assert announced[-1] == "", announced


@then(parsers.parse('it tells that it fell back, with the reason and its "{component}" settings in force'))
def _fell_back(
    played_cms: PlayedCms,
    device: Cabinet,
    component: str,
    noted: Mapping[str, Mapping[str, Any]],
    since: int,
) -> None:
    trouble = {"typ": "COMMUNICATION_ERROR"}
    told = played_cms.report(device.relay_id, "the trouble", trouble, since=since, within=FALL_BACK)
    assert component in told.fields["pyd"], str(told)
    behind = played_cms.peer.inbox.first(
        lambda one: one.fields.get("rly") == device.relay_id and "err" in one.fields,
        "its settings, with the reason",
        since=since,
    )
    values = {name: value for name, value in behind.fields.items() if name != "err"}
    assert values == noted[component]
