"""Whether this machine has room for a fleet: ports, memory, and what its broker may have open.

Looked at before the ramp, because a fleet that lacks one of these comes up in part, slowly, and says nothing
of why. What a system does not tell (this is read from Linux's /proc) is taken to be enough.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from pathlib import Path

from simulator.errors import ShortageError
from wire.address import BrokerAddress

PROC = Path("/proc")
CGROUP = Path("/sys/fs/cgroup")
KIB_A_DEVICE = 12
MIB_A_PROCESS = 80
BROKER_BESIDE = 50
"""Files that a broker has open beside its connections: logs, libraries, other clients."""
LISTENING = "0A"


def check_room(
    devices: int, processes: int, broker: BrokerAddress, sources: Sequence[str] = (), proc: Path = PROC
) -> None:
    """ShortageError, with the cure, where so many devices can't be run on this machine at that broker.

    `sources` are the addresses that they connect from, none for whatever the system takes.
    """
    check_memory(devices, processes, proc)
    check_ports(devices, len(sources) or 1, proc)
    check_broker(devices, broker, proc)


def check_memory(devices: int, processes: int, proc: Path = PROC, cgroup: Path = CGROUP) -> None:
    """Memory that is free, or what this group of processes is allowed of it."""
    needed = devices * KIB_A_DEVICE // 1024 + processes * MIB_A_PROCESS
    free = [mib for mib in (_free_mib(proc), _allowed_mib(cgroup)) if mib is not None]
    if free and min(free) < needed:
        raise ShortageError(
            f"{devices} devices in {processes} processes need some {needed} MiB of memory, and {min(free)} "
            "MiB are free: a smaller --count, or --shard on more machines, were wanted."
        )


def check_ports(devices: int, sources: int, proc: Path = PROC) -> None:
    """A connection to a broker takes a port of the address that it comes from."""
    found = _numbers(proc / "sys/net/ipv4/ip_local_port_range")
    if len(found) != 2:
        return
    each = found[1] - found[0] + 1
    if devices > each * sources:
        wanted = -(-devices // each)
        raise ShortageError(
            f"{devices} connections to one broker need as many ports, and an address has {each} "
            f"(net.ipv4.ip_local_port_range): --bind-address for {wanted} addresses in all was wanted, as "
            "--bind-address 127.0.0.2 --bind-address 127.0.0.3 for a broker on this machine."
        )


def check_broker(devices: int, broker: BrokerAddress, proc: Path = PROC) -> None:
    """A broker on this machine, if it is one that we may look into: each connection is an open file of it."""
    if not is_here(broker.host):
        return
    pid = listener(broker.port, proc)
    allowed = None if pid is None else _open_files(proc / str(pid) / "limits")
    if allowed is not None and allowed < devices + BROKER_BESIDE:
        raise ShortageError(
            f"the broker at {broker} (pid {pid}) may have {allowed} files open, which is too few for "
            f"{devices} connections: a higher limit for it (ulimit -n {devices + BROKER_BESIDE}, or "
            "LimitNOFILE= of its unit) or a smaller --count were wanted."
        )


def is_here(host: str) -> bool:
    """Whether a host is this machine by its name alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listener(port: int, proc: Path = PROC) -> int | None:
    """The process that listens on a port; None where it is not ours to see."""
    inodes = _listening(port, proc)
    if not inodes:
        return None
    for folder in proc.glob("[0-9]*"):
        try:
            if any(str(file.readlink()) in inodes for file in (folder / "fd").iterdir()):
                return int(folder.name)
        except OSError:  # it ended, or is somebody else's
            continue
    return None


def _listening(port: int, proc: Path) -> set[str]:
    found = set[str]()
    for name in ("tcp", "tcp6"):
        for line in _lines(proc / "net" / name)[1:]:
            fields = line.split()
            if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found


def _open_files(limits: Path) -> int | None:
    row = next((line for line in _lines(limits) if line.startswith("Max open files")), "")
    soft = row.removeprefix("Max open files").split()
    return int(soft[0]) if soft and soft[0].isdecimal() else None


def _free_mib(proc: Path) -> int | None:
    row = next((line for line in _lines(proc / "meminfo") if line.startswith("MemAvailable:")), "")
    return int(row.split()[1]) // 1024 if row else None


def _allowed_mib(cgroup: Path) -> int | None:
    """What files leave in memory counts as used, and is given up when somebody wants it."""
    most, used = (_numbers(cgroup / name) for name in ("memory.max", "memory.current"))
    row = next((line for line in _lines(cgroup / "memory.stat") if line.startswith("inactive_file ")), "")
    spare = int(row.split()[1]) if row else 0
    return (most[0] - used[0] + spare) // 2**20 if most and used else None


def _numbers(file: Path) -> list[int]:
    return [int(word) for line in _lines(file) for word in line.split() if word.isdecimal()]


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []


def addresses_of(texts: Sequence[str]) -> list[str]:
    """Addresses that connections can come from; ShortageError for one that this machine does not have."""
    for text in texts:
        family = socket.AF_INET6 if ":" in text else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((text, 0))
            except OSError as exc:
                raise ShortageError(
                    f"--bind-address {text}: an address of this machine was wanted ({exc})."
                ) from exc
    return list(texts)
