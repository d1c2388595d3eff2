"""Everything that the simulator raises on purpose, each with a sentence that can be shown as it stands.

The tree:

    SimulatorError                 the root: catch this at a program's border
    ├── DamagedMemory              the disk's: a stored NVS is not what a board wrote
    ├── FaultSpecError             the user's: a fault of the fleet file can't be made
    ├── PlaySpecError              the user's: the play of the fleet file can't be
    ├── ImageError                 a firmware image is not what it should be; the device's reason to refuse it
    ├── DownloadError              the network's: an image did not come
    ├── BrokerError                the broker of the lab did not start, or did not stay up
    │   ├── PortTaken              the user's: another program listens there already
    │   ├── BrokerNotInstalled     the machine's: the broker asked for is not on it
    │   └── ProtocolViolation      a client's: it sent what MQTT 3.1.1 forbids; its connection is closed
    ├── FleetPlanError             the user's: the fleet that was asked for can't be
    │   ├── FleetFileError         the user's: a fleet file or profile is wrong; every problem with file, line
    │   └── CredentialsError       the user's: so are the devices' own credentials
    ├── ControlError               the control of a fleet can't be served, reached or believed
    │   ├── ControlRequestError    the caller's: what was asked of it is wrong; every problem with its field
    │   └── NoSuchDevice           the caller's: nobody in the fleet is meant by what was asked
    ├── StateDirError              the user's: the folder of --state can't be used
    ├── LinkError                  the network's: a device got no connection to its broker
    │   └── MalformedPacket        a broker's: it sent what MQTT 3.1.1 forbids; that connection is lost
    ├── OnlookerError              the network's: a broker does not let us look on
    ├── RecordError                a device's: it did not answer what it was asked for a profile
    ├── TapeError                  the user's or the disk's: a recording can't be written, read or used
    │   └── TapeLineError          a line of it is wrong; the field and what was wanted
    ├── SummaryError               the user's: a threshold can't be understood, or a report not be used
    ├── FleetPartError             a process of a fleet ended by itself
    ├── ShortageError              the machine's: it has too little of something for the fleet
    └── LabError                   the lab did not start, or a part of it ended by itself
"""

from __future__ import annotations

from dataclasses import dataclass

from wire.errors import Problem


class SimulatorError(Exception):
    """The root of the simulator's errors."""


class DamagedMemory(SimulatorError):
    """A stored NVS can't be read. ``part`` is where, ``wanted`` what should stand there; holds no value."""

    def __init__(self, part: str, wanted: str) -> None:
        super().__init__(f"NVS: {part}: {wanted}")
        self.part = part
        self.wanted = wanted


class FaultSpecError(SimulatorError):
    """A fault of the fleet file can't be made; ``problems`` names every field that is wrong."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class PlaySpecError(SimulatorError):
    """The play of the fleet file can't be; ``problems`` names every field that is wrong."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class ImageError(SimulatorError):
    """A firmware image is not what it should be; the text is a short reason, fit for an event."""


class DownloadError(SimulatorError):
    """An image did not come; the text is a short reason, fit for an event: it names no URL."""


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


class FleetPlanError(SimulatorError):
    """The fleet that was asked for can't be."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing that is wrong in a file: where, which field, what was wanted. Never holds a secret."""

    file: str
    line: int | None
    field: str
    wanted: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.field}: {self.wanted}"


class FleetFileError(FleetPlanError):
    """Everything that is wrong with a fleet file and the profiles that it uses, one line each."""

    def __init__(self, problems: tuple[FileProblem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class CredentialsError(FleetPlanError):
    """What is wrong with the devices' own credentials, one line each; ``more`` are not told."""

    def __init__(self, problems: tuple[FileProblem, ...], more: int = 0) -> None:
        rest = [f"and {more} more"] if more > 0 else []
        super().__init__("\n".join([*map(str, problems), *rest]))
        self.problems = problems


class ControlError(SimulatorError):
    """The control of a fleet can't be served, reached or believed."""


class ControlRequestError(ControlError):
    """What was asked of the control is wrong; ``problems`` names every field."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class NoSuchDevice(ControlError):
    """Nobody in the fleet is meant by what was asked."""


class StateDirError(SimulatorError):
    """The folder that keeps the devices' memories can't be used."""


class LinkError(SimulatorError):
    """No connection to a broker; `reason` is a short word to count by."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class MalformedPacket(LinkError):
    """A broker sent what MQTT 3.1.1 forbids it; the text says what, or what was wanted."""

    def __init__(self, sentence: str) -> None:
        super().__init__("malformed", sentence)


class OnlookerError(SimulatorError):
    """A broker does not let us look on."""

    def __init__(self, broker: str, why: str) -> None:
        super().__init__(f"no connection to the broker {broker}: {why}")
        self.broker = broker
        self.why = why


class RecordError(SimulatorError):
    """A device did not answer, so that no profile can be made of it."""


class TapeError(SimulatorError):
    """A recording can't be written, read or used."""


class TapeLineError(TapeError):
    """A line of a recording is wrong: ``field``, ``wanted``. Its value may be secret, and is not told."""

    def __init__(self, field: str, wanted: str) -> None:
        super().__init__(f"{field}: {wanted}")
        self.field = field
        self.wanted = wanted


class SummaryError(SimulatorError):
    """A threshold can't be understood, or a report of a run not be written."""


class FleetPartError(SimulatorError):
    """A process of a fleet ended by itself; the sentence says which, and how."""


class ShortageError(SimulatorError):
    """The machine has too little of something for the fleet; the sentence names the cure."""


class LabError(SimulatorError):
    """The lab did not start, or a part of it ended by itself."""
