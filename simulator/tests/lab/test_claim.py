"""Ports are found free, and kept, before anything is started."""

from __future__ import annotations

import socket

import pytest

from simulator.errors import LabError
from simulator.lab.claim import HOST, PortClaim


def test_port_0_is_a_free_port_that_is_known_at_once() -> None:
    with PortClaim(0, "--port") as one, PortClaim(0, "--ws-port") as other:
        assert one.port
        assert one.port != other.port


def test_a_claimed_port_can_be_listened_on_once_it_is_released() -> None:
    with PortClaim(0, "--port") as claim, socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, claim.release()))
        listener.listen()


def test_a_port_that_is_taken_is_one_sentence_with_what_to_do() -> None:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(LabError) as refused:
            PortClaim(port, "--mqtt-port")
    assert str(refused.value) == (
        f"port {port} is taken: stop what listens there, or give another with --mqtt-port (0 = any free port)"
    )
