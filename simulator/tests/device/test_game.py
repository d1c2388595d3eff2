"""The gaming machine: its games, its money, and what is the matter with it (contract, section 4)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.device import conditions as of
from simulator.device.conditions import ALL, CONDITIONS, Condition
from simulator.device.dice import SmallDice
from simulator.device.play import BILL_EXCEPTIONS, PAYTABLE, Play
from simulator.tests.device.bench import BOOT_MS, Bench, Said, kinds
from wire import sas
from wire.commands import EVENTS, LOCK, UNLOCK
from wire.orders import Command, NvsClear

RTE = {"coms": {"comsRTE": 1}}
CALM = Play(games_per_minute=60, reject=0, jam=0, tilt=0)
MINUTE_MS = 60_000


def told(said: list[Said]) -> list[str]:
    """Each message in short: the event with its pyd, or the SAS exception."""
    return [f"{m['typ']} {m['pyd']}".strip() for m in said]


def funded(config: dict[str, dict[str, int]] | None = None, credits: int = 10_000) -> Bench:
    bench = Bench(config).started()
    bench.does("insert_bill", credits // 100)
    return bench.forget()


class Ledger:
    """What the meters must be, reckoned from what was sent and from nothing else. A cash-out is told by SAS
    alone, without its amount: it is all that the player has then."""

    def __init__(self) -> None:
        self.sums: Counter[str] = Counter()
        self.numbers: Counter[str] = Counter()
        self.cashed = 0

    def read(self, said: list[Said]) -> None:
        for message in said:
            self.numbers[message["typ"]] += 1
            if message["typ"] in EVENTS and message["pyd"].isdecimal():
                self.sums[message["typ"]] += int(message["pyd"])
            if (message["typ"], message["pyd"]) == ("exp", "66"):
                self.cashed += self.meters()["current credits"]

    def meters(self) -> dict[str, int]:
        bills, won = self.sums["BILL_ACCEPTED"], self.sums["GAME_WON"]
        jackpot, bets = self.sums["JACKPOT_HIT"], self.sums["GAME_PLAYED"]
        return {
            "coin in": bets,
            "coin out": won - jackpot,
            "jackpot": jackpot,
            "cancelled credits": self.cashed,
            "games played": self.numbers["GAME_PLAYED"],
            "games won": self.numbers["GAME_WON"],
            "games lost": self.numbers["GAME_LOST"],
            "bills accepted": bills,
            "total drop": bills,
            "total won": won,
            "current credits": bills + won - jackpot - bets - self.cashed,
        }


def meters(bench: Bench) -> dict[str, int]:
    return {name: bench.device.memory.meter(code) for code, name in sas.METERS.items()}


def assert_agrees(bench: Bench, ledger: Ledger) -> None:
    found = meters(bench)
    handpaid = found.pop("handpaid cancelled credits")
    assert found == ledger.meters()
    assert found["games played"] == found["games won"] + found["games lost"]
    assert 0 <= handpaid <= found["cancelled credits"]
    assert found["current credits"] >= 0


class TestAGame:
    def test_it_is_told_by_its_bet_and_its_win(self) -> None:
        bench = funded()
        assert told(bench.does_play(100)) == ["GAME_PLAYED 50", "GAME_WON 100"]
        assert told(bench.does_play(0)) == ["GAME_PLAYED 50", "GAME_LOST 50"]
        assert meters(bench)["current credits"] == 10_000 - 50 + 100 - 50

    def test_with_real_time_events_sas_tells_it_too(self) -> None:
        bench = funded(RTE)
        assert told(bench.does_play(0)) == ["exp 7E", "GAME_PLAYED 50", "GAME_LOST 50", "exp 7F"]

    def test_a_big_win_is_a_jackpot_that_waits_for_the_attendant(self) -> None:
        bench = funded(RTE)
        said = told(bench.does_play(120_000))
        assert said[1:] == ["GAME_PLAYED 50", "GAME_WON 120000", "exp 7F", "JACKPOT_HIT 120000", "exp 51"]
        assert (meters(bench)["jackpot"], meters(bench)["coin out"]) == (120_000, 0)
        assert bench.does_play(0) == bench.does("insert_bill", 20) == bench.does("cash_out") == []
        assert told(bench.does("end", of.HANDPAY)) == ["exp 52"]
        assert told(bench.does_play(0))[1] == "GAME_PLAYED 50"

    def test_without_credits_there_is_none(self) -> None:
        bench = Bench().started()
        assert bench.does_play(0) == []
        assert bench.device.counters["held-up"] == 1

    def test_chance_decides_where_nobody_else_does(self) -> None:
        bench = funded(credits=100_000)
        outcomes = {kinds(bench.does_play(None))[1] for _ in range(60)}
        assert outcomes == {"GAME_WON", "GAME_LOST"}


class TestMoney:
    @pytest.mark.parametrize(("bill", "code"), [*BILL_EXCEPTIONS.items(), (200, "4F")])
    def test_a_bill_is_told_by_its_value_and_by_its_code(self, bill: int, code: str) -> None:
        bench = Bench(RTE).started()
        assert told(bench.does("insert_bill", bill)) == [f"BILL_ACCEPTED {bill * 100}", f"exp {code}"]
        assert meters(bench)["current credits"] == meters(bench)["total drop"] == bill * 100

    @pytest.mark.parametrize("bill", [0, -20, 10**12])
    def test_what_is_no_bill_is_rejected(self, bill: int) -> None:
        bench = Bench(RTE).started()
        assert told(bench.does("insert_bill", bill)) == [f"BILL_REJECTED {bill * 100}", "exp 2B"]
        assert meters(bench)["bills accepted"] == 0

    def test_credits_are_paid_by_ticket_or_if_they_are_many_by_hand(self) -> None:
        bench = funded(RTE)
        assert told(bench.does("cash_out")) == ["exp 66", "exp 3D"]
        assert bench.does("cash_out") == []
        for _ in range(3):
            bench.does("insert_bill", 500)
        assert told(bench.does("cash_out")) == ["exp 66", "exp 51"]
        found = meters(bench)
        assert found["cancelled credits"] == 160_000
        assert found["handpaid cancelled credits"] == 150_000
        assert found["current credits"] == 0

    def test_the_stacker_fills_and_takes_no_more_until_it_is_emptied(self) -> None:
        bench = Bench(RTE, play=Play(stacker=2, games_per_minute=0.01)).started()
        bench.does("insert_bill", 5)
        full = ["BILL_ACCEPTED 500", "exp 48", "BILL_STACKER_FULL", "exp 27"]
        assert told(bench.does("insert_bill", 5)) == full
        assert bench.does("insert_bill", 5) == []
        assert told(bench.does_play(0))[1] == "GAME_PLAYED 50"
        assert told(bench.does("end", of.STACKER_FULL)) == ["exp 1C"]
        assert told(bench.does("insert_bill", 5))[0] == "BILL_ACCEPTED 500"


class TestWhatHoldsItUp:
    def test_a_locked_machine_takes_no_bill_and_plays_no_game_but_pays_out(self) -> None:
        bench = funded()
        bench.tell(Command(LOCK, None))
        before = meters(bench)
        assert bench.does_play(100) == bench.does("insert_bill", 20) == []
        assert meters(bench) == before
        bench.does("cash_out")
        assert meters(bench)["current credits"] == 0
        bench.tell(Command(UNLOCK, None))
        assert told(bench.does("insert_bill", 20)) == ["BILL_ACCEPTED 2000"]

    @pytest.mark.parametrize("condition", ALL, ids=lambda condition: condition.name)
    def test_what_is_the_matter_holds_up_what_it_must(self, condition: Condition) -> None:
        bench = funded()
        bench.does("begin", condition)
        plays = condition in (of.BILL_JAM, of.STACKER_FULL)
        assert bool(bench.does_play(0)) is plays
        assert bench.does("insert_bill", 20) == []
        assert bench.device.counters["held-up"] == (1 if plays else 2)
        bench.does("end", condition)
        assert kinds(bench.does_play(0))[0] == "GAME_PLAYED"
        assert kinds(bench.does("insert_bill", 20)) == ["BILL_ACCEPTED"]

    @pytest.mark.parametrize("condition", ALL, ids=lambda condition: condition.name)
    def test_it_is_told_once_when_it_begins_and_once_when_it_is_over(self, condition: Condition) -> None:
        bench = Bench(RTE).started()
        event = [f"{condition.event} {condition.pyd}".strip()] if condition.event else []
        assert told(bench.does("begin", condition)) == [*event, f"exp {condition.begun}"]
        assert bench.does("begin", condition) == []
        assert told(bench.does("end", condition)) == ([f"exp {condition.over}"] if condition.over else [])
        assert bench.does("end", condition) == []

    def test_every_code_is_one_of_sas(self) -> None:
        codes = {code for c in ALL for code in (c.begun, c.over) if code}
        assert codes <= set(sas.EXCEPTIONS)
        assert len({c.bit for c in ALL}) == len(CONDITIONS) == len(ALL)

    def test_a_door_that_was_opened_in_the_dark_is_told_when_the_board_is_back(self) -> None:
        bench = Bench(RTE).started()
        bench.power_off()
        bench.does("begin", of.SLOT_DOOR)
        bench.does("begin", of.CARD_CAGE)
        bench.does("end", of.CARD_CAGE)
        bench.power_on()
        bench.wait(BOOT_MS)
        bench.accept()
        assert told(bench.said) == ["NETWORK_CONNECTED", "exp 17", "exp 11"]
        bench.lose()
        bench.does("end", of.SLOT_DOOR)
        bench.wait(MINUTE_MS)
        bench.forget().accept()
        assert told(bench.said) == ["NETWORK_CONNECTED", "exp 12"]


class TestClearingTheNvs:
    def test_the_validator_forgets_its_bills_its_jam_and_that_it_is_full(self) -> None:
        bench = Bench(RTE, play=Play(stacker=1, games_per_minute=0.01)).started()
        bench.does("insert_bill", 5)
        bench.does("begin", of.BILL_JAM)
        bench.does("begin", of.TILT)
        assert told(bench.tell(NvsClear(sas.nvs_frame(3)))) == [f"srsp {sas.nvs_result(True)}", "exp 00"]
        assert bench.device.memory.conditions == of.TILT.bit
        assert bench.device.memory.stacked == 0
        assert meters(bench)["bills accepted"] == 500

    @pytest.mark.parametrize("area", [1, 4])
    def test_an_open_door_is_still_open_and_told_again(self, area: int) -> None:
        bench = Bench(RTE).started()
        bench.does("begin", of.SLOT_DOOR)
        assert told(bench.tell(NvsClear(sas.nvs_frame(area))))[1:] == ["exp 00", "exp 11"]
        assert bench.device.memory.conditions == of.SLOT_DOOR.bit
        assert told(bench.does("end", of.SLOT_DOOR)) == ["exp 12"]


class TestPlayers:
    def test_a_machine_that_nobody_plays_is_silent_and_due_for_its_heartbeat_only(self) -> None:
        bench = Bench().started()
        bench.wait(10 * MINUTE_MS)
        assert set(kinds(bench.said)) == {"NETWORK_CONNECTED"}

    def test_at_a_pace_of_0_nobody_plays(self) -> None:
        bench = Bench(play=Play(games_per_minute=0)).started()
        bench.wait(10 * MINUTE_MS)
        assert set(kinds(bench.said)) == {"NETWORK_CONNECTED"}

    def test_they_play_at_their_pace(self) -> None:
        bench = Bench(play=CALM).started()
        bench.wait(20 * MINUTE_MS)
        assert 1_100 <= meters(bench)["games played"] <= 1_300

    def test_they_stop_at_a_lock_and_go_on_after_it(self) -> None:
        bench = Bench(play=CALM).started()
        bench.tell(Command(LOCK, None))
        bench.forget().wait(MINUTE_MS)
        assert set(kinds(bench.said)) == {"NETWORK_CONNECTED"}
        bench.tell(Command(UNLOCK, None))
        bench.wait(MINUTE_MS)
        assert "GAME_PLAYED" in kinds(bench.said)

    def test_they_wait_while_the_board_has_no_connection(self) -> None:
        bench = Bench(play=CALM).started()
        bench.lose()
        bench.wait(100)
        before = meters(bench)
        bench.device.elapsed(bench.now_ms + 1)
        assert meters(bench) == before
        bench.wait(MINUTE_MS)
        assert bench.wanted is not None
        bench.accept()
        bench.wait(MINUTE_MS)
        assert meters(bench)["games played"] > before["games played"]

    def test_an_attendant_puts_right_what_play_brought_about_and_nothing_else(self) -> None:
        bench = Bench(RTE, play=Play(games_per_minute=60, tilt=1, reject=0, jam=0, attendant_s=30)).started()
        bench.wait(2_000)
        assert bench.device.memory.conditions == of.TILT.bit
        bench.forget().wait(30_000)
        assert told([m for m in bench.said if m["typ"] == "exp"])[:2] == ["exp 11", "exp 12"]
        bench.does("begin", of.DROP_DOOR)
        bench.wait(10 * MINUTE_MS)
        assert bench.device.memory.conditions & of.DROP_DOOR.bit

    def test_the_same_seed_plays_the_same_and_another_one_does_not(self) -> None:
        def course(seed: int) -> list[Said]:
            bench = Bench(play=CALM, seed=seed).started()
            bench.wait(5 * MINUTE_MS)
            return bench.said

        assert course(7) == course(7) != course(8)

    def test_what_is_returned_to_players_is_what_was_ordered_in_the_long_run(self) -> None:
        dice, play, games = SmallDice(1), Play(return_to_player=0.92), 200_000
        won = sum(play.drawn_win(dice) for _ in range(games))
        # One standard deviation of the mean of so many games is under 0.02 of the bet.
        assert won / (games * play.bet) == pytest.approx(0.92, abs=0.06)

    def test_the_paytable_returns_everything_that_it_should(self) -> None:
        assert sum(share for _, share in PAYTABLE) == pytest.approx(1)


actions = st.one_of(
    st.tuples(st.just("insert_bill"), st.sampled_from([1, 5, 20, 100, 500])),
    st.tuples(st.just("play"), st.sampled_from([None, None, 0, 100, 2_500, 130_000])),
    st.tuples(st.just("cash_out")),
    st.tuples(st.sampled_from(["begin", "end", "end", "end"]), st.sampled_from(ALL)),
    st.tuples(st.just("lock"), st.booleans()),
    st.tuples(st.just("wait"), st.integers(1, 90_000)),
    st.tuples(st.sampled_from(["lose", "power_off"])),
)
plays = st.builds(
    Play,
    games_per_minute=st.sampled_from([6.0, 120.0]),
    bet=st.sampled_from([1, 50, 700]),
    return_to_player=st.sampled_from([0, 0.92, 1.5]),
    bills=st.sampled_from([(1,), (5, 20, 100), (3, 500)]),
    handpay_from=st.sampled_from([90, 5_000, 120_000]),
    cash_out_from=st.sampled_from([1_000, 60_000]),
    stacker=st.sampled_from([1, 4, 600]),
    reject=st.sampled_from([0.0, 0.3]),
    jam=st.sampled_from([0.0, 0.2]),
    tilt=st.sampled_from([0.0, 0.1]),
)


def acts(bench: Bench, action: tuple[Any, ...]) -> None:
    """Somebody does something; a board that was cut off comes back."""
    name, *given = action
    if name == "play":
        bench.does_play(*given)
    elif name == "lock":
        bench.tell(Command(LOCK if given[0] else UNLOCK, None))
    elif name in ("wait", "lose", "power_off"):
        getattr(bench, name)(*given)
    else:
        bench.does(name, *given)
    if not bench.up:
        bench.power_on()
        bench.wait(5_000)
        bench.accept()


@settings(max_examples=100)
@given(plays, st.integers(0, 2**64), st.lists(actions, max_size=30))
def test_whatever_happens_the_meters_agree_with_the_events_that_were_sent(
    play: Play, seed: int, course: list[tuple[Any, ...]]
) -> None:
    bench, ledger = Bench(RTE, play=play, seed=seed).started(), Ledger()
    for action in course:
        acts(bench, action)
        ledger.read(bench.said)
        bench.forget()
        assert_agrees(bench, ledger)


@settings(max_examples=60)
@given(st.integers(0, 2**64), st.lists(st.integers(1, 30_000), max_size=12), st.sampled_from([None, *ALL]))
def test_a_machine_that_is_locked_or_held_up_neither_plays_nor_takes_money(
    seed: int, waits: list[int], condition: Condition | None
) -> None:
    bench = Bench(play=CALM, seed=seed).started()
    bench.wait(20_000)
    if condition is None:
        bench.tell(Command(LOCK, None))
    else:
        bench.does("begin", condition)
    before = meters(bench)
    for ms in waits:
        bench.wait(ms)
        bench.does("insert_bill", 20)
    after = meters(bench)
    assert after["bills accepted"] == before["bills accepted"]
    if condition not in (of.BILL_JAM, of.STACKER_FULL):
        assert after == before
