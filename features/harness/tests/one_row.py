"""A pytest plugin that runs one example row of each outline: for a look at all scenarios in a short time."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    first = {item.nodeid.partition("[")[0]: item for item in reversed(items)}
    gone = [item for item in items if first[item.nodeid.partition("[")[0]] is not item]
    items[:] = [item for item in items if first[item.nodeid.partition("[")[0]] is item]
    config.hook.pytest_deselected(items=gone)
