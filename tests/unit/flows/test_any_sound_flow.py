"""Whatever callers do in whatever flow that the lint lets pass: every call ends at a person, a message, or their own wish."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flow_phone import Phone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_flow_engine_properties import AFTER_THE_LIMIT, LONGEST_RING, callers, events

from flows.engine import Caller, Event, Flow, HungUp, Recorded, Silence, Talked, Transferred, Waiting, Who
from flows.hours import Hours, State, standing
from flows.instructions import CallBack, Record
from flows.routes import without_keys
from tests.any_flow import MONDAY, sound_flows

patient = settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@patient
@given(sound_flows())
def test_who_presses_nothing_comes_to_the_voicemail(flow: Flow) -> None:
    assert {way.end for name in flow.calls.steps if name != "goodbye" for way in without_keys(flow.calls, name)} == {
        "voicemail"
    }


@patient
@given(sound_flows(), callers, st.booleans(), st.lists(events, max_size=50))
def test_every_call_ends_with_a_person_a_message_or_the_callers_own_wish(
    flow: Flow, caller: Caller, rings: bool, story: list[Event]
) -> None:
    phone = Phone(flow, caller, rings=rings).call()
    looked_after = wished = False
    most = (flow.calls.limits.turns + AFTER_THE_LIMIT) * (2 * LONGEST_RING + 2)
    for event in [*story, *[Silence()] * most]:
        if phone.session.ended:
            break
        looked_after |= any(isinstance(one, Record | CallBack) for one in phone.instructions)
        waiting = phone.session.waiting
        looked_after |= (
            waiting in (Waiting.TALKING, Waiting.RINGING) and isinstance(event, Talked) and event.seconds is not None
        )
        looked_after |= waiting is Waiting.TRANSFERRED and event == Transferred(answered=True)
        looked_after |= isinstance(event, Recorded) and (event.seconds or 0) > 0
        wished |= isinstance(event, HungUp) or (isinstance(event, Recorded) and event.key == "hangup")
        phone.does(event)
    looked_after |= any(isinstance(one, Record | CallBack) for one in phone.instructions)
    wished |= phone.session.step == "goodbye"  # by a key, or because the number is blocked
    assert phone.session.ended
    assert looked_after or wished


@patient
@given(sound_flows(), callers.filter(lambda caller: caller.who is not Who.BLOCKED), st.booleans())
def test_who_does_nothing_at_all_is_asked_for_a_message(flow: Flow, caller: Caller, rings: bool) -> None:
    phone = Phone(flow, caller, rings=rings).call()
    for _ in range((flow.calls.limits.turns + AFTER_THE_LIMIT) * (LONGEST_RING + 2)):
        if phone.session.waiting is Waiting.RECORDING:
            return
        phone.does(Silence())
    raise AssertionError(phone.session)


@patient
@given(st.integers(1_577_836_800, 2_051_222_400))
def test_the_hours_are_those_of_the_wall(seconds: int) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    office = Hours.model_validate({**MONDAY["office"], "holidays": None})
    wall = at.astimezone(ZoneInfo("America/Chicago"))
    assert (standing(office, at, zone="America/Chicago").state is State.OPEN) == (
        wall.weekday() < 5 and 8 <= wall.hour < 17
    )
