"""The machine behind a SMIB as the CMS sees it: SAS long polls, meter resets, NVS frames, meter pushes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_bdd import given, parsers, then, when

from features.harness.errors import Unexpected
from features.harness.floor import Cabinet, Floor
from features.harness.marker import reports_before_marker
from features.harness.peer import Received
from features.harness.played import TOPICS, PlayedCms
from wire import orders, sas

CONTRACT_POLL = "016F16000000000100040003002200240002000C0005000600E180"
"""The poll of the contract's section 4, as it is sent."""
CODES = {name: code for code, name in sas.METERS.items()}
TEN = ("0000", "0100", "0400", "0300", "2200", "2400", "0200", "0C00", "0500", "0600")
AREAS = {name: area for area, name in sas.NVS_AREAS.items()}
WRONG_FRAMES = {
    "a wrong checksum": f"{CONTRACT_POLL[:-4]}E181",
    "its checksum the wrong way round": f"{CONTRACT_POLL[:-4]}80E1",
    "a length that is not its own": f"{CONTRACT_POLL[:4]}17{CONTRACT_POLL[6:]}",
    "another command": "01540000",
    "no meter in it": sas.MeterPoll(()).encode(),
    "no hexadecimal digits": "please",
    "half a byte too little": CONTRACT_POLL[:-1],
    "nothing": "",
}
WRONG_NVS_FRAMES = {
    "a wrong checksum": "E101015B2D",
    "its checksum the wrong way round": "E101012C5B",
    "an area that does not exist": sas.nvs_frame(5),
    "another command": "E201015B2C",
    "no frame": "162",
}


@when("the CMS polls the machine as the contract does", target_fixture="since")
def _polls_as_contract(played_cms: PlayedCms, device: Cabinet) -> int:
    return played_cms.sends(device.relay_id, orders.LongPoll(CONTRACT_POLL))


@when(parsers.parse('the CMS polls the machine for "{names}"'), target_fixture="since")
def _polls(played_cms: PlayedCms, device: Cabinet, names: str) -> int:
    return played_cms.sends(device.relay_id, orders.LongPoll(sas.MeterPoll(codes_of(names)).encode()))


@when(parsers.parse('the CMS polls address {address:d} for "{names}"'), target_fixture="since")
def _polls_address(played_cms: PlayedCms, device: Cabinet, address: int, names: str) -> int:
    frame = sas.MeterPoll(codes_of(names), address).encode()
    return played_cms.sends(device.relay_id, orders.LongPoll(frame))


@when(parsers.parse('the CMS polls the machine for "{names}" in lower case'), target_fixture="since")
def _polls_lower(played_cms: PlayedCms, device: Cabinet, names: str) -> int:
    frame = sas.MeterPoll(codes_of(names)).encode().lower()
    return played_cms.sends(device.relay_id, orders.LongPoll(frame))


@when(parsers.parse("the CMS polls the machine with {flaw}"), target_fixture="since")
def _polls_wrongly(played_cms: PlayedCms, device: Cabinet, flaw: str) -> int:
    return played_cms.sends(device.relay_id, orders.LongPoll(WRONG_FRAMES[flaw]))


@when("the CMS orders the meters to be reset", target_fixture="since")
def _resets(played_cms: PlayedCms, device: Cabinet) -> int:
    return played_cms.sends(device.relay_id, orders.MeterReset())


@when(parsers.parse('the CMS orders the NVS to be cleared of "{area}"'), target_fixture="since")
def _clears(played_cms: PlayedCms, device: Cabinet, area: str) -> int:
    return played_cms.sends(device.relay_id, orders.NvsClear(sas.nvs_frame(AREAS[area])))


@when(parsers.parse('the CMS sends the NVS frame "{frame}"'), target_fixture="since")
def _sends_nvs(played_cms: PlayedCms, device: Cabinet, frame: str) -> int:
    return played_cms.sends(device.relay_id, orders.NvsClear(frame))


@when(parsers.parse("the CMS sends an NVS frame with {flaw}"), target_fixture="since")
def _sends_wrong_nvs(played_cms: PlayedCms, device: Cabinet, flaw: str) -> int:
    return played_cms.sends(device.relay_id, orders.NvsClear(WRONG_NVS_FRAMES[flaw]))


@given("another device on the floor", target_fixture="bystander")
def _bystander(floor: Floor) -> Cabinet:
    return floor.devices.fresh()


@when("on the topic of all, the CMS asks the device to push its meters", target_fixture="since")
def _asks_push(played_cms: PlayedCms, device: Cabinet) -> int:
    return asks_push(played_cms, orders.encode(orders.MeterPush(device.relay_id)))


@when("on the topic of all, the CMS sends", target_fixture="since")
def _sends_to_all(played_cms: PlayedCms, device: Cabinet, docstring: str) -> int:
    return asks_push(played_cms, docstring.replace("ID", device.relay_id).encode())


@then(parsers.parse('the machine answers with its meters "{names}"'))
def _answers_meters(played_cms: PlayedCms, device: Cabinet, names: str, since: int) -> None:
    assert tuple(code for code, _ in meters_in(played_cms, device, since)) == codes_of(names)


@then("the machine answers with the ten meters of the contract, in a frame as real boards send it")
def _answers_ten(played_cms: PlayedCms, device: Cabinet, since: int) -> None:
    answer = machine_answer(played_cms, device, since)
    assert tuple(code for code, _ in meters_in(played_cms, device, since)) == TEN
    frame = answer.fields["pyd"]
    assert frame[:10] == "016F520000", "address, command, length and game number are repeated"
    assert [frame[10 + 16 * n + 4 :][:2] for n in range(10)] == ["05"] * 10


@then(parsers.parse('the answer is in the form of the contract, on "{topic}"'))
def _answer_form(played_cms: PlayedCms, device: Cabinet, topic: str, since: int) -> None:
    answer = machine_answer(played_cms, device, since)
    assert answer.topic == topic.replace("ID", device.relay_id)
    assert set(answer.fields) == {"typ", "rly", "mac", "sta", "pyd"}
    assert all(isinstance(value, str) for value in answer.fields.values())
    assert answer.fields["pyd"] == answer.fields["pyd"].upper()
    assert answer.fields["sta"] == ""


@then(parsers.parse('the machine answers "{code}"'))
def _answers_code(played_cms: PlayedCms, device: Cabinet, code: str, since: int) -> None:
    answer = machine_answer(played_cms, device, since)
    assert answer.fields["pyd"] == code, str(answer)


@then(parsers.parse("the device tells that the clearing is {outcome}, and then that the machine is idle"))
def _cleared(played_cms: PlayedCms, device: Cabinet, outcome: str, since: int) -> None:
    said = nvs_conversation(played_cms, device, since)
    frame = sas.nvs_result(done=outcome == "done")
    assert said[0].fields == {"rly": device.relay_id, "typ": "srsp", "sta": "162", "pyd": frame}
    assert said[1].fields["pyd"] == "00"


@then("the machine's meters say")
def _say(played_cms: PlayedCms, device: Cabinet, datatable: Sequence[Sequence[str]]) -> None:
    meters = dict(pushed(played_cms, device))
    said = {name: meters[CODES[name]] for name, _ in datatable}
    assert said == {name: int(value) for name, value in datatable}


@then("every meter of the machine is 0")
def _all_zero(played_cms: PlayedCms, device: Cabinet) -> None:
    assert {value for _, value in pushed(played_cms, device)} == {0}


@then("the other device has said nothing")
def _other_silent(played_cms: PlayedCms, bystander: Cabinet, since: int) -> None:
    if came := reports_before_marker(played_cms, bystander.relay_id, since):
        raise Unexpected("a report of another device", [str(one) for one in came])


def codes_of(names: str) -> tuple[str, ...]:
    return tuple(CODES[name] for name in names.split(", "))


def asks_push(played_cms: PlayedCms, payload: bytes) -> int:
    since = len(played_cms.peer.inbox)
    played_cms.peer.publish(TOPICS.meter_push, payload)
    return since


def machine_answer(played_cms: PlayedCms, device: Cabinet, since: int) -> Received:
    return played_cms.report(device.relay_id, "an answer of the machine", {"typ": "rsp"}, since=since)


def meters_in(played_cms: PlayedCms, device: Cabinet, since: int) -> tuple[tuple[str, int], ...]:
    """The meters of the machine's answer; FrameError where it is no frame of them."""
    fields: dict[str, Any] = machine_answer(played_cms, device, since).fields
    return sas.decode_answer(fields["pyd"]).meters


def pushed(played_cms: PlayedCms, device: Cabinet) -> tuple[tuple[str, int], ...]:
    """The ten meters that the device pushes when it is asked now."""
    since = asks_push(played_cms, orders.encode(orders.MeterPush(device.relay_id)))
    return meters_in(played_cms, device, since)


def nvs_conversation(played_cms: PlayedCms, device: Cabinet, since: int) -> list[Received]:
    """``srsp`` and what follows it, up to ``exp``."""
    said = played_cms.reports_upto(device.relay_id, "exp after srsp", {"typ": "exp"}, since=since)
    assert [one.fields["typ"] for one in said] == ["srsp", "exp"], [str(one) for one in said]
    return said
