"""``smib-cms users`` from outside: a password never on the command line, a token shown once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from cms.tests.test_cli import ROOT, environment, serving, smib_cms

PASSWORD = "lucky-lion-4711"


def users(folder: Path, *arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cms", "users", *arguments],
        cwd=ROOT,
        env=environment(folder),
        input=f"{password}\n",
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def done(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def asked(url: str, token: str = "") -> int:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    try:
        with urlopen(Request(url, headers=headers)) as answer:
            return int(answer.status)
    except HTTPError as exc:
        return exc.code


def test_a_user_is_added_changed_listed_and_removed(tmp_path: Path) -> None:
    assert done(users(tmp_path, "add", "Ann", "--role", "technician")) == "added user=ann role=technician\n"
    again = users(tmp_path, "add", "ann", "--role", "viewer")
    assert (again.returncode, again.stdout) == (1, "")
    assert "already" in again.stderr
    assert done(users(tmp_path, "role", "ann", "--role", "manager")) == "changed user=ann role=manager\n"
    changed = done(users(tmp_path, "passwd", "ann", password="another-password"))
    assert changed == "changed user=ann role=manager\n"
    token = done(users(tmp_path, "token", "ann", "--role", "viewer", "--label", "grafana", "--days", "9"))
    assert re.fullmatch(r"cms_[A-Za-z0-9_-]{43}\n", token)
    listed = done(users(tmp_path, "list"))
    found = re.search(r"token=([0-9a-f]{12}) role=viewer .* label=grafana", listed)
    assert found, listed
    assert listed.startswith("user=ann role=manager\n")
    assert token.strip() not in listed
    assert found[1] in done(users(tmp_path, "revoke", found[1]))
    assert "token" not in done(users(tmp_path, "list"))
    assert done(users(tmp_path, "remove", "ann")) == "removed user=ann\n"
    assert done(users(tmp_path, "list")) == ""
    assert smib_cms(tmp_path, "audit", "verify").stdout.startswith("intact entries=6 ")
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (PASSWORD, "another-password", token.strip()):
        assert secret.encode() not in stored


def test_a_user_can_be_limited_to_locations_and_kept_out(tmp_path: Path) -> None:
    where = ("--location", "Annex", "--location", " High Roller ", "--location", "annex")
    added = done(users(tmp_path, "add", "ann", "--role", "viewer", *where))
    assert added == 'added user=ann role=viewer location="Annex" location="High Roller"\n'
    assert done(users(tmp_path, "disable", "ann")).endswith(" disabled\n")
    assert done(users(tmp_path, "list")) == (
        'user=ann role=viewer location="Annex" location="High Roller" disabled\n'
    )
    assert "disabled" not in done(users(tmp_path, "enable", "ann"))
    assert done(users(tmp_path, "locations", "ann")) == "changed user=ann role=viewer\n"
    assert done(users(tmp_path, "token", "ann", "--location", "Annex"))
    assert 'role=viewer location="Annex"' in done(users(tmp_path, "list"))


@pytest.mark.parametrize(
    ("arguments", "password", "code", "words"),
    [
        (("add", "ann", "--role", "viewer", "--location", " "), PASSWORD, 2, ("--location", "1 to 200")),
        (("add", "ann", "--role", "viewer"), "short", 2, ("PASSWORD", "12 to 256")),
        (("add", "ann", "--role", "viewer"), "", 2, ("PASSWORD", "12 to 256")),
        (("add", "a b", "--role", "viewer"), PASSWORD, 2, ("NAME", "a b", "a-z")),
        (("add", "system", "--role", "viewer"), PASSWORD, 2, ("NAME", "system")),
        (("add", "ann", "--role", "king"), PASSWORD, 2, ("king", "administrator")),
        (("add", "ann"), PASSWORD, 2, ("--role",)),
        (("add", "ann", "--role", "viewer", "--password", PASSWORD), PASSWORD, 2, ("unrecognized",)),
        (("token", "bob"), PASSWORD, 1, ("bob", "users list")),
        (("token", "bob", "--days", "0"), PASSWORD, 2, ("1 to 3650",)),
        (("revoke", "0123456789ab"), PASSWORD, 2, ("TOKEN", "0123456789ab")),
        (("remove", "bob"), PASSWORD, 1, ("bob",)),
        (("passwd", "bob"), PASSWORD, 1, ("bob",)),
    ],
)
def test_wrong_use_is_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], password: str, code: int, words: tuple[str, ...]
) -> None:
    done(users(tmp_path, "add", "carol", "--role", "viewer"))
    ended = users(tmp_path, *arguments, password=password)
    assert (ended.returncode, ended.stdout) == (code, "")
    for word in words:
        assert word in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_running_service_takes_a_new_token_and_refuses_a_revoked_one(tmp_path: Path) -> None:
    done(users(tmp_path, "add", "ann", "--role", "viewer"))
    with serving(tmp_path, CMS_HOST="0.0.0.0", CMS_LOG="quiet", CMS_SECRETS_KEY="plain") as (program, line):
        url = line.partition("url=")[2].strip()
        token = done(users(tmp_path, "token", "ann")).strip()
        assert asked(f"{url}/api/cabinets") == 401
        assert asked(f"{url}/healthz") == 200
        assert asked(f"{url}/api/cabinets", token) == 200
        body = json.dumps({"user": "ann", "password": PASSWORD}).encode()
        signed = Request(f"{url}/api/session", body, {"content-type": "application/json"})
        with urlopen(signed) as answer:
            assert json.load(answer)["user"] == "ann"
            assert "HttpOnly" in answer.headers["set-cookie"]
        done(users(tmp_path, "remove", "ann"))
        with urlopen(f"{url}/healthz") as answer:
            assert answer.status == 200
        # Within a second; the deadline of the test ends it. The log is quiet: nobody reads the pipe yet.
        while asked(f"{url}/api/cabinets", token) == 200:
            pass
        program.terminate()
        _, err = program.communicate(timeout=10)
    assert program.returncode == 0
    assert PASSWORD not in err
    assert token not in err
    assert "open access" not in err


def test_open_access_is_announced(tmp_path: Path) -> None:
    with serving(tmp_path) as (program, _):
        program.terminate()
        _, err = program.communicate(timeout=10)
    assert "= open access host=127.0.0.1" in err


def test_behind_a_proxy_its_word_is_taken_for_https_and_the_callers_address(tmp_path: Path) -> None:
    done(users(tmp_path, "add", "ann", "--role", "manager"))
    forwarded = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7"}
    body = json.dumps({"user": "ann", "password": PASSWORD}).encode()
    for proxies, secure in (("127.0.0.0/8", True), ("203.0.113.1", False)):
        with serving(tmp_path, CMS_PROXIES=proxies, CMS_SECRETS_KEY="plain") as (program, line):
            url = line.partition("url=")[2].strip()
            headers = {"content-type": "application/json", **forwarded}
            with urlopen(Request(f"{url}/api/session", body, headers)) as answer:
                assert ("Secure" in answer.headers["set-cookie"]) is secure
            program.terminate()
            program.communicate(timeout=10)
    token = done(users(tmp_path, "token", "ann")).strip()
    with serving(tmp_path) as (_, line):
        url = line.partition("url=")[2].strip()
        with urlopen(Request(f"{url}/api/audit", headers={"authorization": f"Bearer {token}"})) as answer:
            entries = json.load(answer)["data"]
    found = [entry["address"] for entry in entries if entry["action"] == "sign-in"]
    assert found == ["127.0.0.1", "203.0.113.7"]
