"""The simulated WiFi networks that exist: which `net` settings work (contract, section 3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from simulator.device.link import Refusal, Wifi


@dataclass(frozen=True, slots=True)
class Network:
    """One access point. An empty password is an open network; the password shows in no repr."""

    ssid: str
    password: str = field(default="", repr=False)
    channel: int = 1


DEFAULT_NETWORKS = (
    Network("Casino_WiFi"),
    Network("Old_WiFi"),
    Network("New_WiFi", "password123"),
)
"""What exists where a fleet file names no network: the one that a board's factory settings join, and the two
of the specification's worked example, with the passphrase that it sends (INT-30).
"""


class Networks:
    """The access points of a floor. Several may carry one SSID, on different channels."""

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self._known: dict[str, list[Network]] = {}
        for network in tuple(networks) or DEFAULT_NETWORKS:
            self._known.setdefault(network.ssid, []).append(network)

    def refusal(self, wifi: Wifi) -> Refusal | None:
        """Why a board with these settings gets no connection; None if it gets one.

        On another channel there is no such network. A password sent to an open network is refused, as a real
        access point refuses it (INT-31).
        """
        heard = [network for network in self._known.get(wifi.ssid, ()) if network.channel == wifi.channel]
        if not heard:
            return Refusal.NO_NETWORK
        known = any(network.password == wifi.password for network in heard)
        return None if known else Refusal.NETWORK_PASSWORD
