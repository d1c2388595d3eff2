"""Fields at the edges of what they may hold, one after the other, before a CMS and before a device."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_bdd import parsers, then, when

from features.harness.floor import Cabinet
from features.harness.marker import reports_before_marker
from features.harness.peer import Received
from features.harness.played import PlayedCms, PlayedSmib, has
from features.harness.web import Web
from features.steps.devices import answered, settings_of
from features.steps.operator import PUBLISH, refuse, smib_config
from wire import orders
from wire.components import COMPONENTS

Rows = Sequence[Sequence[str]]
Settings = Mapping[str, Mapping[str, Any]]


@then("the device applies each of these, and confirms it")
def _applies(played_cms: PlayedCms, device: Cabinet, datatable: Rows) -> None:
    for component, values in settings_in(datatable):
        since = played_cms.sends(device.relay_id, orders.ConfigUpdate(component, values))
        answer = answered(played_cms, device, component, since)
        assert "err" not in answer.fields, str(answer)
        assert has(answer.fields, values), str(answer)


@then("the device refuses each of these, with a reason, and stays as it is")
def _refuses(played_cms: PlayedCms, device: Cabinet, datatable: Rows, noted: Settings) -> None:
    for component, values in settings_in(datatable):
        since = played_cms.sends(device.relay_id, orders.ConfigUpdate(component, values))
        answer = answered(played_cms, device, component, since)
        assert str(answer.fields.get("err", "")).strip(), str(answer)
    assert settings_of(played_cms, device) == noted


@when(
    parsers.parse('the CMS updates the device\'s "{component}" settings with {text}'), target_fixture="since"
)
def _updates_with(played_cms: PlayedCms, device: Cabinet, component: str, text: str) -> int:
    return played_cms.sends(device.relay_id, orders.ConfigUpdate(component, json.loads(text)))


@then(parsers.parse('the device confirms {text} among its "{component}" settings'))
def _confirms_text(played_cms: PlayedCms, device: Cabinet, component: str, text: str, since: int) -> None:
    answer = answered(played_cms, device, component, since)
    assert "err" not in answer.fields, str(answer)
    assert has(answer.fields, json.loads(text)), str(answer)


@then("each of these can be published, and reaches the SMIB as it is")
def _published(web: Web, cabinet: Cabinet, smib: PlayedSmib, datatable: Rows) -> None:
    for component, values in settings_in(datatable):
        config = {"typ": "cfg", "comp": component, **values}
        since = len(smib.peer.inbox)
        answer = web.post(PUBLISH, {"relayId": cabinet.relay_id, "config": config})
        assert answer.status == 200, str(answer)
        order = smib.order(f"the update {config}", {"comp": component}, since=since)
        assert list(order.fields.items()) == list(config.items()), str(order)


@then("each of these can be saved, and reaches the SMIB")
def _saved(web: Web, cabinet: Cabinet, smib: PlayedSmib, datatable: Rows) -> None:
    for component, values in settings_in(datatable):
        since = len(smib.peer.inbox)
        answer = web.post(smib_config(cabinet.id), {"smibConfig": {component: values}})
        assert answer.status == 200, str(answer)
        smib.order(f"the update {values}", {"typ": "cfg", "comp": component, **values}, since=since)


@then("publishing any of these is refused with 400, by the name of its field")
def _publishing_refused(web: Web, cabinet: Cabinet, datatable: Rows) -> None:
    for component, values in settings_in(datatable):
        config = {"typ": "cfg", "comp": component, **values}
        answer = web.post(PUBLISH, {"relayId": cabinet.relay_id, "config": config})
        refuse(answer, 400)
        assert next(iter(values)) in answer.field("error"), str(answer)


@then("saving any of these is refused with 400, by the name of its field")
def _saving_refused(web: Web, cabinet: Cabinet, datatable: Rows) -> None:
    for component, values in settings_in(datatable):
        answer = web.post(smib_config(cabinet.id), {"smibConfig": {component: values}})
        refuse(answer, 400)
        assert next(iter(values)) in answer.field("error"), str(answer)


@then(parsers.parse('it confirms "{names}" before it leaves, and announces itself once'))
def _confirms_all_first(played_cms: PlayedCms, device: Cabinet, names: str, since: int) -> None:
    announced = {"typ": "NETWORK_CONNECTED"}
    came = played_cms.reports_upto(device.relay_id, "its announcement", announced, since=since)
    confirmed = [one.fields["comp"] for one in came if one.fields["typ"] == "cfg"]
    assert confirmed == names.split(", ")
    behind = reports_before_marker(played_cms, device.relay_id, since)
    assert sum(one.fields["typ"] == "NETWORK_CONNECTED" for one in behind) == 1, [str(one) for one in behind]


@when(parsers.parse('the CMS updates the device\'s "coms" settings {count:d} times in a row'))
def _updates_often(played_cms: PlayedCms, device: Cabinet, count: int) -> None:
    for number in range(count):
        played_cms.sends(device.relay_id, orders.ConfigUpdate("coms", {"comsRateMs": 1000 + number}))


@then(parsers.parse("the device has confirmed all {count:d} in their order"))
def _confirmed_in_order(played_cms: PlayedCms, device: Cabinet, count: int) -> None:
    last = {"typ": "cfg", "comp": "coms", "comsRateMs": 1000 + count - 1}
    came = played_cms.reports_upto(device.relay_id, "the last confirmation", last)
    rates = [one.fields["comsRateMs"] for one in came if one.fields["typ"] == "cfg"]
    assert rates == [1000 + number for number in range(count)]
    assert settings_of(played_cms, device)["coms"]["comsRateMs"] == rates[-1]


@when(
    parsers.parse("the CMS asks for all five components at once, {count:d} times over"),
    target_fixture="since",
)
def _asks_all(played_cms: PlayedCms, device: Cabinet, count: int) -> int:
    since = len(played_cms.peer.inbox)
    for component in list(COMPONENTS) * count:
        played_cms.sends(device.relay_id, orders.ConfigRequest(component))
    return since


@then(parsers.parse("the device answers every component {count:d} times"))
def _answers_all(played_cms: PlayedCms, device: Cabinet, count: int, since: int) -> None:
    def is_answer(one: Received) -> bool:
        return has(one.fields, {"rly": device.relay_id, "typ": "cfg"})

    wanted = f"{count} answers of each component"
    came = played_cms.peer.inbox.several(is_answer, 5 * count, wanted, since=since)
    answers = Counter(one.fields["comp"] for one in came if is_answer(one))
    assert answers == dict.fromkeys(COMPONENTS, count)


def settings_in(table: Rows) -> Iterator[tuple[str, dict[str, Any]]]:
    """Component and values of each row; ``N x "ab"`` stands for a text of N times ``ab``."""
    for component, name, value in table:
        times, _, text = value.partition(" x ")
        yield component, {name: json.loads(text) * int(times) if text else json.loads(value)}
