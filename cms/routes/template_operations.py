"""What the documentation says of configuration templates."""

from __future__ import annotations

from cms.routes.batch_operations import CABINET_IDS, DETAIL, DRY_RUN, KEY, SELECTION
from cms.routes.endpoint import Operation, Parameter
from cms.routes.operations import BODY_FAILURES
from cms.schemas import (
    CABINET_ID,
    FLAG,
    ID_PATTERN,
    RELAY_ID,
    TEXT,
    TIMESTAMP,
    Schema,
    listed,
    record,
    success,
)
from cms.template import KEPT, PLACES

_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "integer", "minimum": 1}
_NOTE: Schema = {"type": "string", "maxLength": 500}
_VALUE: Schema = {"nullable": True, "oneOf": [TEXT, {"type": "number"}, FLAG]}
_PLACES = ", ".join(f"`{{{name}}}`" for name in PLACES)
_VERSION = {
    "version": _NUMBER,
    "at": TIMESTAMP,
    "user": TEXT,
    "note": TEXT,
    "smibConfig": {"type": "object", "additionalProperties": {"type": "object"}},
}
_TEMPLATE = record({"name": TEXT, **_VERSION})
_DIFFERENCE = record(
    {"component": TEXT, "field": TEXT, **dict.fromkeys(("template", "ordered", "reported"), _VALUE)}
)
_STRAY = record(
    {
        "cabinetId": CABINET_ID,
        "relayId": RELAY_ID,
        "inStep": {**FLAG, "nullable": True},
        "differences": listed(_DIFFERENCE),
    }
)
NAME = Parameter("template", "path", {"type": "string", "pattern": ID_PATTERN}, "The name", required=True)
IF_VERSION = Parameter(
    "If-Match",
    "header",
    {"type": "string", "pattern": '^("?[0-9]{1,15}(-[0-9a-f]{1,64})?"?|\\*)$'},
    "The ETag that was read: 409 where somebody changed the template since",
)
_WHICH = Parameter("version", "query", _NUMBER, "An earlier version")
ETAG = {"ETag": "The version, for If-Match"}
LIST = Operation(
    "listTemplates",
    "templates",
    "The templates",
    "By name, each in its latest version. Secrets are `***`.",
    success({"data": listed(_TEMPLATE), "count": _COUNT}),
    failures=(503,),
)
READ = Operation(
    "readTemplate",
    "templates",
    "One template",
    f"Its latest version, and the last {KEPT} in `versions`, newest first.",
    success({"data": record({"name": TEXT, **_VERSION, "versions": listed(record(_VERSION))})}),
    parameters=(NAME,),
    failures=(400, 404, 503),
    headers=ETAG,
)
PUT = Operation(
    "putTemplate",
    "templates",
    "Add a template, or a version of it",
    f"A partial configuration; in a text {_PLACES} stand for the cabinet's own. It is tried on a sample "
    "before it is stored. `***` as a secret means the one of the version before. Nothing is sent.",
    success({"data": _TEMPLATE}),
    parameters=(NAME, IF_VERSION),
    body=record({"smibConfig": {"type": "object", "minProperties": 1}}, {"note": _NOTE}),
    examples={
        "topics": {
            "smibConfig": {"mqtt": {"mqttPubTopic": "sas/gli/server/{relayId}", "mqttQOS": 1}},
            "note": "a topic for each SMIB",
        }
    },
    failures=(*BODY_FAILURES, 409, 503),
    headers=ETAG,
)
REMOVE = Operation(
    "removeTemplate",
    "templates",
    "Remove a template",
    "With all its versions. What was ordered by it stays.",
    success({"name": TEXT}),
    parameters=(NAME,),
    failures=(400, 404, 409, 503),
)
APPLY = Operation(
    "applyTemplate",
    "templates",
    "Order what a template says, at many cabinets",
    "As `POST /api/batches`, with the template's configuration, filled in for each cabinet; `version` is the "
    "latest by default. The answer is a batch.",
    success({"data": DETAIL}),
    parameters=(NAME, KEY, DRY_RUN),
    body=record({}, {"cabinets": CABINET_IDS, "selection": SELECTION, "version": _NUMBER}, minProperties=1),
    failures=(*BODY_FAILURES, 404, 409, 429, 503),
    status=202,
    headers={"Location": "Where the batch is"},
)
STRAYS = Operation(
    "readTemplateDrift",
    "templates",
    "Who is not as a template says",
    "Compares what was ordered of each cabinet, and what its SMIB reports, with the template filled in for "
    "it. Lists those that differ; `counts` has all: `inStep` true, false, or not known.",
    success(
        {
            "data": listed(_STRAY),
            "count": _COUNT,
            "version": _NUMBER,
            "counts": record(dict.fromkeys(("inStep", "outOfStep", "unknown"), _COUNT)),
        }
    ),
    parameters=(
        NAME,
        _WHICH,
        Parameter("q", "query", TEXT, "Only cabinets with this in an id, a name, a number …"),
        Parameter("location", "query", TEXT, "Only cabinets of this location, whole, in any case"),
    ),
    failures=(400, 404, 503),
)
