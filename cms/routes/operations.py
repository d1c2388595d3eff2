"""What the documentation says of each endpoint; the examples are the specification's."""

from __future__ import annotations

from cms.handlers.broker_check import DEFAULT_RELAY
from cms.routes.endpoint import Operation, Parameter
from cms.schemas import (
    CABINET_ID,
    COMPONENT,
    FLAG,
    RELAY_ID,
    TEXT,
    TIMESTAMP,
    listed,
    record,
    reference,
    success,
)

BODY_FAILURES = (400, 408, 413, 415)
EXAMPLE_RELAY = "e831cdfa8384"
ETAG = {"ETag": "The revision of the cabinet, for If-Match"}
CABINET = Parameter("cabinetId", "path", CABINET_ID, "The cabinet's id", required=True, example="cab-1")
IF_MATCH = Parameter(
    "If-Match",
    "header",
    {"type": "string", "pattern": '^("?[0-9]{1,15}(-[0-9a-f]{1,64})?"?|\\*)$'},
    "The ETag that was read: 409 where somebody changed the cabinet since",
)
_CONFIG_EXAMPLE = {
    "typ": "cfg",
    "comp": "mqtt",
    "mqttSecure": 0,
    "mqttQOS": 2,
    "mqttURI": "mqtt://mqtt:mqtt@mq.sas.backoffice.ltd:1883",
    "mqttSubTopic": "sas/relay/",
    "mqttPubTopic": "sas/gy/server",
    "mqttCfgTopic": "smib/config",
    "mqttIdleTimeS": 30,
}

ORDER = Operation(
    "orderSmibConfig",
    "cabinets",
    "Order configuration, and a machine command",
    "Validates everything, stores it, then sends it to the SMIB: one update for each component. Fields that "
    "are not named stay as they are; `***` as a secret means unchanged. `mqttSent` is true when the broker "
    "acknowledged everything; else `queued` says that the order waits for the broker (a command for 30 s).",
    success({"data": reference("Cabinet"), "mqttSent": FLAG}, {"queued": FLAG}),
    parameters=(
        CABINET,
        IF_MATCH,
    ),
    body=reference("Order"),
    examples={
        "wifi": {"smibConfig": {"net": {"netMode": 1, "netStaSSID": "Casino_WiFi"}}},
        "restart": {"machineControl": "RESTART"},
        "firmware": {"smibVersion": {"firmware": "1.0.0"}},
    },
    failures=(*BODY_FAILURES, 404, 409, 503),
    headers=ETAG,
)
READ_CONFIG = Operation(
    "readSmibConfig",
    "cabinets",
    "The stored configuration of a cabinet's SMIB",
    "What was ordered of it, next to what it last `reported` of each field; secrets are `***`. `inStep` says "
    "whether they agree, null where that is not known; a field that is still on its way is not judged.",
    success({"data": reference("SmibState")}),
    parameters=(CABINET,),
    failures=(400, 404, 503),
    headers=ETAG,
)
LIST_CABINETS = Operation(
    "listCabinets",
    "cabinets",
    "All cabinets, and whether their SMIBs are there",
    "A SMIB is online if anything came from it within 3 minutes.",
    success({"data": listed(reference("CabinetState")), "count": {"type": "integer", "minimum": 0}}),
    parameters=(
        Parameter("q", "query", TEXT, "Part of an id, a relay id, a name, a number, a game or a location"),
        Parameter("location", "query", TEXT, "A location, whole, in any case"),
        Parameter(
            "online", "query", {"type": "string", "enum": ["true", "false"]}, "Only those online, or off"
        ),
        Parameter(
            "drift",
            "query",
            {"type": "string", "enum": ["true", "false"]},
            "Only those that report something else than ordered, with the `differences`; or only the others",
        ),
    ),
    failures=(400, 503),
)
READ_CABINET = Operation(
    "readCabinet",
    "cabinets",
    "One cabinet",
    "Everything that is stored of it, and whether its SMIB is there.",
    success({"data": reference("CabinetDetail")}),
    parameters=(CABINET,),
    failures=(400, 404, 503),
    headers=ETAG,
)
SUMMARY = Operation(
    "readMqttConfig",
    "mqtt",
    "A cabinet's configuration as 22 strings",
    "What was never ordered shows as a board leaves the factory. Passwords are `***`.",
    success({"data": reference("MqttSummary")}),
    parameters=(
        Parameter("cabinetId", "query", CABINET_ID, "The cabinet's id", required=True, example="cab-1"),
    ),
    failures=(400, 404, 503),
)
REQUEST = Operation(
    "requestConfig",
    "mqtt",
    "Ask a SMIB for a component",
    "The answer comes on the event stream of that relay; with `wait` it comes here too, secrets masked.",
    success(
        {"message": TEXT, "relayId": RELAY_ID, "component": COMPONENT, "timestamp": TIMESTAMP},
        {"data": {"type": "object"}},
    ),
    parameters=(
        Parameter(
            "wait",
            "query",
            {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 30},
            "Seconds to wait for the device's answer",
        ),
    ),
    body=record({"relayId": RELAY_ID, "component": COMPONENT}),
    examples={"mqtt": {"relayId": EXAMPLE_RELAY, "component": "mqtt"}},
    failures=(*BODY_FAILURES, 503, 504),
)
PUBLISH = Operation(
    "publishConfig",
    "mqtt",
    "Publish configuration to a SMIB",
    "Sent as it is, key order kept, once it is what the device would apply; nothing is stored.",
    success(
        {"message": TEXT, "relayId": RELAY_ID, "config": {"type": "object"}, "timestamp": TIMESTAMP},
    ),
    body=record({"relayId": RELAY_ID, "config": reference("ConfigMessage")}),
    examples={"mqtt": {"relayId": EXAMPLE_RELAY, "config": _CONFIG_EXAMPLE}},
    failures=(*BODY_FAILURES, 503),
)
SUBSCRIBE = Operation(
    "subscribeConfig",
    "mqtt",
    "Everything that comes from a SMIB, as it comes",
    "Server-sent events: first `connected`, then `config_update` for each message of that relay, and a "
    "`heartbeat` every 5 s. A reader that is too slow gets `dropped` with the number of missed messages.",
    TEXT,
    parameters=(
        Parameter("relayId", "query", RELAY_ID, "The SMIB's relay id", required=True, example=EXAMPLE_RELAY),
    ),
    failures=(400, 503),
    media="text/event-stream",
)
TEST = Operation(
    "testBroker",
    "mqtt",
    "Try the broker",
    f"For technicians. `relayId` defaults to {DEFAULT_RELAY}; `message` is published as it is. Off where the "
    "service is reachable from other machines, unless CMS_TEST_ENDPOINT=1.",
    success(
        {
            "action": TEXT,
            "relayId": RELAY_ID,
            "topic": TEXT,
            "timestamp": TIMESTAMP,
            "messages": listed(TEXT),
        },
        {"publishedMessage": TEXT},
    ),
    body=record(
        {"action": {"type": "string", "enum": ["connect", "publish", "subscribe"]}},
        {"relayId": RELAY_ID, "message": {"type": "string", "minLength": 1}},
    ),
    examples={"connect": {"action": "connect"}, "publish": {"action": "publish", "relayId": EXAMPLE_RELAY}},
    failures=(*BODY_FAILURES, 403, 503),
)
_STATE = success({"status": TEXT, "working": listed(TEXT), "timestamp": TIMESTAMP})
ALIVE = Operation(
    "alive",
    "health",
    "Whether the service lives",
    "503, with every reason, where a task that it lives by has ended: a restart of the service mends that.",
    _STATE,
    failures=(503,),
)
READY = Operation(
    "ready",
    "health",
    "Whether the service can work",
    "503, with every reason: the broker is not connected, the database does not answer, the disk is full or "
    "can't be written to, an order waits for long though the broker is connected, or a task has ended.",
    _STATE,
    failures=(503,),
)
