"""What the documentation says of firmware."""

from __future__ import annotations

from cms.firmware import MAX_NOTES
from cms.handlers.installs import AT_ONCE
from cms.routes.batch_operations import CABINET_IDS, DETAIL, DRY_RUN, KEY, SELECTION
from cms.routes.endpoint import Operation, Parameter
from cms.routes.operations import BODY_FAILURES
from cms.schemas import ID_PATTERN, PATTERNS, TEXT, TIMESTAMP, Schema, listed, record, success

_COUNT: Schema = {"type": "integer", "minimum": 0}
_BIN: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_-][A-Za-z0-9_.+-]{0,63}$"}
_URL: Schema = {"type": "string", "pattern": PATTERNS["otaURL"]}
_SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_ENTRY = {
    "version": TEXT,
    "otaURL": TEXT,
    "bin": TEXT,
    "imageURL": TEXT,
    "sha256": {**TEXT, "nullable": True},
    "notes": TEXT,
    "user": TEXT,
    "at": TIMESTAMP,
}
VERSION = Parameter(
    "version",
    "path",
    {"type": "string", "pattern": ID_PATTERN},
    "The version, as devices report it in their app component",
    required=True,
)
LIST = Operation(
    "listFirmware",
    "firmware",
    "The firmware versions that can be installed",
    "Newest entry first; `running` is how many cabinets report that they run it.",
    success({"data": listed(record({**_ENTRY, "running": _COUNT})), "count": _COUNT}),
    failures=(503,),
)
READ = Operation(
    "readFirmware",
    "firmware",
    "One firmware version",
    "Where its image is, its checksum and notes.",
    success({"data": record(_ENTRY)}),
    parameters=(VERSION,),
    failures=(400, 404, 503),
)
PUT = Operation(
    "putFirmware",
    "firmware",
    "Add a firmware version, or change what is known of it",
    "`otaURL` is where the device looks, `bin` the file there. Nothing is loaded by the service: the "
    "checksum and the notes are for people.",
    success({"data": record(_ENTRY)}),
    parameters=(VERSION,),
    body=record(
        {"otaURL": _URL, "bin": _BIN},
        {"sha256": _SHA256, "notes": {"type": "string", "maxLength": MAX_NOTES}},
    ),
    examples={
        "file": {"otaURL": "http://images.example/smib/", "bin": "wifi.bin", "notes": "new radio driver"}
    },
    failures=(*BODY_FAILURES, 409, 503),
)
REMOVE = Operation(
    "removeFirmware",
    "firmware",
    "Remove a firmware version from the directory",
    "What runs it goes on running it.",
    success({"version": TEXT}),
    parameters=(VERSION,),
    failures=(400, 404, 409, 503),
)
INSTALL = Operation(
    "installFirmware",
    "firmware",
    "Install a firmware version at cabinets",
    "One or many, as `POST /api/batches`; an earlier version is a roll-back. Each SMIB is ordered its "
    f"`otaURL`, and told to install when it has confirmed that, {AT_ONCE} at a time. The answer is a batch: "
    "`sent`; `installing`, with `percent`; `confirmed`, it runs the version; `rolledBack`, it runs the one "
    "before, with the reason in `detail`; `unconfirmed`, it did not acknowledge within 10 s, or fell silent.",
    success({"data": DETAIL}),
    parameters=(VERSION, KEY, DRY_RUN),
    body=record({}, {"cabinets": CABINET_IDS, "selection": SELECTION}, minProperties=1, maxProperties=1),
    failures=(*BODY_FAILURES, 404, 409, 429, 503),
    status=202,
    headers={"Location": "Where the batch is"},
)
