"""Every state times every input (design, rule 2): what is in the table happens, nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.device.conditions import SLOT_DOOR
from simulator.device.firmware import Progress
from simulator.device.image import Image
from simulator.device.link import Refusal
from simulator.device.reception import read
from simulator.device.transitions import TRANSITIONS, Input, State
from simulator.tests.device.bench import ALL_BOARDS, RELAY, START_MS, TOPIC, Bench, in_state, on_trial
from wire import orders
from wire.commands import LOCK, RESTART, UNLOCK
from wire.orders import Order
from wire.timestamps import format_timestamp

LONG_AGO = format_timestamp(START_MS - 3_600_000)

ORDERS: dict[Input, Order] = {
    Input.CONFIG_REQUEST: orders.ConfigRequest("mqtt"),
    Input.CONFIG_UPDATE: orders.ConfigUpdate("coms", {"comsMode": 1}),
    Input.BULK_UPDATE: orders.BulkUpdate({"coms": {"comsMode": 1}, "ota": {"otaURL": "http://localhost/"}}),
    Input.RESTART: orders.Command(RESTART, None),
    Input.LOCK: orders.Command(LOCK, None),
    Input.UNLOCK: orders.Command(UNLOCK, None),
    Input.EXPIRED: orders.Command(LOCK, LONG_AGO),
    Input.PROBE: orders.Probe(LONG_AGO, "api-test"),
    Input.LONG_POLL: orders.LongPoll("016F0400000000CC1A"),
    Input.METER_RESET: orders.MeterReset(),
    Input.METER_PUSH: orders.MeterPush(RELAY),
    Input.NVS_CLEAR: orders.NvsClear("E1010269B7"),
    Input.FIRMWARE: orders.FirmwareOrder("wifi.bin"),
}
DETAILS: dict[Input, Any] = {
    **ORDERS,
    Input.BILL: 20,
    Input.BEGIN: SLOT_DOOR,
    Input.END: SLOT_DOOR,
    Input.PROGRESS: Progress(1, 2),
    Input.INSTALL: Image("smib", "2.0.0", 0),
    Input.NO_IMAGE: "truncated",
    Input.LINK_DOWN: Refusal.LOST,
    Input.LINK_REFUSED: Refusal.REFUSED,
    Input.NOISE: "not-json",
}
PAIRS = [(state, what) for state in State for what in Input]


def facts(bench: Bench) -> tuple[object, ...]:
    device = bench.device
    return device.state, device.memory.to_dict(), device.memory.on_trial, device.next_deadline()


def prepared(state: State, what: Input) -> Bench:
    trial = what is Input.TRIAL_OVER and state in (State.CONNECTING, State.WAITING)
    return on_trial(state) if trial else in_state(state)


@pytest.mark.parametrize(("state", "what"), PAIRS, ids=lambda value: value.value)
def test_a_pair_of_the_table_leads_where_it_says_and_any_other_changes_nothing(
    state: State, what: Input
) -> None:
    bench = prepared(state, what)
    before, refused = facts(bench), bench.device.counters["out-of-turn"]
    effects = bench.device.step(what, bench.now_ms, DETAILS.get(what))
    row = TRANSITIONS.get((state, what))
    if row is None:
        assert effects == []
        assert facts(bench) == before
        assert bench.device.counters["out-of-turn"] == refused + 1
    else:
        assert bench.device.state is row[1]
        assert bench.device.counters["out-of-turn"] == refused


@pytest.mark.parametrize("state", [state for state in State if state is not State.ONLINE])
@pytest.mark.parametrize("what", ORDERS, ids=lambda value: value.value)
def test_a_board_that_is_off_the_net_hears_nothing(state: State, what: Input) -> None:
    bench = in_state(state)
    before = facts(bench)
    assert bench.device.receive(TOPIC, orders.encode(ORDERS[what]), bench.now_ms) == []
    assert facts(bench) == before
    assert bench.device.counters["out-of-turn"] == 1


@pytest.mark.parametrize("what", ORDERS, ids=lambda value: value.value)
def test_every_order_of_the_wire_is_read_as_its_input(what: Input) -> None:
    found, order = read(orders.encode(ORDERS[what]), shared=False, now_ms=START_MS)
    assert found is what
    assert order == ORDERS[what]


def test_every_input_has_its_place_and_every_state_can_be_left() -> None:
    assert {what for _, what in TRANSITIONS} == set(Input)
    assert {state for state, _ in TRANSITIONS} == set(State) == {state for _, state in TRANSITIONS.values()}


def test_on_the_topic_of_all_boards_only_a_meter_push_is_heard() -> None:
    bench = in_state(State.ONLINE).forget()
    for what, order in ORDERS.items():
        said = bench.tell(order, ALL_BOARDS)
        assert bool(said) is (what is Input.METER_PUSH)
        assert bench.device.state is State.ONLINE
    assert bench.device.counters["other-topic"] == len(ORDERS) - 1
