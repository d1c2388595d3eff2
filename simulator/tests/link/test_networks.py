"""The simulated WiFi networks: which settings find one."""

from __future__ import annotations

import pytest

from simulator.device.link import Refusal, Wifi
from simulator.link.networks import Network, Networks
from wire.components import NET

FLOOR = Networks([Network("Open"), Network("Vault", "floor-wifi-1", 6), Network("Vault", "floor-wifi-2", 11)])


@pytest.mark.parametrize(
    ("wifi", "refusal"),
    [
        (Wifi("Open", "", 1), None),
        (Wifi("Vault", "floor-wifi-1", 6), None),
        (Wifi("Vault", "floor-wifi-2", 11), None),
        (Wifi("Vault", "floor-wifi-2", 6), Refusal.NETWORK_PASSWORD),
        (Wifi("Vault", "", 6), Refusal.NETWORK_PASSWORD),
        (Wifi("Open", "floor-wifi-1", 1), Refusal.NETWORK_PASSWORD),
        (Wifi("Vault", "floor-wifi-1", 1), Refusal.NO_NETWORK),
        (Wifi("vault", "floor-wifi-1", 6), Refusal.NO_NETWORK),
    ],
)
def test_name_password_and_channel_must_fit(wifi: Wifi, refusal: Refusal | None) -> None:
    assert FLOOR.refusal(wifi) is refusal


def test_where_none_is_named_a_board_finds_the_one_of_its_factory_settings() -> None:
    net = NET.defaults()
    wifi = Wifi(str(net["netStaSSID"]), str(net["netStaPwd"]), int(net["netStaChan"]))
    assert Networks().refusal(wifi) is None


def test_the_specification_s_worked_example_works() -> None:
    assert Networks([]).refusal(Wifi("New_WiFi", "password123", 1)) is None


def test_a_password_is_in_no_repr() -> None:
    assert "floor-wifi" not in repr(Network("Vault", "floor-wifi-1"))
