"""What the audit trail costs: the same orders on the same storage, with and without it."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median
from unittest import mock

from cms.cabinet import Cabinet, ConfigChange
from cms.store import sqlite_audit
from cms.store.sqlite import SqliteStore
from scripts.benchmarks.table import show

AT_ONCE = 64
CABINETS = 200
ROUNDS = 5


async def audit_cost(orders: int) -> None:
    """``orders`` each way, in turns, and how much of the disk an order takes."""
    rates, plain_rates = [], []
    for _ in range(ROUNDS):
        found, size = await _measured(orders)
        with mock.patch.object(sqlite_audit, "append"):
            plain, plain_size = await _measured(orders)
        rates.append(found)
        plain_rates.append(plain)
    rate, plain_rate = median(rates), median(plain_rates)
    rows = [
        ("with the audit trail", f"{rate:,.0f}", f"{rate / plain_rate:.2f}", f"{size:,.0f}"),
        ("without", f"{plain_rate:,.0f}", "1.00", f"{plain_size:,.0f}"),
    ]
    show(
        f"{orders:,} orders straight to SQLite, median of {ROUNDS}",
        ("storage", "orders/s", "ratio", "bytes of an order"),
        rows,
    )


async def _measured(orders: int) -> tuple[float, float]:
    """Orders a second, and the bytes that each left in the file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cms.sqlite3"
        store = SqliteStore(file, clock_ms=lambda: time.time_ns() // 1_000_000)
        await store.open()
        await store.add_cabinets([Cabinet(f"cab-{n}", f"e831cd{n:06x}") for n in range(CABINETS)])
        numbers = iter(range(orders))

        async def order() -> None:
            for number in numbers:
                change = ConfigChange({"coms": {"comsRateMs": 40 + number}})
                await store.order(f"cab-{number % CABINETS}", change)

        began = time.perf_counter()
        await asyncio.gather(*(order() for _ in range(AT_ONCE)))
        rate = orders / (time.perf_counter() - began)
        await store.close()
        return rate, file.stat().st_size / orders
