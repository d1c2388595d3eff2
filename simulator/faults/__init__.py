"""Boards and lines that misbehave: wrappers, never an `if` in the device (design, rule 3).

Everything here is pure; what happens when is in `simulator.session.affliction`, and the line in
`simulator.link.faulty_link`. A fault is a mapping, in a fleet file, over the control interface and in a step:

    {kind: silent, kinds: [cfg]}         applies everything, publishes no answer; still beats its heart
    {kind: slow, ms: 500}                hears every message that much later, in order
    {kind: drop, probability: 0.1}       loses messages
    {kind: duplicate, probability: 0.1}  has messages twice
    {kind: reorder, probability: 0.1}    lets a message be overtaken by the one that follows it
    {kind: corrupt, probability: 0.1}    has one byte of a message changed
    {kind: wrong-rly}                    speaks under the id of another board
    {kind: stale}                        answers with the values from before the last change
    {kind: partial, fields: [netStaSSID]}    leaves fields out of its answers
    {kind: clock-skew, ms: 45000}        its clock is ahead (or behind, below 0)
    {kind: reboot-loop, every_ms: 10000} loses its power and gets it back, again and again
    {kind: storm, per_s: 50}             cries without end
    {kind: flapping, up_ms: 5000, down_ms: 2000}     its connection breaks again and again
    {kind: half-open, after_ms: 1000}    its connection stands and nothing passes any more
    {kind: client-id-clash, client_id: smib-1}       connects with an id that another one has
    {kind: bad-credentials}              connects with a password that is not its own

`simulator.faults.spec` is the table of their fields. Any of them takes ``share``, the part of the devices it
is given to that really have it: ``{kind: silent, share: 0.1}`` is one device in ten.
"""

from simulator.device.dice import Dice
from simulator.faults.answers import Skewed, Stale
from simulator.faults.fault import Arrival, Fault, Faults, FaultSpec, Patient
from simulator.faults.line import SOUND, Line
from simulator.faults.messages import ANSWERS, Chance, Reorder, Silent, Slow, corrupt, drop, duplicate
from simulator.faults.spec import KINDS, AnyFault, fault_from, fault_problems, share_of
from simulator.faults.timed import RebootLoop, Storm, TimedFault

__all__ = [
    "ANSWERS",
    "KINDS",
    "SOUND",
    "AnyFault",
    "Arrival",
    "Chance",
    "Dice",
    "Fault",
    "FaultSpec",
    "Faults",
    "Line",
    "Patient",
    "RebootLoop",
    "Reorder",
    "Silent",
    "Skewed",
    "Slow",
    "Stale",
    "Storm",
    "TimedFault",
    "corrupt",
    "drop",
    "duplicate",
    "fault_from",
    "fault_problems",
    "share_of",
]
