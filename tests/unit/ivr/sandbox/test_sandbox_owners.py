"""The owners of the phones that the application calls: late, busy, gone, in a tunnel; and how the carrier tells of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxError
from tests.unit.ivr.sandbox.sandbox_helpers import CLIENT, DESK, SAM, Application, eventually, story

LEE = "+19035550102"
PAGE = (
    '<Response><Gather numDigits="1" action="/key" timeout="20" actionOnEmptyResult="true">'
    "<Say>Ticket 1042.</Say><Play>/voicemail.wav</Play></Gather></Response>"
)


def page(application: Application, twilio: Client, to: str = SAM, **options: object) -> str:
    """The application calls somebody with a voice page; returns the call's id."""
    application.answers = {
        "/page": PAGE,
        "/key": lambda form: PAGE if form["Digits"] == "0" else "<Response><Say>It is yours.</Say></Response>",
    } | application.answers
    call = twilio.calls.create(
        to=to,
        from_=DESK,
        url=application.url + "/page",
        method="POST",
        status_callback=application.url + "/st",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        status_callback_method="POST",
        **options,  # type: ignore[arg-type]
    )
    return str(call.sid)


def reports(application: Application, *, count: int) -> list[str]:
    """The states of the call as the application heard them, in the order in which they happened."""
    forms = [hook.form for hook in application.got("/st", at_least=count)]
    return [form["CallStatus"] for form in sorted(forms, key=lambda form: int(form["SequenceNumber"]))]


# -- who picks up, and what they do then -----------------------------------------------------------------------------


def test_an_owner_repeats_the_page_and_then_takes_it(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    phones.behave(SAM, answers="at-once", rings=4, presses=[{"after": 1, "keys": "0"}, {"after": 2, "keys": "4"}])
    call = page(application, twilio)
    story(phones, call)
    assert [hook.form["Digits"] for hook in application.got("/key", at_least=2)] == ["0", "4"]
    assert phones.transcript(call) == ["Ticket 1042.", "Ticket 1042.", "It is yours."]


def test_who_answers_late_finds_the_others_gone(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    phones.behave(SAM, answers="at-once", presses=[{"after": 0, "keys": "4"}])
    phones.behave(LEE, answers="at-once", rings=50)
    late, first = page(application, twilio, LEE), page(application, twilio)
    story(phones, first)
    assert phones.status(late)["status"] == "ringing"
    story(phones, late)
    kinds = [event.kind for event in phones.events(late, wait=0)[0]]
    assert kinds[:3] == ["ringing", "answered", "said"]


@pytest.mark.parametrize(
    ("behaviour", "heard", "ended_by"),
    [
        ({"answers": "at-once"}, ["Ticket 1042.", "It is yours."], "application"),
        ({"answers": "at-once", "hangs_up_after": 0}, None, "caller"),
        ({"answers": "at-once", "loses_network_after": 4}, ["Ticket 1042."], "network"),
        ({"answers": "mailbox", "rings": 0}, ["Ticket 1042.", "It is yours."], "application"),
    ],
)
def test_who_picks_up_and_presses_nothing_is_completed_all_the_same(
    *,
    application: Application,
    phones: ControlClient,
    twilio: Client,
    behaviour: dict[str, object],
    heard: list[str] | None,
    ended_by: str,
) -> None:
    phones.behave(SAM, **behaviour)
    call = page(application, twilio)
    end = story(phones, call)[-1].data
    assert (end["by"], end["status"]) == (ended_by, "completed")
    assert heard is None or phones.transcript(call) == heard
    assert reports(application, count=4) == ["initiated", "ringing", "in-progress", "completed"]
    assert [hook.form["Digits"] for hook in application.hooks if hook.path == "/key"] in ([""], [])


def test_a_mailbox_told_to_wait_rings_longer_than_the_timeout(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    phones.behave(SAM, answers="mailbox", rings=12)
    page(application, twilio, timeout=5)
    assert reports(application, count=3) == ["initiated", "ringing", "no-answer"]


@pytest.mark.parametrize(("call_error", "told"), [(None, "13224"), (21211, "21211")])
def test_a_number_that_does_not_exist_fails_at_once_with_its_error(
    *, application: Application, phones: ControlClient, twilio: Client, call_error: int | None, told: str
) -> None:
    phones.behave(SAM, answers="invalid", call_error=call_error)
    page(application, twilio)
    assert reports(application, count=2) == ["initiated", "failed"]
    codes = {hook.form["CallStatus"]: hook.form.get("ErrorCode") for hook in application.got("/st")}
    assert codes == {"initiated": None, "failed": told}


def test_a_phone_is_declined_by_hand(application: Application, phones: ControlClient, twilio: Client) -> None:
    call = page(application, twilio)
    eventually(lambda: phones.status(call)["doing"] == "ringing" == phones.status(call)["status"])
    phones.decline(call)
    assert reports(application, count=3) == ["initiated", "ringing", "busy"]


def test_who_picks_up_by_hand_presses_by_hand(application: Application, phones: ControlClient, twilio: Client) -> None:
    phones.behave(SAM, answers="at-once", rings=2000, presses=[{"after": 0, "keys": "4"}])
    call = page(application, twilio, timeout=600)
    phones.answer(call)
    eventually(lambda: phones.status(call)["doing"] == "gathering")
    phones.press(call, "5")
    assert application.got("/key")[0].form["Digits"] == "5"


@pytest.mark.parametrize(
    "presses",
    [7, [{"after": 1}], [{"after": -1, "keys": "1"}], [{"after": "x", "keys": "1"}], [{"after": 0, "keys": "a"}]],
)
def test_keys_that_cannot_be_pressed_are_explained(phones: ControlClient, presses: object) -> None:
    with pytest.raises(SandboxError, match="Behaviour field 'presses' is a list of keys and the seconds before them"):
        phones.behave(SAM, presses=presses)


def test_the_placed_calls_are_listed_as_they_come(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    first, second = page(application, twilio), page(application, twilio, LEE)
    listed = phones.placed()
    assert [(call["sid"], call["to"]) for call in listed] == [(first, SAM), (second, LEE)]
    assert phones.placed(after=listed[0]["seq"])[0]["sid"] == second
    assert phones.placed(after=listed[1]["seq"]) == []


# -- the application's side ------------------------------------------------------------------------------------------


def test_a_ringing_phone_is_given_up(application: Application, phones: ControlClient, twilio: Client) -> None:
    call = page(application, twilio)
    eventually(lambda: phones.status(call)["status"] == "ringing")
    twilio.calls(call).update(status="canceled")
    assert reports(application, count=3) == ["initiated", "ringing", "canceled"]
    shown = twilio.calls(call).fetch()
    assert (shown.status, shown.duration, shown.parent_call_sid) == ("canceled", "0", None)
    assert shown.start_time is not None


def test_canceled_does_not_end_a_call_that_was_picked_up(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    phones.behave(SAM, answers="at-once")
    call = page(application, twilio)
    eventually(lambda: phones.status(call)["doing"] == "gathering")
    assert twilio.calls(call).update(status="canceled").status == "in-progress"
    assert phones.status(call)["status"] == "in-progress"
    twilio.calls(call).update(status="completed")
    assert reports(application, count=4)[-1] == "completed"


@pytest.mark.parametrize("update", [{"url": "/page"}, {"twiml": "<Response/>"}, {"status": "completed"}])
def test_a_call_that_is_over_takes_no_orders(
    application: Application, phones: ControlClient, twilio: Client, update: dict[str, str]
) -> None:
    phones.behave(SAM, answers="busy")
    call = page(application, twilio)
    story(phones, call)
    with pytest.raises(TwilioRestException) as refused:
        twilio.calls(call).update(**update)  # type: ignore[arg-type]
    assert (refused.value.status, refused.value.code) == (400, 21220)
    assert refused.value.msg == "Unable to update record: Call is not in-progress. Cannot redirect."


def test_a_ringing_phone_cannot_be_led_elsewhere(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    call = page(application, twilio)
    eventually(lambda: phones.status(call)["status"] == "ringing")
    with pytest.raises(TwilioRestException) as refused:
        twilio.calls(call).update(url=application.url + "/page")
    assert refused.value.code == 21220
    assert phones.status(call)["status"] == "ringing"


def test_an_unknown_call_is_not_found(twilio: Client) -> None:
    for ask in (lambda: twilio.calls("CA" + "0" * 32).fetch(), lambda: twilio.calls("CA0").update(status="completed")):
        with pytest.raises(TwilioRestException) as refused:
            ask()
        assert (refused.value.status, refused.value.code) == (404, 20404)


@pytest.mark.parametrize(
    ("to", "sender", "code"),
    [
        ("", DESK, 21201),
        (SAM, "", 21213),
        ("+1903555", DESK, 21217),
        ("911", DESK, 21217),
        (SAM, "12", 21212),
        (SAM, CLIENT, 21210),
    ],
)
def test_numbers_that_cannot_be_called_are_refused(twilio: Client, to: str, sender: str, code: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        twilio.calls.create(to=to, from_=sender, twiml="<Response/>")
    assert (refused.value.status, refused.value.code) == (400, code)


@pytest.mark.parametrize(
    ("refuse", "words"),
    [
        (21215, "Account not authorized to call +19035550101."),
        (21214, "'To' phone number cannot be reached"),
        (21211, "The 'To' number +19035550101 is not a valid phone number."),
    ],
)
def test_a_refused_call_is_never_placed(phones: ControlClient, twilio: Client, refuse: int, words: str) -> None:
    phones.behave(SAM, refuse=refuse, refuse_times=1)
    with pytest.raises(TwilioRestException) as refused:
        twilio.calls.create(to=SAM, from_=DESK, twiml="<Response/>")
    assert (refused.value.code, refused.value.msg) == (refuse, f"Unable to create record: {words}")
    assert phones.placed() == []
    twilio.calls.create(to=SAM, from_=DESK, twiml="<Response/>")
    assert len(phones.placed()) == 1


def test_calls_are_listed_by_number_state_and_start(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    phones.behave(LEE, answers="busy")
    sam, lee = page(application, twilio), page(application, twilio, LEE)
    story(phones, lee)
    eventually(lambda: phones.status(sam)["status"] == "ringing")
    assert [call.sid for call in twilio.calls.list(to=LEE)] == [lee]
    assert [call.sid for call in twilio.calls.list(from_=DESK, status="ringing")] == [sam]
    now = datetime.now(UTC)
    # Nobody answered either of them, but both were dialled.
    recent = twilio.calls.list(start_time_after=now - timedelta(minutes=5))
    assert sorted(str(call.sid) for call in recent) == sorted([sam, lee])
    assert twilio.calls.list(start_time_after=now + timedelta(minutes=5)) == []


def test_times_are_written_as_the_carrier_writes_them(
    config: object, url: str, phones: ControlClient, application: Application, twilio: Client
) -> None:
    phones.behave(SAM, answers="at-once", hangs_up_after=30)
    call = page(application, twilio)
    story(phones, call)
    account = twilio.username
    path = f"{url}/2010-04-01/Accounts/{account}/Calls/{call}.json"
    shown = requests.get(path, auth=(str(account), twilio.password), timeout=5).json()
    started, ended = (parsedate_to_datetime(shown[name]) for name in ("start_time", "end_time"))
    assert started <= ended
    assert shown["start_time"].endswith("+0000")
    assert (shown["direction"], shown["to"], shown["from"], shown["status"]) == (
        "outbound-api", SAM, DESK, "completed",
    )  # fmt: skip


# -- answers that do not come ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("post_answer", ["error", "lost"])
def test_the_answer_is_lost_but_the_call_was_placed(
    application: Application, phones: ControlClient, twilio: Client, post_answer: str
) -> None:
    phones.behave(SAM, answers="never", post_answer=post_answer, post_answer_times=1)
    expected = TwilioRestException if post_answer == "error" else requests.ConnectionError
    with pytest.raises(expected) as failed:
        page(application, twilio)
    assert getattr(failed.value, "status", 500) == 500
    [found] = twilio.calls.list(to=SAM)
    assert reports(application, count=3) == ["initiated", "ringing", "no-answer"]
    again = page(application, twilio)
    assert [call["sid"] for call in phones.placed()] == [found.sid, again]


def test_the_answer_is_late_but_the_call_was_placed(
    application: Application, phones: ControlClient, url: str, twilio_at: Callable[..., Client]
) -> None:
    phones.behave(SAM, slow_post=3)
    with pytest.raises(requests.ReadTimeout):
        page(application, twilio_at(url, timeout=0.5))
    assert len(phones.placed()) == 1


def test_texts_lose_their_answers_too(phones: ControlClient, twilio: Client) -> None:
    phones.behave(SAM, post_answer="lost")
    with pytest.raises(requests.ConnectionError):
        twilio.messages.create(to=SAM, from_=DESK, body="it is on its way")
    assert [text["body"] for text in eventually(lambda: phones.texts(SAM))] == ["it is on its way"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("behaviour", "count", "order"),
    [
        ({"duplicates": 2}, 6, None),
        ({"swapped": True}, 3, ["busy", "ringing", "initiated"]),
        ({"late": 0.5}, 3, None),
    ],
)
def test_the_news_of_a_call_come_twice_swapped_and_late(
    *,
    application: Application,
    phones: ControlClient,
    twilio: Client,
    behaviour: dict[str, object],
    count: int,
    order: list[str] | None,
) -> None:
    phones.behave(SAM, answers="busy", **behaviour)
    page(application, twilio)
    hooks = application.got("/st", at_least=count)
    assert sorted({hook.form["CallStatus"] for hook in hooks}) == ["busy", "initiated", "ringing"]
    if order is not None:
        assert [hook.form["CallStatus"] for hook in hooks] == order


def test_the_last_news_of_a_call_can_be_lost_by_itself(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    phones.behave(SAM, answers="at-once")
    call = page(application, twilio)
    application.got("/st", at_least=3)
    phones.behave(SAM, lost=True)
    phones.hang_up(call)
    story(phones, call)
    assert twilio.calls(call).fetch().status == "completed"
    assert [hook["params"]["CallStatus"] for hook in phones.webhooks()] == ["in-progress", "ringing", "initiated"]
