"""Sending: refused, unknown, late, reported in any order. What a phone gets, it gets once."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.world import LEE, ROBIN, SAM, STRANGER, World
from tickets.models import Message
from tickets.outbox import NotSent, OutcomeUnknown, Refusal, TextRefused
from tickets.states import CARRIER_STATUS, MessageState, advance_message


@pytest.fixture
def paged(world: World) -> World:
    """A missed call whose pages are about to go out."""
    world.call(caller=STRANGER)
    world.press("1", 1, caller=STRANGER)
    world.hang_up(caller=STRANGER)
    return world


def state_of(world: World, number: str) -> tuple[str, str | None]:
    (page,) = [page for page in world.ticket()["pages"] if page["number"] == number]
    return page["state"], page["error"]


def test_a_time_out_after_the_post_is_looked_up_and_not_sent_again(paged: World) -> None:
    paged.carrier.refuse[SAM] = [OutcomeUnknown("timed out")]
    paged.pass_time(60)
    assert len(paged.texts_to(SAM)) == 1
    assert f"texts {SAM}" in paged.carrier.asked
    assert state_of(paged, SAM) == ("sent", None)


def test_a_text_that_was_never_created_is_sent_once_more_after_the_carrier_had_time(paged: World) -> None:
    paged.carrier.refuse[SAM] = [OutcomeUnknown("timed out")]
    paged.carrier.created_although_unknown = False
    paged.pass_time(20)
    assert paged.texts_to(SAM) == []
    paged.pass_time(40)
    assert len(paged.texts_to(SAM)) == 1


def test_a_server_error_that_was_answered_is_looked_up_at_once(paged: World) -> None:
    paged.carrier.refuse[SAM] = [OutcomeUnknown("500", answered=True)]
    paged.pass_time(16)
    assert len(paged.texts_to(SAM)) == 1
    paged.pass_time(60)
    assert len(paged.texts_to(SAM)) == 1


def test_a_worker_that_died_while_sending_leaves_a_text_that_is_looked_up(paged: World) -> None:
    paged.carrier.refuse[SAM] = [SystemExit()]  # the carrier takes the text, then the process is gone
    with pytest.raises(SystemExit):
        paged.pass_time(15)
    assert len(paged.texts_to(SAM)) == 1
    paged.pass_time(70)
    assert len(paged.texts_to(SAM)) == 1
    assert state_of(paged, SAM) == ("sent", None)


def test_a_look_up_that_is_out_of_reach_for_five_minutes_loses_no_page(paged: World) -> None:
    paged.carrier.refuse[SAM] = [OutcomeUnknown("timed out")]
    paged.carrier.created_although_unknown = False
    paged.carrier.refuse_search = [NotSent("connection refused") for _ in range(99)]
    paged.pass_time(300)
    assert paged.texts_to(SAM) == []
    paged.carrier.refuse_search.clear()
    paged.pass_time(600, step=5)
    assert len(paged.texts_to(SAM)) == 1


@pytest.mark.parametrize(
    "refused", [TextRefused(Refusal.RETRY, "20429", "too many requests"), NotSent("connection refused")]
)
@pytest.mark.parametrize("answered", [True, False], ids=["after a server error", "after a time-out"])
def test_a_look_up_that_fails_leaves_the_outcome_unknown(paged: World, answered: bool, refused: Exception) -> None:
    paged.carrier.refuse[SAM] = [OutcomeUnknown("it was created", answered=answered)]
    paged.carrier.refuse_search = [refused]
    paged.pass_time(60)
    assert len(paged.texts_to(SAM)) == 1
    assert state_of(paged, SAM) == ("sent", None)


def test_a_carrier_out_of_reach_is_tried_again_until_it_answers(paged: World) -> None:
    paged.carrier.refuse[LEE] = [NotSent("refused")] * 3
    paged.pass_time(12)
    assert len(paged.texts_to(SAM)) == 1
    paged.pass_time(20)
    assert len(paged.texts_to(LEE)) == 1


def test_an_impossible_number_fails_for_good_and_does_not_stop_the_others(paged: World) -> None:
    paged.carrier.refuse[SAM] = [TextRefused(Refusal.PERMANENT, "21614", "not a mobile number")] * 9
    paged.pass_time(60)
    assert state_of(paged, SAM) == ("failed", "21614: not a mobile number")
    assert [len(paged.texts_to(number)) for number in (SAM, LEE, ROBIN)] == [0, 1, 1]
    assert "The text to Sam failed: 21614: not a mobile number" in [e["text"] for e in paged.ticket()["events"]]


def test_a_number_that_opted_out_at_the_carrier_is_not_tried_again(paged: World) -> None:
    paged.carrier.refuse[SAM] = [TextRefused(Refusal.OPTED_OUT, "21610", "unsubscribed")]
    paged.pass_time(15)
    assert state_of(paged, SAM)[0] == "failed"
    paged.call(sid="CA2", caller=STRANGER)
    paged.press("1", 1, sid="CA2", caller=STRANGER)
    paged.hang_up(sid="CA2", caller=STRANGER)
    paged.pass_time(30)
    assert paged.texts_to(SAM) == []
    assert len(paged.texts_to(LEE)) == 2


def test_a_text_that_cannot_be_handed_over_for_hours_is_given_up(paged: World) -> None:
    paged.carrier.down = True
    paged.pass_time(60)
    paged.now.moment += timedelta(hours=5)
    paged.pass_time(30)
    assert state_of(paged, SAM)[0] == "failed"
    assert state_of(paged, SAM)[1] == "given up: the carrier did not answer: ConnectionError"


def test_no_report_for_a_minute_is_said_and_a_late_report_sets_it_right(paged: World) -> None:
    paged.pass_time(15)
    sid = next(sent.sid for sent in paged.carrier.sent if sent.to == SAM)
    paged.pass_time(70)
    assert state_of(paged, SAM) == ("failed", "no delivery report")
    assert "No delivery report for the text to Sam." in [event["text"] for event in paged.ticket()["events"]]
    paged.delivered(sid)
    assert state_of(paged, SAM) == ("delivered", None)


def test_reports_out_of_order_never_move_a_text_back(paged: World) -> None:
    paged.pass_time(15)
    sid = next(sent.sid for sent in paged.carrier.sent if sent.to == SAM)
    for status in ("delivered", "sent", "sending", "delivered", "queued"):
        paged.delivered(sid, status)
    assert state_of(paged, SAM) == ("delivered", None)


def test_a_report_before_we_know_our_own_text_counts(paged: World) -> None:
    paged.delivered("SM0001", "delivered")
    paged.pass_time(15)
    states = {message.sid: message.state for message in paged.rows(Message)}
    assert states["SM0001"] == "delivered"


def test_a_failed_report_shows_its_code(paged: World) -> None:
    paged.pass_time(15)
    sid = next(sent.sid for sent in paged.carrier.sent if sent.to == SAM)
    paged.delivered(sid, "undelivered", ErrorCode="30034")
    assert state_of(paged, SAM) == ("failed", "30034: the carrier reports: undelivered")


def test_unknown_reports_are_kept_and_harm_nothing(world: World) -> None:
    world.delivered("SMnobody", "delivered")
    world.delivered("SMnobody", "flying")
    assert world.rows(Message) == []


@given(st.lists(st.sampled_from(sorted(CARRIER_STATUS))))
def test_whatever_the_order_the_furthest_state_stands(statuses: list[str]) -> None:
    state = MessageState.SENDING
    seen = [state]
    for status in statuses:
        state = advance_message(state, CARRIER_STATUS[status])
        seen.append(state)
    final = (MessageState.DELIVERED, MessageState.FAILED)
    reported = [CARRIER_STATUS[status] for status in statuses]
    if any(state in final for state in reported):
        assert state == next(state for state in reported if state in final)
    else:
        assert state == (MessageState.SENT if MessageState.SENT in reported else MessageState.SENDING)
    order = [MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED]
    assert [order.index(one) for one in seen] == sorted(order.index(one) for one in seen)
