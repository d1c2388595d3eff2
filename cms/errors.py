"""Everything that the CMS raises on purpose, each with a sentence that can be shown as it stands.

CmsError                       the root: catch this at a program's border
├── SettingError               the operator's: a setting that stops the start
│   └── CabinetsError          the operator's: the cabinets that CMS_CABINETS names, every fault of them
├── PortTaken                  the operator's: the service can't listen where it was told to
├── OutputFailed               the operator's: standard output takes nothing
├── RequestError               the caller's: a field that is missing or wrong (400)
│   ├── BodyTooLarge           the caller's: a body over 64 KiB (413)
│   ├── BodyTooSlow            the caller's: a body that does not end (408)
│   └── ContentTypeUnknown     the caller's: a body that is not said to be JSON (415)
├── NotSignedIn                the caller's: who it is has to be said first (401)
├── SignInFailed               the caller's: no such user, or not that password (401)
├── NotPermitted               the caller's: an endpoint that is switched off here (403)
├── NotAllowed                 the caller's: a role without the right (403)
├── OutOfScope                 the caller's: limited to some locations, and this is elsewhere (403)
├── ForeignOrigin              the caller's: a browser that acts for another site (403)
├── TooManyRequests            the caller's: more in a while than one caller may (429)
├── UnknownCabinet             the caller's: no cabinet has that id (404)
├── UnknownUser                the caller's: no user has that name (404)
├── UnknownCredential          the caller's: that user has no such session or token (404)
├── UserTaken                  the caller's: a user has that name already (409)
├── NoGovernor                 the caller's: then nobody could administer everything any more (409)
├── UnknownRevision            the caller's: a cabinet never had that revision (404)
├── UnknownBatch               the caller's: no batch has that id (404)
├── UnknownFirmware            the caller's: no such version is in the directory (404)
├── UnknownTemplate            the caller's: no template has that name, or not that version (404)
├── KeyReused                  the caller's: one idempotency key for two different requests (409)
├── StaleVersion               nobody's: somebody else changed the template first (409)
├── EditConflict               nobody's: somebody else changed the cabinet first (409)
├── UpgradeWanted              the caller's: a WebSocket was wanted (426)
├── TooManyStreams             the load's: no further event stream is opened (503)
├── BrokerUnavailable          the broker's: not connected, or it did not acknowledge (503)
├── DeviceSilent               the device's: no answer in the time that the caller gave it (504)
├── MetersRefused              the machine's: its SMIB says that it answers no poll (409)
└── StoreError                 the storage's
    ├── StoreBusy              it did not take an order in time (503)
    ├── KeyWanted              secrets in it are sealed with a key that is not there; stops the start
    ├── StoreSealed            a sealed value can't be opened (503)
    ├── StoreTooNew            its file was written by a newer version of this program; stops the start
    └── RelayTaken             two cabinets with one SMIB; stops the start

`cms/routes/failures.py` alone says what a class means in HTTP; nothing that raises these knows HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence

from wire.errors import Problem


class CmsError(Exception):
    """The root of the errors of this package."""


class SettingError(CmsError):
    """A setting that stops the start. ``shown`` is its value, or ``***``, or None where it is not set."""

    def __init__(self, name: str, shown: str | None, wanted: str) -> None:
        value = "is not set" if shown is None else f"is {shown!r}"
        super().__init__(f"The setting {name} {value}: {wanted}")
        self.name = name
        self.shown = shown
        self.wanted = wanted


class CabinetsError(SettingError):
    """Everything that is wrong with the cabinets to start with, a line for each problem."""

    def __init__(self, name: str, shown: str, problems: Sequence[str]) -> None:
        super().__init__(name, shown, "\n  ".join(("these cabinets can't be used:", *problems)))
        self.problems = tuple(problems)


class PortTaken(CmsError):
    """Another program listens on that port already, or this user may not."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"The CMS can't listen on {host} port {port}: {reason}. "
            f"Stop the program that uses it, or choose another port with --port (0 = any free port)."
        )
        self.host = host
        self.port = port


class OutputFailed(CmsError):
    """Nobody can be told that the service is ready."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"standard output: a stream that can be written to was wanted ({reason})")
        self.reason = reason


class RequestError(CmsError):
    """What the caller sent is wrong. ``problems`` has one entry for each field; never a secret value."""

    def __init__(self, field: str, wanted: str, *more: Problem) -> None:
        self.problems: tuple[Problem, ...] = (Problem(field, wanted), *more)
        super().__init__("; ".join(map(str, self.problems)))

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> RequestError:
        """One error for all of ``problems``, of which there is at least one."""
        first, *more = problems
        return cls(first.field, first.wanted, *more)


class BodyTooLarge(RequestError):
    """The body is larger than this service reads."""

    def __init__(self, limit: int) -> None:
        super().__init__("body", f"at most {limit} bytes were wanted")
        self.limit = limit


class BodyTooSlow(RequestError):
    """The rest of the body did not arrive in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__("body", f"all of it was wanted within {seconds:g} s")
        self.seconds = seconds


class ContentTypeUnknown(RequestError):
    """The body is not said to be plain JSON: ``header`` was ``seen``."""

    def __init__(self, header: str, wanted: str, seen: str) -> None:
        shown = f"not {seen[:80]!r}" if seen else "and there was none"
        super().__init__(header, f"{wanted} was wanted, {shown}")
        self.header = header
        self.seen = seen


class NotPermitted(CmsError):
    """The endpoint exists, and is switched off by a setting."""

    def __init__(self, what: str, setting: str) -> None:
        super().__init__(f"{what} is switched off here; {setting}=1 switches it on")
        self.setting = setting


class NotSignedIn(CmsError):
    """Nobody is signed in, and somebody has to be; ``stale``: by what was shown nobody is, or no longer."""

    def __init__(self, *, stale: bool) -> None:
        why = "what was sent does not count, or no longer" if stale else "nobody is signed in"
        super().__init__(
            f"Authorization: {why}. Sign in with POST /api/session, or send a token as 'Bearer TOKEN'."
        )
        self.stale = stale


class SignInFailed(CmsError):
    """Which of the two was wrong is not told."""

    def __init__(self) -> None:
        super().__init__("There is no such user, or this is not the password")


class NotAllowed(CmsError):
    """The caller's role does not have the right that the endpoint asks for; ``roles`` have it."""

    def __init__(self, role: str, right: str, roles: Sequence[str]) -> None:
        super().__init__(f"A {role} may not do this; it takes the right to {right}: {', '.join(roles)}")
        self.role = role
        self.right = right
        self.roles = tuple(roles)


class OutOfScope(CmsError):
    """The caller is limited to some locations; what lies elsewhere is told as what does not exist."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}, and this caller is limited to some locations")


class ForeignOrigin(CmsError):
    """A browser sent this for a page of another site, or it does not say for which."""

    def __init__(self, header: str, wanted: str) -> None:
        super().__init__(f"{header}: {wanted}")
        self.header = header


class TooManyRequests(CmsError):
    """``what`` was asked for too often; in ``retry_s`` seconds there is room again."""

    def __init__(self, what: str, retry_s: int) -> None:
        super().__init__(f"Too many {what}: try again in {retry_s} s")
        self.what = what
        self.retry_s = retry_s


class UnknownCabinet(CmsError):
    """No cabinet has this id."""

    def __init__(self, cabinet_id: str) -> None:
        super().__init__(f"cabinetId: no cabinet is called {cabinet_id!r}")
        self.cabinet_id = cabinet_id


class UnknownUser(CmsError):
    """No user has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no user {name[:80]!r}; smib-cms users list shows all")
        self.name = name


class UserTaken(CmsError):
    """A user has this name already, and is left alone."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a user {name!r} already; smib-cms users passwd and role change it")
        self.name = name


class UnknownCredential(CmsError):
    """The user has no session and no token of this id."""

    def __init__(self, name: str, credential_id: str) -> None:
        super().__init__(f"id: {name} has no session and no token {credential_id[:80]!r}")
        self.name = name
        self.credential_id = credential_id


class NoGovernor(CmsError):
    """After this nobody could administer everything."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name}: an administrator who is not disabled, and not limited to locations, was wanted to stay"
        )
        self.name = name


class UnknownRevision(CmsError):
    """The cabinet has no such revision in its history."""

    def __init__(self, cabinet_id: str, revision: int) -> None:
        super().__init__(f"revision: cabinet {cabinet_id} has no revision {revision} in its history")
        self.cabinet_id = cabinet_id
        self.revision = revision


class UnknownBatch(CmsError):
    """No batch has this id, or it is long over."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(f"batchId: no batch is called {batch_id[:80]!r}; the last 200 are kept")
        self.batch_id = batch_id


class UnknownFirmware(CmsError):
    """The directory has no such version."""

    def __init__(self, version: str) -> None:
        super().__init__(f"version: the directory has no firmware {version[:80]!r}")
        self.version = version


class UnknownTemplate(CmsError):
    """No template has this name, or it has no such version any more."""

    def __init__(self, name: str, version: int | None = None) -> None:
        of = "" if version is None else f" of version {version}"
        super().__init__(f"template: no template is called {name[:80]!r}{of}")
        self.name = name
        self.version = version


class KeyReused(CmsError):
    """The caller gave another request this key before."""

    def __init__(self, key: str) -> None:
        super().__init__(f"Idempotency-Key: {key!r} was used for another request; a new one was wanted")
        self.key = key


class StaleVersion(CmsError):
    """A template or an entry was changed since the caller read it; ``stored`` is None where not known."""

    def __init__(self, name: str, expected: int, stored: int | None = None) -> None:
        at = "was changed meanwhile" if stored is None else f"is at version {stored}"
        super().__init__(
            f"If-Match: {name} {at}, and version {expected} was the one that this is an edit of. "
            f"Read it again, then repeat the change."
        )
        self.name = name
        self.expected = expected
        self.stored = stored


class EditConflict(CmsError):
    """The cabinet was changed since the caller read it. ``stored`` and ``expected`` are revisions."""

    def __init__(self, cabinet_id: str, stored: int, expected: int) -> None:
        super().__init__(
            f"If-Match: cabinet {cabinet_id} is at revision {stored}, not {expected}: "
            f"somebody changed it meanwhile. Read it again, then repeat the change."
        )
        self.cabinet_id = cabinet_id
        self.stored = stored
        self.expected = expected


class UpgradeWanted(CmsError):
    """What came is no WebSocket."""

    def __init__(self, path: str) -> None:
        super().__init__(f"Upgrade: a WebSocket was wanted at {path}")
        self.path = path


class TooManyStreams(CmsError):
    """As many event streams are open as this service serves."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} event streams are open, and no more are served")
        self.limit = limit


class BrokerUnavailable(CmsError):
    """The broker is not connected, or did not acknowledge in time; nothing waits to be sent later."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The MQTT broker is unreachable: {reason}")
        self.reason = reason


class DeviceSilent(CmsError):
    """The device did not answer within the time that the caller was ready to wait."""

    def __init__(self, relay_id: str, component: str, seconds: float) -> None:
        super().__init__(f"relayId: {relay_id} did not answer the request for {component} in {seconds:g} s")
        self.relay_id = relay_id
        self.component = component
        self.seconds = seconds


class MetersRefused(CmsError):
    """The SMIB answered that its machine did not."""

    def __init__(self, cabinet_id: str) -> None:
        super().__init__(
            f"cabinetId: the machine of {cabinet_id} answers no SAS poll: comsMode 0, and the machine's own "
            f"comsAddr, were wanted"
        )
        self.cabinet_id = cabinet_id


class StoreError(CmsError):
    """The storage could not do what it was asked for."""


class StoreBusy(StoreError):
    """The storage did not take the order in time; nothing of it was stored."""


class KeyWanted(StoreError):
    """Secrets are sealed with keys that were not given; ``ids`` are what these are called."""

    def __init__(self, path: str, ids: Sequence[str]) -> None:
        super().__init__(
            f"The database {path} holds secrets that are sealed with the key {' and '.join(ids)}: "
            f"CMS_SECRETS_KEY was wanted with it, behind a new key if there is one, as NEW,OLD."
        )
        self.path = path
        self.ids = tuple(ids)


class StoreSealed(StoreError):
    """A sealed value can't be opened; what it holds, and its key, are not told."""


class StoreTooNew(StoreError):
    """The storage was written by a newer version of this program, and is left alone."""

    def __init__(self, path: str, found: int, known: int) -> None:
        super().__init__(
            f"The database {path} has schema {found}, and this version knows {known}: "
            f"use the newer version of the CMS, or another file with CMS_DATABASE."
        )
        self.path = path
        self.found = found
        self.known = known


class RelayTaken(StoreError):
    """A cabinet that was to be added has the SMIB of another one; none was added. ``problems`` has all."""

    def __init__(
        self, cabinet_id: str, relay_id: str, owner: str, given: str = "the cabinets of CMS_CABINETS"
    ) -> None:
        super().__init__(
            f"The cabinet {cabinet_id} can't be added: its relayId {relay_id} belongs to {owner}, which is "
            f"stored already. Correct {given}, or use another CMS_DATABASE."
        )
        self.cabinet_id = cabinet_id
        self.relay_id = relay_id
        self.owner = owner
        wanted = f"a SMIB of its own was wanted: {relay_id} belongs to {owner}, which is stored already"
        self.problems: tuple[Problem, ...] = (Problem(f"{cabinet_id}.relayId", wanted),)

    @classmethod
    def of(cls, errors: Sequence[RelayTaken]) -> RelayTaken:
        """One error for all of ``errors`` of an import, of which there is at least one."""
        first = errors[0]
        whole = cls(first.cabinet_id, first.relay_id, first.owner, "the file")
        whole.problems = tuple(problem for error in errors for problem in error.problems)
        return whole
