"""A CMS that shows, asks or tells configurations wrongly (contract, section 6, endpoints 3 to 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.liars.liar import Liar
from features.pair.cms import Cms
from features.pair.errors import Refused
from features.pair.fields import initial
from features.pair.store import Cabinet, Configuration


class NumbersInForm(Liar, Cms):
    """Answers numbers in the form, where every value is text."""

    breaks = "API-7"

    def form(self, cabinet: Cabinet) -> dict[str, Any]:
        self.lied()
        data = super().form(cabinet)["data"]
        return {"data": {name: int(value) if value.isdecimal() else value for name, value in data.items()}}


class ShortForm(Liar, Cms):
    """Leaves a field of the specification out of the form."""

    breaks = "API-7"

    def form(self, cabinet: Cabinet) -> dict[str, Any]:
        self.lied()
        data = super().form(cabinet)["data"]
        del data["serverTopic"]
        return {"data": data}


class FormOfDefaults(Liar, Cms):
    """Fills the form with the values of an untouched SMIB."""

    breaks = "API-8"

    def form(self, cabinet: Cabinet) -> dict[str, Any]:
        if cabinet.configuration:
            self.lied()
        return super().form(Cabinet(cabinet.id, cabinet.relay))


class UriWithPassword(Liar, Cms):
    """Shows the password inside mqttURI in the form."""

    breaks = "API-8"

    def form(self, cabinet: Cabinet) -> dict[str, Any]:
        uri = cabinet.configuration.get("mqtt", {}).get("mqttURI")
        if uri is None:
            return super().form(cabinet)
        self.lied()
        return {"data": {**super().form(cabinet)["data"], "mqttURI": uri}}


class ModesShifted(Liar, Cms):
    """Calls IGT what is SAS, and SAS what is not."""

    breaks = "API-9"

    def form(self, cabinet: Cabinet) -> dict[str, Any]:
        self.lied()
        data = super().form(cabinet)["data"]
        mode = {"sas": "igt", "non-sas": "sas", "igt": "non-sas"}[data["communicationMode"]]
        return {"data": {**data, "communicationMode": mode}}


class SilentRequest(Liar, Cms):
    """Answers a request without saying what was asked."""

    breaks = "API-10"

    async def ask(self, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = await super().ask(body)
        self.lied()
        return {"timestamp": answer["timestamp"]}


class SortsKeys(Liar, Cms):
    """Publishes a configuration with its keys in another order."""

    breaks = "API-11"

    def checked_config(self, config: object) -> dict[str, Any]:
        checked = super().checked_config(config)
        ordered = dict(sorted(checked.items()))
        if list(ordered) != list(checked):
            self.lied()
        return ordered


class FillsUp(Liar, Cms):
    """Publishes a partial configuration with defaults for what it does not name."""

    breaks = "API-11"

    def checked_config(self, config: object) -> dict[str, Any]:
        checked = super().checked_config(config)
        filled = {**checked, **initial(checked["comp"]), **checked}
        if filled != checked:
            self.lied()
        return filled


class PublishesMask(Liar, Cms):
    """Publishes the masked configuration that it shows."""

    breaks = "API-11"

    async def send(self, relay: str, order: Mapping[str, Any], kind: str) -> None:
        if "netStaPwd" in order:
            self.lied()
            order = {**order, "netStaPwd": "***"}
        await super().send(relay, order, kind)


class PublishesAnything(Liar, Cms):
    """Publishes values that no SMIB takes."""

    breaks = "API-12"

    def checked_config(self, config: object) -> dict[str, Any]:
        try:
            return super().checked_config(config)
        except Refused:
            if isinstance(config, Mapping) and config.get("comp") == "net":
                self.lied()
                return dict(config)
            raise


class SavesMask(Liar, Cms):
    """Stores and sends the mask that a form brought back in the place of the password."""

    breaks = "INT-42"

    def revealed(self, values: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
        revealed = super().revealed(values, stored)
        if revealed != values:
            self.lied()
        return dict(values)

    def check_values(self, component: str, values: object) -> dict[str, Any]:
        if isinstance(values, Mapping) and "***" in values.values():
            return dict(values)
        return super().check_values(component, values)


class TellsPassword(Liar, Cms):
    """Shows the WiFi password in the stored settings."""

    breaks = "SECRET-1"

    def shown(self, cabinet: Cabinet) -> Configuration:
        secret = cabinet.configuration.get("net", {}).get("netStaPwd")
        shown = super().shown(cabinet)
        if secret:
            self.lied()
            shown["net"] = {**shown["net"], "netStaPwd": secret}
        return shown


class TellsBrokerPassword(Liar, Cms):
    """Shows the password inside mqttURI in the stored settings."""

    breaks = "SECRET-1"

    def shown(self, cabinet: Cabinet) -> Configuration:
        uri = cabinet.configuration.get("mqtt", {}).get("mqttURI")
        shown = super().shown(cabinet)
        if uri and "@" in uri:
            self.lied()
            shown["mqtt"] = {**shown["mqtt"], "mqttURI": uri}
        return shown
