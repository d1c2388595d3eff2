"""Own credentials for each device of a fleet: by a template, or from a CSV file.

Everything that is wrong is told at once, with its file, line and field, and never with a secret.
"""

from __future__ import annotations

import contextlib
import csv
import io
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.device.link import Certificate
from simulator.errors import CredentialsError, FileProblem
from simulator.link.papers import Papers, load_certificate
from wire.errors import RelayIdError
from wire.relay import canonical_relay_id

RELAY = "{relay}"
COLUMNS = ("relay", "username", "password", "cert", "key")
LARGEST_FILE = 64 * 1024 * 1024
LONGEST_TEXT = 1_024
TRIED = 100
"""Certificates that are loaded before the ramp; of the others it is only seen that they are there."""
SHOWN = 20
"""Problems that are told one by one."""


@dataclass(frozen=True, slots=True)
class Templates:
    """What each device has, with its relay id in the place of {relay}; None for what it has not. `password`
    is the path of a file that holds it.
    """

    username: str | None = None
    password: str | None = None
    cert: str | None = None
    key: str | None = None

    def papers(self, relay_ids: Iterable[str]) -> dict[str, Papers]:
        """The papers of each device; CredentialsError for a file that is not what it should be."""
        problems: list[FileProblem] = []
        read = _Reading(problems)
        found = {relay_id: self._papers(relay_id, read) for relay_id in relay_ids}
        _refuse(problems)
        return found

    def _papers(self, relay_id: str, read: _Reading) -> Papers:
        def filled(template: str | None) -> str | None:
            return None if template is None else template.replace(RELAY, relay_id)

        secret, cert = filled(self.password), filled(self.cert)
        password = None if secret is None else read.password(Path(secret))
        certificate = None if cert is None else Certificate(cert, filled(self.key) or cert)
        if certificate is not None:
            read.certificate(certificate, lambda file, why: FileProblem(file, None, "file", why))
        return Papers(filled(self.username), password, certificate)


def read_credentials(path: Path, relay_ids: Sequence[str]) -> dict[str, Papers]:
    """The papers of these devices from a CSV file; CredentialsError with everything that is wrong with it.

    Rows of other devices are passed over: the file may be that of a bigger floor.
    """
    problems: list[FileProblem] = []
    rows = _Rows(path, problems)
    wanted = set(relay_ids)
    found: dict[str, Papers] = {}
    lines: dict[str, int] = {}
    for line, row in rows:
        relay_id = rows.relay_id(line, row)
        if relay_id is None:
            continue
        if relay_id in lines:
            rows.note(line, "relay", f"each only once was wanted; line {lines[relay_id]} has {relay_id} too")
        lines.setdefault(relay_id, line)
        if relay_id in wanted:
            found[relay_id] = rows.papers(line, row)
    missing = [relay_id for relay_id in relay_ids if relay_id not in lines]
    if missing and not problems:
        some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        wanted_rows = f"a row for each device of the fleet was wanted; {len(missing)} have none: {some}"
        problems.append(FileProblem(str(path), None, "relay", wanted_rows))
    _refuse(problems)
    return found


class _Reading:
    """Reads the files of credentials, each once, and notes what is wrong with them."""

    def __init__(self, problems: list[FileProblem]) -> None:
        self._problems = problems
        self._passwords: dict[Path, str | None] = {}
        self._seen: set[Certificate] = set()

    def password(self, path: Path) -> str | None:
        if path not in self._passwords:
            self._passwords[path] = self._first_line(path)
        return self._passwords[path]

    def certificate(self, one: Certificate, problem: Callable[[str, str], FileProblem]) -> None:
        """`problem` makes one of a file and what is the matter with it."""
        if one in self._seen:
            return
        self._seen.add(one)
        missing = [file for file in dict.fromkeys((one.cert, one.key)) if not _readable(Path(file))]
        self._problems += (problem(file, _READABLE) for file in missing)
        if not missing and len(self._seen) <= TRIED and (why := _unusable(one)):
            self._problems.append(problem(one.cert, why))

    def _first_line(self, path: Path) -> str | None:
        try:
            with path.open(encoding="utf-8") as file:
                line = file.readline(LONGEST_TEXT + 2).rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            line = ""
        if not 1 <= len(line) <= LONGEST_TEXT:
            self._problems.append(FileProblem(str(path), 1, "password", _PASSWORD))
            return None
        return line


class _Rows:
    """The rows of a CSV file with their lines."""

    def __init__(self, path: Path, problems: list[FileProblem]) -> None:
        self._path = path
        self._problems = problems
        self._read = _Reading(problems)
        self._lines = csv.reader(io.StringIO(self._text(), newline=""), strict=True)
        self._columns = self._header()

    def __iter__(self) -> Iterator[tuple[int, Mapping[str, str]]]:
        while self._columns:
            try:
                cells = next(self._lines, None)
            except csv.Error as exc:
                self.note(self._lines.line_num, "row", f"CSV was wanted ({exc})")
                return
            if cells is None:
                return
            if cells and len(cells) != len(self._columns):
                wanted = f"{len(self._columns)} columns as in the first line were wanted, not {len(cells)}"
                self.note(self._lines.line_num, "row", wanted)
            elif cells:
                yield self._lines.line_num, dict(zip(self._columns, cells, strict=True))

    def note(self, line: int | None, field: str, wanted: str) -> None:
        self._problems.append(FileProblem(str(self._path), line, field, wanted))

    def relay_id(self, line: int, row: Mapping[str, str]) -> str | None:
        try:
            return canonical_relay_id(row["relay"])
        except RelayIdError as exc:
            self.note(line, "relay", str(exc).removeprefix("relayId: "))
            return None

    def papers(self, line: int, row: Mapping[str, str]) -> Papers:
        username, password, cert, key = (row.get(name) or None for name in COLUMNS[1:])
        for name, value in (("username", username), ("password", password)):
            if value is not None and not (len(value) <= LONGEST_TEXT and value.isprintable()):
                self.note(line, name, f"at most {LONGEST_TEXT} printable characters were wanted")
        if password is not None and username is None:
            self.note(line, "username", "one was wanted, because there is a password")
        if key is not None and cert is None:
            self.note(line, "cert", "one was wanted, because there is a key")
        certificate = None if cert is None else self._certificate(line, cert, key or cert)
        return Papers(username, password, certificate)

    def _certificate(self, line: int, cert: str, key: str) -> Certificate:
        beside = self._path.parent
        made = Certificate(str(beside / cert), str(beside / key))

        def problem(file: str, why: str) -> FileProblem:
            field = "cert" if file == made.cert else "key"
            return FileProblem(str(self._path), line, field, f"{why}, at {file}")

        self._read.certificate(made, problem)
        return made

    def _text(self) -> str:
        try:
            data = self._path.read_bytes()
            if len(data) <= LARGEST_FILE:
                return data.decode("utf-8-sig")
            self.note(None, "file", f"at most {LARGEST_FILE // 2**20} MiB were wanted")
        except OSError as exc:
            self.note(None, "file", exc.strerror or str(exc))
        except UnicodeDecodeError as exc:
            self.note(data.count(b"\n", 0, exc.start) + 1, "file", "text in UTF-8 was wanted")
        return ""

    def _header(self) -> tuple[str, ...]:
        if self._problems:
            return ()
        try:
            names = tuple(name.strip() for name in next(self._lines, []))
        except csv.Error:
            names = ()
        wanted = f"the columns relay and some of {', '.join(COLUMNS[1:])} were wanted, each once"
        if "relay" not in names or len(set(names)) < len(names) or not set(names) <= set(COLUMNS):
            self.note(1, "columns", wanted)
            return ()
        return names


_READABLE = "a file that can be read was wanted"
_PASSWORD = f"a first line of 1 to {LONGEST_TEXT} characters was wanted"


def _readable(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb"):
        return True
    return False


def _unusable(one: Certificate) -> str | None:
    """Why OpenSSL does not take it; None where it does."""
    try:
        load_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), one)
    except (ssl.SSLError, OSError, ValueError):
        return "a certificate in PEM and its own key, which has no password, were wanted"
    return None


def _refuse(problems: Sequence[FileProblem]) -> None:
    if problems:
        raise CredentialsError(tuple(problems[:SHOWN]), len(problems) - SHOWN)
