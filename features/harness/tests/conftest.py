"""Clients on both sides of a tap, each with a topic of its own, and a timeline to be written by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from features.harness.subjects import Broker
from features.harness.tap.tap import Tap
from features.harness.tests.scene import Scene
from features.harness.tests.tap_bench import Client, Echo
from wire.address import BrokerAddress

NUMBERS = itertools.count(1)


@pytest.fixture
def tap(stage: ExitStack, shared_broker: Broker) -> Tap:
    return stage.enter_context(Tap("cms", shared_broker.address, "cms"))


@pytest.fixture
def topic() -> str:
    return f"tap/{next(NUMBERS)}"


@pytest.fixture
def client(stage: ExitStack) -> Callable[..., Client]:
    def client(address: BrokerAddress, keepalive: int = 60) -> Client:
        one = Client(address, f"tapped-{next(NUMBERS)}", keepalive=keepalive)
        stage.callback(one.close)
        return one

    return client


@pytest.fixture
def inside(tap: Tap, client: Callable[..., Client], topic: str) -> Client:
    """A client behind the tap, listening."""
    return client(tap.address).is_told("connected").listen(f"{topic}/in")


@pytest.fixture
def outside(shared_broker: Broker, client: Callable[..., Client], topic: str) -> Client:
    """A client on the broker itself, listening."""
    return client(shared_broker.address).is_told("connected").listen(f"{topic}/out")


@pytest.fixture
def server(stage: ExitStack) -> Echo:
    echo = Echo()
    stage.callback(echo.close)
    return echo


@pytest.fixture
def scene() -> Scene:
    return Scene()
