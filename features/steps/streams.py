"""Operators who watch a relay over Server-Sent Events."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
from collections.abc import Callable, Mapping
from typing import Any

from pytest_bdd import given, parsers, then, when

from features.harness.errors import Unexpected
from features.harness.evidence.timeline import Timeline
from features.harness.floor import Cabinet
from features.harness.played import TOPICS, PlayedSmib, has
from features.harness.stream import SUBSCRIBE, Frame, Stream
from features.harness.waiting import eventually
from features.harness.web import Web
from features.steps.operator import stamp
from wire.components import COMPONENTS

Watch = Callable[..., Stream]
MARKER = "SYSTEM_ERROR"
"""The event that scenarios send behind what must not be heard."""
HEARTBEAT = "heartbeat"
READY_AGAIN = 10.0
PERIOD_S = 5
"""Seconds between two heartbeats (contract, section 6)."""


@given("an operator watches the cabinet", target_fixture="stream")
@when("an operator watches the cabinet", target_fixture="stream")
def _watches(cabinet: Cabinet, watch: Watch) -> Stream:
    return watch(cabinet.relay_id)


@given("an operator watches the other cabinet", target_fixture="other_stream")
def _watches_other(other_cabinet: Cabinet, watch: Watch) -> Stream:
    return watch(other_cabinet.relay_id, "other stream")


@given(parsers.parse('an operator watches the relay "{relay_id}"'), target_fixture="stream")
def _watches_relay(relay_id: str, watch: Watch) -> Stream:
    return watch(json.loads(f'"{relay_id}"'))


@given(parsers.parse("{count:d} operators watch the cabinet"), target_fixture="streams")
def _several(cabinet: Cabinet, count: int, watch: Watch) -> list[Stream]:
    return [watch(cabinet.relay_id, f"stream {number}") for number in range(1, count + 1)]


@when("the first of them leaves", target_fixture="streams")
def _leaves(streams: list[Stream]) -> list[Stream]:
    streams[0].leave()
    return streams[1:]


@when("all of them leave")
def _all_leave(streams: list[Stream]) -> None:
    for stream in streams:
        stream.leave()


@when("the CMS has heard it")
def _has_heard(smib: PlayedSmib, watch: Callable[..., Stream]) -> None:
    """What comes behind it, for another relay, has reached who watches that one."""
    marker = PlayedSmib(f"behind-{smib.relay_id}", smib.peer)
    stream = watch(marker.relay_id, "marker")
    marker.event("GAME_PLAYED")
    update(stream, {"typ": "GAME_PLAYED"})


@then(parsers.parse('the stream shows the "{component}" settings with'))
def _shows_settings(stream: Stream, component: str, docstring: str) -> None:
    frame = update(stream, {"typ": "cfg", "comp": component, **json.loads(docstring)})
    assert frame.fields["component"] == component


@then(parsers.parse('within {seconds:d} s the stream shows the "{component}" settings with'))
def _shows_soon(stream: Stream, seconds: int, component: str, docstring: str) -> None:
    update(stream, {"typ": "cfg", "comp": component, **json.loads(docstring)}, within=seconds)


@then("the stream shows the settings of all five")
def _all_five(stream: Stream) -> None:
    for component in COMPONENTS:
        update(stream, {"typ": "cfg", "comp": component})


@then("the stream tells that the device is back")
def _device_is_back(stream: Stream, cabinet: Cabinet) -> None:
    update(stream, {"typ": "NETWORK_CONNECTED", "rly": cabinet.relay_id}, since=len(stream.frames), within=15)


@then(parsers.parse('the stream shows the event "{name}"'))
def _shows_event(stream: Stream, name: str) -> None:
    update(stream, {"typ": name})


@then(parsers.parse('the stream shows the event "{name}" first'))
def _shows_first(stream: Stream, name: str) -> None:
    frames = until(stream, {"typ": name})
    if len(frames) > 1:
        raise Unexpected("another update", [str(frame) for frame in frames])


@then(parsers.parse('every stream shows the event "{name}"'))
def _every(streams: list[Stream], name: str) -> None:
    for stream in streams:
        update(stream, {"typ": name})


@then(parsers.parse("the stream shows {count:d} games in the order in which they were played"))
def _in_order(stream: Stream, count: int) -> None:
    frames = until(stream, {"typ": "GAME_PLAYED", "pyd": str(count - 1)}, within=15)
    assert [frame.data["pyd"] for frame in frames] == [str(number) for number in range(count)]


@then("the stream shows none of it")
def _shows_nothing(stream: Stream, smib: PlayedSmib) -> None:
    nothing_before_marker(stream, smib)


@then("the other stream shows none of it")
def _other_shows_nothing(other_stream: Stream, other_smib: PlayedSmib) -> None:
    nothing_before_marker(other_stream, other_smib)


@then("the stream begins with")
def _begins(stream: Stream, cabinet: Cabinet, docstring: str) -> None:
    first = stream.connected()
    assert has(first.fields, json.loads(docstring.replace("RELAY", cabinet.relay_id)))
    stamp(first.fields.get("timestamp"))


@then("its frame is")
def _frame(stream: Stream, cabinet: Cabinet, docstring: str) -> None:
    wanted = json.loads(docstring.replace("RELAY", cabinet.relay_id))
    frame = update(stream, {})
    assert set(frame.fields) == set(wanted) | {"timestamp"}
    assert has(frame.fields, wanted)
    stamp(frame.fields["timestamp"])


@then("its headers keep proxies and caches from holding it back")
def _headers(stream: Stream) -> None:
    assert stream.headers["content-type"].split(";")[0] == "text/event-stream"
    assert "no-cache" in stream.headers["cache-control"]
    assert stream.headers.get("x-accel-buffering", "no") == "no"


@when(
    parsers.parse(
        "{count:d} operators watch the cabinet one after another, "
        "and the SMIB reports as soon as each is connected"
    ),
    target_fixture="streams",
)
def _race(cabinet: Cabinet, smib: PlayedSmib, watch: Watch, count: int) -> list[Stream]:
    streams = []
    for number in range(count):
        streams.append(watch(cabinet.relay_id, f"stream {number}"))
        smib.reports(TOPICS.config, {"rly": smib.relay_id, "typ": "GAME_PLAYED", "pyd": str(number)})
    return streams


@then(parsers.parse("none of the {count:d} has missed the report"))
def _missed_nothing(streams: list[Stream], count: int) -> None:
    assert len(streams) == count
    for number, stream in enumerate(streams):
        update(stream, {"typ": "GAME_PLAYED", "pyd": str(number)})


@given("another operator watches it who does not read", target_fixture="stuck")
def _stuck(cabinet: Cabinet, web: Web, stage: contextlib.ExitStack) -> socket.socket:
    line = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    stage.callback(line.close)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect((web.host, web.port))
    line.sendall(f"GET {SUBSCRIBE}{cabinet.relay_id} HTTP/1.1\r\nHost: {web.host}\r\n\r\n".encode())
    line.settimeout(5)
    assert line.recv(12) == b"HTTP/1.1 200"
    return line


@when(parsers.parse("the SMIB reports {count:d} games of {size:d} KiB each"))
def _large_games(smib: PlayedSmib, count: int, size: int) -> None:
    padding = "x" * (size * 1024 - 100)
    for number in range(count):
        fields = {"rly": smib.relay_id, "typ": "GAME_PLAYED", "pyd": str(number), "tkn": padding}
        smib.reports(TOPICS.server(smib.relay_id), fields)


@then(parsers.parse("the stream shows all {count:d} games"))
def _all_games(stream: Stream, count: int) -> None:
    last = {"typ": "GAME_PLAYED", "pyd": str(count - 1)}
    assert len(until(stream, last, within=15)) == count


@when(parsers.parse('the SMIB reports the event "{name}" until the stream has shown {count:d} heartbeats'))
def _until_heartbeats(smib: PlayedSmib, stream: Stream, timeline: Timeline, name: str, count: int) -> None:
    def beats() -> int:
        smib.event(name)
        return sum(frame.type == HEARTBEAT for frame in stream.frames)

    late = count * PERIOD_S * 1.5
    eventually(
        beats, lambda seen: seen >= count, f"{count} heartbeats", within=late, pause=0.25, patience=timeline
    )


@when(parsers.parse('the SMIB reports the event "{name}" until the stream shows it'))
def _until_shown(smib: PlayedSmib, stream: Stream, timeline: Timeline, name: str) -> None:
    """After a reconnect of its own the CMS may be ready by an answer that came just before it."""

    def shown() -> bool:
        smib.event(name)
        return any(has(frame.data, {"typ": name}) for frame in stream.frames)

    eventually(shown, bool, f"a frame with {name}", within=READY_AGAIN, pause=0.25, patience=timeline)


@then(parsers.parse("the heartbeats came {period:d} s apart"))
def _apart(stream: Stream, period: int) -> None:
    times = [frame.at for frame in stream.frames if frame.type == HEARTBEAT]
    gaps = [later - earlier for earlier, later in itertools.pairwise([stream.opened_at, *times])]
    assert gaps[0] <= period * 1.2, gaps
    assert all(period * 0.8 <= gap <= period * 1.2 for gap in gaps[1:]), gaps


@then("each heartbeat names the relay and the time")
def _heartbeat(stream: Stream) -> None:
    for frame in (one for one in stream.frames if one.type == HEARTBEAT):
        assert set(frame.fields) == {"type", "relayId", "timestamp"}
        assert frame.fields["relayId"] == stream.relay_id
        stamp(frame.fields["timestamp"])


@then(parsers.parse('the stream shows a message of the type "{typ}"'))
def _shows_type(stream: Stream, typ: str) -> None:
    update(stream, {"typ": typ})


def update(stream: Stream, data: Mapping[str, Any], since: int = 0, within: float = 5.0) -> Frame:
    """The first ``config_update`` whose data has these fields."""
    return until(stream, data, since, within)[-1]


def until(stream: Stream, data: Mapping[str, Any], since: int = 0, within: float = 5.0) -> list[Frame]:
    """Every ``config_update`` up to the first whose data has these fields."""
    wanted = f"a config_update with {json.dumps(data)}"
    frames = stream.frames.upto(
        lambda frame: frame.type == "config_update" and has(frame.data, data),
        wanted,
        since=since,
        within=within,
    )
    return [frame for frame in frames if frame.type == "config_update"]


def nothing_before_marker(stream: Stream, smib: PlayedSmib) -> None:
    smib.event(MARKER)
    frames = until(stream, {"typ": MARKER, "rly": smib.relay_id})
    if len(frames) > 1:
        raise Unexpected("an update on this stream", [str(frame) for frame in frames[:-1]])
