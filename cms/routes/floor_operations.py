"""What the documentation says of the endpoints that watch the floor."""

from __future__ import annotations

from cms.routes.endpoint import Operation, Parameter
from cms.schemas import CABINET_ID, FLAG, RELAY_ID, TEXT, TIMESTAMP, Schema, listed, record, success
from cms.smib_state import ERROR_KINDS, STATES

_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number", "minimum": 0}
_MAYBE_NUMBER: Schema = {**_NUMBER, "nullable": True}
_MAYBE_TEXT: Schema = {**TEXT, "nullable": True}
_MAYBE_FLAG: Schema = {**FLAG, "nullable": True}
_MAYBE_TIME: Schema = {"type": "string", "format": "date-time", "nullable": True}
_STATE: Schema = {"type": "string", "enum": list(STATES)}
_COUNTS: Schema = {"type": "object", "additionalProperties": _COUNT}
_RATES = record({"total": _COUNT, "perSecond1m": _NUMBER, "perSecond5m": _NUMBER})
_ANSWERS = record({"count": _COUNT, "p50Ms": _MAYBE_NUMBER, "p95Ms": _MAYBE_NUMBER})
_UNKNOWN = record(
    {
        "messages": _COUNT,
        "recent": listed(record({"relayId": RELAY_ID, "messages": _COUNT, "lastSeen": TIMESTAMP})),
    }
)
_FLOOR = record(
    {
        **dict.fromkeys(("cabinets", "online", "offline", "outOfStep", "reconnects"), _COUNT),
        "states": record(dict.fromkeys(STATES, _COUNT)),
        "messages": _RATES,
        "answers": _ANSWERS,
        "errors": record(dict.fromkeys(ERROR_KINDS, _COUNT)),
        "unknown": _UNKNOWN,
    }
)
_SERVICE = record(
    {
        "uptimeS": _NUMBER,
        "broker": record({"connected": FLAG, "failure": _MAYBE_TEXT, "connects": _COUNT}),
        "outbox": record({"waiting": _COUNT, "unconfirmed": _COUNT, "oldestAgeS": _MAYBE_NUMBER}),
        "batches": record(dict.fromkeys(("open", "total"), _COUNT)),
        "streams": record(dict.fromkeys(("relay", "floor", "limit"), _COUNT)),
        "queues": record({"routed": _COUNT, "dropped": _COUNT, "refused": _COUNTS}),
        "frames": _COUNT,
    }
)
_CABINET = record(
    {
        "id": CABINET_ID,
        "relayId": RELAY_ID,
        **dict.fromkeys(("name", "location", "assetNumber", "serialNumber", "game"), TEXT),
        "state": _STATE,
        "online": FLAG,
        "locked": _MAYBE_FLAG,
        "restarting": FLAG,
        "installing": FLAG,
        "updating": listed(TEXT),
        "inStep": _MAYBE_FLAG,
        "firmware": _MAYBE_TEXT,
        "lastSeen": _MAYBE_TIME,
        "messages": _RATES,
        "answers": _ANSWERS,
        "errors": _COUNTS,
        "reconnects": _COUNT,
    }
)
_WHERE = (
    Parameter("location", "query", TEXT, "Only cabinets of this location, whole, in any case"),
    Parameter("cabinet", "query", CABINET_ID, "Only the cabinet with this id"),
)

EVENTS = Operation(
    "streamFloor",
    "floor",
    "Everything that happens on the floor, as it happens",
    "Server-sent events. First `connected`, then the floor as it is in one or more `snapshot` frames (`part` "
    "of `parts`), then `state` with all of a cabinet whenever it changes, `removed`, `event` for what a SMIB "
    "reports, `config` when it answered or confirmed a component, `heartbeat` every 5 s. A reader that is "
    "too slow gets `dropped` with the number of missed frames, and a new snapshot. Frames have ids: a client "
    "that sends `Last-Event-ID` goes on where it was, where that is not too long ago, and `resumed` says so. "
    "No frame holds a secret.",
    TEXT,
    parameters=(
        *_WHERE,
        Parameter("Last-Event-ID", "header", TEXT, "The id of the last frame that was seen"),
    ),
    failures=(400, 404, 503),
    media="text/event-stream",
)
MONITORING = Operation(
    "readMonitoring",
    "floor",
    "The floor and the service in figures",
    "Of each cabinet its state, message rates, answer times, errors and reconnects; of the floor the same in "
    "all; of the service its broker, outbox, streams and queues. The outbox is counted up to 1,000.",
    success(
        {"timestamp": TIMESTAMP, "floor": _FLOOR, "service": _SERVICE, "cabinets": listed(_CABINET)},
    ),
    parameters=(*_WHERE, Parameter("state", "query", _STATE, "Only cabinets in this state")),
    failures=(400, 404, 503),
)
METRICS = Operation(
    "readMetrics",
    "health",
    "The figures of the service for Prometheus",
    "In its text format; no label per device.",
    TEXT,
    media="text/plain",
)
