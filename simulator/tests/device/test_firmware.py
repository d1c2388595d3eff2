"""Firmware updates: download, restart into the new version, roll-back (contract, section 4)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.device.effects import Download
from simulator.device.firmware import CONFIRM_MS, LIMIT_BYTES, TIMEOUT_MS
from simulator.device.image import firmware_image
from simulator.device.link import Refusal
from simulator.device.memory import Memory
from simulator.device.transitions import State
from simulator.tests.device.bench import BOOT_MS, Bench, Said, kinds
from wire.commands import LOCK, RESTART
from wire.components import COMPONENTS
from wire.orders import Command, FirmwareOrder

FIVE = [f"cfg {name}" for name in COMPONENTS]
NEW = firmware_image("smib", "2.0.0", 1_000)
ORDER = FirmwareOrder("wifi.bin")


def told(said: list[Said]) -> list[str]:
    return [f"{m['typ']} {m['pyd']}".strip() for m in said if m["typ"] != "cfg"]


def version(bench: Bench) -> Any:
    return bench.values("app")["version"]


def loading(**options: Any) -> Bench:
    """A bench whose device is half-way through a download."""
    bench = Bench(**options).started()
    bench.tell(ORDER)
    bench.does("download_progress", 500, 1_000)
    return bench.forget()


def back(bench: Bench) -> list[str]:
    """What it tells when it has booted and is connected again."""
    bench.forget().wait(2 * BOOT_MS)
    bench.accept()
    return told(bench.said)


class TestTheOrder:
    def test_it_is_acknowledged_at_once_and_a_download_is_asked_for(self) -> None:
        bench = Bench({"ota": {"otaURL": "http://ota.example/fw/"}}).started()
        assert told(bench.tell(ORDER)) == ["OTA_PROGRESS 0"]
        assert bench.download == Download("http://ota.example/fw/wifi.bin", LIMIT_BYTES, TIMEOUT_MS)

    @pytest.mark.parametrize(
        ("prefix", "url"),
        [
            ("http://h/fw", "http://h/fw/wifi.bin"),
            ("http://h", "http://h/wifi.bin"),
            ("https://h/get?file=", "https://h/get?file=wifi.bin"),
        ],
    )
    def test_the_file_is_looked_for_under_the_url(self, prefix: str, url: str) -> None:
        bench = Bench({"ota": {"otaURL": prefix}}).started()
        bench.tell(ORDER)
        assert bench.download is not None
        assert bench.download.url == url

    @pytest.mark.parametrize(
        "name", ["", "../wifi.bin", "a/b", "http://evil/x", "a\r\nb", ".bin", "x" * 65, "a b"]
    )
    def test_what_is_no_file_name_fails_at_once(self, name: str) -> None:
        bench = Bench().started()
        (failed,) = bench.tell(FirmwareOrder(name))
        assert failed["typ"] == "OTA_FAILED"
        assert failed["pyd"].endswith("a file name was wanted")
        assert len(failed["pyd"]) < 200
        assert bench.download is None

    def test_the_same_order_again_is_acknowledged_and_another_one_fails(self) -> None:
        bench = loading()
        assert told(bench.tell(ORDER)) == ["OTA_PROGRESS 50"]
        assert told(bench.tell(FirmwareOrder("other.bin"))) == ["OTA_FAILED other.bin: busy with wifi.bin"]
        assert told(bench.receives(NEW)) == ["OTA_PROGRESS 100"]

    def test_every_tenth_part_is_told_once(self) -> None:
        bench = Bench().started()
        bench.tell(ORDER)
        said = [told(bench.does("download_progress", received, 1_000)) for received in range(0, 1_001, 25)]
        assert [p for parts in said for p in parts] == [f"OTA_PROGRESS {p}" for p in range(10, 100, 10)]
        assert bench.does("download_progress", 5, None) == []


class TestANewVersion:
    def test_the_board_restarts_into_it_and_says_so_when_it_is_connected(self) -> None:
        bench = loading()
        assert told(bench.receives(NEW)) == ["OTA_PROGRESS 100"]
        assert bench.device.state is State.BOOTING
        assert back(bench) == ["NETWORK_CONNECTED", "MACHINE_RESTART", "OTA_COMPLETE 2.0.0"]
        assert kinds(bench.said)[2:7] == FIVE
        assert version(bench) == "2.0.0"

    def test_it_survives_a_power_loss_and_the_process(self) -> None:
        bench = loading()
        bench.receives(NEW)
        back(bench)
        assert bench.saved is not None
        again = Bench(memory=Memory.from_dict(bench.factory, bench.saved))
        assert version(again.started()) == "2.0.0"
        bench.power_off()
        bench.power_on()
        assert back(bench) == ["NETWORK_CONNECTED"]
        assert version(bench) == "2.0.0"

    def test_it_can_be_installed_once_more(self) -> None:
        bench = loading()
        bench.receives(NEW)
        back(bench)
        bench.tell(ORDER)
        bench.receives(NEW)
        assert back(bench)[-1] == "OTA_COMPLETE 2.0.0"

    def test_a_locked_machine_is_updated_and_stays_locked(self) -> None:
        bench = loading()
        assert kinds(bench.tell(Command(LOCK, None))) == ["MACHINE_LOCKED"]
        bench.receives(NEW)
        assert back(bench)[-1] == "OTA_COMPLETE 2.0.0"
        assert bench.device.locked


class TestFailure:
    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (NEW[:-1], "truncated"),
            (NEW[:-1] + b"!", "wrong checksum"),
            (b"<html>", "not a firmware image"),
            (firmware_image("toaster", "2.0.0", 10), "an image for toaster"),
        ],
    )
    def test_what_is_not_sound_is_not_installed(self, data: bytes, why: str) -> None:
        bench = loading()
        assert told(bench.receives(data)) == [f"OTA_FAILED wifi.bin: {why}"]
        assert bench.device.state is State.ONLINE
        assert version(bench) == "1.0.0"
        assert told(bench.tell(ORDER)) == ["OTA_PROGRESS 0"]

    def test_what_does_not_come_has_failed_for_its_reason(self) -> None:
        bench = loading()
        bench.download = None
        assert told(bench.does("download_failed", "not found (404)")) == [
            "OTA_FAILED wifi.bin: not found (404)"
        ]
        assert bench.does("download_failed", "late") == []
        assert bench.device.counters["out-of-turn"] == 1

    def test_a_power_cut_half_way_leaves_the_old_version_and_is_told_afterwards(self) -> None:
        bench = loading()
        bench.power_off()
        assert bench.download is None
        bench.power_on()
        assert back(bench) == ["NETWORK_CONNECTED", "OTA_FAILED wifi.bin: power lost"]
        assert version(bench) == "1.0.0"
        bench.power_off()
        bench.power_on()
        assert back(bench) == ["NETWORK_CONNECTED"]

    def test_a_process_that_ended_half_way_is_a_power_cut(self) -> None:
        bench = loading()
        assert bench.saved is not None
        again = Bench(memory=Memory.from_dict(bench.factory, bench.saved))
        again.power_on()
        assert back(again) == ["NETWORK_CONNECTED", "OTA_FAILED wifi.bin: power lost"]

    def test_a_restart_ends_the_download(self) -> None:
        bench = loading()
        assert told(bench.tell(Command(RESTART, None))) == ["OTA_FAILED wifi.bin: restarted"]
        assert bench.download is None
        assert back(bench) == ["NETWORK_CONNECTED", "MACHINE_RESTART"]

    def test_new_connection_values_end_it_and_other_configuration_does_not(self) -> None:
        bench = loading()
        bench.tell({"typ": "cfg", "comp": "ota", "otaURL": "http://elsewhere/"})
        assert bench.download is not None
        said = bench.tell({"typ": "cfg", "comp": "mqtt", "mqttQOS": 1})
        assert told(said) == ["CONFIG_UPDATE mqtt", "OTA_FAILED wifi.bin: new connection settings"]
        assert bench.download is None

    def test_a_build_that_does_not_start_is_rolled_back(self) -> None:
        bench = loading()
        bench.receives(firmware_image("smib", "2.0.0", 10, starts=False))
        failed = "OTA_FAILED wifi.bin: 2.0.0 does not start"
        assert back(bench) == ["NETWORK_CONNECTED", "MACHINE_RESTART", failed]
        assert version(bench) == "1.0.0"

    @pytest.mark.parametrize("refused", [True, False])
    def test_a_version_that_gets_no_connection_is_rolled_back(self, refused: bool) -> None:
        bench = loading()
        bench.receives(NEW)
        end = bench.now_ms + BOOT_MS + CONFIRM_MS
        while bench.now_ms < end:
            assert version(bench) == "2.0.0"
            if refused and bench.wanted is not None:
                bench.refuse(Refusal.UNREACHABLE)
            bench.wait(min(1_000, end - bench.now_ms))
        assert version(bench) == "1.0.0"
        failed = "OTA_FAILED wifi.bin: 2.0.0 got no connection"
        assert back(bench) == ["NETWORK_CONNECTED", "MACHINE_RESTART", failed]

    def test_a_power_cut_before_it_was_connected_rolls_it_back(self) -> None:
        bench = loading()
        bench.receives(NEW)
        bench.wait(BOOT_MS)
        bench.power_off()
        bench.power_on()
        failed = "OTA_FAILED wifi.bin: 2.0.0 lost power before it was connected"
        assert back(bench) == ["NETWORK_CONNECTED", failed]
        assert version(bench) == "1.0.0"


class TestWithoutTheBroker:
    def test_a_download_goes_on_and_its_image_is_installed(self) -> None:
        bench = loading()
        bench.lose()
        bench.does("download_progress", 900, 1_000)
        bench.receives(NEW)
        assert back(bench)[-1] == "OTA_COMPLETE 2.0.0"

    def test_it_is_installed_in_the_middle_of_an_attempt_to_connect(self) -> None:
        bench = loading()
        bench.lose()
        bench.wait(600)
        assert bench.device.state is State.CONNECTING
        bench.receives(NEW)
        assert back(bench)[-1] == "OTA_COMPLETE 2.0.0"

    def test_its_failure_is_told_when_the_broker_is_back(self) -> None:
        bench = loading()
        bench.lose()
        bench.download = None
        bench.does("download_failed", "timed out")
        assert back(bench) == ["NETWORK_CONNECTED", "OTA_FAILED wifi.bin: timed out"]

    def test_it_goes_on_when_the_broker_comes_back_in_the_middle(self) -> None:
        bench = loading()
        bench.lose()
        assert back(bench) == ["NETWORK_CONNECTED"]
        assert told(bench.does("download_progress", 900, 1_000)) == ["OTA_PROGRESS 90"]
