"""The words of the contract's section 4: machine commands and event names."""

from __future__ import annotations

RESTART = "RESTART"
LOCK = "LOCK MACHINE"
UNLOCK = "UNLOCK MACHINE"
COMMANDS = (RESTART, LOCK, UNLOCK)

COMMAND_LIFE_MS = 30_000
"""How old a command may be, by its own timestamp, and still be executed."""

ONLINE_MS = 180_000
"""A device is online if anything came from it within this time."""

EVENTS = frozenset(
    {
        "BILL_ACCEPTED",
        "BILL_REJECTED",
        "BILL_STACKER_FULL",
        "GAME_PLAYED",
        "GAME_WON",
        "GAME_LOST",
        "JACKPOT_HIT",
        "MACHINE_LOCKED",
        "MACHINE_UNLOCKED",
        "MACHINE_RESTART",
        "CONFIG_UPDATE",
        "NETWORK_CONNECTED",
        "NETWORK_DISCONNECTED",
        "OTA_PROGRESS",
        "OTA_COMPLETE",
        "OTA_FAILED",
        "HARDWARE_ERROR",
        "COMMUNICATION_ERROR",
        "VALIDATOR_ERROR",
        "SYSTEM_ERROR",
        "COMMAND_EXPIRED",
    }
)


def action_of(command: str) -> str:
    """The ``action`` that goes with a command: lower case, ``_`` for blanks."""
    return command.lower().replace(" ", "_")
