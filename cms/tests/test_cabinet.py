"""A cabinet, what may be shown of it, and what ``***`` in an order means (contract, sections 3 and 6)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.cabinet import Cabinet, ConfigChange, is_cabinet_id, merged_config, natural_key
from cms.errors import RequestError
from cms.mask import resolve_mask
from wire.topics import Topics

SECRET = "casino-4711"

CONFIG: dict[str, dict[str, Any]] = {
    "coms": {"comsMode": 0, "comsAddr": 1, "comsRateMs": 200, "comsRTE": 0, "comsGPC": 0},
    "net": {"netMode": 1, "netStaSSID": "Casino_WiFi", "netStaPwd": SECRET, "netStaChan": 1},
    "mqtt": {
        "mqttSecure": 0,
        "mqttQOS": 2,
        "mqttURI": f"mqtt://mqtt:{SECRET}@mq.sas.backoffice.ltd:1883",
        "mqttSubTopic": "sas/relay/",
        "mqttPubTopic": "sas/gy/server",
        "mqttCfgTopic": "smib/config",
        "mqttIdleTimeS": 30,
        "mqttPassword": SECRET,
    },
    "ota": {"otaURL": "http://api.sas.backoffice.ltd/firmwares/"},
}

CABINET = Cabinet("cab-2", "e831cdfa8464", smib_config=CONFIG, smib_version={"firmware": "1.0.0"}, revision=3)


def mqtt_of(uri: str, **more: Any) -> Cabinet:
    return Cabinet("cab-2", "e831cdfa8464", smib_config={"mqtt": {"mqttURI": uri, **more}})


class TestMerge:
    def test_takes_the_named_fields_and_keeps_the_others(self) -> None:
        change = ConfigChange({"net": {"netStaChan": 6}, "app": {}}, {"hardware": "B"})
        merged = CABINET.merge(change, now_ms=1_700_000_000_000)
        assert merged.smib_config["net"] == {**CONFIG["net"], "netStaChan": 6}
        assert merged.smib_config["mqtt"] == CONFIG["mqtt"]
        assert "app" not in merged.smib_config
        assert merged.smib_version == {"firmware": "1.0.0", "hardware": "B"}
        assert (merged.revision, merged.updated_ms) == (4, 1_700_000_000_000)

    def test_leaves_the_original_alone(self) -> None:
        CABINET.merge(ConfigChange({"net": {"netStaChan": 6}}), 1)
        assert CABINET.smib_config["net"]["netStaChan"] == 1

    @pytest.mark.parametrize("change", [ConfigChange(), ConfigChange({"net": {}})])
    def test_an_empty_change_is_none(self, change: ConfigChange) -> None:
        assert not change

    @given(
        *[st.dictionaries(st.sampled_from("ab"), st.dictionaries(st.sampled_from("xyz"), st.integers()))] * 3
    )
    def test_merging_one_by_one_or_at_once_is_the_same(self, one: Any, two: Any, three: Any) -> None:
        stepwise = merged_config(merged_config(one, two), three)
        assert stepwise == merged_config(one, merged_config(two, three))


class TestShown:
    def test_no_secret_in_document_masked_or_repr(self) -> None:
        change = ConfigChange(CONFIG)
        for shown in (CABINET.to_document(), CABINET.masked().smib_config, CABINET, change):
            assert SECRET not in repr(shown)

    def test_the_document_is_the_machine_of_the_answers(self) -> None:
        document = Cabinet("cab-1", "e831cdfa8384", name="Lucky Lion 12", location="Main Floor").to_document()
        assert document == {
            "id": "cab-1",
            "relayId": "e831cdfa8384",
            "name": "Lucky Lion 12",
            "location": "Main Floor",
            "assetNumber": "",
            "serialNumber": "",
            "game": "",
            "smibConfig": {},
            "smibVersion": {},
            "revision": 1,
            "updatedAt": "1970-01-01T00:00:00.000Z",
        }

    def test_secrets_are_stars_and_the_rest_stays(self) -> None:
        shown = CABINET.to_document()["smibConfig"]
        assert shown["net"] == {
            "netMode": 1,
            "netStaSSID": "Casino_WiFi",
            "netStaPwd": "***",
            "netStaChan": 1,
        }
        assert shown["mqtt"]["mqttURI"] == "mqtt://mqtt:***@mq.sas.backoffice.ltd:1883"
        assert shown["mqtt"]["mqttPassword"] == "***"


class TestMqttSummary:
    def test_is_the_specification_s_answer_word_for_word(self) -> None:
        summary = CABINET.mqtt_summary(Topics())
        assert list(summary.items()) == [
            ("smibId", "e831cdfa8464"),
            ("networkSSID", "Casino_WiFi"),
            ("networkPassword", "***"),
            ("networkChannel", "1"),
            ("communicationMode", "sas"),
            ("firmwareVersion", "1.0.0"),
            ("mqttHost", "mq.sas.backoffice.ltd"),
            ("mqttPort", "1883"),
            ("mqttTLS", "0"),
            ("mqttQOS", "2"),
            ("mqttIdleTimeout", "30"),
            ("mqttPubTopic", "sas/gy/server"),
            ("mqttCfgTopic", "smib/config"),
            ("mqttSubTopic", "sas/relay/"),
            ("mqttURI", "mqtt://mqtt:***@mq.sas.backoffice.ltd:1883"),
            ("serverTopic", "sas/gy/server"),
            ("otaURL", "http://api.sas.backoffice.ltd/firmwares/"),
            ("comsMode", "0"),
            ("comsAddr", "1"),
            ("comsRateMs", "200"),
            ("comsRTE", "0"),
            ("comsGPC", "0"),
        ]

    def test_what_was_never_ordered_shows_the_factory_s_values(self) -> None:
        summary = Cabinet("cab-1", "e831cdfa8384").mqtt_summary(Topics())
        assert list(summary) == list(CABINET.mqtt_summary(Topics()))
        assert summary["mqttHost"] == "localhost"
        assert summary["comsRateMs"] == "200"
        assert summary["networkPassword"] == "***"
        assert all(isinstance(value, str) for value in summary.values())

    @pytest.mark.parametrize(("mode", "name"), [(0, "sas"), (1, "non-sas"), (2, "igt"), (7, "7"), ("x", "x")])
    def test_names_the_communication_mode(self, mode: object, name: str) -> None:
        cabinet = Cabinet("c", "r", smib_config={"coms": {"comsMode": mode}})
        assert cabinet.mqtt_summary(Topics())["communicationMode"] == name

    @pytest.mark.parametrize(
        ("uri", "secure", "host", "port"),
        [
            ("mqtt.casino.com", 0, "mqtt.casino.com", "1883"),
            ("mqtt.casino.com", 1, "mqtt.casino.com", "8883"),
            ("mqtts://mqtt.casino.com", 1, "mqtt.casino.com", "8883"),
            ("mqtt://mqtt.casino.com:1883", 1, "mqtt.casino.com", "1883"),
            ("mqtt://u:p@[::1]:2000", 0, "::1", "2000"),
            ("mqtt://u:p@:::", 0, "", ""),
            ("", 0, "", ""),
        ],
    )
    def test_finds_host_and_port_in_any_uri(self, uri: str, secure: int, host: str, port: str) -> None:
        summary = mqtt_of(uri, mqttSecure=secure).mqtt_summary(Topics())
        assert (summary["mqttHost"], summary["mqttPort"]) == (host, port)

    @given(st.text() | st.integers() | st.none())
    def test_no_stored_uri_breaks_it(self, uri: Any) -> None:
        assert set(mqtt_of(uri).mqtt_summary(Topics())) == set(CABINET.mqtt_summary(Topics()))

    def test_the_firmware_is_the_stored_else_the_reported_else_unknown(self) -> None:
        bare = Cabinet("cab-1", "e831cdfa8384")
        assert CABINET.mqtt_summary(Topics(), "2.0.0")["firmwareVersion"] == "1.0.0"
        assert bare.mqtt_summary(Topics(), "2.0.0")["firmwareVersion"] == "2.0.0"
        assert bare.mqtt_summary(Topics())["firmwareVersion"] == ""

    def test_the_server_topic_is_the_installation_s(self) -> None:
        assert CABINET.mqtt_summary(Topics(shared_server="floor/7"))["serverTopic"] == "floor/7"


class TestMask:
    def test_a_secret_of_stars_means_unchanged(self) -> None:
        order = {"net": {"netStaSSID": "New_WiFi", "netStaPwd": "***"}, "mqtt": {"mqttPassword": "***"}}
        assert resolve_mask(order, CONFIG) == {"net": {"netStaSSID": "New_WiFi"}}

    def test_stars_in_any_other_field_are_a_value(self) -> None:
        order = {"net": {"netStaSSID": "***"}, "foreign": {"netStaPwd": "***"}, "ota": {}}
        assert resolve_mask(order, CONFIG) == order

    @pytest.mark.parametrize(
        ("stored", "ordered", "resolved"),
        [
            ("mqtt://u:p%40ss@old:1883", "mqtt://u:***@old:1883", "mqtt://u:p%40ss@old:1883"),
            ("mqtt://u:p%40ss@old:1883", "mqtts://v:***@new", "mqtts://v:p%40ss@new"),
            ("u:p@old", "u:***@new", "u:p@new"),
            ("mqtt://u:a@b@old", "mqtt://u:***@new", "mqtt://u:a@b@new"),
            ("mqtt://u:p@old", "mqtt://u:other@new", "mqtt://u:other@new"),
            ("mqtt://u:p@old", "mqtt://u@new", "mqtt://u@new"),
            ("mqtt://u:p@old", "mqtt://new", "mqtt://new"),
        ],
    )
    def test_a_masked_password_in_a_uri_is_the_stored_one(
        self, stored: str, ordered: str, resolved: str
    ) -> None:
        order = {"mqtt": {"mqttURI": ordered}}
        assert resolve_mask(order, {"mqtt": {"mqttURI": stored}}) == {"mqtt": {"mqttURI": resolved}}

    @pytest.mark.parametrize("stored", [{}, {"mqtt": {}}, {"mqtt": {"mqttURI": "mqtt://u@h"}}])
    def test_a_masked_password_without_a_stored_one_is_refused(
        self, stored: dict[str, dict[str, Any]]
    ) -> None:
        with pytest.raises(RequestError, match=r"mqtt\.mqttURI: a password was wanted"):
            resolve_mask({"mqtt": {"mqttURI": "mqtt://u:***@h"}}, stored)

    def test_what_was_read_can_be_sent_back(self) -> None:
        shown = CABINET.to_document()["smibConfig"]
        resolved = resolve_mask(shown, CONFIG)
        assert merged_config(CONFIG, resolved) == CONFIG
        assert resolve_mask(resolved, CONFIG) == resolved


class TestId:
    @pytest.mark.parametrize("text", ["cab-1", "A_b.c:d-9", "x" * 64])
    def test_accepts(self, text: str) -> None:
        assert is_cabinet_id(text)

    @pytest.mark.parametrize("text", ["", "x" * 65, "a/b", "a b", "a\n", "ä", "a#"])
    def test_refuses(self, text: str) -> None:
        assert not is_cabinet_id(text)

    def test_sorts_by_number(self) -> None:
        ids = ["cab-10", "9", "cab-2", "cab-2b", "", "cab", "10"]
        assert sorted(ids, key=natural_key) == ["", "9", "10", "cab", "cab-2", "cab-2b", "cab-10"]
