"""The harness: scenarios by section of the contract, steps by actor, clients that look on from outside.

Nothing here imports ``cms`` or ``simulator``: a subject is a command line, a URL or a broker (design,
section 2), so that a foreign CMS or a real SMIB can stand in its place.
"""
