"""``smib-cms``: the service as a program. Exit codes: 0 done, 1 failed, 2 wrong use."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import TYPE_CHECKING

from cms.errors import CmsError, SettingError
from cms.role import Role
from cms.settings import Settings, read_settings, settings_help, unknown_settings

if TYPE_CHECKING:
    from cms.database import Database

DONE, FAILED, WRONG_USE = 0, 1, 2
ROLES = tuple(map(str, Role))

DESCRIPTION = """\
The casino management service: stores what each cabinet's SMIB is to be set to, sends it over MQTT, asks
devices for their live configuration and streams what they send. It listens on 127.0.0.1 until told otherwise.
"""

EXAMPLES = """\
examples:
  smib-cms serve
      with the broker at mqtt://localhost:1883, on http://127.0.0.1:3000, in ./cms.sqlite3
  MQTT_URI=mqtt://user:password@broker.casino.example smib-cms serve --port 8080
      another broker, another port
  CMS_CABINETS=cab-1=e831cdfa8384 smib-cms serve
      with one cabinet, added to the database where it is not in it yet
  smib-cms users add ann --role administrator
      a first user, whose password it asks for: from then on everybody has to sign in
  curl -X POST http://127.0.0.1:3000/api/mqtt/config/request -H 'Content-Type: application/json' \\
       -d '{"relayId": "e831cdfa8384", "component": "mqtt"}'
      asks a SMIB; the answer comes on  curl -N 'http://127.0.0.1:3000/api/mqtt/config/subscribe?relayId=e831cdfa8384'

Once it serves it prints one line, `ready cms url=...`; /docs under that URL describes every endpoint. The log
goes to standard error. Ctrl-C or SIGTERM ends it within two seconds.

exit codes: 0 ended as told, 1 failed (a port that is taken, a database that can't be used), 2 wrong use or
a setting that can't be.
"""


@dataclass
class Stop:
    """Whether the program was told to end, and what to do about it once there is something to do."""

    asked: bool = False
    act: Callable[[], None] | None = None

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if self.act is not None:
            self.act()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program with ``arguments``, by default those of the command line; its exit code."""
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    options = _parser().parse_args(arguments)
    try:
        if options.command != "serve":
            return DONE if _maintain(options, os.environ, stop) else FAILED
        return _serve(_settings(options, os.environ), unknown_settings(os.environ), stop)
    except SettingError as exc:
        return _complain(exc, WRONG_USE)
    except CmsError as exc:
        return _complain(exc, FAILED)


def _serve(settings: Settings, unknown: Sequence[str], stop: Stop) -> int:
    from cms.program import run  # half a second of libraries: --help and wrong settings do without

    run(settings, stop, unknown)
    return DONE


def _maintain(options: argparse.Namespace, environ: Mapping[str, str], stop: Stop) -> bool:
    from cms import maintenance, rotation
    from cms.database import Database

    if options.command == "secrets" and options.work == "key":
        return rotation.make_key()
    settings = _read(environ, CMS_DATABASE=("--database", options.database))
    database = Database(settings.database, settings.keys)
    if options.command == "secrets":
        return rotation.rotate(database, lambda: stop.asked)
    if options.command == "users":
        return _users(options, database)
    if options.command == "audit":
        return maintenance.verify(database, options.head)
    cargo = maintenance.Cargo(options.file, options.format)
    if options.work == "export":
        return maintenance.export_cabinets(database, cargo, secrets=options.with_passwords)
    update = options.existing == "update"
    return maintenance.import_cabinets(database, cargo, update=update, dry_run=options.dry_run)


def _users(options: argparse.Namespace, database: Database) -> bool:
    from cms import users
    from cms.account import TokenWish

    name, places = options.name, options.location
    role = None if options.role is None else Role(options.role)
    if options.work == "token":
        wish = TokenWish(role, options.label, options.days, tuple(places))
        return users.give_token(database, name, wish)
    if options.work == "add" and role is not None:
        return users.add(database, name, role, places)
    if options.work == "role" and role is not None:
        return users.change_role(database, name, role)
    if options.work == "locations":
        return users.change_locations(database, name, places)
    if options.work == "list":
        return users.list_all(database)
    return _by_name(users)[options.work](database, name)


def _by_name(users: ModuleType) -> Mapping[str, Callable[[Database, str], bool]]:
    return {
        "passwd": users.change_password,
        "remove": users.remove,
        "revoke": users.revoke,
        "disable": users.disable,
        "enable": users.enable,
    }


def _settings(options: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    return _read(environ, CMS_HOST=("--host", options.host), CMS_PORT=("--port", options.port))


def _read(environ: Mapping[str, str], **options: tuple[str, str | None]) -> Settings:
    """The settings, of which ``options`` go before the environment and are named in errors."""
    given = {name: text for name, (_, text) in options.items() if text is not None}
    try:
        return read_settings({**environ, **given})
    except SettingError as exc:
        if exc.name not in given:
            raise
        raise SettingError(options[exc.name][0], exc.shown, exc.wanted) from exc


def _complain(exc: CmsError, code: int) -> int:
    sys.stderr.write(f"smib-cms: {exc}\n")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smib-cms",
        description=DESCRIPTION,
        epilog="smib-cms serve --help shows examples and every setting.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    serve = commands.add_parser(
        "serve",
        help="run the service until Ctrl-C",
        description=DESCRIPTION,
        epilog=f"settings, from the environment:\n{settings_help()}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    serve.add_argument("--host", metavar="H", help="address to listen on; goes before CMS_HOST")
    serve.add_argument(
        "--port", metavar="N", help="port to listen on, 0 = any free one; goes before CMS_PORT"
    )
    _add_audit(commands)
    _add_cabinets(commands)
    _add_users(commands)
    _add_secrets(commands)
    return parser


def _add_audit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    audit = commands.add_parser("audit", help="check the audit trail", allow_abbrev=False)
    works = audit.add_subparsers(dest="work", metavar="WORK", required=True)
    verify = _work(works, "verify", "check that no entry was changed, added or removed; 1 where one was")
    verify.add_argument("--head", metavar="HASH", help="a head that was noted earlier, to be found as well")


def _add_cabinets(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    cabinets = commands.add_parser("cabinets", help="carry cabinets in and out", allow_abbrev=False)
    works = cabinets.add_subparsers(dest="work", metavar="WORK", required=True)
    take_in = _work(works, "import", "add the cabinets of a file, all or none; nothing is sent to a SMIB")
    take_in.add_argument("--dry-run", action="store_true", help="change nothing, only tell")
    take_in.add_argument(
        "--existing",
        choices=("skip", "update"),
        default="skip",
        help="cabinets that are there: leave, or rename",
    )
    export = _work(works, "export", "write all cabinets into a file")
    export.add_argument(
        "--with-passwords", action="store_true", help="passwords as they are, in place of ***"
    )
    for one in (take_in, export):
        one.add_argument("file", metavar="FILE", help="a .yaml, .json or .csv file, or - with --format")
        one.add_argument("--format", choices=("yaml", "json", "csv"), help="where FILE does not say")


def _add_users(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    users = commands.add_parser("users", help="say who may sign in, and what as", allow_abbrev=False)
    users.set_defaults(role=None, name=None, location=[])
    works = users.add_subparsers(dest="work", metavar="WORK", required=True)
    add = _work(works, "add", "add a user; the password is asked for, or the first line of standard input")
    passwd = _work(works, "passwd", "set another password, read as with add; ends the user's sessions")
    role = _work(works, "role", "set another role; ends the user's sessions")
    locations = _work(works, "locations", "limit a user to locations, or to none; ends the user's sessions")
    disable = _work(works, "disable", "keep a user out, tokens included, without forgetting it")
    enable = _work(works, "enable", "let a user in again")
    remove = _work(works, "remove", "remove a user, with all sessions and tokens")
    token = _work(works, "token", "make a token for a program, and write it this once")
    revoke = _work(works, "revoke", "end a token or a session by its id")
    _work(works, "list", "list users, their sessions and their tokens")
    for one in (add, passwd, role, locations, disable, enable, remove, token):
        one.add_argument("name", metavar="NAME", help="the user's name")
    for one in (add, locations, token):
        about = "see only cabinets of this location; may be given several times"
        one.add_argument("--location", metavar="L", action="append", default=[], help=about)
    revoke.add_argument("name", metavar="ID", help="as list shows it")
    for one in (add, role):
        one.add_argument("--role", choices=ROLES, required=True, help="what the user may do")
    token.add_argument("--role", choices=ROLES, help="less than the user's, for this token")
    token.add_argument("--label", default="", metavar="TEXT", help="what it is for")
    token.add_argument("--days", type=_days, metavar="N", help="how long it counts; without it, for ever")


def _add_secrets(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    secrets = commands.add_parser("secrets", help="seal passwords in the database", allow_abbrev=False)
    works = secrets.add_subparsers(dest="work", metavar="WORK", required=True)
    _work(works, "key", "make a key for CMS_SECRETS_KEY, and write it")
    _work(works, "rotate", "seal every password with the first key of CMS_SECRETS_KEY; can be interrupted")


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and 1 <= int(text) <= 3650):
        raise argparse.ArgumentTypeError("a number from 1 to 3650 was wanted")
    return int(text)


def _work(
    works: argparse._SubParsersAction[argparse.ArgumentParser], name: str, about: str
) -> argparse.ArgumentParser:
    work = works.add_parser(name, help=about, description=about, allow_abbrev=False)
    work.add_argument("--database", metavar="PATH", help="goes before CMS_DATABASE")
    return work
