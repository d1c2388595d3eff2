"""What the operator may ask of the CMS of the pair: the seven endpoints without their HTTP (section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.pair import clock, payload
from features.pair.address import MASK, unmasked
from features.pair.errors import Refused, Unreachable
from features.pair.fields import FIELDS, faults, masked
from features.pair.form import form
from features.pair.identity import canonical, is_id
from features.pair.sending import COMMAND, COMMANDS, REQUEST, UPDATE, Sending
from features.pair.store import Cabinet, Configuration, Waiting

Body = Mapping[str, Any]
DEFAULT_RELAY = "e831cdfa8384"


class Desk(Sending):
    """Each endpoint takes a decoded body and gives the fields of its answer, or raises Refused."""

    # Checks

    def relay_of(self, value: object) -> str:
        if not isinstance(value, str) or not is_id(relay := canonical(value)):
            raise Refused(400, "relayId: 1 to 64 characters out of A-Z a-z 0-9 _ . : - were wanted")
        return relay

    def component_of(self, value: object, name: str = "component") -> str:
        if not isinstance(value, str) or value not in FIELDS:
            raise Refused(400, f"{name}: one of {', '.join(FIELDS)} was wanted")
        return value

    def cabinet_of(self, name: str) -> Cabinet:
        if not is_id(name):
            raise Refused(400, "cabinetId: 1 to 64 characters out of A-Z a-z 0-9 _ . : - were wanted")
        cabinet = self.store.cabinets.get(name)
        if cabinet is None:
            raise Refused(404, f"cabinetId: there is no cabinet {name}")
        return cabinet

    def check_keys(self, body: Body, known: tuple[str, ...]) -> None:
        unknown = [name for name in body if name not in known]
        if unknown:
            raise Refused(400, f"{unknown[0][:64]}: unknown; {', '.join(known)} were wanted")

    def check_values(self, component: str, values: object) -> dict[str, Any]:
        """The values of an update that a SMIB would apply."""
        if not isinstance(values, Mapping):
            raise Refused(400, f"{component}: an object of fields was wanted")
        for fault in faults(component, values):
            raise Refused(400, fault)
        return dict(values)

    # 1 and 2: the configuration of a cabinet

    async def save(self, cabinet: Cabinet, body: Body, revision: str | None = None) -> dict[str, Any]:
        """Validates everything, then stores, then publishes."""
        if revision not in (None, str(cabinet.revision), "*"):
            raise Refused(409, f"If-Match: revision {cabinet.revision} is stored meanwhile")
        configuration, version, command = self.checked_save(cabinet, body)
        self.merge(cabinet, configuration, version)
        for order in self.orders_of(cabinet, configuration, command):
            self.enqueue(order)
        self.store.save()
        sent = await self.flush()
        answer: dict[str, Any] = {"data": self.machine(cabinet), "mqttSent": sent}
        return answer if sent else {**answer, "queued": True}

    def checked_save(self, cabinet: Cabinet, body: Body) -> tuple[Configuration, dict[str, Any], str]:
        self.check_keys(body, ("smibConfig", "smibVersion", "machineControl"))
        if not body:
            raise Refused(400, "smibConfig, smibVersion or machineControl was wanted")
        asked = body.get("smibConfig", {})
        if not isinstance(asked, Mapping):
            raise Refused(400, "smibConfig: an object of components was wanted")
        configuration = {name: self.checked_component(cabinet, name, asked[name]) for name in asked}
        version = body.get("smibVersion", {})
        if not isinstance(version, Mapping) or not all(isinstance(v, str) for v in version.values()):
            raise Refused(400, "smibVersion: an object of texts was wanted")
        command = body.get("machineControl", "")
        if "machineControl" in body and command not in COMMANDS:
            raise Refused(400, f"machineControl: one of {', '.join(COMMANDS)} was wanted")
        return configuration, dict(version), command

    def checked_component(self, cabinet: Cabinet, name: str, values: object) -> dict[str, Any]:
        self.component_of(name, name[:64])
        if isinstance(values, Mapping):
            values = self.revealed(values, cabinet.configuration.get(name, {}))
        return self.check_values(name, values)

    def revealed(self, values: Body, stored: Body) -> dict[str, Any]:
        """A secret that comes back as ``***`` is unchanged, and is sent to nobody."""
        kept = {name: value for name, value in values.items() if value != MASK or name not in stored}
        uri, known = kept.get("mqttURI"), stored.get("mqttURI")
        if isinstance(uri, str) and isinstance(known, str):
            kept["mqttURI"] = unmasked(uri, known) if f":{MASK}@" in uri else uri
        return kept

    def merge(self, cabinet: Cabinet, configuration: Configuration, version: Body) -> None:
        for component, values in configuration.items():
            cabinet.configuration.setdefault(component, {}).update(values)
        cabinet.version.update(version)
        cabinet.revision += bool(configuration or version)

    def orders_of(self, cabinet: Cabinet, configuration: Configuration, command: str) -> list[Waiting]:
        orders = [Waiting(cabinet.relay, name, values) for name, values in configuration.items() if values]
        return [*orders, Waiting(cabinet.relay, "", {}, command)] if command else orders

    def shown(self, cabinet: Cabinet) -> Configuration:
        return {name: masked(name, values) for name, values in cabinet.configuration.items()}

    def read(self, cabinet: Cabinet) -> dict[str, Any]:
        shown = {"smibConfig": self.shown(cabinet), "smibVersion": cabinet.version}
        return {"data": {**shown, "relayId": cabinet.relay}}

    def machine(self, cabinet: Cabinet) -> dict[str, Any]:
        data: dict[str, Any] = self.read(cabinet)["data"]
        return {"id": cabinet.id, **data}

    # 3: the form

    def form(self, cabinet: Cabinet) -> dict[str, Any]:
        return {"data": form(cabinet, self.settings)}

    # 4 and 5: asking and telling

    async def ask(self, body: Body) -> dict[str, Any]:
        self.check_keys(body, ("relayId", "component"))
        relay = self.relay_of(body.get("relayId"))
        component = self.component_of(body.get("component"))
        await self.send(relay, self.request(component), REQUEST)
        told = f"Config request sent for {component} to relayId: {relay}"
        return {"message": told, "relayId": relay, "component": component, "timestamp": clock.stamp()}

    async def tell(self, body: Body) -> dict[str, Any]:
        self.check_keys(body, ("relayId", "config"))
        relay = self.relay_of(body.get("relayId"))
        config = self.checked_config(body.get("config"))
        component = config["comp"]
        await self.send(relay, config, UPDATE)
        told = f"Config update published for {component} to relayId: {relay}"
        shown = masked(component, config)
        return {"message": told, "relayId": relay, "config": shown, "timestamp": clock.stamp()}

    def checked_config(self, config: object) -> dict[str, Any]:
        if not isinstance(config, Mapping):
            raise Refused(400, "config: an object was wanted")
        if config.get("typ") != "cfg":
            raise Refused(400, "config.typ: cfg was wanted")
        component = self.component_of(config.get("comp"), "config.comp")
        values = {name: value for name, value in config.items() if name not in ("typ", "comp")}
        if component == "app" or not values:
            raise Refused(400, "config.comp: a component that can be set, and a field of it, were wanted")
        if MASK in values.values() or f":{MASK}@" in str(values.get("mqttURI")):
            raise Refused(
                400, f"config: {', '.join(n for n, v in values.items() if MASK in str(v))} is masked"
            )
        self.check_values(component, values)
        return dict(config)

    # 7: trying the broker out

    async def probe(self, body: Body) -> dict[str, Any]:
        if not self.settings.probe:
            raise Refused(403, "the test endpoint is switched off")
        self.check_keys(body, ("action", "relayId", "message"))
        action, message = body.get("action"), body.get("message")
        if action not in ("connect", "publish", "subscribe"):
            raise Refused(400, "action: connect, publish or subscribe was wanted")
        if "message" in body and not isinstance(message, str):
            raise Refused(400, "message: text was wanted")
        relay = self.relay_of(body.get("relayId", DEFAULT_RELAY))
        if self.link is None:
            raise Unreachable("the broker is unreachable")
        answer = {"action": action, "relayId": relay, "timestamp": clock.stamp()}
        told = ["Connected to MQTT broker"]
        if action == "connect":
            return {**answer, "messages": told}
        if action == "subscribe":
            return {
                **answer,
                "topic": self.filters()[0],
                "messages": [*told, f"Subscribed to {self.filters()}"],
            }
        return {**answer, **await self.probed(relay, message, told)}

    async def probed(self, relay: str, message: str | None, told: list[str]) -> dict[str, Any]:
        fields = {"command": "test", "timestamp": clock.stamp(), "source": "api-test"}
        sent = payload.written(fields).decode() if message is None else message
        await self.send_raw(relay, sent.encode("utf-8", "replace"), COMMAND)
        topic = self.order_topic(relay)
        return {
            "topic": topic,
            "messages": [*told, f"Published to {topic}: {sent}"],
            "publishedMessage": sent,
        }

    # The floor

    def floor(self) -> dict[str, Any]:
        return {"data": [self.listed(cabinet) for cabinet in self.store.cabinets.values()]}

    def listed(self, cabinet: Cabinet) -> dict[str, Any]:
        shown = {"id": cabinet.id, "relayId": cabinet.relay, "location": "Main Floor"}
        return {**shown, "online": self.is_online(cabinet.relay)}
