"""A client calls; what the application is asked, what the caller hears, how every verb behaves."""

from __future__ import annotations

import time

import pytest
from flask import Response

from ivr.sandbox import audio, line
from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxError
from tests.unit.ivr.sandbox.sandbox_helpers import CLIENT, DESK, Application, eventually, story, words

VOICE = "/twilio/voice"


def twiml(inside: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inside}</Response>'


def calling(phones: ControlClient, **options: str) -> str:
    return phones.call(CLIENT, pace=options.pop("pace", "caller"), **options)


def test_a_voicemail_from_the_first_ring_to_the_last_callback(application: Application, phones: ControlClient) -> None:
    application.answers = {
        VOICE: twiml('<Say>Hello.</Say><Gather numDigits="1" action="/menu?step=1"><Say>Press 1.</Say></Gather>'),
        "/menu": twiml('<Record action="/done" recordingStatusCallback="/rec"/><Say>Nothing came.</Say>'),
        "/done": twiml("<Say>Thank you.</Say><Hangup/>"),
    }
    call = calling(phones)
    phones.press(call, "1")
    phones.speak(call, words(2))
    phones.press(call, "#")
    events = story(phones, call)

    assert phones.transcript(call) == ["Hello.", "Press 1.", "Thank you."]
    assert [event.kind for event in events] == [
        "ringing", "answered", "said", "said", "listening", "pressed", "recording", "spoke", "pressed", "recorded", "said",
        "ended",
    ]  # fmt: skip
    first = application.got(VOICE)[0].form
    assert {name: first[name] for name in ("CallSid", "From", "To", "CallStatus", "Direction", "Called", "FromState")} == {
        "CallSid": call, "From": CLIENT, "To": DESK, "CallStatus": "ringing", "Direction": "inbound", "Called": DESK,
        "FromState": "TX",
    }  # fmt: skip
    menu = application.got("/menu")[0].form
    assert (menu["Digits"], menu["CallStatus"]) == ("1", "in-progress")
    done = application.got("/done")[0].form
    recorded = application.got("/rec")[0].form
    assert (done["Digits"], done["RecordingDuration"]) == ("#", "2")
    assert done["RecordingUrl"] == recorded["RecordingUrl"]
    assert recorded["RecordingUrl"].startswith("https://api.twilio.com/2010-04-01/Accounts/AC")
    assert recorded["RecordingUrl"].endswith(f"/Recordings/{recorded['RecordingSid']}")
    assert (recorded["RecordingStatus"], recorded["RecordingDuration"]) == ("completed", "2")
    assert "From" not in recorded
    status = application.got("/twilio/voice/status")[0].form
    assert (status["CallStatus"], status["SequenceNumber"], status["CallbackSource"]) == (
        "completed", "0", "call-progress-events",
    )  # fmt: skip
    assert int(status["CallDuration"]) >= 0
    assert all(hook.signed for hook in application.hooks)
    assert application.hooks[0].headers["User-Agent"] == "TwilioProxy/1.1"


@pytest.mark.parametrize(
    ("attributes", "keys", "sent"),
    [
        ('numDigits="2"', "12", "12"),
        ("", "123#", "123"),
        ('finishOnKey="*"', "1#2*", "1#2"),
        ('finishOnKey="" numDigits="2"', "#*", "#*"),
    ],
)
def test_gather_sends_the_keys_it_was_told_to_wait_for(
    application: Application, phones: ControlClient, attributes: str, keys: str, sent: str
) -> None:
    application.answers = {VOICE: twiml(f'<Gather action="/keys" {attributes}/>'), "/keys": twiml("<Hangup/>")}
    call = calling(phones)
    phones.press(call, keys)
    assert application.got("/keys")[0].form["Digits"] == sent


@pytest.mark.parametrize("silence", ["waiting", "#"])
def test_silence_and_a_lone_finish_key_go_on_with_the_next_verb(
    application: Application, phones: ControlClient, silence: str
) -> None:
    seconds = 1 if silence == "waiting" else 200
    application.answers = {VOICE: twiml(f'<Gather action="/keys" timeout="{seconds}"/><Say>Are you there?</Say>')}
    call = calling(phones, pace="real")
    if silence == "#":
        phones.press(call, "#")
    story(phones, call)
    assert phones.transcript(call) == ["Are you there?"]
    assert [hook.path for hook in application.hooks if hook.path == "/keys"] == []


def test_an_empty_gather_asks_its_action_when_told_to(application: Application, phones: ControlClient) -> None:
    application.answers = {VOICE: twiml('<Gather action="/keys" actionOnEmptyResult="true"/><Say>Not reached.</Say>')}
    call = calling(phones)
    phones.stay_silent(call)
    assert application.got("/keys")[0].form["Digits"] == ""
    story(phones, call)
    assert phones.transcript(call) == []


def test_gather_without_an_action_asks_the_same_address_again(application: Application, phones: ControlClient) -> None:
    application.answers = {VOICE: lambda form: twiml("<Hangup/>" if "Digits" in form else '<Gather numDigits="1"/>')}
    call = calling(phones)
    phones.press(call, "7")
    assert application.got(VOICE, at_least=2)[1].form["Digits"] == "7"


def test_a_key_stops_the_prompts_inside_a_gather(application: Application, phones: ControlClient) -> None:
    long_prompt = "Press one. " * 500
    application.answers = {
        VOICE: twiml(f'<Gather numDigits="1" action="/keys"><Say>{long_prompt}</Say><Say>Or two.</Say></Gather>'),
        "/keys": twiml("<Hangup/>"),
    }
    call = calling(phones, pace="real")
    phones.press(call, "1")
    story(phones, call)
    assert phones.transcript(call) == [long_prompt.strip()]


def test_keys_pressed_into_a_plain_announcement_are_lost(application: Application, phones: ControlClient) -> None:
    application.answers = {VOICE: twiml(f"<Say>{'We are closed. ' * 200}</Say>")}
    call = calling(phones, pace="real")
    eventually(lambda: phones.status(call)["doing"] == "speaking")
    with pytest.raises(SandboxError, match="the call is speaking, nothing listens for that now"):
        phones.press(call, "1", wait=0)


def test_hanging_up_while_recording_keeps_the_words_and_asks_the_action(
    application: Application, phones: ControlClient
) -> None:
    application.answers = {VOICE: twiml('<Record action="/done" recordingStatusCallback="/rec"/>')}
    call = calling(phones)
    phones.speak(call, words(3))
    phones.hang_up(call)
    done = application.got("/done")[0].form
    assert (done["Digits"], done["CallStatus"], done["RecordingDuration"]) == ("hangup", "completed", "3")
    assert application.got("/rec")[0].form["RecordingDuration"] == "3"
    assert application.got("/twilio/voice/status")[0].form["CallStatus"] == "completed"


def test_an_empty_recording_is_absent_and_the_next_verb_follows(
    application: Application, phones: ControlClient
) -> None:
    record = '<Record action="/done" recordingStatusCallback="/rec" recordingStatusCallbackEvent="{}"/>'
    application.answers = {VOICE: twiml(record.format("in-progress completed absent") + "<Say>I heard nothing.</Say>")}
    call = calling(phones)
    phones.stay_silent(call)
    story(phones, call)
    assert phones.transcript(call) == ["I heard nothing."]
    seen = {hook.form["RecordingStatus"]: hook.form for hook in application.got("/rec", at_least=2)}
    assert set(seen) == {"in-progress", "absent"}
    assert seen["absent"]["ErrorCode"] == "16101"
    assert "RecordingDuration" not in seen["absent"]


def test_an_empty_recording_can_ask_its_action_too(application: Application, phones: ControlClient) -> None:
    application.answers = {VOICE: twiml('<Record action="/done"/><Say>Not reached.</Say>')}
    phones.behave(CLIENT, empty_recording="action")
    call = calling(phones)
    phones.stay_silent(call)
    assert application.got("/done")[0].form["Digits"] == ""


@pytest.mark.parametrize(
    ("attributes", "before_trim", "kept"), [("", "7", "2"), ('trim="do-not-trim"', "7", "7"), ('timeout="3"', "5", "2")]
)
def test_silence_at_the_end_is_trimmed_unless_told_otherwise(
    application: Application, phones: ControlClient, attributes: str, before_trim: str, kept: str
) -> None:
    application.answers = {VOICE: twiml(f'<Record action="/done" recordingStatusCallback="/rec" {attributes}/>')}
    call = calling(phones)
    phones.speak(call, words(2))
    phones.stay_silent(call)
    assert application.got("/done")[0].form["RecordingDuration"] == before_trim
    assert application.got("/rec")[0].form["RecordingDuration"] == kept


def test_a_recording_ends_at_its_longest_time(application: Application, phones: ControlClient) -> None:
    application.answers = {VOICE: twiml('<Record action="/done" maxLength="4"/>')}
    call = calling(phones)
    phones.speak(call, words(9))
    done = application.got("/done")[0].form
    assert (done["RecordingDuration"], done["Digits"]) == ("4", "")


def test_only_the_finish_keys_end_a_recording(application: Application, phones: ControlClient) -> None:
    application.answers = {VOICE: twiml('<Record action="/done" finishOnKey="*"/>')}
    call = calling(phones)
    phones.speak(call, words(1))
    phones.press(call, "5*")
    assert application.got("/done")[0].form["Digits"] == "*"


def test_in_real_pace_a_caller_speaks_as_long_as_the_words_last(
    application: Application, phones: ControlClient
) -> None:
    application.answers = {VOICE: twiml('<Record action="/done" timeout="20"/>')}
    call = calling(phones, pace="real")
    begun = time.monotonic()
    phones.speak(call, words(4))
    application.got("/done")
    assert time.monotonic() - begun > (4 + 20) / 20


def test_redirects_follow_relative_addresses_and_keep_cookies(application: Application, phones: ControlClient) -> None:
    def with_cookie(_form: dict[str, str]) -> Response:
        answer = Response(twiml('<Redirect method="GET">next?step=2</Redirect>'), mimetype="text/xml")
        answer.set_cookie("call", "one")
        return answer

    application.answers = {VOICE: with_cookie, "/twilio/next": twiml("<Say>Here.</Say>")}
    call = calling(phones)
    story(phones, call)
    hook = application.got("/twilio/next")[0]
    assert (hook.method, hook.form["step"], hook.form["CallSid"], hook.headers["Cookie"]) == (
        "GET",
        "2",
        call,
        "call=one",
    )
    assert hook.signed
    assert phones.transcript(call) == ["Here."]


@pytest.mark.parametrize(("reason", "status"), [("busy", "busy"), ("rejected", "no-answer")])
def test_a_rejected_call_is_never_answered(
    application: Application, phones: ControlClient, reason: str, status: str
) -> None:
    application.answers = {VOICE: twiml(f'<Reject reason="{reason}"/>')}
    call = calling(phones)
    kinds = [event.kind for event in story(phones, call)]
    assert kinds == ["ringing", "rejected", "ended"]
    assert application.got("/twilio/voice/status")[0].form["CallStatus"] == status


def test_play_fetches_the_sound_and_says_when_it_cannot(application: Application, phones: ControlClient) -> None:
    application.answers = {
        VOICE: twiml("<Play>/beep.wav</Play><Play>/broken.wav</Play><Pause length='1'/><Say>Still here.</Say>"),
        "/beep.wav": lambda _form: Response(words(1), mimetype="audio/wav"),
        "/broken.wav": lambda _form: Response("gone", status=404),
    }
    call = calling(phones)
    events = {event.kind: event.data for event in story(phones, call)}
    assert (events["played"]["seconds"], events["error"]["code"], events["paused"]["seconds"]) == (1.0, 11217, 1.0)
    assert phones.transcript(call) == ["Still here."]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda _form: Response("oops", status=500, mimetype="text/plain"), 11217),
        (lambda _form: Response("no", status=403, mimetype="text/plain"), 11217),
        ("<Response><Say>Hello</Response>", 12100),
        ("  <?xml version='1.0'?><Response/>", 12100),
        ("<response><Say>Hello</Say></response>", 12100),
        (lambda _form: Response("{}", mimetype="application/json"), 12300),
        ("<Response><Say>" + "x" * 70_000 + "</Say></Response>", 11750),
    ],
)
def test_a_bad_answer_is_an_application_error_and_the_end(
    application: Application, phones: ControlClient, answer: object, code: int
) -> None:
    application.answers = {VOICE: answer}
    call = calling(phones)
    errors = [event.data["code"] for event in story(phones, call) if event.kind == "error"]
    assert errors == [code]
    assert phones.transcript(call) == ["We are sorry. An application error has occurred. Goodbye."]


def test_a_slow_answer_is_given_up_and_the_fallback_is_asked(
    application: Application, phones: ControlClient, twilio: object
) -> None:
    def slow(_form: dict[str, str]) -> str:
        time.sleep(0.5)
        return twiml("<Say>Too late.</Say>")

    application.answers = {"/slow": slow, "/fallback": twiml("<Say>Please call back.</Say>")}
    number = twilio.incoming_phone_numbers.list(phone_number=DESK)[0]  # type: ignore[attr-defined]
    number.update(voice_url=application.url + "/slow#tt=200", voice_fallback_url=application.url + "/fallback")
    call = calling(phones)
    story(phones, call)
    asked = application.got("/fallback")[0]
    assert (asked.form["ErrorCode"], asked.form["ErrorUrl"], asked.signed) == (
        "11200",
        application.url + "/slow#tt=200",
        True,
    )
    assert phones.transcript(call) == ["Please call back."]


def test_plain_text_is_read_aloud_and_strange_verbs_are_passed_over(
    application: Application, phones: ControlClient
) -> None:
    application.answers = {VOICE: lambda _form: Response("Good morning", mimetype="text/plain")}
    call = calling(phones)
    story(phones, call)
    assert phones.transcript(call) == ["Good morning"]

    application.answers = {VOICE: twiml('<say>lower</say><Dance/><Say volume="11">Upper</Say>')}
    call = calling(phones)
    warnings = [event.data["text"] for event in story(phones, call) if event.kind == "warning"]
    assert warnings == [
        "Schema validation warning: <say> is not a verb this carrier plays; it was passed over.",
        "Schema validation warning: <Dance> is not a verb this carrier plays; it was passed over.",
        "Schema validation warning: <Say> has no attribute 'volume'.",
    ]
    assert phones.transcript(call) == ["Upper"]


def test_withheld_and_forwarded_calls_look_as_in_life(application: Application, phones: ControlClient) -> None:
    story(phones, phones.call(CLIENT, withheld=True, forwarded_from="+19035550188"))
    form = application.got(VOICE)[0].form
    assert (form["From"], form["ForwardedFrom"], form["FromCountry"]) == ("anonymous", "+19035550188", "")
    assert "StirVerstat" not in form


def test_a_phone_that_vanishes_hangs_up(
    application: Application, phones: ControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "PATIENCE", 0.2)
    application.answers = {VOICE: twiml("<Gather/>")}
    call = calling(phones)
    status = application.got("/twilio/voice/status")[0].form
    assert (status["CallSid"], status["CallStatus"]) == (call, "completed")


def test_every_webhook_can_come_three_times(application: Application, phones: ControlClient) -> None:
    phones.behave(CLIENT, duplicates=3)
    application.answers = {VOICE: twiml("<Say>Hello.</Say>")}
    story(phones, calling(phones))
    assert len({hook.form["CallSid"] for hook in application.got(VOICE, at_least=3)}) == 1
    assert len(application.got("/twilio/voice/status", at_least=3)) == 3


def test_swapped_order_brings_the_end_of_a_recording_before_its_action_and_start(
    application: Application, phones: ControlClient
) -> None:
    phones.behave(CLIENT, swapped=True)
    application.answers = {
        VOICE: twiml(
            '<Record action="/done" recordingStatusCallback="/rec" recordingStatusCallbackEvent="in-progress completed"/>'
        )
    }
    call = calling(phones)
    phones.speak(call, words(1))
    phones.press(call, "#")
    application.got("/rec", at_least=2)
    order = [hook.form.get("RecordingStatus", "action") for hook in application.hooks if hook.path in {"/rec", "/done"}]
    assert order == ["completed", "action", "in-progress"]


def test_what_is_no_sound_is_refused_at_the_phone(application: Application, phones: ControlClient) -> None:
    application.answers = {VOICE: twiml("<Record/>")}
    call = calling(phones)
    with pytest.raises(SandboxError, match="not a sound file"):
        phones.speak(call, b"not a wav file at all")
    phones.hang_up(call)


def test_keys_after_the_end_are_refused(application: Application, phones: ControlClient) -> None:
    call = calling(phones)
    story(phones, call)
    with pytest.raises(SandboxError, match="the call has ended"):
        phones.press(call, "1")


def test_a_recording_is_eight_kilohertz_whatever_was_spoken(application: Application, phones: ControlClient) -> None:
    stereo = audio.to_wav(audio.to_pcm(words(1)))
    assert len(audio.to_pcm(stereo)) == audio.SECOND
    assert audio.trim(bytes(8000) + audio.to_pcm(words(1)) + bytes(8000)) == audio.to_pcm(words(1))


def test_words_spoken_right_before_the_hang_up_are_in_the_recording(
    application: Application, phones: ControlClient
) -> None:
    application.answers = {"/twilio/voice": '<Response><Record recordingStatusCallback="/rec"/></Response>'}
    for _ in range(10):
        call = phones.call(CLIENT, pace="caller")
        phones.speak(call, words(2))
        phones.hang_up(call)
    lengths = [request.form["RecordingDuration"] for request in application.got("/rec", at_least=10)]
    assert "0" not in lengths
