"""What is said of brokers."""

from __future__ import annotations

import pytest

from features.harness.evidence.timeline import Timeline
from features.harness.plan import ENGINES
from features.harness.probe import FULL_STOP, NAMES, PROBES, probed
from features.harness.process import Workshop
from features.harness.subjects import Broker
from wire.address import parse_address

DIFFERS = {"rabbitmq": {FULL_STOP, NAMES}}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_brokers_that_the_harness_starts_do_as_is_known(workshop: Workshop, engine: str) -> None:
    found = list(probed(Broker(workshop, engine=engine).address, Timeline()))
    assert [one.name for one in found] == [name for name, *_ in PROBES]
    assert {one.name for one in found if one.differs} == DIFFERS.get(engine, set())


def test_a_broker_that_is_not_there_differs_in_everything() -> None:
    found = list(probed(parse_address("mqtt://127.0.0.1:1"), Timeline()))
    assert all(one.differs for one in found)
