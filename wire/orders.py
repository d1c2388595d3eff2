"""What a CMS sends to a SMIB, each message a value (contract, sections 3 and 4).

    Order = ConfigRequest | ConfigUpdate | BulkUpdate | Command | Probe | Restart | LongPoll | MeterReset
          | FirmwareOrder | NvsClear | MeterPush

``encode(order)`` gives the payload, ``decode_order(payload)`` gives the order back or raises a WireError.
Decoding reads shapes only: whether a component exists and accepts the values is the device's business
(section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wire.commands import COMMANDS, action_of
from wire.errors import MessageError
from wire.jsontext import Fields, parse_object, string_in, to_bytes
from wire.relay import canonical_relay_id
from wire.timestamps import parse_timestamp

BULK_ACTION = "update_config"
PROBE_COMMAND = "test"
METER_RESET = "met_reset"
NVS_STATE = "162"
PUSH_CODE = "0A"


@dataclass(frozen=True, slots=True)
class ConfigRequest:
    """Asks for one component: ``{"typ":"cfg","comp":C}``."""

    component: str

    def fields(self) -> dict[str, Any]:
        return {"typ": "cfg", "comp": self.component}


@dataclass(frozen=True, slots=True)
class ConfigUpdate:
    """Orders new values for some fields of one component; never without a field."""

    component: str
    values: Mapping[str, Any]

    def fields(self) -> dict[str, Any]:
        return {"typ": "cfg", "comp": self.component, **self.values}


@dataclass(frozen=True, slots=True)
class BulkUpdate:
    """The form of deployed CMSs: several components at once, applied as one update for each."""

    config: Mapping[str, Mapping[str, Any]]
    cabinet_id: str | None = None
    timestamp: str | None = None

    def fields(self) -> dict[str, Any]:
        head = {} if self.cabinet_id is None else {"cabinetId": self.cabinet_id}
        time = {} if self.timestamp is None else {"timestamp": self.timestamp}
        return {**head, "smibConfig": dict(self.config), **time, "action": BULK_ACTION}


@dataclass(frozen=True, slots=True)
class Command:
    """RESTART, LOCK MACHINE or UNLOCK MACHINE. Without ``timestamp`` its age can't be judged (INT-08);
    one whose ``action`` says another is none (INT-70)."""

    name: str
    timestamp: str | None

    def fields(self) -> dict[str, Any]:
        time = {} if self.timestamp is None else {"timestamp": self.timestamp}
        return {"command": self.name, **time, "action": action_of(self.name)}

    @property
    def issued_ms(self) -> int | None:
        """When it was given, in milliseconds since 1970."""
        return None if self.timestamp is None else parse_timestamp(self.timestamp)


@dataclass(frozen=True, slots=True)
class Probe:
    """The test endpoint's message: it reaches the device and asks nothing of it."""

    timestamp: str
    source: str

    def fields(self) -> dict[str, Any]:
        return {"command": PROBE_COMMAND, "timestamp": self.timestamp, "source": self.source}


@dataclass(frozen=True, slots=True)
class Restart:
    """``{"typ":"rst"}``"""

    def fields(self) -> dict[str, Any]:
        return {"typ": "rst"}


@dataclass(frozen=True, slots=True)
class LongPoll:
    """A SAS long poll for the machine; ``frame`` is hexadecimal, ``siz`` on the wire is its length."""

    frame: str
    sta: str = ""

    def fields(self) -> dict[str, Any]:
        return {"typ": "cmd", "sta": self.sta, "siz": len(self.frame), "pyd": self.frame}


@dataclass(frozen=True, slots=True)
class MeterReset:
    """Clears the meters of a non-SAS machine."""

    def fields(self) -> dict[str, Any]:
        return {"typ": "cmd", "cmd": METER_RESET}


@dataclass(frozen=True, slots=True)
class FirmwareOrder:
    """Orders the firmware image ``binary`` from the device's ``otaURL``."""

    binary: str

    def fields(self) -> dict[str, Any]:
        return {"typ": "ota_ud", "bin": self.binary}


@dataclass(frozen=True, slots=True)
class NvsClear:
    """Clears one area of the device's NVS; ``frame`` is one of the four NVS frames."""

    frame: str
    sta: str = NVS_STATE

    def fields(self) -> dict[str, Any]:
        return {"typ": "sun", "sta": self.sta, "siz": len(self.frame), "pyd": self.frame}


@dataclass(frozen=True, slots=True)
class MeterPush:
    """Asks one device, on the topic of all, to push its meters."""

    relay_id: str
    code: str = PUSH_CODE

    def fields(self) -> dict[str, Any]:
        return {"typ": "exp", "rly": self.relay_id, "mac": "", "tkn": "", "pyd": self.code}


Order = (
    ConfigRequest
    | ConfigUpdate
    | BulkUpdate
    | Command
    | Probe
    | Restart
    | LongPoll
    | MeterReset
    | FirmwareOrder
    | NvsClear
    | MeterPush
)


def encode(order: Order) -> bytes:
    """The payload of ``order``."""
    return to_bytes(order.fields())


def decode_order(payload: bytes) -> Order:
    """The order in ``payload``; WireError, and nothing else, for every byte string that holds none."""
    return order_from(parse_object(payload))


def order_from(fields: Fields) -> Order:
    """The order that a JSON object spells; MessageError for an object that spells none."""
    if "command" in fields:
        return _command(fields)
    if fields.get("action") == BULK_ACTION:
        return _bulk(fields)
    typ = string_in(fields, "typ")
    read = _BY_TYPE.get(typ)
    if read is None:
        raise MessageError("typ", f"one of {', '.join(_BY_TYPE)} was wanted")
    return read(fields)


def _config(fields: Fields) -> ConfigRequest | ConfigUpdate:
    component = string_in(fields, "comp")
    values = {name: value for name, value in fields.items() if name not in ("typ", "comp")}
    return ConfigUpdate(component, values) if values else ConfigRequest(component)


def _bulk(fields: Fields) -> BulkUpdate:
    config = fields.get("smibConfig")
    # A component that is no object makes the whole no order at all (INT-71).
    if not isinstance(config, dict) or not all(isinstance(values, dict) for values in config.values()):
        raise MessageError("smibConfig", "an object of components was wanted")
    return BulkUpdate(config, _optional_string(fields, "cabinetId"), _optional_string(fields, "timestamp"))


def _command(fields: Fields) -> Command | Probe:
    name = string_in(fields, "command")
    if name == PROBE_COMMAND:
        return Probe(string_in(fields, "timestamp"), string_in(fields, "source"))
    if name not in COMMANDS:
        raise MessageError("command", f"one of {', '.join(COMMANDS)} was wanted")
    if fields.get("action", action_of(name)) != action_of(name):
        raise MessageError("action", f"{action_of(name)!r} was wanted with the command {name}")
    timestamp = _optional_string(fields, "timestamp")
    if timestamp is not None:
        parse_timestamp(timestamp)
    return Command(name, timestamp)


def _poll(fields: Fields) -> LongPoll | MeterReset:
    if "cmd" not in fields:
        return LongPoll(_sized_frame(fields), string_in(fields, "sta"))
    if fields["cmd"] != METER_RESET:
        raise MessageError("cmd", f"{METER_RESET!r} was wanted")
    return MeterReset()


def _nvs(fields: Fields) -> NvsClear:
    return NvsClear(_sized_frame(fields), string_in(fields, "sta"))


def _push(fields: Fields) -> MeterPush:
    return MeterPush(canonical_relay_id(fields.get("rly")), string_in(fields, "pyd"))


def _sized_frame(fields: Fields) -> str:
    frame = string_in(fields, "pyd")
    if type(fields.get("siz")) is not int or fields["siz"] != len(frame):
        raise MessageError("siz", f"the length of pyd, {len(frame)}, was wanted")
    return frame


def _optional_string(fields: Fields, name: str) -> str | None:
    return string_in(fields, name) if name in fields else None


_BY_TYPE: Mapping[str, Callable[[Fields], Order]] = {
    "cfg": _config,
    "rst": lambda _: Restart(),
    "cmd": _poll,
    "ota_ud": lambda fields: FirmwareOrder(string_in(fields, "bin")),
    "sun": _nvs,
    "exp": _push,
}
