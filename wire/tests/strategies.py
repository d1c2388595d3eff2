"""Hypothesis strategies for everything that the wire can carry."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from wire import orders, reports
from wire.commands import COMMANDS, EVENTS
from wire.relay import canonical_relay_id
from wire.timestamps import format_timestamp

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
relay_ids = st.from_regex(r"[A-Za-z0-9_.:-]{1,64}", fullmatch=True).map(canonical_relay_id)
timestamps = st.integers(0, 4_102_444_800_000).map(format_timestamp)
hexes = st.binary(max_size=40).map(lambda data: data.hex().upper())

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
json_objects = st.dictionaries(texts, json_values, max_size=6)


def values_beside(*reserved: str, min_size: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """Fields of a component, none of them called like a member that the message has already."""
    return st.dictionaries(
        texts.filter(lambda name: name not in reserved), json_values, min_size=min_size, max_size=6
    )


some_orders: st.SearchStrategy[orders.Order] = st.one_of(
    st.builds(orders.ConfigRequest, texts),
    st.builds(orders.ConfigUpdate, texts, values_beside("typ", "comp", "command", "action", min_size=1)),
    st.builds(
        orders.BulkUpdate,
        st.dictionaries(texts, st.dictionaries(texts, json_values, max_size=4), max_size=4),
        st.none() | texts,
        st.none() | timestamps,
    ),
    st.builds(orders.Command, st.sampled_from(COMMANDS), st.none() | timestamps),
    st.builds(orders.Probe, timestamps, texts),
    st.just(orders.Restart()),
    st.builds(orders.LongPoll, hexes, texts),
    st.just(orders.MeterReset()),
    st.builds(orders.FirmwareOrder, texts),
    st.builds(orders.NvsClear, hexes, texts),
    st.builds(orders.MeterPush, relay_ids, texts),
)

some_reports: st.SearchStrategy[reports.Report] = st.one_of(
    st.builds(
        reports.ConfigAnswer, relay_ids, texts, values_beside("rly", "typ", "comp", "err"), st.none() | texts
    ),
    st.builds(reports.MachineAnswer, relay_ids, texts, hexes, texts),
    st.builds(reports.NvsAnswer, relay_ids, texts, hexes),
    st.builds(
        reports.Event, st.sampled_from(sorted(EVENTS)), relay_ids, texts, texts, texts, st.none() | timestamps
    ),
    st.builds(reports.SasException, relay_ids, texts, hexes, texts, st.none() | timestamps),
)
