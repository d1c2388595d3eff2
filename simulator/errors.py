"""Everything that the simulator raises on purpose, each with a sentence that can be shown as it stands.

The tree:

    SimulatorError                 the root: catch this at a program's border
    └── BrokerError                the broker of the lab did not start, or did not stay up
        ├── PortTaken              the user's: another program listens there already
        ├── BrokerNotInstalled     the machine's: the broker asked for is not on it
        └── ProtocolViolation      a client's: it sent what MQTT 3.1.1 forbids; its connection is closed
"""

from __future__ import annotations


class SimulatorError(Exception):
    """The root of the simulator's errors."""


class BrokerError(SimulatorError):
    """The broker did not start, or did not stay up."""


class PortTaken(BrokerError):
    """Another program listens on `port` already, or this user may not."""

    def __init__(self, what: str, host: str, port: int, option: str, reason: str) -> None:
        super().__init__(
            f"The broker can't listen on {host} port {port} ({what}): {reason}. "
            f"Stop the program that uses it, or choose another port with {option} (0 = any free port)."
        )
        self.host = host
        self.port = port
        self.option = option


class BrokerNotInstalled(BrokerError):
    """The program of the broker asked for is not on this machine."""


class ProtocolViolation(BrokerError):
    """A client sent bytes that are not MQTT 3.1.1."""
