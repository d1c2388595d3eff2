"""Hostile messages, of which scripts/bench sends 100,000: routing is unharmed, and memory does not grow."""

from __future__ import annotations

import random

from scripts.benchmarks.hostile import BETWEEN, attack

MESSAGES = 5_000
GROWTH_MB = 32


def test_routing_is_unharmed_and_memory_flat() -> None:
    found = attack(MESSAGES, random.Random(1))
    assert found.missing == 0
    assert found.routed + found.refused == MESSAGES + MESSAGES // BETWEEN
    assert found.refused > MESSAGES // 2
    assert found.late_mb < found.early_mb + GROWTH_MB
