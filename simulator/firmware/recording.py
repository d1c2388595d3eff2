"""A firmware profile from a device, virtual or real: it is asked its five components (contract, section 3).

Left out is what is secret and what ties the device to its site: broker, network, credentials, its own id in a
topic. A floor of virtual devices must not find its way to somebody's production.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
import yaml

from simulator.errors import RecordError
from simulator.traffic.tail import look_on
from wire import orders
from wire.address import BrokerAddress
from wire.components import APP, COMPONENTS, Component
from wire.errors import WireError
from wire.fields import Value
from wire.orders import ConfigRequest
from wire.reports import ConfigAnswer, decode_report
from wire.topics import Topics

ANSWER_S = 3.0
"""How long each of the questions waits for its answer."""
ASKED = 2
"""Times that a component is asked for: a request goes out at QoS 0."""
SITE = frozenset(
    {"mqttURI", "mqttUsername", "mqttPassword", "netStaSSID", "netStaPwd", "netStaChan", "otaURL"}
)
TOPICS = frozenset({"mqttSubTopic", "mqttPubTopic", "mqttCfgTopic"})


@dataclass(slots=True)
class Recording:
    """What a device answered: values by component, and the milliseconds that each answer took."""

    relay_id: str
    values: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    took_ms: list[int] = field(default_factory=list)

    @property
    def silent(self) -> list[str]:
        """The components that were not answered."""
        return [name for name in COMPONENTS if name not in self.values]


async def record(
    address: BrokerAddress, relay_id: str, topics: Topics, answer_s: float = ANSWER_S
) -> Recording:
    """Ask a device its components. OnlookerError without the broker, RecordError without any answer."""
    recording = Recording(relay_id)
    async with look_on(address) as client:
        await client.subscribe([(name, 0) for name in topics.report_filters])
        for component in COMPONENTS:
            await _ask(client, topics, recording, component, answer_s)
    if not recording.values:
        sentence = f"{relay_id} answered none of {', '.join(COMPONENTS)} at {address}"
        raise RecordError(f"{sentence}; `smib-lab watch --relay {relay_id}` shows what it says.")
    return recording


async def _ask(
    client: aiomqtt.Client, topics: Topics, recording: Recording, component: str, answer_s: float
) -> None:
    request = orders.encode(ConfigRequest(component))
    for _ in range(ASKED):
        began = asyncio.get_running_loop().time()
        await client.publish(topics.relay(recording.relay_id), request, qos=0)
        try:
            async with asyncio.timeout(answer_s):
                answer = await _answer(client, recording.relay_id, component)
        except TimeoutError:
            continue
        recording.values[component] = answer.values
        recording.took_ms.append(int((asyncio.get_running_loop().time() - began) * 1000))
        return


async def _answer(client: aiomqtt.Client, relay_id: str, component: str) -> ConfigAnswer:
    async for message in client.messages:
        try:
            report = decode_report(bytes(message.payload))
        except WireError:
            continue
        if isinstance(report, ConfigAnswer) and (report.relay_id, report.component) == (relay_id, component):
            return report
    raise aiomqtt.MqttError("the broker ended the connection")


def profile_text(recording: Recording) -> str:
    """The profile as a file holds it, with what was left out as comments."""
    body, left_out = profile_body(recording.values, recording.relay_id)
    head = [f"# Recorded from {recording.relay_id}, which answered within {max(recording.took_ms)} ms."]
    head += _comment("Left out, as secret, of its site or beyond the contract:", left_out)
    head += _comment("Did not answer:", recording.silent)
    text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True) if body else "{}\n"
    return "\n".join(head) + "\n" + text


def profile_body(values: Mapping[str, Mapping[str, Any]], relay_id: str) -> tuple[dict[str, Any], list[str]]:
    """What a profile file says of a device with these values, and what is left out of it."""
    config: dict[str, dict[str, Value]] = {}
    lacks: dict[str, list[str]] = {}
    left_out: list[str] = []
    for name, answered in values.items():
        component = COMPONENTS[name]
        kept = _kept(component, answered, relay_id)
        left_out += (f"{name}.{n}" for n in answered if n not in kept)
        defaults = component.defaults()
        config[name] = {n: v for n, v in kept.items() if defaults.get(n) != v}
        lacks[name] = [f.name for f in component if not f.optional and f.name not in answered]
    firmware = config.pop(APP.name, {}) and dict(values[APP.name])
    spelled = {
        "firmware": firmware,
        "config": {n: v for n, v in config.items() if v},
        "lacks": {n: v for n, v in lacks.items() if v},
    }
    return {name: value for name, value in spelled.items() if value}, left_out


def _kept(component: Component, values: Mapping[str, Any], relay_id: str) -> dict[str, Value]:
    """The values that a profile can hold; a topic without the device's own id."""
    kept: dict[str, Value] = {}
    for row in component:
        value = values.get(row.name)
        if row.secret or row.name in SITE or isinstance(value, bool):
            continue
        if not isinstance(value, row.type) or not row.accepts(value):
            continue
        kept[row.name] = _shared(value, relay_id) if row.name in TOPICS else value
    return kept


def _shared(topic: Any, relay_id: str) -> Value:
    """A topic as every board can have it: the id is a whole level of it, at its end, or stays."""
    prefix, slash, last = str(topic).rpartition("/")
    return prefix + slash if slash and last == relay_id else str(topic)


def _comment(what: str, names: Sequence[str]) -> list[str]:
    return [f"# {what} {', '.join(names)}"] if names else []
