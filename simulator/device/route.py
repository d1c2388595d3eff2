"""What a board says, made into messages for its topics (contract, sections 2 to 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.device.effects import Publish
from simulator.device.link import topics_heard
from simulator.device.memory import Memory
from wire import reports
from wire.fields import Value
from wire.reports import ConfigAnswer, Event, MachineAnswer, NvsAnswer, SasException
from wire.timestamps import format_timestamp
from wire.topics import device_topic

MAX_REASON = 120
"""Characters of an ``err``: "a short reason"."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where one board's reports go while its connection lasts; ``all_boards`` is the topic, if any, on which
    it hears with all others. ``mac`` is the relay id (INT-36)."""

    relay_id: str
    pub_topic: str
    cfg_topic: str
    qos: int
    all_boards: tuple[str, ...]

    def answer(self, component: str, values: Mapping[str, Value], err: str | None = None) -> Publish:
        """The values in force of one component; with ``err``, why others were refused."""
        reason = err if err is None or len(err) <= MAX_REASON else f"{err[: MAX_REASON - 1]}…"
        payload = reports.encode(ConfigAnswer(self.relay_id, component, values, reason))
        return Publish(self.cfg_topic, payload, self.qos, "cfg")

    def event(self, name: str, now_ms: int | None, pyd: str = "") -> Publish:
        """An event of the contract's list; a board without a clock (None) sends no ``ts``."""
        report = Event(name, self.relay_id, self.relay_id, pyd, ts=_stamp(now_ms))
        return self._published(report, name)

    def exception(self, code: str, now_ms: int | None) -> Publish:
        """A SAS real-time exception."""
        report = SasException(self.relay_id, self.relay_id, code, ts=_stamp(now_ms))
        return self._published(report, "exp")

    def machine(self, pyd: str, sta: str = "") -> Publish:
        """The machine's answer, in hexadecimal or ``-1``."""
        return self._published(MachineAnswer(self.relay_id, self.relay_id, pyd, sta), "rsp")

    def nvs(self, pyd: str, sta: str) -> Publish:
        """Whether an area of the NVS was cleared."""
        return self._published(NvsAnswer(self.relay_id, sta, pyd), "srsp")

    def _published(self, report: reports.Report, kind: str) -> Publish:
        return Publish(self.pub_topic, reports.encode(report), self.qos, kind)


def route_of(relay_id: str, memory: Memory) -> Route:
    """The route by the values in force. Take it before an update: what the update changes takes effect with
    the reconnect, and its confirmation still belongs to the connection that it came on."""
    mqtt = memory.values("mqtt")
    return Route(
        relay_id,
        device_topic(str(mqtt["mqttPubTopic"]), relay_id),
        device_topic(str(mqtt["mqttCfgTopic"]), relay_id),
        int(mqtt["mqttQOS"]),
        topics_heard(relay_id, mqtt)[1:],
    )


def _stamp(now_ms: int | None) -> str | None:
    return None if now_ms is None else format_timestamp(now_ms)
