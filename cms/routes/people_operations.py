"""What the documentation says of the endpoints that administer users."""

from __future__ import annotations

from cms.account import LOCATION_LENGTH, MAX_LOCATIONS, PASSWORD_LENGTH
from cms.role import Role
from cms.routes.endpoint import Operation, Parameter
from cms.routes.operations import BODY_FAILURES
from cms.schemas import FLAG, TEXT, TIMESTAMP, listed, record, success

NAME_SCHEMA = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_.@-]{0,63}$", "example": "ann"}
_ROLE = {"type": "string", "enum": [*map(str, Role)]}
_PLACE = {"type": "string", "minLength": 1, "maxLength": LOCATION_LENGTH}
_PLACES = {**listed(_PLACE), "maxItems": MAX_LOCATIONS, "description": "None: everywhere"}
_MAYBE_TIME = {"type": "string", "format": "date-time", "nullable": True}
_PASSWORD = {"type": "string", "minLength": PASSWORD_LENGTH[0], "maxLength": PASSWORD_LENGTH[1]}
_DAYS = {"type": "integer", "minimum": 1, "maximum": 3650}
_CREDENTIAL = record(
    {
        "id": TEXT,
        "kind": {"type": "string", "enum": ["session", "token"]},
        "role": _ROLE,
        "label": TEXT,
        "locations": _PLACES,
        "created": TIMESTAMP,
        "used": _MAYBE_TIME,
        "expires": _MAYBE_TIME,
    }
)
_USER = record(
    {
        "name": NAME_SCHEMA,
        "role": _ROLE,
        "locations": _PLACES,
        "disabled": FLAG,
        "credentials": listed(_CREDENTIAL),
    }
)
USER = Parameter("userName", "path", NAME_SCHEMA, "The user's name", required=True)
CREDENTIAL = Parameter(
    "credentialId", "path", {"type": "string", "pattern": "^[0-9a-f]{12}$"}, "Its id", required=True
)
_CHANGE = {"role": _ROLE, "locations": _PLACES, "disabled": FLAG, "password": _PASSWORD}

LIST_USERS = Operation(
    "listUsers",
    "users",
    "Who may sign in, and by what they are signed in",
    "By name, with sessions and tokens. What they show as a secret is known to nobody but them.",
    success({"data": listed(_USER), "count": {"type": "integer", "minimum": 0}}),
    failures=(503,),
)
READ_USER = Operation(
    "readUser",
    "users",
    "One user",
    "With sessions and tokens.",
    success({"data": _USER}),
    parameters=(USER,),
    failures=(400, 404, 503),
)
ADD_USER = Operation(
    "addUser",
    "users",
    "Add a user",
    "The first one must be an administrator without limits. A user is a viewer unless `role` says otherwise.",
    success({"data": _USER}),
    body=record({"name": NAME_SCHEMA, "password": _PASSWORD}, {"role": _ROLE, "locations": _PLACES}),
    examples={"viewer": {"name": "ann", "password": "a long sentence", "locations": ["Annex"]}},
    failures=(*BODY_FAILURES, 409, 503),
)
CHANGE_USER = Operation(
    "changeUser",
    "users",
    "Change a user's role, locations or password, or keep it out",
    "What is not named stays. The user's sessions end, and every stream that it may no longer read.",
    success({"data": _USER}),
    parameters=(USER,),
    body=record({}, _CHANGE, minProperties=1),
    examples={"out": {"disabled": True}},
    failures=(*BODY_FAILURES, 404, 409, 503),
)
REMOVE_USER = Operation(
    "removeUser",
    "users",
    "Remove a user",
    "With all sessions and tokens.",
    success({}),
    parameters=(USER,),
    failures=(400, 404, 409, 503),
)
GIVE_TOKEN = Operation(
    "giveToken",
    "users",
    "Make a token for a program",
    "`token` is shown this once. It never has more rights than its user, nor sees further.",
    success({"token": TEXT, "data": _CREDENTIAL}),
    parameters=(USER,),
    body=record({}, {"role": _ROLE, "label": {**TEXT, "maxLength": 64}, "days": _DAYS, "locations": _PLACES}),
    examples={"grafana": {"role": "viewer", "label": "grafana", "days": 90}},
    failures=(*BODY_FAILURES, 404, 503),
)
REVOKE = Operation(
    "revokeCredential",
    "users",
    "End a session or a token",
    "Its event streams end with it.",
    success({}),
    parameters=(USER, CREDENTIAL),
    failures=(400, 404, 503),
)
