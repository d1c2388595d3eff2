"""Lock, long poll, meters and NVS orders (contract, section 4)."""

from __future__ import annotations

import pytest

from simulator.tests.device.bench import ALL_BOARDS, BOOT_MS, RELAY, Bench, kinds
from wire import sas
from wire.commands import LOCK, RESTART, UNLOCK
from wire.orders import Command, LongPoll, MeterPush, MeterReset, NvsClear, Probe
from wire.sas import MeterAnswer, MeterPoll
from wire.timestamps import format_timestamp

TEN = ("0000", "0100", "0400", "0300", "2200", "2400", "0200", "0C00", "0500", "0600")


def with_meters(**config: dict[str, int]) -> Bench:
    bench = Bench(config).started()
    bench.device.memory.count("0B00", 1234567890)
    bench.device.memory.count("0000", 1234567890)
    bench.device.memory.count("0700", 42)
    return bench


def test_lock_and_unlock_answer_an_event_each_time() -> None:
    bench = Bench().started()
    for command, event, locked in (
        (LOCK, "MACHINE_LOCKED", True),
        (LOCK, "MACHINE_LOCKED", True),
        (UNLOCK, "MACHINE_UNLOCKED", False),
        (UNLOCK, "MACHINE_UNLOCKED", False),
    ):
        assert kinds(bench.tell(Command(command, None))) == [event]
        assert bench.device.locked is locked
        assert bench.saved is not None
        assert bench.saved["locked"] is locked


def test_only_a_change_of_the_lock_is_written() -> None:
    bench = Bench().started()
    bench.tell(Command(LOCK, None))
    bench.saved = None
    bench.tell(Command(LOCK, None))
    assert bench.saved is None


def test_a_locked_board_still_answers_configuration_and_meters() -> None:
    bench = Bench().started()
    bench.tell(Command(LOCK, None))
    assert kinds(bench.tell({"typ": "cfg", "comp": "net"})) == ["cfg net"]
    assert kinds(bench.tell(LongPoll(MeterPoll(TEN).encode()))) == ["rsp"]


@pytest.mark.parametrize("command", [RESTART, LOCK, UNLOCK])
def test_a_command_older_than_30_s_is_not_executed(command: str) -> None:
    bench = Bench().started()
    (event,) = bench.tell(Command(command, format_timestamp(bench.now_ms - 30_001)))
    assert (event["typ"], event["pyd"]) == ("COMMAND_EXPIRED", command)
    assert not bench.device.locked
    assert bench.up
    assert bench.device.counters["expired"] == 1


@pytest.mark.parametrize("age_ms", [30_000, 0, -3_600_000, None])
def test_a_command_that_is_not_older_is_executed(age_ms: int | None) -> None:
    bench = Bench().started()
    stamp = None if age_ms is None else format_timestamp(bench.now_ms - age_ms)
    assert kinds(bench.tell(Command(LOCK, stamp))) == ["MACHINE_LOCKED"]


def test_a_board_without_a_clock_executes_a_command_of_any_age() -> None:
    bench = Bench(has_clock=False).started()
    assert kinds(bench.tell(Command(LOCK, "2001-01-01T00:00:00.000Z"))) == ["MACHINE_LOCKED"]


def test_a_probe_is_counted() -> None:
    bench = Bench().started()
    assert bench.tell(Probe("2024-01-15T10:30:00.000Z", "api-test")) == []
    assert bench.device.counters == {"received": 1, "probe": 1}


def test_a_long_poll_reads_the_running_meters() -> None:
    bench = with_meters()
    (answer,) = bench.tell(LongPoll(MeterPoll(TEN).encode(), sta="7"))
    assert {**answer, "pyd": ""} == {"typ": "rsp", "rly": RELAY, "mac": RELAY, "sta": "7", "pyd": ""}
    assert answer["pyd"] == answer["pyd"].upper()
    assert answer["pyd"].startswith("016F52")
    meters = dict(sas.decode_answer(answer["pyd"]).meters)
    assert meters == {**dict.fromkeys(TEN, 0), "0000": 1234567890, "2400": 1234567890, "0500": 42}
    assert bench.published[-1].topic == f"sas/gli/server/{RELAY}"


@pytest.mark.parametrize(
    ("frame", "config"),
    [
        (MeterPoll(TEN).encode(), {"comsMode": 1}),
        (MeterPoll(TEN).encode(), {"comsMode": 2}),
        (MeterPoll(TEN).encode(), {"comsAddr": 2}),
        (MeterPoll(TEN).encode()[:-4] + "0000", {}),
        ("", {}),
        ("nonsense", {}),
    ],
)
def test_a_poll_that_no_machine_would_answer_gets_minus_one(frame: str, config: dict[str, int]) -> None:
    bench = Bench({"coms": config}).started()
    (answer,) = bench.tell(LongPoll(frame))
    assert answer["pyd"] == "-1"


def test_meters_are_reset_in_another_mode_than_sas_only() -> None:
    bench = with_meters()
    assert [m["pyd"] for m in bench.tell(MeterReset())] == ["-1"]
    assert bench.device.memory.meter("0500") == 42
    bench = with_meters(coms={"comsMode": 1})
    assert [(m["typ"], m["pyd"]) for m in bench.tell(MeterReset())] == [("rsp", "00")]
    assert bench.device.memory.meter("0500") == 0
    assert bench.saved == {"locked": False, "config": {}}


@pytest.mark.parametrize(("area", "left"), [(1, 0), (2, 0), (3, 42), (4, 42)])
def test_an_area_of_the_nvs_is_cleared(area: int, left: int) -> None:
    bench = with_meters()
    bench.tell(Command(LOCK, None))
    done, idle = bench.tell(NvsClear(sas.nvs_frame(area)))
    assert done == {"typ": "srsp", "rly": RELAY, "sta": "162", "pyd": sas.nvs_result(done=True)}
    assert (idle["typ"], idle["pyd"]) == ("exp", "00")
    assert bench.device.memory.meter("0500") == left
    assert bench.device.locked


@pytest.mark.parametrize("frame", ["", "E101059999", "E101020000", "zz"])
def test_an_nvs_frame_that_is_none_has_failed(frame: str) -> None:
    bench = with_meters()
    failed, _ = bench.tell(NvsClear(frame))
    assert failed["pyd"] == sas.nvs_result(done=False)
    assert bench.device.memory.meter("0500") == 42


@pytest.mark.parametrize("topic", [ALL_BOARDS, f"sas/relay/{RELAY}"])
def test_a_push_is_answered_by_the_board_that_it_names(topic: str) -> None:
    bench = with_meters()
    (answer,) = bench.tell(MeterPush(RELAY), topic)
    assert sas.decode_answer(answer["pyd"]) == MeterAnswer(
        tuple((code, bench.device.memory.meter(code)) for code in TEN)
    )
    assert bench.tell(MeterPush("e831cdfa8385"), topic) == []
    assert bench.tell(MeterPush(RELAY, "12"), topic) == []
    assert bench.device.counters["other-relay"] == 2


def test_meters_survive_a_power_loss() -> None:
    bench = with_meters()
    bench.power_off()
    bench.power_on()
    bench.wait(BOOT_MS)
    bench.accept()
    assert bench.device.memory.meter("0500") == 42
