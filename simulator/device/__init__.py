"""One virtual SMIB as a pure state machine: what it is told is an argument, what it does is data.

    device.py         Device: inputs in, effects out; the one class that a session needs
    transitions.py    which input does what in which state: the literal table
    effects.py        what a session has to carry out, and how
    link.py           LinkSettings: everything that a connection needs, made from the values in force
    memory.py         the board's NVS: configuration in force and last working, lock, and what follows
    meters.py         the machine's meters
    cabinet.py        what is the matter with the machine, and how full its validator is
    conditions.py     what can be the matter with it: the table of doors, tilts, jams …
    installation.py   a firmware update that is under way
    reception.py      bytes from the broker made into an input
    route.py          reports of the board made into messages for its topics
    board.py          the data that the actions below work on
    lifecycle.py      boot, connect, announce, heartbeat, restart, fall back
    configuration.py  requests and updates (contract, section 3)
    machine.py        lock, meters and NVS orders (contract, section 4)
    game.py           games, bills, cash-outs, doors, tilts, handpays
    play.py           how a machine is played, and how a fleet file says it
    dice.py           where chance comes from: an argument
    telling.py        events and SAS exceptions of one happening at the machine
    firmware.py       updates over HTTP: download, restart into the new version, roll-back
    image.py          the firmware image and how it is verified

Nothing in here knows asyncio, an MQTT library, a clock or randomness.
"""
