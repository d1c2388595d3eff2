"""What the documentation says of the endpoints that look back, order again, and carry cabinets about."""

from __future__ import annotations

from cms.routes.endpoint import Operation, Parameter
from cms.routes.operations import BODY_FAILURES, CABINET, ETAG, IF_MATCH
from cms.schemas import CABINET_ID, FLAG, TEXT, TIMESTAMP, listed, record, reference, success
from cms.store.entry import State

COUNT = {"type": "integer", "minimum": 0}
_LIMIT = Parameter(
    "limit", "query", {"type": "integer", "minimum": 1, "maximum": 1000}, "How many at most, 100 by default"
)
_WHICH = Parameter("cabinet", "query", CABINET_ID, "Only those of this cabinet")
_STATE = {"type": "string", "enum": [*map(str, State)]}
_ANSWERED = {"data": reference("Cabinet"), "components": listed(TEXT)}


def _before(what: str) -> Parameter:
    return Parameter("before", "query", {"type": "integer", "minimum": 1}, f"Only those before this {what}")


RESYNC = Operation(
    "resyncSmibConfig",
    "cabinets",
    "Order again what was ordered",
    "Brings a SMIB back in step: every component that is not known to be in step is ordered again, as it is "
    "stored; what is on its way already is not. With `all=true` every component is.",
    success({**_ANSWERED, "mqttSent": FLAG}, {"queued": FLAG}),
    parameters=(
        CABINET,
        Parameter("all", "query", {"type": "string", "enum": ["true", "false"]}, "Also what is in step"),
    ),
    failures=(400, 404, 503),
    headers=ETAG,
)
ROLLBACK = Operation(
    "rollBackSmibConfig",
    "cabinets",
    "Roll back to an earlier configuration",
    "Orders what was ordered at that revision, passwords included. `kept` names the fields that were not "
    "ordered then: what the SMIB had is not known, and they stay as they are.",
    success({**_ANSWERED, "kept": listed(TEXT), "mqttSent": FLAG}, {"queued": FLAG}),
    parameters=(CABINET, IF_MATCH),
    body=record({"revision": {"type": "integer", "minimum": 1}}),
    examples={"first": {"revision": 1}},
    failures=(*BODY_FAILURES, 404, 409, 503),
    headers=ETAG,
)
HISTORY = Operation(
    "readHistory",
    "cabinets",
    "Every configuration that was ordered of a SMIB",
    "Newest first: who, when, what changed, the whole configuration, and what became of its orders. Secrets "
    "are `***`, also where they changed.",
    success({"data": listed(reference("Revision")), "count": COUNT}),
    parameters=(CABINET, _before("revision"), _LIMIT),
    failures=(400, 404, 503),
)
OUTBOX = Operation(
    "listOutbox",
    "records",
    "What is on its way to SMIBs, and what became of it",
    "Newest first. `waiting` for the broker; `sent`, the broker has it; `confirmed` or `refused` by the "
    "SMIB; `unconfirmed`, it did not answer; `superseded` by a newer order; `expired`, a command that the "
    "broker did not get within 30 s; `failed`, no topic takes it. Ended entries are kept for a while.",
    success({"data": listed(reference("OutboxEntry")), "count": COUNT}),
    parameters=(
        Parameter("state", "query", _STATE, "Only those in this state"),
        _WHICH,
        _before("id"),
        _LIMIT,
    ),
    failures=(400, 503),
)
AUDIT = Operation(
    "readAudit",
    "records",
    "Who did what, when, from where, and what became of it",
    "Newest first. Each entry holds the hash of the one before it; `smib-cms audit verify` checks the chain. "
    "`deliveries`, which is not sealed, says what became of an order. `format=csv` gives a table of up to "
    "50,000 entries, and is itself recorded.",
    success({"data": listed(reference("AuditEntry")), "count": COUNT}),
    parameters=(
        _WHICH,
        Parameter("user", "query", TEXT, "Only those of this user"),
        Parameter("since", "query", TIMESTAMP, "Only those at this time or later"),
        Parameter("until", "query", TIMESTAMP, "Only those at this time or earlier"),
        _before("entry"),
        _LIMIT,
        Parameter("format", "query", {"type": "string", "enum": ["json", "csv"]}, "json by default"),
    ),
    failures=(400, 503),
    others={"text/csv": TEXT},
)
EXPORT = Operation(
    "exportCabinets",
    "cabinets",
    "All cabinets as a file",
    "YAML, JSON or CSV, as `POST /api/cabinets/import` and CMS_CABINETS read them. Secrets are `***`. The "
    "export is recorded.",
    {"type": "object"},
    parameters=(
        Parameter("format", "query", {"type": "string", "enum": ["yaml", "csv", "json"]}, "yaml by default"),
    ),
    failures=(400, 503),
    media="application/yaml",
    others={"application/json": {"type": "object"}, "text/csv": TEXT},
)
IMPORT = Operation(
    "importCabinets",
    "cabinets",
    "Add cabinets from a file",
    "A body of at most 4 MiB, `application/json`, `application/yaml` or `text/csv`. All or nothing, "
    "every fault is told at once. Cabinets that are there stay as they are; with `existing=update` their "
    "names, numbers, places and versions are taken over. Nothing is sent to a SMIB. `dryRun=true` only "
    "tells.",
    success({"dryRun": FLAG, "added": listed(TEXT), "updated": listed(TEXT), "skipped": listed(TEXT)}),
    parameters=(
        Parameter("dryRun", "query", {"type": "string", "enum": ["true", "false"]}, "Change nothing"),
        Parameter("existing", "query", {"type": "string", "enum": ["skip", "update"]}, "skip by default"),
    ),
    body=record({"cabinets": listed({"type": "object"})}),
    examples={"one": {"cabinets": [{"id": "cab-77", "relayId": "e831cdfa7777", "location": "Main Floor"}]}},
    failures=(*BODY_FAILURES, 503),
)
