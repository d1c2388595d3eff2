"""One virtual SMIB as a pure state machine: what it is told is an argument, what it does is data.

    device.py         Device: inputs in, effects out; the one class that a session needs
    transitions.py    which input does what in which state: the literal table
    effects.py        what a session has to carry out, and how
    link.py           LinkSettings: everything that a connection needs, made from the values in force
    memory.py         the board's NVS: configuration in force and last working, lock, meters
    reception.py      bytes from the broker made into an input
    route.py          reports of the board made into messages for its topics
    board.py          the data that the actions below work on
    lifecycle.py      boot, connect, announce, heartbeat, restart, fall back
    configuration.py  requests and updates (contract, section 3)
    machine.py        lock, meters and NVS orders (contract, section 4)

Nothing in here knows asyncio, an MQTT library, a clock or randomness.
"""
