"""Devices under judgement, and the CMS that the harness plays to drive them."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from pytest_bdd import given, parsers, then, when

from features.harness.errors import Unexpected
from features.harness.floor import IDLE_S, Cabinet, Floor
from features.harness.inbox import WITHIN
from features.harness.marker import reports_before_marker
from features.harness.peer import Peer, Received
from features.harness.played import ELSEWHERE, TOPICS, PlayedCms, has
from features.harness.protection import Protection
from features.harness.subjects import AnyFleet
from features.steps.intruder import BODIES
from features.steps.operator import stamp
from wire import orders
from wire.components import component_named
from wire.timestamps import format_timestamp

Join = Callable[..., Peer]
TROUBLE = ("COMMUNICATION_ERROR", "SYSTEM_ERROR", "HARDWARE_ERROR", "NETWORK_DISCONNECTED")
FALL_BACK = 10 * WITHIN
"""Seconds in which a restless device is back where it was: its idle time, then a connection."""


@given("a device on the floor", target_fixture="device")
def _a_device(floor: Floor, smibs: AnyFleet) -> Cabinet:
    assert smibs.cabinets
    return floor.devices.fresh()


@given("a device on the floor that reports every second", target_fixture="device")
def _a_restless_device(floor: Floor, smibs: AnyFleet) -> Cabinet:
    assert smibs.cabinets
    assert IDLE_S == 1
    return floor.restless.fresh()


@given("the CMS listens to the whole floor", target_fixture="played_cms")
def _listens(join: Join, protection: Protection) -> PlayedCms:
    return PlayedCms(join("CMS", *TOPICS.report_filters, ELSEWHERE), protection=protection)


@given("the CMS has noted the device's settings", target_fixture="noted")
def _noted(played_cms: PlayedCms, device: Cabinet) -> dict[str, Mapping[str, Any]]:
    return settings_of(played_cms, device)


@when(parsers.parse('the CMS asks for the device\'s "{component}" settings'), target_fixture="since")
def _asks(played_cms: PlayedCms, device: Cabinet, component: str) -> int:
    return played_cms.sends(device.relay_id, orders.ConfigRequest(component))


@when(
    parsers.parse('the CMS asks on "{topic}" for the device\'s "{component}" settings'),
    target_fixture="since",
)
def _asks_on(played_cms: PlayedCms, device: Cabinet, topic: str, component: str) -> int:
    since = len(played_cms.peer.inbox)
    played_cms.peer.publish(spelled(topic, device), orders.encode(orders.ConfigRequest(component)))
    return since


@given(parsers.parse('the CMS has updated the device\'s "{component}" settings'))
def _has_updated(played_cms: PlayedCms, device: Cabinet, component: str, docstring: str) -> None:
    values = json.loads(docstring)
    since = played_cms.sends(device.relay_id, orders.ConfigUpdate(component, values))
    confirmed = {"typ": "cfg", "comp": component, **values}
    played_cms.report(device.relay_id, "the confirmation", confirmed, since=since)


@when(parsers.parse('the CMS updates the device\'s "{component}" settings'), target_fixture="since")
def _updates(played_cms: PlayedCms, device: Cabinet, component: str, docstring: str) -> int:
    return played_cms.sends(device.relay_id, orders.ConfigUpdate(component, json.loads(docstring)))


@when(parsers.parse('the CMS orders the device to "{command}"'), target_fixture="since")
def _orders(played_cms: PlayedCms, device: Cabinet, command: str) -> int:
    return played_cms.sends(device.relay_id, orders.Command(command, now()))


@when(parsers.parse('the CMS orders the device to "{command}", {age:d} s ago'), target_fixture="since")
def _orders_late(played_cms: PlayedCms, device: Cabinet, command: str, age: int) -> int:
    return played_cms.sends(device.relay_id, orders.Command(command, now(-age)))


@when("the CMS sends the device", target_fixture="since")
def _sends(played_cms: PlayedCms, device: Cabinet, docstring: str) -> int:
    return played_cms.sends_bytes(device.relay_id, spelled(docstring, device).encode())


@when(parsers.parse("somebody sends the device {kind}"), target_fixture="since")
def _noise(played_cms: PlayedCms, device: Cabinet, kind: str) -> int:
    return played_cms.sends_bytes(device.relay_id, BODIES[kind])


@then(parsers.parse('the device answers its "{component}" settings with all fields'))
def _answers_all(played_cms: PlayedCms, device: Cabinet, component: str, since: int) -> None:
    table = component_named(component)
    answer = answered(played_cms, device, component, since)
    assert answer.topic == TOPICS.config
    assert list(answer.fields)[:3] == ["rly", "typ", "comp"]
    values = {name: value for name, value in answer.fields.items() if name not in ("rly", "typ", "comp")}
    assert set(table.defaults()) <= set(values) <= {field.name for field in table}
    for field in table:
        if field.name in values:
            assert type(values[field.name]) is field.type
            assert field.accepts(values[field.name])


@then(parsers.parse('the device answers its "{component}" settings on "{topic}"'))
def _answers_on(played_cms: PlayedCms, device: Cabinet, component: str, topic: str, since: int) -> None:
    assert answered(played_cms, device, component, since).topic == spelled(topic, device)


@then(parsers.parse('the device confirms its "{component}" settings with'))
def _confirms(played_cms: PlayedCms, device: Cabinet, component: str, docstring: str, since: int) -> None:
    answer = answered(played_cms, device, component, since)
    assert "err" not in answer.fields
    assert has(answer.fields, json.loads(docstring)), str(answer)


@then(parsers.parse('the device refuses, with a reason and its "{component}" settings in force'))
def _refuses(
    played_cms: PlayedCms,
    device: Cabinet,
    component: str,
    noted: Mapping[str, Mapping[str, Any]],
    since: int,
) -> None:
    answer = answered(played_cms, device, component, since)
    reason = answer.fields.get("err")
    assert isinstance(reason, str)
    assert reason.strip()
    assert {k: v for k, v in answer.fields.items() if k != "err"} == noted[component]


@then(parsers.parse('nothing but "{names}" has changed in the device\'s settings'))
def _only_changed(
    played_cms: PlayedCms, device: Cabinet, names: str, noted: Mapping[str, Mapping[str, Any]]
) -> None:
    now_in_force = settings_of(played_cms, device)
    changed = {
        field
        for component, values in now_in_force.items()
        for field in {*values, *noted[component]}
        if values.get(field) != noted[component].get(field)
    }
    assert changed == set(names.split(", "))


@then("nothing has changed in the device's settings")
def _unchanged(played_cms: PlayedCms, device: Cabinet, noted: Mapping[str, Mapping[str, Any]]) -> None:
    assert settings_of(played_cms, device) == noted


@then("the device has said nothing")
def _silent(played_cms: PlayedCms, device: Cabinet, since: int) -> None:
    if came := reports_before_marker(played_cms, device.relay_id, since):
        raise Unexpected("a report", [str(one) for one in came])


@then(parsers.parse('the device has said nothing but "{names}"'))
def _said_only(played_cms: PlayedCms, device: Cabinet, names: str, since: int) -> None:
    came = reports_before_marker(played_cms, device.relay_id, since)
    assert [one.fields["typ"] for one in came] == names.split(", ")


@then(parsers.parse('the device reports "{event}"'))
def _reports(played_cms: PlayedCms, device: Cabinet, event: str, since: int) -> None:
    played_cms.report(device.relay_id, f"the event {event}", {"typ": event}, since=since)


@then(parsers.parse('the device reports "{event}", in the form of the contract'))
def _reports_form(played_cms: PlayedCms, device: Cabinet, event: str, since: int) -> None:
    report = played_cms.report(device.relay_id, f"the event {event}", {"typ": event}, since=since)
    assert report.topic == TOPICS.server(device.relay_id)
    assert (
        {"typ", "rly", "mac", "tkn", "pyd"} <= set(report.fields) <= {"typ", "rly", "mac", "tkn", "pyd", "ts"}
    )
    assert all(isinstance(value, str) for value in report.fields.values())
    assert report.fields["tkn"] == ""
    stamp(report.fields.get("ts", now()))


@then(parsers.parse('on "{topic}" the device reports "{event}"'))
def _reports_on(played_cms: PlayedCms, device: Cabinet, event: str, topic: str, since: int) -> None:
    report = played_cms.report(device.relay_id, f"the event {event}", {"typ": event}, since=since)
    assert report.topic == spelled(topic, device)


@then("the device is back on the network")
def _back(played_cms: PlayedCms, device: Cabinet, since: int) -> None:
    played_cms.report(device.relay_id, "its announcement", {"typ": "NETWORK_CONNECTED"}, since=since)


@then(parsers.parse('it confirms its "{component}" settings before it leaves, and then announces itself'))
def _confirms_first(played_cms: PlayedCms, device: Cabinet, component: str, since: int) -> None:
    announced = {"typ": "NETWORK_CONNECTED"}
    came = played_cms.reports_upto(device.relay_id, "its announcement", announced, since=since)
    assert any(has(one.fields, {"typ": "cfg", "comp": component}) for one in came[:-1])


@then("the device is back with its five components, one after the other")
def _five(played_cms: PlayedCms, device: Cabinet, since: int) -> None:
    restarted = {"typ": "MACHINE_RESTART"}
    played_cms.report(device.relay_id, "its restart", restarted, since=since, within=2 * WITHIN)
    came = [one for one in played_cms.peer.inbox.since(since) if one.fields.get("rly") == device.relay_id]
    at = next(index for index, one in enumerate(came) if has(one.fields, restarted))
    for component in ("mqtt", "net", "coms", "ota", "app"):
        answered(played_cms, device, component, since)
        assert not any(has(one.fields, {"typ": "cfg", "comp": component}) for one in came[:at])


@then("it falls back to the settings it had, and says so")
def _falls_back(
    played_cms: PlayedCms, device: Cabinet, noted: Mapping[str, Mapping[str, Any]], since: int
) -> None:
    played_cms.peer.inbox.first(
        lambda one: one.fields.get("rly") == device.relay_id and one.fields.get("typ") in TROUBLE,
        "an event that tells of the trouble",
        since=since,
        within=FALL_BACK,
    )
    assert settings_of(played_cms, device) == noted


@then(parsers.parse("it reports {count:d} times, about a second apart"))
def _every_second(played_cms: PlayedCms, device: Cabinet, count: int) -> None:
    def from_device(one: Received) -> bool:
        return one.fields.get("rly") == device.relay_id

    came = played_cms.peer.inbox.several(from_device, count, f"{count} heartbeats", within=3.0 * count)
    times = [one.at for one in came if from_device(one)]
    assert all(0.5 < later - earlier < 2.0 for earlier, later in itertools.pairwise(times))


@then("the device announced itself when it was switched on")
def _announced(played_cms: PlayedCms, device: Cabinet) -> None:
    played_cms.report(device.relay_id, "its announcement", {"typ": "NETWORK_CONNECTED"})


def answered(played_cms: PlayedCms, device: Cabinet, component: str, since: int) -> Received:
    wanted = {"typ": "cfg", "comp": component}
    return played_cms.report(device.relay_id, f"its {component} settings", wanted, since=since)


def settings_of(played_cms: PlayedCms, device: Cabinet) -> dict[str, Mapping[str, Any]]:
    """Every component of a device as it answers it, without what only this answer holds (``err``)."""
    found: dict[str, Mapping[str, Any]] = {}
    for component in ("mqtt", "net", "coms", "ota", "app"):
        since = played_cms.sends(device.relay_id, orders.ConfigRequest(component))
        fields = answered(played_cms, device, component, since).fields
        found[component] = {name: value for name, value in fields.items() if name != "err"}
    return found


def spelled(text: str, device: Cabinet) -> str:
    """``text`` with the device's relay id in the place of ``ID``."""
    return text.replace("ID", device.relay_id)


def now(seconds: int = 0) -> str:
    return format_timestamp(time.time_ns() // 1_000_000 + 1000 * seconds)
