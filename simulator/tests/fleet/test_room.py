"""What a machine must have for a fleet is looked at before the ramp, and told with its cure."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from simulator.errors import ShortageError
from simulator.fleet.room import (
    addresses_of,
    check_broker,
    check_memory,
    check_ports,
    check_room,
    is_here,
    listener,
)
from wire.address import parse_address

BROKER = parse_address("mqtt://u:hunter2@127.0.0.1:1883")
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:075B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0
   1: 0100007F:C350 0100007F:075B 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0
"""


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine of 1,000 MiB and 100 ports on which process 42 listens on 1883 and may have 1,024 files."""
    for file, text in {
        "meminfo": "MemTotal:  9999999 kB\nMemAvailable:   1024000 kB\n",
        "sys/net/ipv4/ip_local_port_range": "40001\t40100\n",
        "net/tcp": TCP,
        "42/limits": "Limit    Soft Limit  Hard Limit  Units\nMax open files    1024   4096   files\n",
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    (tmp_path / "42/fd").mkdir()
    (tmp_path / "42/fd/5").symlink_to("socket:[4711]")
    return tmp_path


def test_a_machine_that_has_room_is_no_word_of(proc: Path) -> None:
    check_room(100, 2, BROKER, (), proc)
    check_ports(300, 3, proc)


def test_a_system_that_tells_nothing_is_taken_to_have_room(tmp_path: Path) -> None:
    check_room(10**6, 8, BROKER, (), tmp_path)
    check_memory(10**6, 8, tmp_path, tmp_path)


def test_ports_that_run_out_are_more_addresses(proc: Path) -> None:
    with pytest.raises(ShortageError) as told:
        check_ports(250, 2, proc)
    assert "250 connections to one broker need as many ports, and an address has 100" in str(told.value)
    assert "--bind-address for 3 addresses in all was wanted" in str(told.value)


def test_memory_that_is_short_is_more_machines(proc: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ShortageError, match=r"need some 1331 MiB of memory, and 1000 MiB are free: .*--shard"
    ):
        check_memory(100_000, 2, proc)
    (tmp_path / "memory.max").write_text("104857600\n")
    (tmp_path / "memory.current").write_text("52428800\n")
    with pytest.raises(ShortageError, match="and 50 MiB are free"):
        check_memory(10, 1, proc, tmp_path)


def test_memory_that_files_take_is_free(proc: Path, tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("104857600\n")
    (tmp_path / "memory.current").write_text("104857600\n")
    (tmp_path / "memory.stat").write_text("anon 1048576\ninactive_file 52428800\nactive_file 0\n")
    with pytest.raises(ShortageError, match="and 50 MiB are free"):
        check_memory(10, 1, proc, tmp_path)
    (tmp_path / "memory.stat").write_text("inactive_file 94371840\n")
    check_memory(10, 1, proc, tmp_path)


def test_a_broker_that_may_not_take_them_is_named(proc: Path) -> None:
    check_broker(900, BROKER, proc)
    check_broker(5_000, parse_address("mqtt://192.0.2.7"), proc)
    with pytest.raises(ShortageError) as told:
        check_broker(1_000, BROKER, proc)
    assert "(pid 42) may have 1024 files open" in str(told.value)
    assert "ulimit -n 1050" in str(told.value)
    assert "hunter2" not in str(told.value)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="it is Linux's /proc that tells")
def test_who_listens_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert listener(server.getsockname()[1]) == os.getpid()


def test_what_is_this_machine() -> None:
    assert [is_here(host) for host in ("127.0.0.7", "::1", "localhost")] == [True] * 3
    assert not is_here("192.0.2.7")
    assert not is_here("broker")


def test_an_address_of_another_machine_is_refused() -> None:
    assert addresses_of(["127.0.0.1", "127.0.0.2"]) == ["127.0.0.1", "127.0.0.2"]
    with pytest.raises(ShortageError, match=r"^--bind-address 192.0.2.7: an address of this machine"):
        addresses_of(["127.0.0.1", "192.0.2.7"])
