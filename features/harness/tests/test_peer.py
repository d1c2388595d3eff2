"""A client that has left holds nothing open, however long somebody keeps it."""

from __future__ import annotations

import os

import pytest

from features.harness.errors import Missing
from features.harness.evidence.timeline import Timeline
from features.harness.peer import Peer
from features.steps.wiring import closing_place
from wire.address import parse_address


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_peer_that_has_left_holds_no_file_open() -> None:
    with closing_place() as place:
        peer = Peer("peer", parse_address(f"mqtt://{place.name}"), Timeline())
        before = open_files()
        with pytest.raises(Missing):
            peer.connect()
        assert open_files() > before
        peer.close()
        assert open_files() == before
