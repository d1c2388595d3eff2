"""What can be the matter with a gaming machine, and how it is told (contract, section 4).

Interpretations:

- INT-14: Doors are told by SAS exceptions alone, for the contract's list of events has none for them.
- INT-15: A tilt is a ``HARDWARE_ERROR``, a bill jam a ``VALIDATOR_ERROR``; that one of them is over is told
  by SAS where SAS has a code for it, and else by nothing.
- INT-19: Of a door that was opened while the board had no connection the board tells when it is back, once,
  how it stands then. It is a fact of the machine: it outlasts power losses and is not cleared with the NVS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that can be the matter: its SAS exceptions when it begins and when it is over, and the
    event (with its ``pyd``) that is sent when it begins."""

    name: str
    bit: int
    begun: str
    over: str = ""
    event: str = ""
    pyd: str = ""


SLOT_DOOR = Condition("slot door", 1, "11", "12")
DROP_DOOR = Condition("drop door", 2, "13", "14")
CARD_CAGE = Condition("card cage", 4, "15", "16")
CASHBOX_DOOR = Condition("cashbox door", 8, "19", "1A")
TILT = Condition("tilt", 16, "20", event="HARDWARE_ERROR", pyd="tilt")
BILL_JAM = Condition("bill jam", 32, "28", event="VALIDATOR_ERROR", pyd="bill jam")
STACKER_FULL = Condition("stacker full", 64, "27", "1C", event="BILL_STACKER_FULL")
HANDPAY = Condition("handpay", 128, "51", "52")

ALL = (SLOT_DOOR, DROP_DOOR, CARD_CAGE, CASHBOX_DOOR, TILT, BILL_JAM, STACKER_FULL, HANDPAY)
CONDITIONS: Mapping[str, Condition] = {condition.name: condition for condition in ALL}

DOORS = SLOT_DOOR.bit | DROP_DOOR.bit | CARD_CAGE.bit | CASHBOX_DOOR.bit
HOLDS_PLAY = DOORS | TILT.bit | HANDPAY.bit
"""With any of these the machine plays no game and pays nothing out."""
HOLDS_BILLS = HOLDS_PLAY | BILL_JAM.bit | STACKER_FULL.bit
"""With any of these it takes no bill."""
OF_VALIDATOR = BILL_JAM.bit | STACKER_FULL.bit


def among(bits: int) -> Iterator[Condition]:
    """The conditions whose bits are set."""
    return (condition for condition in ALL if condition.bit & bits)
