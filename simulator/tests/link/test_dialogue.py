"""A client's MQTT 3.1.1 without a socket: what is said to what, and what is made of anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import LinkError, MalformedPacket
from simulator.link import packet
from simulator.link.dialogue import Dialogue, Stage
from simulator.tests.broker.raw_client import Will, connect_packet
from simulator.tests.floor import settings

CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x03\x00\x01\x01"


def in_message(text: str, qos: int = 0, number: int = 1, first: int = 0) -> bytes:
    said = packet.publish("in", text.encode(), qos, False, number)
    return bytes([said[0] | first]) + said[1:]


def established(qos: int = 1) -> Dialogue:
    dialogue = Dialogue(settings("mqtt://127.0.0.1", qos=qos))
    assert list(dialogue.receive(CONNACK + SUBACK)) == []
    assert dialogue.stage is Stage.ESTABLISHED
    dialogue.out.clear()
    return dialogue


def said(dialogue: Dialogue) -> bytes:
    out = b"".join(dialogue.out)
    dialogue.out.clear()
    return out


class TestGreeting:
    def test_it_connects_cleanly_with_its_will_and_subscribes_when_it_is_welcome(self) -> None:
        wanted = settings("mqtt://floor:floor-1@127.0.0.1", topics=("in", "all"))
        dialogue = Dialogue(wanted)
        will = Will(wanted.will_topic, wanted.will_payload, 1)
        login = ("floor", "floor-1")
        assert said(dialogue) == connect_packet("smib-a", keepalive=60, will=will, login=login)
        assert list(dialogue.receive(CONNACK)) == []
        assert said(dialogue) == packet.subscribe(1, ("in", "all"), 1)
        assert list(dialogue.receive(b"\x90\x04\x00\x01\x01\x00")) == []
        assert dialogue.stage is Stage.ESTABLISHED

    def test_who_listens_to_nothing_is_there_when_he_is_welcome(self) -> None:
        dialogue = Dialogue(settings("mqtt://127.0.0.1", topics=()))
        list(dialogue.receive(CONNACK))
        assert dialogue.stage is Stage.ESTABLISHED

    @pytest.mark.parametrize("code", range(1, 6))
    def test_a_return_code_is_a_refusal(self, code: int) -> None:
        with pytest.raises(LinkError, match=f"return code {code}") as caught:
            list(Dialogue(settings("mqtt://127.0.0.1")).receive(bytes((0x20, 2, 0, code))))
        assert caught.value.reason == "broker refused"

    def test_a_topic_that_is_not_granted_is_a_refusal(self) -> None:
        with pytest.raises(LinkError, match="refused a subscription"):
            list(Dialogue(settings("mqtt://127.0.0.1")).receive(CONNACK + b"\x90\x03\x00\x01\x80"))

    @pytest.mark.parametrize(
        "heard",
        [
            SUBACK,
            in_message("too early"),
            packet.acknowledgement(packet.PUBACK, 1),
            CONNACK + CONNACK,
            CONNACK + b"\x90\x03\x00\x02\x01",
            CONNACK + b"\x90\x04\x00\x01\x01\x01",
            CONNACK + SUBACK + SUBACK,
        ],
    )
    def test_what_is_out_of_turn_is_malformed(self, heard: bytes) -> None:
        with pytest.raises(MalformedPacket):
            list(Dialogue(settings("mqtt://127.0.0.1")).receive(heard))


class TestMessages:
    @pytest.mark.parametrize(
        ("qos", "answer"), [(0, b""), (1, b"\x40\x02\x00\x07"), (2, b"\x50\x02\x00\x07")]
    )
    def test_a_message_is_handed_over_and_acknowledged(self, qos: int, answer: bytes) -> None:
        dialogue = established()
        assert list(dialogue.receive(in_message("x", qos, 7))) == [("in", b"x")]
        assert said(dialogue) == answer

    def test_each_is_acknowledged_before_the_next_is_taken_in(self) -> None:
        dialogue = established()
        coming = dialogue.receive(in_message("1", 1, 1) + in_message("2", 1, 2))
        assert next(coming) == ("in", b"1")
        dialogue.publish("out", b"answer", 0, False)
        assert next(coming) == ("in", b"2")
        assert said(dialogue) == (
            packet.acknowledgement(packet.PUBACK, 1)
            + packet.publish("out", b"answer", 0, False, 0)
            + packet.acknowledgement(packet.PUBACK, 2)
        )

    def test_qos_2_is_handed_over_once_until_its_number_is_released(self) -> None:
        dialogue = established()
        release = packet.acknowledgement(packet.PUBREL, 7)
        assert list(dialogue.receive(in_message("x", 2, 7))) == [("in", b"x")]
        assert list(dialogue.receive(in_message("x", 2, 7, first=8))) == []
        assert said(dialogue) == packet.acknowledgement(packet.PUBREC, 7) * 2
        assert list(dialogue.receive(release + release + in_message("y", 2, 7))) == [("in", b"y")]
        completed = packet.acknowledgement(packet.PUBCOMP, 7)
        assert said(dialogue) == completed * 2 + packet.acknowledgement(packet.PUBREC, 7)

    @pytest.mark.parametrize(("qos", "steps"), [(1, (packet.PUBACK,)), (2, (packet.PUBREC, packet.PUBCOMP))])
    def test_a_message_is_acknowledged_by_the_last_step(self, qos: int, steps: tuple[int, ...]) -> None:
        dialogue = established()
        assert dialogue.publish("out", b"x", qos, False)
        assert said(dialogue) == packet.publish("out", b"x", qos, False, 2)
        for step in steps:
            assert not dialogue.acknowledged
            list(dialogue.receive(packet.acknowledgement(step, 2)))
        assert dialogue.acknowledged
        assert said(dialogue) == (packet.acknowledgement(packet.PUBREL, 2) if qos == 2 else b"")

    def test_numbers_go_round_past_those_that_wait_and_end_with_the_last(self) -> None:
        dialogue = established()
        for _ in range(packet.LAST_NUMBER):
            assert dialogue.publish("out", b"", 1, False)
        assert not dialogue.publish("out", b"", 1, False)
        assert dialogue.publish("out", b"", 0, False)
        list(dialogue.receive(packet.acknowledgement(packet.PUBACK, 40_000)))
        dialogue.out.clear()
        assert dialogue.publish("out", b"", 1, False)
        assert said(dialogue) == packet.publish("out", b"", 1, False, 40_000)

    def test_acknowledgements_that_nobody_waits_for_and_pongs_are_harmless(self) -> None:
        dialogue = established()
        heard = b"".join(packet.acknowledgement(first, 9) for first in (packet.PUBACK, packet.PUBCOMP))
        assert list(dialogue.receive(heard + b"\xd0\x00")) == []
        assert said(dialogue) == b""


STEPS = st.sampled_from(
    [
        CONNACK,
        SUBACK,
        in_message("a"),
        in_message("b", 1, 3),
        in_message("c", 2, 4),
        in_message("d" * 200, 1, 5),
        packet.acknowledgement(packet.PUBREL, 4),
        packet.acknowledgement(packet.PUBREC, 2),
        b"\xd0\x00",
        b"\x30",
        b"\xff",
    ]
)


def course(chunks: list[bytes]) -> tuple[list[tuple[str, bytes]], bytes, str]:
    """Messages, what was said, and how it ended."""
    dialogue, heard, end = Dialogue(settings("mqtt://127.0.0.1")), [], "goes on"
    try:
        for chunk in chunks:
            for message in dialogue.receive(chunk):
                heard.append(message)  # noqa: PERF402  those before an error count
    except LinkError as exc:
        end = str(exc)
    return heard, said(dialogue), end


class TestTotal:
    @given(st.lists(STEPS | st.binary(max_size=8), max_size=12), st.data())
    def test_no_broker_gets_anything_else_out_of_it_however_its_bytes_are_cut(
        self, steps: list[bytes], data: st.DataObject
    ) -> None:
        stream = b"".join([CONNACK + SUBACK if data.draw(st.booleans()) else b"", *steps])
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
        chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert course(chunks) == course([stream])
