"""Whatever a caller, a carrier or an edit does, a call ends well."""

import json
from typing import Any

from flow_phone import NOON, SHIPPED, Phone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.engine import (
    Caller,
    Digits,
    Event,
    Flow,
    HungUp,
    Known,
    NotTaken,
    Recorded,
    Session,
    Silence,
    StillRinging,
    Taken,
    Talked,
    Transferred,
    Turn,
    Waiting,
    Who,
    advance,
    begin,
)
from flows.instructions import Connect, Gather, Hangup, Record, Transfer
from flows.loader import load
from tests.any_flow import flows

FLOW = load(SHIPPED).helpdesk
# After the last menu turn: the voicemail, its second chance, the goodbye.
AFTER_THE_LIMIT = 3
# Turns on hold of one ring, at most: in the flows made here, and in the shipped one.
LONGEST_RING, SHIPPED_RING = 9, 26

# The machine may be busy with other tests: slow is not wrong.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

keys = st.one_of(st.sampled_from("0123456789*#"), st.text(max_size=5))
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Digits, keys),
    st.just(Silence()),
    st.builds(Recorded, st.none() | st.integers(-5, 8000), st.sampled_from(["", "#", "*", "hangup", "5"])),
    st.just(HungUp()),
    st.just(StillRinging()),
    st.builds(Taken, st.just("ring-1")),
    st.just(NotTaken()),
    st.builds(Talked, st.none() | st.integers(0, 8000)),
    st.builds(Transferred, st.booleans()),
)
stubborn: st.SearchStrategy[Event] = st.one_of(
    st.builds(Digits, keys), st.just(Silence()), st.just(StillRinging()), st.just(NotTaken()), st.just(Talked(None)),
    st.builds(Taken, st.just("ring-1")), st.just(Transferred(answered=False)), st.just(Digits("9035550199")),
)  # fmt: skip
callers = st.builds(
    Caller, st.sampled_from([None, "+19035550160", "odd"]), st.sampled_from([None, "Hollis & Wade CPA"]),
    st.sampled_from(Who), st.sampled_from([None, "es", "fr"]), st.booleans(),
)  # fmt: skip
known = st.none() | st.builds(Known, st.text(max_size=20), st.booleans())


def _is_sound(turn: Turn) -> bool:
    """The last instruction fits what the session waits for, and nothing before it ends the turn."""
    *before, last = (*turn.instructions,) or (None,)
    expected = {
        Waiting.KEYS: Gather,
        Waiting.RINGING: Gather,
        Waiting.TALKING: Connect,
        Waiting.TRANSFERRED: Transfer,
        Waiting.RECORDING: Record,
        Waiting.NOTHING: Hangup | None,
    }[turn.session.waiting]
    return (
        isinstance(last, expected)
        and not any(isinstance(one, Gather | Record | Connect | Transfer | Hangup) for one in before)
        and turn.session.ended == (turn.session.waiting is Waiting.NOTHING)
    )


@patient
@given(flows(), callers, st.booleans(), known, st.lists(events, max_size=40))
def test_every_turn_of_any_flow_ends_with_a_wait_or_the_hang_up(
    flow: Flow, caller: Caller, rings: bool, outage: Known | None, story: list[Event]
) -> None:
    phone = Phone(flow, caller, rings=rings, known=outage).call()
    assert phone.turn is not None
    assert _is_sound(phone.turn)
    for event in story:
        phone.does(event)
        assert _is_sound(phone.turn)


@patient
@given(flows(), callers, known, st.data())
def test_a_caller_who_never_hangs_up_ends_within_the_limit_in_any_flow(
    flow: Flow, caller: Caller, outage: Known | None, data: st.DataObject
) -> None:
    rings = data.draw(st.booleans())
    phone = Phone(flow, caller, rings=rings, known=outage).call()
    turns, most = 1, flow.calls.limits.turns + AFTER_THE_LIMIT
    while not phone.session.ended:
        phone.does(data.draw(stubborn))
        turns += 1
        assert phone.session.tries <= LONGEST_RING
        # Each turn that counts may begin a ring, and between two turns on hold the caller may be connected once.
        assert turns <= (most * (2 * LONGEST_RING + 2) if rings else most)


@patient
@given(st.booleans(), known, st.lists(events, max_size=60))
def test_a_shipped_call_ends_with_a_person_a_message_asked_for_or_a_caller_who_hung_up(
    rings: bool, outage: Known | None, story: list[Event]
) -> None:
    phone = Phone(FLOW, rings=rings, known=outage).call()
    asked = hung_up = spoke = talked = False
    for event in [*story, *[Silence()] * (FLOW.calls.limits.turns + AFTER_THE_LIMIT + SHIPPED_RING)]:
        if not phone.session.ended:
            in_talk = phone.session.waiting in (Waiting.TALKING, Waiting.RINGING)
            talked |= in_talk and isinstance(event, Talked) and event.seconds is not None
            hung_up |= isinstance(event, HungUp) or (isinstance(event, Recorded) and event.key == "hangup")
            spoke |= isinstance(event, Recorded) and (event.seconds or 0) > 0
        phone.does(event)
        asked |= any(isinstance(one, Record) for one in phone.instructions)
    assert phone.session.ended
    assert asked or hung_up or spoke or talked


@patient
@given(flows(), flows(), st.lists(events, max_size=10), st.lists(events, min_size=1, max_size=10))
def test_an_edit_in_the_middle_of_a_call_does_no_harm(
    old: Flow, new: Flow, before: list[Event], after: list[Event]
) -> None:
    phone = Phone(old).call()
    for event in before:
        phone.does(event)
    phone.flow = new
    for event in after:
        phone.does(event)
        assert phone.turn is not None
        assert _is_sound(phone.turn)


@patient
@given(flows(), known, st.lists(events, max_size=12))
def test_a_session_is_the_same_after_json(flow: Flow, outage: Known | None, story: list[Event]) -> None:
    turn = begin(flow, caller=Caller("+19035550160", None), now=NOON, known=outage)
    for event in story:
        assert Session.from_dict(json.loads(json.dumps(turn.session.to_dict()))) == turn.session
        turn = advance(flow, turn.session, event, caller=Caller(None, None), now=NOON)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = (
    "step",
    "waiting",
    "steps",
    "tries",
    "choice",
    "language",
    "ended",
    "began",
    "heard",
    "since",
    "offered",
    "asked",
    "number",
)


@patient
@given(st.dictionaries(st.sampled_from(FIELDS), json_values), events)
def test_no_stored_session_whatever_it_holds_makes_the_engine_raise(data: dict[str, Any], event: Event) -> None:
    turn = advance(FLOW, Session.from_dict(data), event, caller=Caller(None, None), now=NOON)
    assert _is_sound(turn)
