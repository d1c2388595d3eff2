"""Sets SMIBs that run already back to the settings they had: each scenario finds them alike."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from features.harness.errors import Missing, SubjectFailed
from features.harness.peer import Received
from features.harness.played import TOPICS, PlayedCms
from features.harness.tap.packet import Packet
from features.harness.tap.tap import Tap
from wire import orders

COMPONENTS = ("mqtt", "coms", "ota", "net")
"""``mqtt`` first: how soon a device gives up a network that leads nowhere stands there."""
RECONNECTS = ("mqtt", "net")
BACK = 30.0
"""Seconds in which a device is back that has connected anew."""
ASKED = 15
"""How often it is asked in that time."""
ENVELOPE = ("rly", "typ", "comp")
Settings = Mapping[str, Mapping[str, Any]]


class Keeper:
    """Knows what each of ``relays`` answered at first; Missing where one does not answer."""

    def __init__(self, cms: PlayedCms, relays: tuple[str, ...], tap: Tap | None, *, unlocks: bool) -> None:
        self._cms = cms
        self._tap = tap
        self._unlocks = unlocks
        self._alone = len(relays) == 1
        self._kept: dict[str, Settings] = {relay: self._settings(relay) for relay in relays}

    def restore(self) -> None:
        """Orders what is not as it was, and waits until it is; SubjectFailed where it does not become so."""
        for relay, kept in self._kept.items():
            try:
                self._set_all_back(relay, kept)
            except Missing as exc:
                raise SubjectFailed(relay, f"it can't be set back to how it was: {exc}") from exc

    def _set_all_back(self, relay: str, kept: Settings) -> None:
        for component, values in kept.items():
            self._set_back(relay, component, values)
        if self._unlocks:
            since = self._sends(relay, orders.Command("UNLOCK MACHINE", None))
            self._cms.report(relay, "that it is unlocked", {"typ": "MACHINE_UNLOCKED"}, since=since)

    def _sends(self, relay: str, order: orders.Order) -> int:
        """To where it listens: a scenario may have told it another topic."""
        position = len(self._cms.peer.inbox)
        topics = [] if self._tap is None else list(listened_to(self._tap.packets, relay, alone=self._alone))
        self._cms.peer.publish((topics or [TOPICS.relay(relay)])[-1], orders.encode(order))
        return position

    def _settings(self, relay: str) -> Settings:
        return {component: self._asked(relay, component) for component in COMPONENTS}

    def _asked(self, relay: str, component: str) -> Mapping[str, Any]:
        came = self._answer(relay, component)
        return {name: value for name, value in came.fields.items() if name not in ENVELOPE}

    def _answer(self, relay: str, component: str) -> Received:
        """Asks again where nothing comes: it may not have subscribed yet."""
        wanted, answer = f"its {component} settings", {"typ": "cfg", "comp": component}
        for _ in range(ASKED - 1):
            since = self._sends(relay, orders.ConfigRequest(component))
            with contextlib.suppress(Missing):
                return self._cms.report(relay, wanted, answer, since=since, within=BACK / ASKED)
        since = self._sends(relay, orders.ConfigRequest(component))
        return self._cms.report(relay, wanted, answer, since=since, within=BACK / ASKED)

    def _set_back(self, relay: str, component: str, kept: Mapping[str, Any]) -> None:
        """Once more where it left, for another network, just when it was told."""
        with contextlib.suppress(Missing):
            return self._order_back(relay, component, kept)
        return self._order_back(relay, component, kept)

    def _order_back(self, relay: str, component: str, kept: Mapping[str, Any]) -> None:
        present = self._asked(relay, component)
        changed = {name: value for name, value in kept.items() if present.get(name) != value}
        if not changed:
            return
        since = self._sends(relay, orders.ConfigUpdate(component, changed))
        confirmed = {"typ": "cfg", "comp": component, **changed}
        self._cms.report(relay, f"that its {component} settings are back", confirmed, since=since)
        if component in RECONNECTS:
            again = {"typ": "NETWORK_CONNECTED"}
            self._cms.report(relay, "that it is back", again, since=since, within=BACK)


def listened_to(packets: Iterable[Packet], relay: str, *, alone: bool) -> Iterator[str]:
    """What ``relay`` subscribed to, in order, as far as its topics or its client id tell whose they are."""
    for packet in packets:
        if packet.type == "SUBSCRIBE":
            names = [name for name, _ in packet.details.get("filters", ())]
            its_own = alone or relay in (packet.client_id or "")
            yield from (name for name in names if its_own or relay in name)
