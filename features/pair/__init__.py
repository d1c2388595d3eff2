"""A second conforming pair: a CMS and a SMIB on other libraries than ours (aiohttp, gmqtt).

Written from the specification and the contract alone. Nothing in here imports ``wire``, ``cms`` or
``simulator``: where the two pairs agree, the contract is clear; where a scenario fails on this
one, either is wrong.
"""
