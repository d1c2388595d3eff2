"""The table of settings (design, rule 7; contract, sections 2, 5 and 6)."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.errors import SettingError
from cms.setting_values import is_loopback
from cms.settings import SETTINGS, read_settings, settings_help

NAMES = [setting.name for setting in SETTINGS]


def refused(**environ: str) -> SettingError:
    with pytest.raises(SettingError) as caught:
        read_settings(environ)
    return caught.value


class TestDefaults:
    def test_are_the_specification_s(self) -> None:
        settings = read_settings({})
        assert settings.mqtt.address.uri() == "mqtt://localhost:1883"
        assert settings.mqtt.mqtt_pub_topic == "sas/relay/"
        assert settings.mqtt.mqtt_cfg_topic == "smib/config"
        assert settings.mqtt.mqtt_gli_topic == "sas/gli/server/"
        assert settings.mqtt.topics.shared_server == "sas/gy/server"
        assert (settings.mqtt.keepalive_s, settings.mqtt.first_connect_s) == (60, 30.0)
        assert settings.mqtt.retain_config is False
        assert (settings.host, settings.port, settings.log) == ("127.0.0.1", 3000, "normal")
        assert settings.cabinets is None
        assert settings.test_endpoint is True
        assert settings.local is True

    def test_an_empty_variable_is_one_that_is_not_set(self) -> None:
        assert read_settings(dict.fromkeys(NAMES, " ")) == read_settings({})

    @pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
    def test_each_is_a_value_that_can_be_written_down(self, setting: Any) -> None:
        if setting.default is not None:
            assert read_settings({setting.name: setting.default}) == read_settings({})


class TestValues:
    def test_prefixes_with_and_without_their_slash(self) -> None:
        with_slash = read_settings({"MQTT_PUB_TOPIC": "a/b/", "MQTT_SUB_TOPIC": "c/"})
        assert with_slash == read_settings({"MQTT_PUB_TOPIC": "a/b", "MQTT_SUB_TOPIC": "c"})
        assert with_slash.mqtt.topics.relay("x") == "a/b/x"

    @pytest.mark.parametrize(
        ("uri", "expected"),
        [
            ("rabbit.sbox.site", "mqtt://rabbit.sbox.site:1883"),
            ("mqtts://floor", "mqtts://floor:8883"),
            ("ws://floor/mqtt", "ws://floor:80/mqtt"),
            ("wss://floor:8084/mqtt", "wss://floor:8084/mqtt"),
            ("mqtt://u:p%40w@floor", "mqtt://u:p%40w@floor:1883"),
        ],
    )
    def test_brokers(self, uri: str, expected: str) -> None:
        assert read_settings({"MQTT_URI": uri}).mqtt.address.uri() == expected

    @pytest.mark.parametrize(
        ("environ", "expected"),
        [
            ({"MQTT_USERNAME": "a", "MQTT_PASSWORD": "b"}, ("a", "b")),
            ({"MQTT_URI": "mqtt://x:y@h"}, ("x", "y")),
            ({"MQTT_URI": "mqtt://x:y@h", "MQTT_PASSWORD": "b"}, ("x", "b")),
            ({"MQTT_URI": "mqtt://x:y@h", "MQTT_USERNAME": "a"}, ("a", None)),
            ({"MQTT_URI": "mqtt://x:y@h", "MQTT_USERNAME": "x"}, ("x", "y")),
            ({"MQTT_USERNAME": "a", "MQTT_PASSWORD": " b "}, ("a", " b ")),
        ],
    )
    def test_credentials(self, environ: dict[str, str], expected: tuple[str, str | None]) -> None:
        address = read_settings(environ).mqtt.address
        assert (address.username, address.password) == expected

    @pytest.mark.parametrize(("text", "value"), [("1", True), ("0", False), ("yes", True), ("OFF", False)])
    def test_switches(self, text: str, value: bool) -> None:
        assert read_settings({"MQTT_RETAIN_CONFIG": text}).mqtt.retain_config is value

    def test_host_and_port_have_a_second_name(self) -> None:
        settings = read_settings({"CMS_HOST": "::1", "PORT": "0"})
        assert (settings.host, settings.port) == ("::1", 0)
        settings = read_settings({"HOST": "0.0.0.0", "CMS_HOST": "localhost", "PORT": "1", "CMS_PORT": "2"})
        assert (settings.host, settings.port) == ("localhost", 2)

    @pytest.mark.parametrize(
        ("host", "given_", "expected"),
        [
            ("127.0.0.1", None, True),
            ("127.0.0.1", "0", False),
            ("0.0.0.0", None, False),
            ("0.0.0.0", "1", True),
        ],
    )
    def test_the_test_endpoint_is_on_where_only_this_machine_reaches_it(
        self, host: str, given_: str | None, expected: bool
    ) -> None:
        environ = {"CMS_HOST": host, "CMS_ALLOW_OPEN": "1"}
        if given_ is not None:
            environ["CMS_TEST_ENDPOINT"] = given_
        assert read_settings(environ).test_endpoint is expected

    def test_nobody_who_prints_them_sees_the_password(self) -> None:
        settings = read_settings({"MQTT_URI": "mqtt://u:geheim@h", "MQTT_PASSWORD": "geheim"})
        assert "geheim" not in repr(settings) + str(settings) + settings.mqtt.mqtt_uri
        assert settings.mqtt.mqtt_uri == "mqtt://u:***@h:1883"


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "value", "wanted"),
        [
            ("MQTT_URI", "http://floor", "a broker URI"),
            ("MQTT_URI", "mqtt://floor:70000", "a broker URI"),
            ("MQTT_PUB_TOPIC", "sas/+/", "the beginning of a topic"),
            ("MQTT_PUB_TOPIC", "/", "the beginning of a topic"),
            ("MQTT_CFG_TOPIC", "smib/#", "a topic of 1 to 256 bytes"),
            ("MQTT_CFG_TOPIC", "sas/gli/server/config", r"a topic that sas/gli/server/\+ does not cover"),
            ("MQTT_SERVER_TOPIC", "sas/gli/server/x", r"a topic that sas/gli/server/\+ does not cover"),
            ("MQTT_SUB_TOPIC", "sas", r"a prefix was wanted with which sas/\+ does not cover sas/server"),
            ("MQTT_RETAIN_CONFIG", "maybe", "1 or 0"),
            ("CMS_PORT", "70000", "a port from 0 to 65535"),
            ("CMS_PORT", "-1", "a port from 0 to 65535"),
            ("CMS_PORT", "٣", "a port from 0 to 65535"),
            ("PORT", "x", "a port from 0 to 65535"),
            ("CMS_HOST", "a b", "a host name or an IP address"),
            ("CMS_LOG_FORMAT", "xml", "one of text, json"),
            ("CMS_OUTBOX_STUCK_S", "0", "a number from 1 to 86400"),
            ("CMS_MIN_FREE_MB", "-1", "a number from 0 to 1000000"),
            ("CMS_MIN_FREE_MB", "1" * 5000, "a number from 0 to 1000000"),
            ("CMS_LOG", "loud", "one of quiet, normal, debug"),
            ("CMS_ALLOW_OPEN", "2", "1 or 0"),
            ("CMS_PROXIES", "10.0.0.1,proxy", "IP addresses or networks"),
            ("CMS_SESSION_HOURS", "0", "a number from 1 to 720"),
            ("CMS_ORDERS_PER_MINUTE", "many", "a number from 0 to 10000000"),
            ("CMS_TEST_ENDPOINT", "x", "1 or 0"),
        ],
    )
    def test_name_the_variable_the_value_and_what_was_wanted(
        self, name: str, value: str, wanted: str
    ) -> None:
        error = refused(**{name: value})
        assert error.name == name
        assert str(error).startswith(f"The setting {name} is ")
        assert repr(value.rstrip("/")).strip("'") in str(error)
        with pytest.raises(AssertionError, match=wanted):
            raise AssertionError(str(error))

    def test_never_show_a_password(self) -> None:
        for environ in (
            {"MQTT_URI": "http://u:geheim@floor"},
            {"MQTT_URI": "mqtt://u:geheim@floor:70000"},
            {"MQTT_PASSWORD": "geheim"},
            {"MQTT_URI": "mqtt://u:geheim@floor", "MQTT_CA_FILE": "/"},
            {"MQTT_URI": "mqtt://:geheim@floor"},
        ):
            assert "geheim" not in str(refused(**environ))

    def test_a_password_without_a_user(self) -> None:
        error = refused(MQTT_PASSWORD="geheim")
        assert (error.name, error.shown) == ("MQTT_PASSWORD", "***")

    def test_a_ca_file(self, tmp_path: Path) -> None:
        rubbish = tmp_path / "ca.pem"
        rubbish.write_text("no certificate")
        for path in (str(tmp_path / "missing.pem"), str(tmp_path), str(rubbish)):
            error = refused(MQTT_URI="mqtts://floor", MQTT_CA_FILE=path)
            assert error.name == "MQTT_CA_FILE"
            assert path in str(error)
            assert "a file of PEM certificates was wanted" in str(error)

    def test_a_ca_file_without_tls_would_hide_that_there_is_none(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ssl, "create_default_context", lambda **_: None)
        error = refused(MQTT_URI="mqtt://floor", MQTT_CA_FILE="ca.pem")
        assert (error.name, "mqtts:// or wss://" in error.wanted) == ("MQTT_CA_FILE", True)
        assert read_settings({"MQTT_URI": "wss://floor", "MQTT_CA_FILE": "ca.pem"}).mqtt.ca_file == "ca.pem"

    @given(st.sampled_from(NAMES), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
    def test_any_text_is_read_or_refused_with_a_sentence(self, name: str, text: str) -> None:
        try:
            read_settings({name: text})
        except SettingError as error:
            assert error.name in (name, "MQTT_CFG_TOPIC", "MQTT_SERVER_TOPIC")


class TestHelp:
    def test_names_every_setting_with_its_default(self) -> None:
        text = settings_help()
        for setting in SETTINGS:
            assert f"  {setting.name}" in text
            assert setting.help in text
            assert setting.default is None or f"(default: {setting.default})" in text
        assert max(map(len, text.splitlines())) <= 110

    def test_names_are_unique(self) -> None:
        assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.4", False),
        ("localhost.example", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
