"""Phones that the application calls: what their owners do, and what the application hears of it."""

from __future__ import annotations

import pytest
from twilio.rest import Client

from ivr.sandbox.client import ControlClient
from tests.unit.ivr.sandbox.sandbox_helpers import DESK, SAM, Application, eventually, story

PAGE = (
    '<Response><Gather numDigits="1" action="/taken" timeout="10"><Say>Ticket 1042. Press 1.</Say></Gather></Response>'
)


def page(application: Application, twilio: Client, *, timeout: int = 60) -> str:
    """The application calls Sam; returns the call's id."""
    application.answers = {"/page": PAGE, "/taken": "<Response><Say>It is yours.</Say></Response>"}
    call = twilio.calls.create(
        to=SAM,
        from_=DESK,
        url=application.url + "/page",
        timeout=timeout,
        status_callback=application.url + "/st",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    assert (call.status, call.direction) == ("queued", "outbound-api")
    return str(call.sid)


def reports(application: Application, *, count: int) -> list[str]:
    """The states of the call as the application heard them, in the order in which they happened."""
    forms = [hook.form for hook in application.got("/st", at_least=count)]
    return [form["CallStatus"] for form in sorted(forms, key=lambda form: int(form["SequenceNumber"]))]


def test_who_picks_up_hears_the_page_and_takes_it_with_a_key(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    call = page(application, twilio)
    eventually(lambda: [ringing["sid"] for ringing in phones.ringing(SAM)] == [call])
    phones.answer(call)
    phones.press(call, "1")
    story(phones, call)
    assert phones.transcript(call) == ["Ticket 1042. Press 1.", "It is yours."]
    assert application.got("/taken")[0].form["Digits"] == "1"
    assert reports(application, count=4) == ["initiated", "ringing", "in-progress", "completed"]


@pytest.mark.parametrize(
    ("answers", "timeout", "heard"),
    [
        ("declines", 60, ["initiated", "ringing", "busy"]),
        ("busy", 60, ["initiated", "ringing", "busy"]),
        ("never", 5, ["initiated", "ringing", "no-answer"]),
        ("by-hand", 5, ["initiated", "ringing", "no-answer"]),
        # The mailbox would pick up after 20 s; a phone that was to ring for 10 s rings for 15.
        ("mailbox", 10, ["initiated", "ringing", "no-answer"]),
        ("unreachable", 60, ["initiated", "failed"]),
    ],
)
def test_who_does_not_pick_up_is_never_asked(
    *, application: Application, phones: ControlClient, twilio: Client, answers: str, timeout: int, heard: list[str]
) -> None:
    phones.behave(SAM, answers=answers)
    call = page(application, twilio, timeout=timeout)
    assert reports(application, count=len(heard)) == heard
    assert twilio.calls(call).fetch().duration == "0"
    assert [hook for hook in application.hooks if hook.path == "/page"] == []


def test_a_phone_that_would_decline_can_be_picked_up_before(
    application: Application, phones: ControlClient, twilio: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.sandbox.owner.RINGS", {})
    phones.behave(SAM, answers="declines")
    call = page(application, twilio)
    phones.answer(call)
    phones.press(call, "1")
    assert reports(application, count=4) == ["initiated", "ringing", "in-progress", "completed"]


def test_a_mailbox_picks_up_and_presses_no_key(application: Application, phones: ControlClient, twilio: Client) -> None:
    phones.behave(SAM, answers="mailbox")
    call = page(application, twilio)
    events = story(phones, call)
    assert [event.kind for event in events] == ["ringing", "answered", "said", "listening", "silence", "ended"]
    # The carrier calls it completed, as if somebody had listened.
    assert reports(application, count=4)[-1] == "completed"
    assert [hook for hook in application.hooks if hook.path == "/taken"] == []


def test_a_mailbox_does_not_listen_for_ever(
    application: Application, phones: ControlClient, twilio: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.sandbox.owner.MAILBOX_LISTENS", 4.0)
    phones.behave(SAM, answers="mailbox")
    call = page(application, twilio)
    application.answers["/page"] = "<Response><Pause length='600'/></Response>"
    [end] = [event.data for event in story(phones, call) if event.kind == "ended"]
    assert (end["by"], end["status"]) == ("caller", "completed")
