"""Recordings and calls through the REST API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from ivr.sandbox import audio
from ivr.sandbox.client import ControlClient
from tests.unit.ivr.sandbox.sandbox_helpers import (
    ACCOUNT,
    CLIENT,
    DESK,
    SAM,
    TOKEN,
    Application,
    eventually,
    story,
    words,
)

AUTH = (ACCOUNT, TOKEN)


def leave_voicemail(application: Application, phones: ControlClient, **speech: float) -> dict[str, str]:
    """A voicemail of two seconds; returns the recording callback."""
    application.answers = {
        "/twilio/voice": '<Response><Record action="/done" recordingStatusCallback="/rec"/></Response>'
    }
    call = phones.call(CLIENT, pace="caller")
    phones.speak(call, words(2), **speech)
    phones.hang_up(call)
    return application.got("/rec")[0].form


def test_a_recording_is_listed_fetched_and_deleted(
    application: Application, url: str, phones: ControlClient, twilio: Client
) -> None:
    form = leave_voicemail(application, phones)
    sid, call = form["RecordingSid"], form["CallSid"]
    assert [item.sid for item in twilio.recordings.list(call_sid=call)] == [sid]
    assert [item.sid for item in twilio.calls(call).recordings.list()] == [sid]
    assert twilio.recordings.list(date_created_after=datetime.now(UTC) + timedelta(hours=1)) == []
    found = twilio.recordings(sid).fetch()
    assert (found.status, found.duration, found.channels, found.source, found.call_sid) == (
        "completed", "2", 1, "RecordVerb", call,
    )  # fmt: skip

    address = form["RecordingUrl"].replace("https://api.twilio.com", url)
    for ending in ("", ".wav"):
        sound = requests.get(address + ending, auth=AUTH, timeout=5)
        assert sound.headers["Content-Type"] == "audio/x-wav"
        assert len(audio.to_pcm(sound.content)) == 2 * audio.SECOND
    mp3 = requests.get(address + ".mp3", auth=AUTH, timeout=5)
    assert mp3.headers["Content-Type"] == "audio/mpeg"
    assert len(audio.to_pcm(mp3.content)) == pytest.approx(2 * audio.SECOND, rel=0.1)
    assert requests.get(address + "?RequestedChannels=2", auth=AUTH, timeout=5).status_code == 400
    assert requests.get(address, timeout=5).status_code == 401

    assert twilio.recordings(sid).delete() is True
    assert requests.get(address, auth=AUTH, timeout=5).status_code == 404
    assert twilio.recordings.list() == []
    assert [item.sid for item in twilio.recordings.list(include_soft_deleted=True)] == [sid]


def test_media_can_be_missing_for_a_while_after_the_webhook(
    application: Application, url: str, phones: ControlClient
) -> None:
    phones.behave(CLIENT, media_missing=1)
    address = leave_voicemail(application, phones)["RecordingUrl"].replace("https://api.twilio.com", url)
    assert requests.get(address, auth=AUTH, timeout=5).status_code == 404
    eventually(lambda: requests.get(address, auth=AUTH, timeout=5).status_code == 200)


def test_a_test_can_make_the_carrier_serve_a_broken_recording(
    application: Application, url: str, phones: ControlClient
) -> None:
    application.answers = {"/twilio/voice": '<Response><Record recordingStatusCallback="/rec"/></Response>'}
    call = phones.call(CLIENT, pace="caller")
    phones.speak(call, b"RIFF broken", raw_seconds=7200)
    phones.hang_up(call)
    form = application.got("/rec")[0].form
    assert form["RecordingDuration"] == "7200"
    address = form["RecordingUrl"].replace("https://api.twilio.com", url)
    assert requests.get(address, auth=AUTH, timeout=5).content == b"RIFF broken"


def test_calls_are_listed_with_their_times(application: Application, phones: ControlClient, twilio: Client) -> None:
    call = phones.call(CLIENT, pace="caller")
    story(phones, call)
    found = twilio.calls(call).fetch()
    assert (found.status, found.direction, found.to, found.duration) == ("completed", "inbound", DESK, "0")
    assert isinstance(found.start_time, datetime)
    assert [item.sid for item in twilio.calls.list(from_=CLIENT, status="completed")] == [call]
    assert twilio.calls.list(to=SAM) == []


def test_the_application_can_end_a_call_and_give_it_new_words(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    application.answers = {
        "/twilio/voice": "<Response><Gather/></Response>",
        "/other": "<Response><Say>New words.</Say><Gather/></Response>",
    }
    call = phones.call(CLIENT, pace="caller")
    eventually(lambda: phones.status(call)["doing"] == "gathering")
    twilio.calls(call).update(url=application.url + "/other")
    eventually(lambda: phones.transcript(call) == ["New words."])
    twilio.calls(call).update(status="completed")
    ended = story(phones, call)[-1]
    assert (ended.data["by"], ended.data["status"]) == ("application", "completed")


def test_the_application_calls_a_phone_that_is_picked_up(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    call = twilio.calls.create(
        to=SAM, from_=DESK, twiml="<Response><Say>Ticket 1042.</Say></Response>", status_callback=application.url + "/st",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )  # fmt: skip
    assert (call.status, call.direction) == ("queued", "outbound-api")
    ringing = eventually(lambda: phones.ringing(SAM))
    assert [item["sid"] for item in ringing] == [call.sid]  # type: ignore[attr-defined]
    phones.answer(str(call.sid))
    story(phones, str(call.sid))
    assert phones.transcript(str(call.sid)) == ["Ticket 1042."]
    reports = {int(hook.form["SequenceNumber"]): hook.form["CallStatus"] for hook in application.got("/st", at_least=4)}
    assert reports == {0: "initiated", 1: "ringing", 2: "in-progress", 3: "completed"}


@pytest.mark.parametrize(
    ("behaviour", "ending", "status"),
    [
        ({"answers": "busy"}, None, "busy"),
        ({"answers": "unreachable"}, None, "failed"),
        ({"answers": "never"}, None, "no-answer"),
        ({}, "hangup", "busy"),
        ({}, "cancel", "canceled"),
    ],
)
def test_the_ways_in_which_a_placed_call_is_not_answered(
    *, application: Application, phones: ControlClient, twilio: Client, behaviour: dict[str, str], ending: str | None,
    status: str,
) -> None:  # fmt: skip
    phones.behave(SAM, **behaviour)
    call = str(
        twilio.calls.create(
            to=SAM, from_=DESK, url=application.url + "/say", timeout=5, status_callback=application.url + "/st"
        ).sid
    )
    if ending == "hangup":
        eventually(lambda: phones.ringing(SAM))
        phones.hang_up(call)
    elif ending == "cancel":
        twilio.calls(call).update(status="canceled")
    assert application.got("/st")[0].form["CallStatus"] == status
    assert twilio.calls(call).fetch().status == status
    assert "/say" not in [hook.path for hook in application.hooks]


def test_calls_that_cannot_be_are_refused(twilio: Client) -> None:
    for wrong, code in (({"to": "123"}, 21217), ({"from_": SAM}, 21210), ({"url": ""}, 21218)):
        with pytest.raises(TwilioRestException) as refused:
            twilio.calls.create(**{"to": SAM, "from_": DESK, "url": "http://127.0.0.1:9/x", **wrong})
        assert refused.value.code == code


def test_phones_are_held_from_this_machine_only(url: str) -> None:
    for headers in ({"Host": "evil.example"}, {"X-Forwarded-For": "203.0.113.7"}):
        refused = requests.get(url + "/sandbox/info", headers=headers, timeout=5)
        assert (refused.status_code, "for programs on this machine" in refused.json()["error"]) == (403, True)
    assert requests.get(url + "/sandbox/info", timeout=5).json()["number"] == DESK
    assert requests.get(url + "/healthz", timeout=5).json() == {"status": "ok"}
