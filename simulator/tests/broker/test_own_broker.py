"""Where a broker of our own says that it is to be found: the same for every engine."""

from __future__ import annotations

import pytest

from simulator.broker import ENGINES, Engine, create_broker


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("host", "uri", "ws_uri"),
    [
        ("127.0.0.1", "mqtt://127.0.0.1:1884", "ws://127.0.0.1:9002"),
        ("0.0.0.0", "mqtt://127.0.0.1:1884", "ws://127.0.0.1:9002"),
        ("::1", "mqtt://[::1]:1884", "ws://[::1]:9002"),
    ],
)
def test_its_uris_are_where_a_client_on_this_machine_finds_it(
    engine: Engine, host: str, uri: str, ws_uri: str
) -> None:
    broker = create_broker(engine, mqtt_port=1884, ws_port=9002, host=host)
    assert (broker.mqtt_port, broker.ws_port, broker.uri, broker.ws_uri) == (1884, 9002, uri, ws_uri)
    assert create_broker(engine, mqtt_port=1884, ws_port=None, host=host).ws_uri is None
