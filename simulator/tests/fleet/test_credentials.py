"""Own credentials for each device: read whole or refused with everything that is wrong, and never shown."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from simulator.device.link import Certificate
from simulator.errors import CredentialsError
from simulator.fleet.credentials import SHOWN, Templates, read_credentials
from simulator.link.papers import Papers
from simulator.tests.floor import OTHER, RELAY, settings
from simulator.tests.program import run

BOTH = (RELAY, OTHER)
Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str) -> Path:
        file = tmp_path / "own.csv"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def problems(file: Path) -> list[str]:
    with pytest.raises(CredentialsError) as refused:
        read_credentials(file, BOTH)
    return [str(problem).replace(f"{file.parent}/", "") for problem in refused.value.problems]


class TestFile:
    def test_each_has_its_own(self, written: Written) -> None:
        file = written(
            f"password,relay,username\nswordfish,{RELAY.upper()},a\n\n,{OTHER},b\n,ffffffffffff,c\n"
        )
        assert read_credentials(file, BOTH) == {RELAY: Papers("a", "swordfish"), OTHER: Papers("b")}

    def test_everything_wrong_is_told_at_once_with_file_line_and_field(self, written: Written) -> None:
        told = problems(
            written(
                "relay,username,password,cert,key\n"
                f"{RELAY},,swordfish,,\n"
                "a/b,x,y,,\n"
                f"{RELAY},x,y,nowhere.pem,\n"
                f"{OTHER},x\n"
                f"{OTHER},x,y,,alone.key\n"
            )
        )
        assert [line.partition(": ")[0] for line in told] == [f"own.csv:{n}" for n in (2, 3, 4, 4, 5, 6)]
        assert told[0] == "own.csv:2: username: one was wanted, because there is a password"
        assert "relay: 1 to 64 characters" in told[1]
        assert told[2] == f"own.csv:4: relay: each only once was wanted; line 2 has {RELAY} too"
        assert told[3] == "own.csv:4: cert: a file that can be read was wanted, at nowhere.pem"
        assert told[4] == "own.csv:5: row: 5 columns as in the first line were wanted, not 2"
        assert told[5] == "own.csv:6: cert: one was wanted, because there is a key"
        assert "swordfish" not in "\n".join(told)

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("", "own.csv:1: columns: the columns relay and some of username, password, cert, key"),
            ("username\nx\n", "own.csv:1: columns: "),
            ("relay,relay\n", "own.csv:1: columns: "),
            ("relay,colour\n", "own.csv:1: columns: "),
            (
                f"relay\n{RELAY}\n",
                f"own.csv: relay: a row for each device of the fleet was wanted; 1 have none: {OTHER}",
            ),
            (f'relay,username\n{RELAY},"x\n', "own.csv:2: row: CSV was wanted"),
            (f"relay,username\n{RELAY},a\x07b\n{OTHER},\n", "own.csv:2: username: at most 1024 printable"),
        ],
    )
    def test_what_is_none_is_refused(self, written: Written, text: str, wanted: str) -> None:
        assert problems(written(text))[0].startswith(wanted)

    def test_a_file_that_is_not_there_is_a_sentence(self, tmp_path: Path) -> None:
        assert problems(tmp_path / "own.csv") == ["own.csv: file: No such file or directory"]

    def test_of_very_many_problems_some_are_told(self, written: Written) -> None:
        with pytest.raises(CredentialsError, match=r"and 30 more$"):
            read_credentials(written("relay\n" + "a/b\n" * (SHOWN + 30)), BOTH)

    @hypothesis_settings(deadline=None)  # each makes a file
    @given(st.binary(max_size=200))
    def test_no_bytes_make_it_raise_anything_else(self, data: bytes) -> None:
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            file.write(data)
            file.flush()
            try:
                read_credentials(Path(file.name), ())
            except CredentialsError as exc:
                assert str(exc)


class TestTemplates:
    def test_the_relay_id_is_put_in(self, tmp_path: Path) -> None:
        for relay_id in BOTH:
            (tmp_path / f"{relay_id}.txt").write_text(f"of-{relay_id}\n")
        templates = Templates("smib-{relay}", str(tmp_path / "{relay}.txt"))
        assert templates.papers(BOTH) == {r: Papers(f"smib-{r}", f"of-{r}") for r in BOTH}

    def test_one_file_is_one_password_for_all(self, tmp_path: Path) -> None:
        (tmp_path / "all.txt").write_text("swordfish")
        found = Templates("{relay}", str(tmp_path / "all.txt")).papers(BOTH)
        assert {papers.password for papers in found.values()} == {"swordfish"}

    def test_every_file_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        templates = Templates("x", str(tmp_path / "{relay}.txt"), str(tmp_path / "{relay}.pem"))
        with pytest.raises(CredentialsError) as refused:
            templates.papers(BOTH)
        fields = [(Path(one.file).name, one.field) for one in refused.value.problems]
        assert fields == [
            (f"{r}.{end}", f) for r in BOTH for end, f in (("txt", "password"), ("pem", "file"))
        ]

    def test_a_certificate_that_is_none_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "x.pem").write_text("no certificate")
        with pytest.raises(CredentialsError, match="a certificate in PEM and its own key"):
            Templates(cert=str(tmp_path / "x.pem")).papers(BOTH)


class TestPapers:
    def test_they_are_shown_at_each_connect(self) -> None:
        certificate = Certificate("a.pem", "a.key")
        shown = Papers("a", "swordfish", certificate, "127.0.0.2").settings(settings("mqtt://broker"))
        assert (shown.address.username, shown.address.password) == ("a", "swordfish")
        assert (shown.certificate, shown.source) == (certificate, "127.0.0.2")

    def test_a_user_name_that_was_configured_stays(self) -> None:
        shown = Papers("a", "swordfish").settings(settings("mqtt://b:other@broker"))
        assert (shown.address.username, shown.address.password) == ("b", "other")

    def test_a_password_is_in_no_text_of_them(self) -> None:
        assert "swordfish" not in repr(Papers("a", "swordfish"))


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--credentials", "x.csv", "--cert", "y"), "--credentials: no --cert beside it was wanted"),
        (("--password-file", "x"), "--password-file: --username was wanted too"),
        (("--key", "x"), "--key: --cert was wanted too"),
        (("--username", "{relay}"), "--broker: no user name was wanted in it"),
    ],
)
def test_what_does_not_go_together_is_wrong_use(args: tuple[str, ...], sentence: str) -> None:
    ended = run("fleet", "--broker", "mqtt://u:hunter2@127.0.0.1:1", *args)
    assert sentence in ended.stderr
    assert "hunter2" not in ended.stderr
    assert ended.returncode == 2
