"""Whatever happens to a board, in whatever order (Hypothesis)."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.device.conditions import ALL
from simulator.device.image import Reader, Received, firmware_image
from simulator.device.installation import Phase
from simulator.device.link import Refusal
from simulator.device.memory import CONNECTION, Memory
from simulator.device.play import Play
from simulator.device.transitions import State
from simulator.tests.device.bench import ALL_BOARDS, RELAY, START_MS, TOPIC, Bench
from wire import orders
from wire.components import COMPONENTS, Component
from wire.fields import Field
from wire.jsontext import to_bytes
from wire.tests.strategies import json_objects, json_values, some_orders
from wire.timestamps import format_timestamp


def received(data: bytes) -> Received:
    reader = Reader()
    reader.feed(data)
    return reader.received()


IMAGES = [
    received(firmware_image("smib", "2.0.0", 10)),
    received(firmware_image("smib", "2.0.1", 10, starts=False)),
    received(firmware_image("other", "2.0.0", 10)),
    received(b"<html>"),
]
GOOD: dict[str, list[Any]] = {
    "mqttURI": ["mqtt://localhost:1883", "mq.example:1884", "mqtts://u:p@mq.example"],
    "mqttSubTopic": ["sas/relay/", "smib/config", "sas/gli/server", "one"],
    "mqttPubTopic": ["sas/gli/server/", "sas/gy/server", f"sas/relay/{RELAY}"],
    "mqttCfgTopic": ["smib/config", "sas/relay/"],
    "netStaPwd": ["", "floor-wifi-1"],
    "otaURL": ["http://localhost/", "https://ota.example/fw/"],
}


def values_of(field: Field) -> st.SearchStrategy[Any]:
    """Often a good value of the field, else anything."""
    good: list[Any] = GOOD.get(field.name, [0, 1, 2, 30, 200, "Casino_WiFi", "New_WiFi"])
    return st.sampled_from(good) | json_values


def update_of(component: Component) -> st.SearchStrategy[orders.ConfigUpdate]:
    values = {field.name: values_of(field) for field in component}
    return st.fixed_dictionaries({}, optional=values).map(
        lambda chosen: orders.ConfigUpdate(component.name, chosen)
    )


updates = st.sampled_from(list(COMPONENTS.values())).flatmap(update_of)
bulks = st.lists(updates, max_size=4).map(
    lambda several: orders.BulkUpdate({update.component: update.values for update in several})
)
commands = st.builds(
    orders.Command,
    st.sampled_from(["RESTART", "LOCK MACHINE", "UNLOCK MACHINE"]),
    st.none() | st.integers(START_MS - 60_000, START_MS + 60_000).map(format_timestamp),
)
payloads = st.one_of(
    (updates | bulks | commands | some_orders).map(orders.encode),
    json_objects.map(to_bytes),
    st.binary(max_size=60),
)
at_the_machine = st.one_of(
    st.tuples(st.just("play"), st.none() | st.sampled_from([0, 100, 500_000])),
    st.tuples(st.just("insert_bill"), st.sampled_from([1, 3, 20, 500, 0, -5])),
    st.tuples(st.just("cash_out")),
    st.tuples(st.sampled_from(["begin", "end"]), st.sampled_from(ALL)),
)
"""What people do at a machine: the name of a method of the device, and what it is given."""
downloads = st.one_of(
    st.tuples(st.just("download_progress"), st.integers(0, 100), st.none() | st.just(100)),
    st.tuples(st.just("download_failed"), st.just("not found (404)")),
    st.tuples(st.just("downloaded"), st.sampled_from(IMAGES)),
)
happenings = st.one_of(
    st.tuples(st.just("does"), at_the_machine),
    st.tuples(st.just("does"), downloads),
    st.tuples(st.just("tell"), payloads, st.sampled_from([TOPIC, ALL_BOARDS, "smib/config", ""])),
    st.tuples(st.just("wait"), st.integers(0, 100_000)),
    st.tuples(st.sampled_from(["accept", "lose", "power_on", "power_off"])),
    st.tuples(st.just("refuse"), st.sampled_from(list(Refusal))),
)


def happens(bench: Bench, happening: tuple[Any, ...]) -> None:
    """Let it happen, unless no session would report it now."""
    name, *details = happening
    if name == "does":
        does(bench, *details[0])
        return
    possible = {"accept": bench.wanted and not bench.up, "refuse": bench.wanted and not bench.up}
    if possible.get(name, True) and not (name == "lose" and bench.wanted is None):
        getattr(bench, name)(*details)


def does(bench: Bench, name: str, *given: Any) -> None:
    """As a session and people do it: nothing is heard of a download that is not under way."""
    if name.startswith("download"):
        if bench.download is None:
            return
        if name != "download_progress":
            bench.download = None
    if name == "play":
        bench.carry_out(bench.device.play(bench.now_ms, *given))
    else:
        bench.does(name, *given)


def assert_sound(bench: Bench) -> None:
    memory = bench.device.memory
    for name, component in COMPONENTS.items():
        values = memory.values(name)
        assert list(values) == [field.name for field in component if field.name in values]
        assert {field.name for field in component if not field.optional} <= values.keys()
        assert all(field.accepts(values[field.name]) for field in component if field.name in values)
    assert Memory.from_dict(bench.factory, memory.to_dict()).to_dict() == memory.to_dict()
    assert bench.up is (bench.device.state is State.ONLINE)
    assert (bench.wanted is not None) is (bench.device.state in (State.CONNECTING, State.ONLINE))
    assert not (bench.up and memory.on_trial)
    running = memory.installation
    assert (bench.download is not None) is (
        running is not None and running.phase is Phase.LOADING and bench.device.state is not State.OFF
    )
    assert not bench.up or running is None or running.phase is Phase.LOADING
    assert memory.meter("0C00") >= 0
    assert not bench.up or not memory.untold
    due = bench.device.next_deadline()
    assert due is None or due > bench.now_ms or bench.device.state is State.BOOTING


@given(st.lists(happenings, max_size=25), st.sampled_from([None, Play(tilt=0.2, jam=0.2, stacker=3)]))
def test_no_course_of_events_breaks_a_board_or_the_rules_between_it_and_its_session(
    course: list[tuple[Any, ...]], play: Play | None
) -> None:
    bench = Bench(play=play).started()
    for happening in course:
        happens(bench, happening)
        assert_sound(bench)


@given(st.lists(happenings, max_size=12))
def test_nothing_is_lost_that_was_saved(course: list[tuple[Any, ...]]) -> None:
    bench = Bench(play=Play(tilt=0.2, jam=0.2, stacker=3)).started()
    bench.saved = bench.device.memory.to_dict()
    for happening in course:
        happens(bench, happening)
        assert bench.saved == bench.device.memory.to_dict()


def _step(bench: Bench, name: str, details: tuple[Any, ...]) -> None:
    """Call the device itself, in any order: as no sound session does."""
    method = getattr(bench.device, name)
    method(*details, bench.now_ms)


wild = st.one_of(
    st.tuples(st.just("receive"), st.tuples(st.text(max_size=20) | st.just(TOPIC), payloads)),
    st.tuples(st.sampled_from(["power_on", "power_off", "link_up", "link_down", "elapsed"]), st.just(())),
    st.tuples(st.just("link_refused"), st.tuples(st.sampled_from(list(Refusal)))),
    at_the_machine.filter(lambda done: done[0] != "play").map(lambda done: (done[0], done[1:])),
    downloads.map(lambda done: (done[0], done[1:])),
)


@given(st.lists(st.tuples(wild, st.integers(-100_000, 100_000)), max_size=40))
def test_not_even_a_session_that_keeps_no_rule_makes_it_raise(
    course: list[tuple[tuple[str, tuple[Any, ...]], int]],
) -> None:
    bench = Bench()
    for (name, details), later in course:
        bench.now_ms += later
        _step(bench, name, details)
        bench.device.next_deadline()


@given(updates)
def test_an_update_is_applied_whole_or_not_at_all_and_touches_only_its_fields(
    update: orders.ConfigUpdate,
) -> None:
    bench = Bench().started()
    before = {name: bench.values(name) for name in COMPONENTS}
    component = COMPONENTS[update.component]
    said = bench.tell(update)
    after = {name: bench.values(name) for name in COMPONENTS}
    confirmation = next(m for m in said if m["typ"] == "cfg")
    in_force = after[update.component]
    if component.problems(update.values):
        assert after == before
        assert confirmation.pop("err")
    else:
        assert after == {**before, update.component: {**before[update.component], **update.values}}
        assert "err" not in confirmation
    head = {"rly": RELAY, "typ": "cfg", "comp": update.component}
    assert confirmation == {**head, **in_force}


@settings(max_examples=50)
@given(bulks, st.lists(st.integers(1, 40_000), max_size=8))
def test_a_trial_ends_with_the_new_values_or_with_the_last_working_ones(
    bulk: orders.BulkUpdate, waits: list[int]
) -> None:
    bench = Bench().started()
    working = {name: bench.values(name) for name in CONNECTION}
    bench.tell(bulk)
    ordered = {name: bench.values(name) for name in CONNECTION}
    for ms in waits:
        bench.wait(ms)
        if bench.wanted is not None and not bench.up:
            bench.refuse()
    on_trial = bench.device.memory.on_trial
    now = {name: bench.values(name) for name in CONNECTION}
    assert now == ordered if on_trial or ordered == working else now == working
