"""Cabinets, and the SMIBs in them that the harness plays."""

from __future__ import annotations

import json
from collections.abc import Callable

from pytest_bdd import given, parsers, then, when

from features.harness.errors import Unexpected
from features.harness.floor import Cabinet, Floor
from features.harness.marker import orders_before_marker
from features.harness.peer import Peer, Received
from features.harness.played import TOPICS, PlayedSmib, has, same
from features.harness.probe import FULL_STOP
from features.harness.web import Answer, Web
from features.steps.operator import stamp

Join = Callable[..., Peer]


@given("a cabinet on the floor", target_fixture="cabinet")
def _a_cabinet(floor: Floor) -> Cabinet:
    return floor.played.fresh()


@given("another cabinet on the floor", target_fixture="other_cabinet")
def _another_cabinet(floor: Floor) -> Cabinet:
    return floor.played.fresh()


@given("its SMIB is connected", target_fixture="smib")
def _its_smib(cabinet: Cabinet, join: Join) -> PlayedSmib:
    return PlayedSmib(cabinet.relay_id, join("SMIB", TOPICS.relay(cabinet.relay_id)))


@given("the SMIB of the other cabinet is connected", target_fixture="other_smib")
def _other_smib(other_cabinet: Cabinet, join: Join) -> PlayedSmib:
    return PlayedSmib(other_cabinet.relay_id, join("other SMIB", TOPICS.relay(other_cabinet.relay_id)))


@given(parsers.parse('a SMIB with the relay id "{relay_id}" is connected'), target_fixture="smib")
def _smib_with_id(relay_id: str, join: Join, needs: Callable[[str], None]) -> PlayedSmib:
    if "." in relay_id:
        needs(FULL_STOP)
    return PlayedSmib(relay_id, join("SMIB", TOPICS.relay(relay_id)))


@when(parsers.parse('the SMIB answers its "{component}" settings'))
def _answers(smib: PlayedSmib, component: str, docstring: str) -> None:
    smib.answers(component, json.loads(docstring))


@when(parsers.parse('the SMIB reports the event "{name}"'))
def _event(smib: PlayedSmib, name: str) -> None:
    smib.event(name)


@when(parsers.parse('the SMIB reports on "{topic}"'))
def _reports(smib: PlayedSmib, topic: str, docstring: str) -> None:
    smib.peer.publish(_spelled(topic, smib), _spelled(docstring, smib).encode())


@when(parsers.parse('the SMIB, as "{sender}", reports on "{topic}"'))
def _reports_as(smib: PlayedSmib, topic: str, sender: str) -> None:
    smib.reports(_spelled(topic, smib), {"rly": _spelled(sender, smib), "typ": "GAME_PLAYED", "pyd": "1"})


@when(parsers.parse('the SMIB reports in upper case the event "{name}"'))
def _in_upper_case(smib: PlayedSmib, name: str) -> None:
    smib.reports(TOPICS.shared_server, {"rly": smib.relay_id.upper(), "typ": name, "pyd": "1"})


@when("the SMIB reports as the other on its own topic")
def _as_the_other(smib: PlayedSmib, other_smib: PlayedSmib) -> None:
    smib.reports(TOPICS.server(smib.relay_id), {"rly": other_smib.relay_id, "typ": "GAME_PLAYED", "pyd": "1"})


@when(parsers.parse("the SMIB reports {count:d} games in a row"))
def _many(smib: PlayedSmib, count: int) -> None:
    topic = TOPICS.server(smib.relay_id)
    for number in range(count):
        smib.reports(topic, {"rly": smib.relay_id, "typ": "GAME_PLAYED", "pyd": str(number)})


@then(parsers.parse('the SMIB is asked for its "{component}" settings, and told nothing else'))
def _asked(smib: PlayedSmib, component: str) -> None:
    wanted = {"typ": "cfg", "comp": component}
    order = smib.order(f"a request for {component}", {"comp": component})
    if not same(order.fields, wanted):
        raise Unexpected(f"more than {wanted}", [str(order)])


@then("the SMIB receives, in this order of keys")
def _receives_in_order(smib: PlayedSmib, docstring: str) -> None:
    wanted = json.loads(docstring)
    order = smib.order(f"the order {docstring}", wanted)
    assert list(order.fields.items()) == list(wanted.items())


@then("the SMIB receives the message that the answer shows as published", target_fixture="message")
def _receives_published(smib: PlayedSmib, answer: Answer) -> str:
    message = answer.field("publishedMessage")
    assert isinstance(message, str)
    smib.peer.inbox.first(lambda one: one.payload == message.encode(), f"the message {message}")
    return message


@then('that message has the fields "command", "timestamp" and "source" of the specification')
def _probe(message: str) -> None:
    fields = json.loads(message)
    assert list(fields) == ["command", "timestamp", "source"]
    assert fields["command"] == "test"
    stamp(fields["timestamp"])


@then(parsers.parse('"{text}" stands in that message'))
def _in_message(message: str, text: str) -> None:
    assert text in message


@then(parsers.parse('the SMIB has received one retained message, the update of "{component}"'))
def _one_retained(smib: PlayedSmib, web: Web, component: str) -> None:
    update = {"typ": "cfg", "comp": component}
    smib.order(f"the retained update of {component}", update)
    came = orders_before_marker(smib.peer.inbox, web, smib.relay_id)
    assert [(one.retain, has(one.fields, update)) for one in came] == [(True, True)]


@then(parsers.parse('the SMIB receives an update of "{component}" with'))
def _receives_update(smib: PlayedSmib, component: str, docstring: str) -> None:
    smib.order(f"an update of {component}", {"typ": "cfg", "comp": component, **json.loads(docstring)})


@then(parsers.parse('the SMIB receives the command "{command}" with the action "{action}"'))
def _receives_command(smib: PlayedSmib, command: str, action: str) -> None:
    order = smib.order(f"the command {command}", {"command": command})
    assert set(order.fields) == {"command", "timestamp", "action"}
    assert order.fields["action"] == action
    stamp(order.fields["timestamp"])


@then(parsers.parse('no "{text}" stands in what the SMIB received'))
def _nowhere(smib: PlayedSmib, text: str) -> None:
    found = [str(order) for order in smib.peer.inbox if text.encode() in order.payload]
    if found:
        raise Unexpected(f"{text!r} in an order", found)


@then(parsers.parse('the only updates of "{component}" that the SMIB receives are, in this order'))
def _only_updates(smib: PlayedSmib, web: Web, component: str, docstring: str) -> None:
    wanted = [json.loads(line) for line in docstring.splitlines()]
    smib.order(f"the last update of {component}", {"typ": "cfg", "comp": component, **wanted[-1]})
    came = orders_before_marker(smib.peer.inbox, web, smib.relay_id)
    updates = [one.fields for one in came if has(one.fields, {"typ": "cfg", "comp": component})]
    assert [{k: v for k, v in one.items() if k not in ("typ", "comp")} for one in updates] == wanted


@then("the SMIB has received nothing at all")
def _nothing(smib: PlayedSmib, web: Web) -> None:
    if came := orders_before_marker(smib.peer.inbox, web, smib.relay_id):
        raise Unexpected("an order", [str(one) for one in came])


@then("nothing was sent to any SMIB")
def _nothing_at_all(observer: Peer, floor: Floor, web: Web) -> None:
    """An update of a scenario before, which nobody confirmed, may be sent again meanwhile."""
    came = orders_before_marker(observer.inbox, web, floor.played.fresh().relay_id)
    others = {TOPICS.relay(relay) for relay in floor.idle()}
    sent = [one for one in came if not one.retain and not _is_report(one)]
    new = [str(one) for one in sent if one.topic not in others or one.fields.get("typ") != "cfg"]
    if new:
        raise Unexpected("an order", new)


@given("everything on the broker is observed", target_fixture="observer")
def _observer(join: Join) -> Peer:
    return join("observer", "#")


def _is_report(one: Received) -> bool:
    shared = (TOPICS.config, TOPICS.shared_server, TOPICS.legacy_server)
    return one.topic in shared or one.topic.startswith(TOPICS.server_prefix)


def _spelled(text: str, smib: PlayedSmib) -> str:
    """``text`` with the SMIB's id in the place of ``RELAY``."""
    return text.replace("RELAY", smib.relay_id)
