"""What the control does, on a fleet and in plain values: it knows neither HTTP nor MQTT (design, rule 11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from simulator.control.body import who_of
from simulator.control.recorder import Recorder
from simulator.device import meters
from simulator.device.conditions import Condition, among
from simulator.device.device import Device
from simulator.device.effects import Effect
from simulator.errors import NoSuchDevice
from simulator.faults.spec import KINDS
from simulator.fleet.fleet import Fleet
from simulator.fleet.plan import DEFAULT_LOCATION, Group
from simulator.fleet.who import Who
from simulator.session.session import Session
from simulator.traffic.traffic import Sighting
from wire.components import COMPONENTS
from wire.timestamps import format_timestamp

ADDED = "added"
"""The group of devices that are added without one."""
PAGE = 100

METERS = {
    "coinIn": meters.COIN_IN,
    "coinOut": meters.COIN_OUT,
    "jackpot": meters.JACKPOT,
    "handpaid": meters.HANDPAID,
    "cancelledCredits": meters.CANCELLED,
    "gamesPlayed": meters.PLAYED,
    "gamesWon": meters.WON,
    "gamesLost": meters.LOST,
    "bills": meters.BILLS,
    "credits": meters.CREDITS,
    "totalWon": meters.TOTAL_WON,
    "drop": meters.DROP,
}

Values = Mapping[str, Any]
Answer = dict[str, Any]


class Handlers:
    """One method per operation. Each is given the values of its fields, and gives what is answered.

    NoSuchDevice where nobody is meant by what was asked; FleetPlanError where a device can't be added.
    """

    def __init__(self, fleet: Fleet, recorder: Recorder) -> None:
        self._fleet = fleet
        self._board = fleet.switchboard
        self._recorder = recorder

    async def list_devices(self, values: Values) -> Answer:
        who = Who(None, values.get("group"), values.get("location"))
        found = [s for s in self._fleet.select(who) if values.get("state") in (None, s.state)]
        if after := values.get("after"):
            ids = [session.device.relay_id for session in found]
            rest = found[ids.index(after) + 1 :] if after in ids else []
        else:
            rest = found
        shown = islice(rest, values.get("limit", PAGE))
        return {"total": len(found), "devices": [self._line(session) for session in shown]}

    async def show(self, values: Values) -> Answer:
        session = self._one(values["relayId"])
        device = session.device
        identity = self._fleet.identity(device.relay_id)
        return {
            "device": {
                **self._line(session),
                "assetNumber": identity.asset_number,
                "serialNumber": identity.serial_number,
                "game": identity.game,
                "locked": device.locked,
                "conditions": [condition.name for condition in among(device.memory.conditions)],
                "billsStacked": device.memory.stacked,
                "meters": {name: device.memory.meter(code) for name, code in METERS.items()},
                "memory": {n: c.masked(device.memory.values(n)) for n, c in COMPONENTS.items()},
                "counters": dict(sorted(device.counters.items())),
                "faults": dict(session.faults),
                "nextDeadline": _moment(device.next_deadline()),
                "messages": [_message(one) for one in self._recorder.last(device.relay_id)],
            }
        }

    async def add(self, values: Values) -> Answer:
        """New devices. A CMS knows nothing of their cabinets."""
        group = self._group(values.get("group", ADDED), values.get("location"))
        count = 1 if "relayId" in values else values.get("count", 1)
        sessions = [self._fleet.add(group, values.get("relayId")) for _ in range(count)]
        return _reached([session.device.relay_id for session in sessions])

    async def remove(self, values: Values) -> Answer:
        relay_id = self._one(values["relayId"]).device.relay_id
        await self._fleet.remove(relay_id)
        self._recorder.forget(relay_id)
        return _reached([relay_id])

    async def power(self, values: Values) -> Answer:
        return _reached(self._board.power(self._meant(values), values["power"], values.get("for")))

    async def set_fault(self, values: Values) -> Answer:
        who, name = self._meant(values), values.get("name") or values["fault"]["kind"]
        reached = self._board.afflict(who, values["fault"], name, values.get("for"))
        return {"name": name, **_reached(reached)}

    async def clear_faults(self, values: Values) -> Answer:
        return _reached(self._board.relieve(self._meant(values), values.get("name")))

    async def fault_kinds(self, _: Values) -> Answer:
        return {
            "kinds": {
                name: {"says": kind.says, "fields": {n: f.wanted for n, f in kind.fields.items()}}
                for name, kind in KINDS.items()
            }
        }

    async def pause(self, values: Values) -> Answer:
        return _reached(self._board.pause(self._meant(values)))

    async def resume(self, values: Values) -> Answer:
        return _reached(self._board.resume(self._meant(values)))

    async def play(self, values: Values) -> Answer:
        return self._acted(values, lambda device, now_ms: device.play(now_ms, values.get("win")))

    async def bill(self, values: Values) -> Answer:
        return self._acted(values, lambda device, now_ms: device.insert_bill(values["bill"], now_ms))

    async def cash_out(self, values: Values) -> Answer:
        return self._acted(values, lambda device, now_ms: device.cash_out(now_ms))

    async def condition(self, values: Values) -> Answer:
        condition: Condition = values["condition"]
        if values["present"]:
            return self._acted(values, lambda device, now_ms: device.begin(condition, now_ms))
        return self._acted(values, lambda device, now_ms: device.end(condition, now_ms))

    def _acted(self, values: Values, what: Callable[[Device, int], list[Effect]]) -> Answer:
        sessions = self._fleet.select(self._meant(values))
        for session in sessions:
            _act(session, what)
        return _reached([session.device.relay_id for session in sessions])

    def _meant(self, values: Values) -> Who:
        """Whom a request is for; NoSuchDevice names who of them is not there."""
        who = who_of(values)
        gone = sorted(relay for relay in who.relay_ids or () if relay not in self._fleet)
        if gone:
            raise NoSuchDevice(f"relayId: no device {', '.join(gone)} is in this fleet.")
        if not self._fleet.select(who):
            raise NoSuchDevice("relayId, group, location: no device of this fleet is meant by them.")
        return who

    def _one(self, relay_id: str) -> Session:
        if relay_id not in self._fleet:
            raise NoSuchDevice(f"relayId: no device {relay_id} is in this fleet.")
        return self._fleet[relay_id]

    def _group(self, name: str, location: str | None) -> Group:
        known = next((group for group in self._fleet.plan.groups if group.name == name), None)
        group = known or Group(name, 0, location=location or DEFAULT_LOCATION)
        return group if location is None else replace(group, location=location)

    def _line(self, session: Session) -> Answer:
        relay_id = session.device.relay_id
        identity = self._fleet.identity(relay_id)
        return {
            "relayId": relay_id,
            "cabinetId": identity.cabinet_id,
            "name": identity.name,
            "group": self._fleet.group(relay_id).name,
            "location": identity.location,
            "state": session.state,
            "paused": session.paused,
            "faults": list(session.faults),
        }


def _act(session: Session, what: Callable[[Device, int], list[Effect]]) -> None:
    session.act(lambda now_ms: what(session.device, now_ms))


def _reached(relay_ids: Sequence[str]) -> Answer:
    return {"count": len(relay_ids), "relayIds": list(relay_ids)}


def _message(one: Sighting) -> Answer:
    told: Answer = {"time": _moment(one.time_ms), "mark": one.mark, "topic": one.topic, "kind": one.kind}
    return {**told, "fields": one.fields} if one.fields is not None else {**told, "summary": one.summary}


def _moment(time_ms: int | None) -> str | None:
    return None if time_ms is None else format_timestamp(time_ms)
