"""Operators who read in unusual ways: many at once, in a hurry, or not at all for a while."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable

from pytest_bdd import parsers, then, when

from features.harness.errors import Untestable
from features.harness.evidence.timeline import Timeline
from features.harness.floor import Cabinet
from features.harness.inbox import waiting
from features.harness.played import TOPICS, PlayedSmib
from features.harness.stream import Stream
from features.steps.streams import until

Watch = Callable[..., Stream]
GAP = re.compile(rb'"type": ?"dropped"[^\n]*\n')
LONGEST = 512
"""Bytes of such a frame, at most."""
PATIENCE = 15.0


@then(parsers.parse("every stream shows {count:d} games in the order in which they were played"))
def _every_in_order(streams: list[Stream], count: int) -> None:
    for stream in streams:
        assert games(stream, count) == list(range(count))


@when(parsers.parse("both SMIBs report {count:d} games each, in turn"))
def _both(smib: PlayedSmib, other_smib: PlayedSmib, count: int) -> None:
    for number in range(count):
        for one in (smib, other_smib):
            fields = {"rly": one.relay_id, "typ": "GAME_PLAYED", "pyd": str(number)}
            one.reports(TOPICS.shared_server, fields)


@then(parsers.parse("each stream shows the {count:d} games of its own SMIB in order"))
def _each_own(stream: Stream, other_stream: Stream, count: int) -> None:
    assert games(stream, count) == list(range(count))
    assert games(other_stream, count) == list(range(count))


@when("the one who did not read reads on", target_fixture="read")
def _reads_on(stuck: socket.socket, timeline: Timeline) -> bytes:
    """Up to the end of the frame that tells of the gap, or as much as there is."""
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024 * 1024)
    read, tail = bytearray(), b""
    with waiting(timeline, "a frame that tells of the gap", PATIENCE) as deadline:
        while not GAP.search(tail) and deadline.left:
            try:
                part = stuck.recv(256 * 1024)
            except TimeoutError:  # a heartbeat is due every 5 s, and nothing else was to come
                break
            read += part
            tail = bytes(read[-len(part) - LONGEST :])
    return bytes(read)


@then("he is told that messages were dropped, and how many")
def _told(read: bytes, cabinet: Cabinet) -> None:
    frames = [
        json.loads(line[5:])
        for line in read.split(b"\n")
        if line.startswith(b"data:") and line.endswith(b"}")
    ]
    told = [frame for frame in frames if frame["type"] == "dropped"]
    if not told and {"0", "599"} <= {frame.get("data", {}).get("pyd") for frame in frames}:
        raise Untestable("the subject's queue is so long that nothing was dropped")
    assert told, f"no frame of {len(frames)} tells of it"
    assert told[0]["relayId"] == cabinet.relay_id
    assert any(type(value) is int and value > 0 for value in told[0].values()), told[0]


@when(parsers.parse("an operator opens and closes a stream of the cabinet {count:d} times"))
def _again_and_again(cabinet: Cabinet, watch: Watch, count: int) -> None:
    for number in range(count):
        watch(cabinet.relay_id, f"stream {number}").leave()


def games(stream: Stream, count: int) -> list[int]:
    """The numbers of the games that a stream shows, up to the last."""
    frames = until(stream, {"typ": "GAME_PLAYED", "pyd": str(count - 1)}, within=PATIENCE)
    return [int(frame.data["pyd"]) for frame in frames]
