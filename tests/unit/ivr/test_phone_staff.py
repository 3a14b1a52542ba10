"""Caller and colleagues on one terminal: phones that ring, are picked up, declined and put down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.sandbox.client import ControlClient
from tests.unit.ivr.sandbox.sandbox_helpers import CLIENT, SAM, story
from tests.unit.ivr.telephone import LEE, Desk, Fingers, desk_at, printed, some_samples


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_at(tmp_path) as made:
        yield made


@pytest.fixture
def fingers(desk: Desk, tmp_path: Path) -> Iterator[Fingers]:
    made = Fingers(desk, some_samples(tmp_path))
    yield made
    if made.code == -1:
        made.end()


def ring_the_team(fingers: Fingers) -> None:
    fingers.sees("For an emergency press 1.")
    fingers.type("2")
    fingers.sees("desk | We are ringing the team. Press 1 to leave a message.")
    for name in ("Sam", "Lee"):
        fingers.sees(f"{name}'s phone rings: a {name} picks up, a {name} 1 presses 1 as well, d {name} declines.")


def test_the_colleague_who_accepts_talks_with_the_caller(fingers: Fingers) -> None:
    ring_the_team(fingers)
    fingers.type("a Sam 1")
    fingers.sees("desk to Sam | A client calls. Press 1.")
    fingers.sees("Sam | pressed 1")
    fingers.sees("Lee's phone: it rings no more, the desk gave up.")
    fingers.sees("You talk with Sam.")
    fingers.type("h sam")
    fingers.sees("The conversation is over.")
    fingers.sees("desk | Good-bye.")
    fingers.sees("Sam's phone: the call is over after ")
    assert "Sam talks with" not in printed(fingers.console)


def test_a_colleague_listens_first_and_presses_later(fingers: Fingers) -> None:
    ring_the_team(fingers)
    fingers.type("d lee")
    fingers.sees("Lee's phone: busy, or declined.")
    # Only one phone is left, so it needs no name.
    fingers.type("a")
    fingers.sees("Sam's phone is picked up.")
    fingers.sees("Sam may press a key now: a Sam 1")
    fingers.type("a Sam")
    fingers.sees("Sam is on the phone already: a Sam 1 presses a key, h Sam hangs up.")
    fingers.type("a 1")
    fingers.sees("You talk with Sam.")
    fingers.type("h")
    fingers.sees("The call is over after")


def test_a_caller_waits_as_in_life_while_phones_ring(fingers: Fingers) -> None:
    ring_the_team(fingers)
    # Nobody types s: the turn's time-out runs by itself.
    fingers.sees("desk | Still trying. Press 1 to leave a message.")
    assert "you | said nothing" in printed(fingers.console)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("a Sam", "Sam's phone does not ring."),
        ("d lee", "Lee's phone does not ring."),
        ("h Sam", "Sam's phone does not ring."),
        ("a Kim", "Whose phone? No phone of the staff rings."),
        ("a", "Whose phone? No phone of the staff rings."),
        ("a Samuel", "Whose phone? No phone of the staff rings."),
        ("a Sam x", "Keys are 0-9, * and #, not 'x'."),
    ],
)
def test_slips_at_the_phones_of_others_are_explained(fingers: Fingers, typed: str, answer: str) -> None:
    fingers.sees("For an emergency press 1.")
    fingers.type(typed)
    fingers.sees(answer)


def test_with_two_phones_it_has_to_be_said_whose(fingers: Fingers) -> None:
    ring_the_team(fingers)
    fingers.type("a")
    fingers.sees("Whose phone? On the phone or ringing: Sam, Lee.")


def test_a_number_of_nobody_goes_by_itself(fingers: Fingers, desk: Desk) -> None:
    fingers.sees("For an emergency press 1.")
    desk.order("Calls", To="+19035550199", From="+19036892004", Twiml="<Response><Say>Hello.</Say></Response>")
    fingers.sees("+19035550199's phone rings")
    fingers.type("a +19035550199")
    fingers.sees("desk to +19035550199 | Hello.")


def test_the_other_end_of_a_transfer_is_a_phone_like_any_other(fingers: Fingers) -> None:
    fingers.sees("For an emergency press 1.")
    fingers.type("3")
    fingers.sees("You hear the phone of +19035550199 ring.")
    fingers.sees("+19035550199's phone rings: a +19035550199 picks up")
    fingers.type("a +19035550199")
    fingers.sees("You talk with +19035550199.")
    fingers.type("h +19035550199")
    fingers.sees("+19035550199's phone: the call is over after ")
    fingers.sees("The conversation is over.")
    fingers.sees("desk | We have your message.")


def test_phones_that_ring_already_are_shown_at_the_start(desk: Desk, tmp_path: Path) -> None:
    desk.order(
        "Calls", To=SAM, From="+19036892004", Twiml="<Response><Say>Ticket 1042.</Say></Response>", Timeout="600"
    )
    fingers = Fingers(desk, some_samples(tmp_path))
    try:
        fingers.sees("Sam's phone rings")
        fingers.type("a sam")
        fingers.sees("desk to Sam | Ticket 1042.")
    finally:
        assert fingers.end() == 0


def test_a_mailbox_that_picks_up_first_stops_nobody(desk: Desk) -> None:
    phones = ControlClient(desk.sandbox)
    phones.behave(SAM, answers="mailbox", rings=0)
    phones.behave(LEE, answers="at-once", rings=6, presses=[{"after": 1, "keys": "1"}], hangs_up_after=60)
    caller = phones.call(CLIENT, pace="real")
    phones.press(caller, "2")
    events = story(phones, caller)
    assert [event.data["with"] for event in events if event.kind == "talking"] == [[LEE]]
    mailbox, lee = (call["sid"] for call in phones.placed())
    assert [event.kind for event in story(phones, mailbox)][:2] == ["ringing", "answered"]
    assert "pressed" not in [event.kind for event in story(phones, mailbox)]
    assert "pressed" in [event.kind for event in story(phones, lee)]
