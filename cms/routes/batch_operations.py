"""What the documentation says of orders to many cabinets."""

from __future__ import annotations

from cms.handlers.selection import MAX_CABINETS
from cms.progress import Progress
from cms.routes.endpoint import Operation, Parameter
from cms.routes.operations import BODY_FAILURES
from cms.schemas import (
    CABINET_ID,
    DELIVERY,
    FLAG,
    ID_PATTERN,
    RELAY_ID,
    TEXT,
    TIMESTAMP,
    Schema,
    listed,
    order_parts,
    record,
    success,
)
from cms.smib_state import STATES

_COUNT: Schema = {"type": "integer", "minimum": 0}
_PROGRESS: Schema = {"type": "string", "enum": [*map(str, Progress)]}
_WORD: Schema = {"type": "string", "minLength": 1, "maxLength": 256}
SELECTION = record(
    {},
    {
        "location": _WORD,
        "state": {"type": "string", "enum": list(STATES)},
        "firmware": _WORD,
        "q": _WORD,
        "online": FLAG,
        "drift": FLAG,
        "all": {"type": "boolean", "enum": [True]},
    },
    minProperties=1,
)
CABINET_IDS: Schema = {
    "type": "array",
    "items": CABINET_ID,
    "minItems": 1,
    "maxItems": MAX_CABINETS,
    "uniqueItems": True,
}
_SUMMARY = {
    "id": TEXT,
    "state": {"type": "string", "enum": ["storing", "running", "done"]},
    "user": TEXT,
    "at": TIMESTAMP,
    "endedAt": {**TIMESTAMP, "nullable": True},
    "order": {"type": "object"},
    "selection": {"type": "object"},
    "total": _COUNT,
    "counts": record({str(one): _COUNT for one in Progress}),
}
_FIRMWARE = record(
    {
        "relayId": RELAY_ID,
        "version": TEXT,
        "state": _PROGRESS,
        "at": TIMESTAMP,
        "percent": {"type": "integer", "minimum": 0, "maximum": 100},
        "detail": TEXT,
    }
)
_PART = record(
    {"cabinetId": CABINET_ID, "state": _PROGRESS, "detail": TEXT, "orders": listed(DELIVERY)},
    {"firmware": _FIRMWARE},
)
DETAIL = record({**_SUMMARY, "cabinets": listed(_PART)})
BATCH_ID = Parameter(
    "batchId", "path", {"type": "string", "pattern": ID_PATTERN}, "The batch's id", required=True
)
KEY = Parameter(
    "Idempotency-Key",
    "header",
    {"type": "string", "pattern": ID_PATTERN},
    "A name of your own for this request: sent again, it is not done again, and answered with the same batch",
)
DRY_RUN = Parameter(
    "dryRun",
    "query",
    {"type": "string", "enum": ["true", "false"]},
    "Only tell the `cabinets`, change nothing",
)
GIVE = Operation(
    "orderAtMany",
    "batches",
    "Give one order to many cabinets",
    f"The body of a single order, and `cabinets`, a list of ids, or a `selection`: those that fit all of it, "
    f"at most {MAX_CABINETS}. Refused as a whole, and nothing is stored, where a value is wrong, a cabinet "
    "unknown, or the selection fits none. Else stored for each cabinet in a transaction of its own, and sent "
    "by the outbox: a command within 30 s or never. 202 says that it is stored; `counts` and `cabinets`, "
    "here, on `GET /api/batches/{batchId}` and as frames `batch` of the floor stream, how far it is.",
    success({"data": DETAIL}),
    parameters=(KEY, DRY_RUN),
    body=record({}, {"cabinets": CABINET_IDS, "selection": SELECTION, **order_parts()}, minProperties=2),
    examples={
        "location": {"selection": {"location": "Main Floor"}, "smibConfig": {"coms": {"comsRateMs": 200}}},
        "list": {"cabinets": ["cab-1", "cab-2"], "machineControl": "LOCK MACHINE"},
    },
    failures=(*BODY_FAILURES, 409, 429, 503),
    status=202,
    headers={"Location": "Where the batch is"},
)
LIST = Operation(
    "listBatches",
    "batches",
    "The last orders to many cabinets",
    "Newest first, without their cabinets. The last 200 are kept.",
    success({"data": listed(record(_SUMMARY)), "count": _COUNT}),
    parameters=(
        Parameter(
            "limit",
            "query",
            {"type": "integer", "minimum": 1, "maximum": 200},
            "How many at most, 20 by default",
        ),
    ),
    failures=(400, 503),
)
READ = Operation(
    "readBatch",
    "batches",
    "How far an order to many cabinets is",
    "`counts` has how many cabinets are how far: `pending`, not stored yet; `stored`, with nothing to send; "
    "`waiting` for the broker; `sent`; `confirmed`; or not well, with the reason in `detail`. A cabinet with "
    "several orders is as far as the worst of them. `done` once nothing more will come.",
    success({"data": DETAIL}),
    parameters=(BATCH_ID, Parameter("state", "query", _PROGRESS, "Only the cabinets that are so far")),
    failures=(400, 404, 503),
)
