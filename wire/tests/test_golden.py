"""Every message and frame that the specification and the contract spell out, decoded and encoded back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from wire import orders, reports, sas

MESSAGES = Path(__file__).parents[2] / "fixtures" / "messages"


def golden(name: str) -> Any:
    return yaml.safe_load((MESSAGES / name).read_text())


@pytest.mark.parametrize("message", golden("orders.yaml"), ids=lambda m: f"{m['kind']} {m['source']}")
def test_order_comes_back_byte_for_byte(message: dict[str, str]) -> None:
    payload = message["payload"].encode()
    order = orders.decode_order(payload)
    assert type(order).__name__ == message["kind"]
    assert orders.encode(order) == payload


@pytest.mark.parametrize("message", golden("reports.yaml"), ids=lambda m: f"{m['kind']} {m['source']}")
def test_report_comes_back_byte_for_byte(message: dict[str, str]) -> None:
    payload = message["payload"].encode()
    report = reports.decode_report(payload)
    assert type(report).__name__ == message["kind"]
    assert reports.encode(report) == payload


@pytest.mark.parametrize("poll", golden("frames.yaml")["polls"], ids=lambda p: p["frame"])
def test_poll_frame_comes_back(poll: dict[str, Any]) -> None:
    decoded = sas.decode_poll(poll["frame"])
    assert decoded == sas.MeterPoll(tuple(poll["codes"]), poll["address"], poll["game"])
    assert decoded.encode() == poll["frame"]


@pytest.mark.parametrize("nvs", golden("frames.yaml")["nvs"], ids=lambda n: n["frame"])
def test_nvs_frame_comes_back(nvs: dict[str, Any]) -> None:
    assert sas.decode_nvs(nvs["frame"]) == nvs["area"]
    assert sas.nvs_frame(nvs["area"]) == nvs["frame"]


def test_ten_meters_make_the_length_that_the_contract_names() -> None:
    codes = golden("frames.yaml")["polls"][0]["codes"]
    frame = sas.MeterAnswer(tuple((code, 0) for code in codes)).encode()
    assert frame[4:6] == "52"


def test_every_kind_of_message_has_a_golden_example() -> None:
    seen = {m["kind"] for name in ("orders.yaml", "reports.yaml") for m in golden(name)}
    kinds = {cls.__name__ for union in (orders.Order, reports.Report) for cls in union.__args__}
    assert seen == kinds
