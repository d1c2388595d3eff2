"""What a group of boards leaves the factory with."""

from __future__ import annotations

import pytest

from simulator.device.memory import Factory, Memory
from wire.components import COMPONENTS
from wire.errors import ConfigError, MessageError


def test_the_contracts_defaults_are_the_start() -> None:
    factory = Factory()
    for name, component in COMPONENTS.items():
        assert factory.values(name) == component.defaults()


def test_a_group_sets_what_it_wants_and_the_firmware_too() -> None:
    factory = Factory({"coms": {"comsMode": 2}, "app": {"version": "2.4.0"}, "mqtt": {"mqttPassword": "x"}})
    assert factory.values("coms")["comsMode"] == 2
    assert factory.values("coms")["comsAddr"] == 1
    assert factory.values("app") == {"firmware": "smib", "version": "2.4.0"}
    assert factory.values("mqtt")["mqttPassword"] == "x"


@pytest.mark.parametrize(
    ("component", "values"),
    [
        ("coms", {"comsMode": 3}),
        ("net", {"netStaSsid": "x"}),
        ("app", {"version": 2}),
        ("app", {"name": "x"}),
    ],
)
def test_values_that_a_board_would_refuse_are_refused_with_their_field(
    component: str, values: dict[str, object]
) -> None:
    with pytest.raises(ConfigError) as refused:
        Factory({component: values})
    assert f"{component}.{next(iter(values))}" in str(refused.value)


def test_an_unknown_component_is_refused() -> None:
    with pytest.raises(MessageError):
        Factory({"wifi": {}})


def test_a_field_that_the_firmware_lacks_is_not_answered_and_can_not_be_set() -> None:
    memory = Memory(Factory({"coms": {"comsRateMs": 300}}, {"coms": frozenset({"comsGPC"})}))
    assert memory.shown("coms") == {"comsMode": 0, "comsAddr": 1, "comsRateMs": 300, "comsRTE": 0}
    assert memory.shown("net") == memory.values("net")
    with pytest.raises(ConfigError, match=r"comsMode.*comsGPC: unknown, this firmware has none"):
        memory.update("coms", {"comsGPC": 1, "comsMode": 7})
    assert memory.update("coms", {"comsRTE": 1})
