"""Bad input everywhere: the error envelope, the right status, nothing published or stored (issue 2)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cms.routes.conditional import IF_NONE_MATCH
from cms.tests.desk import NOW, RELAY, Desk, at_desk
from wire.jsontext import to_bytes

ORDER = "/api/cabinets/cab-1/smib-config"
REQUEST = "/api/mqtt/config/request"
PUBLISH = "/api/mqtt/config/publish"
TEST = "/api/mqtt/test"
SESSION = "/api/session"
GOOD_BODIES: dict[str, dict[str, Any]] = {
    ORDER: {"machineControl": "RESTART"},
    REQUEST: {"relayId": RELAY, "component": "mqtt"},
    PUBLISH: {"relayId": RELAY, "config": {"typ": "cfg", "comp": "net", "netStaChan": 3}},
    TEST: {"action": "publish"},
}
BAD_IDS = [
    "",
    " ",
    "a/b",
    "+",
    "#",
    "sas/relay/#",
    "a\x00b",
    "a\nb",
    "a\r\nb",
    "x" * 65,
    "é",
    7,
    None,
    [],
    {},
    True,
]
DEEP = b'{"relayId":' + b"[" * 10_000 + b"]" * 10_000 + b"}"


@dataclass(frozen=True)
class Bad:
    """A request that must fail with ``status``, and the words that its sentence must hold."""

    method: str
    path: str
    body: Any
    status: int
    words: tuple[str, ...]
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        shown = self.body[:40] if isinstance(self.body, bytes) else json.dumps(self.body)[:60]
        return f"{self.method} {self.path[:60]} {shown!r}"


def post(path: str, body: Any, status: int, *words: str, **headers: str) -> Bad:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Bad("POST", path, body, status, words, named)


def changed(path: str, **fields: Any) -> dict[str, Any]:
    return {**GOOD_BODIES[path], **fields}


def without(path: str, name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD_BODIES[path].items() if key != name}


def config(**fields: Any) -> dict[str, Any]:
    return {"relayId": RELAY, "config": {"typ": "cfg", "comp": "net", **fields}}


ANY_BODY = [
    case
    for path in GOOD_BODIES
    for case in (
        post(path, b"", 400, "body", "nothing"),
        post(path, b"{", 400, "body", "JSON"),
        post(path, b"not json", 400, "body", "JSON"),
        post(path, b'{"relayId":NaN}', 400, "body", "NaN"),
        post(path, b'{"relayId":1e999}', 400, "body"),
        post(path, b"\xff\xfe{}", 400, "body", "UTF-8"),
        post(path, b'{"relayId":"\\ud800"}', 400, "body"),
        post(path, b"[]", 400, "body", "object"),
        post(path, b"null", 400, "body", "object"),
        post(path, b'"text"', 400, "body", "object"),
        post(path, DEEP, 400, "body", "nesting"),
        post(path, b'{"a":"' + b"x" * 65_536 + b'"}', 413, "body", "65536"),
        post(path, GOOD_BODIES[path], 415, "Content-Type", "application/json", content_type="text/plain"),
        post(path, GOOD_BODIES[path], 415, "Content-Type", content_type=""),
        post(path, GOOD_BODIES[path], 415, "Content-Type", content_type="application/json; charset=latin-1"),
        post(path, GOOD_BODIES[path], 415, "Content-Encoding", content_encoding="gzip"),
        post(path, changed(path, surprise=1), 400, "surprise", "unknown"),
        post(path, changed(path, **{"a\nb": 1}), 400, "unknown"),
    )
]
ORDERS = [
    post(ORDER, {}, 400, "smibConfig", "machineControl"),
    post(ORDER, {"smibConfig": {}}, 400, "smibConfig"),
    post(ORDER, {"smibConfig": {"net": {}}}, 400, "smibConfig.net"),
    post(ORDER, {"smibConfig": []}, 400, "smibConfig", "object"),
    post(ORDER, {"smibConfig": None}, 400, "smibConfig", "null"),
    post(ORDER, {"smibConfig": {"net": 7}}, 400, "smibConfig.net"),
    post(ORDER, {"smibConfig": {"wifi": {"a": 1}}}, 400, "smibConfig.wifi", "unknown"),
    post(ORDER, {"smibConfig": {"app": {"version": "2"}}}, 400, "smibConfig.app.version", "read-only"),
    post(ORDER, {"smibConfig": {"net": {"netStaSSID": ""}}}, 400, "smibConfig.net.netStaSSID"),
    post(ORDER, {"smibConfig": {"net": {"netStaSSID": "x" * 33}}}, 400, "netStaSSID"),
    post(ORDER, {"smibConfig": {"net": {"netStaPwd": "short"}}}, 400, "netStaPwd"),
    post(ORDER, {"smibConfig": {"net": {"netStaChan": "1"}}}, 400, "netStaChan"),
    post(ORDER, {"smibConfig": {"net": {"netStaChan": 1.5}}}, 400, "netStaChan"),
    post(ORDER, {"smibConfig": {"net": {"netStaChan": True}}}, 400, "netStaChan"),
    post(ORDER, {"smibConfig": {"coms": {"comsMode": 3}, "net": {"netMode": 2}}}, 400, "comsMode", "netMode"),
    post(ORDER, {"smibConfig": {"mqtt": {"mqttURI": "mqtt://u:***@h"}}}, 400, "mqttURI", "password"),
    post(ORDER, {"smibVersion": {}}, 400, "smibVersion"),
    post(ORDER, {"smibVersion": "1.0"}, 400, "smibVersion", "object"),
    post(ORDER, {"smibVersion": {"firmware": 1}}, 400, "smibVersion.firmware", "string"),
    post(ORDER, {"smibVersion": {"firmware": ""}}, 400, "smibVersion.firmware"),
    post(ORDER, {"smibVersion": {"firmware": "x" * 257}}, 400, "smibVersion.firmware"),
    post(ORDER, {"smibVersion": {"firmware": "a\nb"}}, 400, "smibVersion.firmware"),
    post(ORDER, {"smibVersion": {"": "1"}}, 400, "smibVersion"),
    post(ORDER, {"smibVersion": {str(n): "1" for n in range(33)}}, 400, "smibVersion"),
    post(ORDER, {"machineControl": "EXPLODE"}, 400, "machineControl", "RESTART", "EXPLODE"),
    post(ORDER, {"machineControl": "restart"}, 400, "machineControl"),
    post(ORDER, {"machineControl": ""}, 400, "machineControl"),
    post(ORDER, {"machineControl": None}, 400, "machineControl"),
    post(ORDER, {"machineControl": ["RESTART"]}, 400, "machineControl"),
    post(ORDER, {"machineControl": "RESTART"}, 400, "If-Match", if_match="seven"),
    post(ORDER, {"machineControl": "RESTART"}, 409, "If-Match", "revision 1", if_match='"7"'),
    post("/api/cabinets/cab-9/smib-config", GOOD_BODIES[ORDER], 404, "cabinetId", "cab-9"),
    post("/api/cabinets/cab-9/smib-config", {"machineControl": "EXPLODE"}, 400, "machineControl"),
]
USERS = [
    post("/api/users", {"name": "a b", "password": "p" * 12}, 400, "name", "a-z"),
    post("/api/users", {"name": "ann", "password": "short"}, 400, "password", "12 to 256"),
    post("/api/users/ann/tokens", {"days": 0}, 400, "days"),
    post("/api/users/ann/tokens", {}, 404, "ann"),
    post(f"{SESSION}/password", {"old": "p"}, 401, "nobody is signed in"),
    Bad("GET", "/api/users/ann", None, 404, ("ann",)),
    Bad("PATCH", "/api/users/ann", b'{"disabled":1}', 400, ("disabled",)),
    Bad("DELETE", "/api/users/ann", None, 404, ("ann",)),
    Bad("DELETE", "/api/users/ann/credentials/x", None, 404, ("ann",)),
    Bad("DELETE", f"{SESSION}?everywhere=perhaps", None, 400, ("everywhere",)),
]
SESSIONS = [
    post("/api/fields/check", {"component": "wifi", "values": {}}, 400, "component", "wifi"),
    post(SESSION, {}, 400, "user"),
    post(SESSION, {"user": "x y", "password": "p"}, 400, "user", "a-z"),
    post(SESSION, {"user": "anonymous", "password": "p"}, 400, "user"),
    post(SESSION, {"user": 7, "password": "p"}, 400, "user", "string"),
    post(SESSION, {"user": "ann", "password": ""}, 400, "password"),
    post(SESSION, {"user": "ann", "password": "p" * 1025}, 400, "password"),
    post(SESSION, {"user": "ann", "password": "p", "token": "t"}, 400, "token", "unknown"),
    post(SESSION, {"user": "ann", "password": "p"}, 403, "Origin", origin="http://evil.example"),
    Bad("DELETE", SESSION, None, 403, ("Sec-Fetch-Site",), (("sec-fetch-site", "cross-site"),)),
    post(ORDER, GOOD_BODIES[ORDER], 403, "Origin", origin="null"),
    post(ORDER, GOOD_BODIES[ORDER], 403, "Host", "localhost", host="evil.example"),
]
REQUESTS = [
    post(REQUEST, {}, 400, "relayId"),
    post(REQUEST, without(REQUEST, "component"), 400, "component", "mqtt, net, coms, ota, app"),
    post(REQUEST, changed(REQUEST, component="wifi"), 400, "component", "wifi"),
    post(REQUEST, changed(REQUEST, component=["mqtt"]), 400, "component", "list"),
    post(REQUEST, changed(REQUEST, component=""), 400, "component"),
    *(
        post(f"{REQUEST}?wait={wait}", GOOD_BODIES[REQUEST], 400, "wait")
        for wait in ("0", "-1", "31", "x", "nan", "")
    ),
    post(f"{REQUEST}?wait=1&wait=2", GOOD_BODIES[REQUEST], 400, "wait", "once"),
    post(f"{REQUEST}?wait=0.01", GOOD_BODIES[REQUEST], 504, RELAY, "mqtt"),
]
PUBLICATIONS = [
    post(PUBLISH, without(PUBLISH, "config"), 400, "config", "object"),
    post(PUBLISH, changed(PUBLISH, config="x"), 400, "config", "object"),
    post(PUBLISH, changed(PUBLISH, config={}), 400, "config.typ"),
    post(PUBLISH, changed(PUBLISH, config={"comp": "net", "netMode": 1}), 400, "config.typ", "cfg"),
    post(PUBLISH, config(typ="cmd"), 400, "config.typ"),
    post(PUBLISH, config(), 400, "config", "request"),
    post(PUBLISH, config(comp="app", version="2"), 400, "config.comp"),
    post(PUBLISH, config(comp="wifi", netMode=1), 400, "config.comp"),
    post(PUBLISH, config(comp={}, netMode=1), 400, "config.comp"),
    post(PUBLISH, config(netMode=1, mqttQOS=1), 400, "config.mqttQOS", "unknown"),
    post(PUBLISH, config(rly=RELAY, netMode=1), 400, "config.rly", "unknown"),
    post(PUBLISH, config(netStaChan=15, netMode=9), 400, "config.netStaChan", "config.netMode"),
    post(PUBLISH, config(netStaPwd="***"), 400, "config.netStaPwd", "mask"),
    post(PUBLISH, config(comp="mqtt", mqttPassword="***"), 400, "config.mqttPassword", "mask"),
    post(PUBLISH, config(comp="mqtt", mqttURI="mqtt://u:***@h:1883"), 400, "config.mqttURI", "mask"),
]
TESTS = [
    post(TEST, {}, 400, "action", "connect, publish, subscribe"),
    post(TEST, {"action": "explode"}, 400, "action", "explode"),
    post(TEST, {"action": None}, 400, "action"),
    post(TEST, {"action": "publish", "message": 7}, 400, "message", "string"),
    post(TEST, {"action": "publish", "message": ""}, 400, "message"),
    post(TEST, {"action": "publish", "message": {"command": "test"}}, 400, "message", "object"),
]
RELAYS = [
    post(path, changed(path, relayId=bad), 400, "relayId")
    for path in (REQUEST, PUBLISH, TEST)
    for bad in BAD_IDS
]
NAMES = [
    Bad("GET", f"/api/{path}?nope=1", None, 400, ("nope", "unknown"))
    for path in ("batches", "templates", "firmware", "fields", "monitoring", "users")
]
QUERIES = [
    Bad("GET", "/api/cabinets?locaton=Annex", None, 400, ("locaton", "q, location, online, drift")),
    Bad("GET", "/api/fields?x=1", None, 400, ("x", "nothing can be given")),
    Bad("GET", "/api/outbox?a=1&b=2", None, 400, ("a", "b")),
    Bad("GET", "/api/session?user=ann", None, 400, ("user",)),
    post(f"{ORDER}?dryRun=true", {"machineControl": "RESTART"}, 400, "dryRun"),
    Bad("GET", "/api/mqtt/config", None, 400, ("cabinetId",)),
    Bad("GET", "/api/mqtt/config?cabinetId=", None, 400, ("cabinetId",)),
    Bad("GET", "/api/mqtt/config?cabinetId=a%2Fb", None, 400, ("cabinetId",)),
    Bad("GET", "/api/mqtt/config?cabinetId=%FF", None, 400, ("cabinetId",)),
    Bad("GET", "/api/mqtt/config?cabinetId=cab-1&cabinetId=cab-2", None, 400, ("cabinetId", "once")),
    Bad("GET", "/api/mqtt/config?cabinetId=cab-9", None, 404, ("cabinetId", "cab-9")),
    Bad("GET", "/api/mqtt/config/subscribe", None, 400, ("relayId",)),
    Bad("GET", "/api/mqtt/config/subscribe?relayId=", None, 400, ("relayId",)),
    Bad("GET", "/api/mqtt/config/subscribe?relayId=sas%2Frelay%2F%23", None, 400, ("relayId",)),
    Bad("GET", "/api/mqtt/config/subscribe?relayId=%2B", None, 400, ("relayId",)),
    Bad("GET", "/api/mqtt/config/subscribe?relayId=a%00b", None, 400, ("relayId",)),
    Bad("GET", "/api/mqtt/config/subscribe?relayId=a%0Ab", None, 400, ("relayId",)),
    Bad("GET", f"/api/mqtt/config/subscribe?relayId={'x' * 65}", None, 400, ("relayId",)),
    Bad("GET", "/api/cabinets?online=perhaps", None, 400, ("online",)),
    Bad("GET", "/api/cabinets/cab-9", None, 404, ("cab-9",)),
    Bad("GET", "/api/cabinets/cab-9/smib-config", None, 404, ("cab-9",)),
]
PATH_IDS = [
    Bad(method, f"/api/cabinets/{bad}{end}", body, 400, ("cabinetId",))
    for bad in ("a%2Fb", "..%2f..", "%2B", "%23", "a%00b", "a%0A", "a%0D%0Ab", "x" * 65, "%C3%A9", "%FF")
    for method, end, body in (
        ("GET", "", None),
        ("GET", "/smib-config", None),
        ("POST", "/smib-config", {"machineControl": "RESTART"}),
    )
]
ROUTES = [
    Bad("GET", "/index", None, 404, ("path", "/docs")),
    Bad("GET", "/api/nothing", None, 404, ("/api/nothing",)),
    Bad("GET", "/api/cabinets/", None, 404, ("path",)),
    Bad("GET", "/docs/index.html", None, 404, ("path",)),
    Bad("GET", "/docs/..%2f..%2fcms.sqlite3", None, 404, ("path",)),
    Bad("POST", "/api/cabinets", {}, 405, ("GET", "POST")),
    Bad("DELETE", ORDER, None, 405, ("DELETE",)),
    Bad("GET", REQUEST, None, 405, ("POST",)),
    Bad("PUT", "/healthz", {}, 405, ("PUT",)),
    Bad("OPTIONS", TEST, None, 405, ("POST",)),
]
NO_REVISIONS: list[Any] = [0, -1, 1.0, "1", True, None, [], 2**60]
RESYNC, ROLLBACK = f"{ORDER}/resync", f"{ORDER}/rollback"
RECORDS = [
    Bad("POST", f"{RESYNC}?all=perhaps", None, 400, ("all", "perhaps")),
    Bad("POST", RESYNC.replace("cab-1", "cab-9"), None, 404, ("cab-9",)),
    Bad("POST", RESYNC.replace("cab-1", "a%2Fb"), None, 400, ("cabinetId",)),
    Bad("GET", RESYNC, None, 405, ("POST",)),
    *(post(ROLLBACK, {"revision": bad}, 400, "revision") for bad in NO_REVISIONS),
    post(ROLLBACK, {}, 400, "revision"),
    post(ROLLBACK, {"revision": 1, "to": 2}, 400, "to", "unknown"),
    post(ROLLBACK, {"revision": 7}, 404, "revision", "7"),
    post(ROLLBACK.replace("cab-1", "cab-9"), {"revision": 1}, 404, "cab-9"),
    post(ROLLBACK, {"revision": 1}, 409, "If-Match", if_match='"7"'),
    post(ROLLBACK, {"revision": 1}, 415, "Content-Type", content_type="text/plain"),
    Bad("GET", "/api/cabinets/cab-9/history", None, 404, ("cab-9",)),
    Bad("GET", "/api/cabinets/%2B/history", None, 400, ("cabinetId",)),
    *(
        Bad("GET", f"{path}?{name}={bad}", None, 400, (name,))
        for path in ("/api/cabinets/cab-1/history", "/api/outbox", "/api/audit")
        for name in ("limit", "before")
        for bad in ("0", "-1", "x", "", "1e3", "9" * 40, "%D9%A1", "1&limit=2&before=2")
    ),
    Bad("GET", "/api/audit?limit=1001", None, 400, ("limit", "1000")),
    Bad("GET", "/api/outbox?state=lost", None, 400, ("state", "waiting")),
    *(Bad("GET", f"/api/{name}?cabinet=a%2Fb", None, 400, ("cabinet",)) for name in ("outbox", "audit")),
    *(
        Bad("GET", f"/api/audit?{name}={bad}", None, 400, (name, "ISO 8601"))
        for name in ("since", "until")
        for bad in ("yesterday", "", "2025-10-26", "2025-10-26T10:30:00", "0000-00-00T00:00:00Z")
    ),
    Bad("GET", "/api/audit?format=xml", None, 400, ("format", "csv")),
    Bad("GET", "/api/cabinets?drift=perhaps", None, 400, ("drift",)),
    Bad("GET", "/api/cabinets/export?format=xml", None, 400, ("format", "yaml, json, csv")),
]
IMPORT = "/api/cabinets/import"
IMPORTS = [
    post(IMPORT, {}, 400, "cabinets"),
    post(IMPORT, [], 400, "mapping"),
    post(IMPORT, b"", 400, "JSON"),
    post(IMPORT, b"{", 400, "body:1", "JSON"),
    post(IMPORT, b"[" * 100_000, 400, "JSON"),
    post(IMPORT, b"\xff\xfe", 400, "body", "UTF-8"),
    post(IMPORT, {"cabinets": [{"id": "cab-3"}, {"id": "a/b", "relayId": "r"}]}, 400, "relayId", "id"),
    post(IMPORT, {"cabinets": [{"id": "export", "relayId": "r3"}]}, 400, "endpoint"),
    post(IMPORT, {"cabinets": [{"id": "cab-3", "relayId": RELAY}]}, 400, "cab-3.relayId", "cab-1"),
    post(IMPORT, {"cabinets": [{"id": "cab-1", "relayId": "r3"}]}, 400, "cab-1.relayId"),
    post(IMPORT, b"x" * (4 * 1024 * 1024 + 1), 413, "body"),
    post(IMPORT, b"id,relayId\ncab-3", 415, "text/csv", content_type="text/html"),
    post(IMPORT, b"id\ncab-3", 400, "body:2", "relayId", content_type="text/csv"),
    post(IMPORT, b"relayId,relayId\na,b", 400, "first line", content_type="text/csv"),
    post(IMPORT, b'id,relayId\n"cab-3,r3', 400, "relayId", content_type="text/csv"),
    post(IMPORT, b"id,relayId\na,b,c", 400, "2 cells", content_type="text/csv"),
    post(IMPORT, b"id,relayId,colour\na,b,red", 400, "colour", "unknown", content_type="text/csv"),
    post(IMPORT, b"cabinets:\n - id: 7\n   bad", 400, "YAML", content_type="application/yaml"),
    post(f"{IMPORT}?dryRun=perhaps", {"cabinets": []}, 400, "dryRun"),
    post(f"{IMPORT}?existing=drop", {"cabinets": []}, 400, "existing"),
]
FLOOR = [
    *(
        Bad("GET", f"/api/{name}?{query}", None, status, (word,))
        for name in ("events", "monitoring")
        for query, status, word in (
            ("cabinet=cab-9", 404, "cab-9"),
            ("cabinet=a%2Fb", 400, "cabinet"),
            ("cabinet=%00", 400, "cabinet"),
            ("cabinet=", 400, "cabinet"),
            ("location=a&location=b", 400, "location"),
        )
    ),
    Bad("GET", "/api/monitoring?state=broken", None, 400, ("state", "offline")),
    Bad("POST", "/api/events", {}, 405, ("GET",)),
    Bad("DELETE", "/metrics", {}, 405, ("GET",)),
]
METERS = [
    Bad(method, f"/api/cabinets/{cabinet}/meters", None, status, ("cabinetId",))
    for method in ("GET", "POST")
    for cabinet, status in (("cab-9", 404), ("a%00b", 400), ("x" * 65, 400))
] + [
    Bad("POST", f"/api/cabinets/cab-1/meters?wait={wait}", None, 400, ("wait",))
    for wait in ("0", "31", "nan", "soon")
]
BATCH = "/api/batches"
LOCK = {"machineControl": "LOCK MACHINE"}
BATCHES = [
    post(BATCH, {**LOCK}, 400, "cabinets", "selection"),
    post(BATCH, {**LOCK, "cabinets": ["cab-1"], "selection": {"all": True}}, 400, "cabinets"),
    *(
        post(BATCH, {**LOCK, "cabinets": cabinets}, 400, word)
        for cabinets, word in (
            ([], "10000"),
            ("cab-1", "string"),
            (["cab-1", "a/b"], "cabinets[1]"),
            ([7], "cabinets[0]"),
            (["cab-1", "cab-1"], "once"),
            (["cab-1", "cab-9"], "cab-9"),
        )
    ),
    *(
        post(BATCH, {**LOCK, "selection": selection}, 400, word)
        for selection, word in (
            ({}, "at least one"),
            ([], "list"),
            ({"all": False}, "all"),
            ({"all": True, "q": "cab"}, "selection.all"),
            ({"state": "broken"}, "state"),
            ({"online": "true"}, "selection.online"),
            ({"location": ""}, "selection.location"),
            ({"q": 7}, "q"),
            ({"floor": "1"}, "floor"),
            ({"location": "Nowhere"}, "at least one cabinet"),
        )
    ),
    post(BATCH, {"cabinets": ["cab-1"]}, 400, "machineControl"),
    post(BATCH, {"cabinets": ["cab-1"], "machineControl": "STOP"}, 400, "RESTART"),
    post(BATCH, {"cabinets": ["cab-1"], "smibConfig": {"net": {"netStaChan": 99}}}, 400, "netStaChan"),
    post(BATCH, {"cabinets": ["cab-1"], "smibConfig": {}, "when": 7}, 400, "when"),
    post(BATCH, {"cabinets": ["cab-1"], **LOCK}, 400, "Idempotency-Key", idempotency_key="a b"),
    post(f"{BATCH}?dryRun=1", {"cabinets": ["cab-1"], **LOCK}, 400, "dryRun"),
    Bad("GET", f"{BATCH}?limit=0", None, 400, ("limit", "200")),
    Bad("GET", f"{BATCH}/b-1", None, 404, ("b-1",)),
    Bad("GET", f"{BATCH}/a%00b", None, 400, ("batchId",)),
    Bad("GET", f"{BATCH}/b-1?state=lost", None, 400, ("state",)),
    Bad("PUT", BATCH, {}, 405, ("POST",)),
]
TEMPLATE = "/api/templates/wifi"
TEMPLATES = [
    *(
        Bad("PUT", TEMPLATE, body, 400, words)
        for body, words in (
            ({}, ("smibConfig",)),
            ({"smibConfig": []}, ("smibConfig", "list")),
            ({"smibConfig": {}}, ("smibConfig",)),
            ({"smibConfig": {"zap": {"a": 1}}}, ("smibConfig.zap",)),
            ({"smibConfig": {"net": {}}}, ("smibConfig.net",)),
            ({"smibConfig": {"net": {"netStaChan": 99}}}, ("smibConfig.net.netStaChan",)),
            ({"smibConfig": {"net": {"netStaSSID": "{relayid}"}}}, ("{relayId}", "{relayid}")),
            ({"smibConfig": {"net": {"netStaPwd": "***"}}}, ("smibConfig.net.netStaPwd",)),
            ({"smibConfig": {"mqtt": {"mqttURI": "mqtt://u:***@h"}}}, ("smibConfig.mqtt.mqttURI",)),
            ({"smibConfig": {"app": {"version": "1"}}}, ("smibConfig.app.version",)),
            ({"smibConfig": {"net": {"netStaChan": 3}}, "note": 7}, ("note",)),
            ({"smibConfig": {"net": {"netStaChan": 3}}, "note": "x" * 501}, ("note", "500")),
            ({"smibConfig": {"net": {"netStaChan": 3}}, "name": "a"}, ("name",)),
        )
    ),
    Bad("PUT", "/api/templates/a%00b", {"smibConfig": {"net": {"netStaChan": 3}}}, 400, ("template",)),
    Bad("PUT", TEMPLATE, {"smibConfig": {"net": {"netStaChan": 3}}}, 409, ("wifi",), (("if-match", "2"),)),
    Bad("PUT", TEMPLATE, b"[]", 400, ("body",), (("content-type", "application/json"),)),
    Bad("GET", TEMPLATE, None, 404, ("wifi",)),
    Bad("DELETE", TEMPLATE, None, 404, ("wifi",)),
    post(f"{TEMPLATE}/apply", {"cabinets": ["cab-1"]}, 404, "wifi"),
    post(f"{TEMPLATE}/apply", {"cabinets": ["cab-1"], "version": 0}, 400, "version"),
    post(f"{TEMPLATE}/apply", {"cabinets": ["cab-1"], "version": True}, 400, "version"),
    post(f"{TEMPLATE}/apply", {"cabinets": ["cab-1"], "machineControl": "RESTART"}, 400, "machineControl"),
    Bad("GET", f"{TEMPLATE}/drift", None, 404, ("wifi",)),
    Bad("GET", f"{TEMPLATE}/drift?version=x", None, 400, ("version",)),
]
FIRMWARE = "/api/firmware/1.1.0"
IMAGE = {"otaURL": "http://images.example/", "bin": "wifi.bin"}
FIRMWARES = [
    Bad("PUT", FIRMWARE, {}, 400, ("otaURL", "bin")),
    Bad("PUT", FIRMWARE, {**IMAGE, "bin": "a/b"}, 400, ("bin",)),
    Bad("PUT", FIRMWARE, {**IMAGE, "size": 7}, 400, ("size",)),
    Bad("PUT", "/api/firmware/a%00b", IMAGE, 400, ("version",)),
    Bad("GET", FIRMWARE, None, 404, ("1.1.0",)),
    Bad("DELETE", FIRMWARE, None, 404, ("1.1.0",)),
    post(f"{FIRMWARE}/install", {"cabinets": ["cab-1"]}, 404, "1.1.0"),
    post(f"{FIRMWARE}/install", {"cabinets": ["cab-1"], "bin": "x"}, 400, "bin"),
]
ANALYTICS = [
    Bad("GET", f"/api/analytics?{query}", None, 400, (word,))
    for query, word in (
        ("from=yesterday", "from"),
        ("to=7", "to"),
        ("from=2025-10-26T10:30:00Z&to=2025-10-26T10:30:00Z", "from"),
        ("step=30", "step"),
        ("step=90", "step"),
        ("step=1e3", "step"),
    )
]
GRAPHQL = [
    post("/graphql", body, 400, word)
    for body, word in (
        ({}, "query"),
        ({"query": 7}, "query"),
        ({"query": "{ floor }", "variables": []}, "variables"),
        ({"query": "{ floor }", "operationName": 7}, "operationName"),
        ({"query": "{ floor }", "extensions": {}}, "extensions"),
        (b"{", "JSON"),
    )
]
CASES = [
    *FLOOR,
    *GRAPHQL,
    *ANALYTICS,
    *FIRMWARES,
    *TEMPLATES,
    *BATCHES,
    *METERS,
    *RECORDS,
    *IMPORTS,
    *ANY_BODY,
    *ORDERS,
    *SESSIONS,
    *USERS,
    *REQUESTS,
    *PUBLICATIONS,
    *TESTS,
    *RELAYS,
    *QUERIES,
    *NAMES,
    *PATH_IDS,
    *ROUTES,
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bad_input_is_refused_in_the_error_envelope_and_leaves_no_trace(case: Bad) -> None:
    async def act(desk: Desk) -> None:
        before = await desk.stored()
        answer = await desk.ask(case.method, case.path, case.body, headers=dict(case.headers))
        envelope = answer.json()
        assert answer.status_code == case.status, envelope
        assert answer.headers["content-type"] == "application/json"
        assert list(envelope)[:3] == ["success", "error", "timestamp"]
        assert envelope["success"] is False
        assert envelope["timestamp"] == NOW
        for word in case.words:
            assert word in envelope["error"]
        assert envelope["error"].isprintable()
        assert await desk.stored() == before
        if case.status != 504:
            assert desk.link.sent == []

    at_desk(act)


def test_every_endpoint_has_bad_input() -> None:
    async def act(desk: Desk) -> None:
        for endpoint in desk.application.endpoints:
            operation = endpoint.operation
            # There is no bad If-None-Match: what is no tag is a tag that nothing has.
            given = [one for one in operation.parameters if one is not IF_NONE_MATCH] if operation else []
            if endpoint.path.startswith("/api/") and operation and (given or operation.body):
                pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", endpoint.path) + r"(\?.*)?", re.DOTALL)
                tried = [case for case in CASES if pattern.fullmatch(case.path)]
                assert [case for case in tried if case.method == endpoint.method], endpoint.path

    at_desk(act)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("path", GOOD_BODIES)
def test_no_body_makes_an_endpoint_fail(path: str, data: st.DataObject) -> None:
    good = GOOD_BODIES[path]
    names = st.sampled_from([*good, "smibConfig", "smibVersion", "message", "config"]) | st.text()
    near = st.dictionaries(names, JSON | st.sampled_from(list(good.values())), max_size=4)
    body = data.draw(st.binary(max_size=60) | near.map(to_bytes), label="body")

    async def act(desk: Desk) -> None:
        answer = await desk.ask("POST", path, body)
        assert answer.status_code in (200, 400), answer.text
        assert answer.json()["success"] is (answer.status_code == 200)

    at_desk(act)


@pytest.mark.parametrize("path", GOOD_BODIES)
def test_the_good_body_that_the_bad_ones_are_made_of_is_accepted(path: str) -> None:
    async def act(desk: Desk) -> None:
        answer = await desk.ask("POST", path, GOOD_BODIES[path])
        assert answer.status_code == 200, answer.json()
        assert len(desk.link.sent) == 1

    at_desk(act)


def test_every_wrong_field_of_an_order_is_named_at_once() -> None:
    async def act(desk: Desk) -> None:
        body: dict[str, dict[str, Any]] = {
            "smibConfig": {"net": {"netMode": 7}, "zap": {}},
            "smibVersion": {"firmware": 1},
        }
        envelope = (await desk.ask("POST", ORDER, body)).json()
        named = [problem["field"] for problem in envelope["problems"]]
        assert named == ["smibConfig.zap", "smibVersion.firmware"]
        del body["smibConfig"]["zap"]
        envelope = (await desk.ask("POST", ORDER, body)).json()
        named = [problem["field"] for problem in envelope["problems"]]
        assert named == ["smibConfig.net.netMode", "smibVersion.firmware"]

    at_desk(act)


def test_no_refusal_repeats_a_secret() -> None:
    async def act(desk: Desk) -> None:
        for fields in ({"netStaPwd": "hush"}, {"netStaPwd": ["hush-hush"]}):
            assert "hush" not in (await desk.ask("POST", PUBLISH, config(**fields))).text
        uri = config(comp="mqtt", mqttURI="mqtt://floor:hush@bad host")
        assert "hush" not in (await desk.ask("POST", PUBLISH, uri)).text

    at_desk(act)
