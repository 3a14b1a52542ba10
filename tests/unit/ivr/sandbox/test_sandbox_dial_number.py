"""A Dial to one phone number: the caller hears it ring, talks to whoever picks up, and goes on when that is over."""

from __future__ import annotations

import time

import pytest
from twilio.rest import Client

from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxConfig, SandboxError
from ivr.sandbox.server import running
from tests.unit.ivr.sandbox.sandbox_helpers import CLIENT, DESK, SAM, Application, eventually, story

VOICE = "/twilio/voice"
OFFICE = "+19035550199"
GOODBYE = "<Response><Say>Good-bye.</Say></Response>"


def dialling(application: Application, *, number: str = OFFICE, dial: str = 'action="/after"', noun: str = "") -> None:
    """Every call is connected to this number."""
    document = f"<Response><Dial {dial}><Number {noun}>{number}</Number></Dial><Say>Nobody.</Say></Response>"
    application.answers = {VOICE: document, "/after": GOODBYE}


def told(application: Application, *, path: str = "/after") -> dict[str, str]:
    """What the Dial's action was told."""
    form = application.got(path)[0].form
    return {name: value for name, value in form.items() if name.startswith("Dial")}


def leg_of(phones: ControlClient, *, number: str = OFFICE) -> str:
    """The call that rings on a phone."""
    found = eventually(lambda: phones.ringing(number))
    assert isinstance(found, list)
    return str(found[0]["sid"])


def test_whoever_picks_up_talks_to_the_caller_until_one_of_them_hangs_up(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    dialling(application)
    caller = phones.call(CLIENT, pace="real")
    leg = leg_of(phones)
    eventually(lambda: phones.status(caller)["doing"] == "dialing")
    phones.answer(leg)
    eventually(lambda: phones.status(leg)["doing"] == "talking" == phones.status(caller)["doing"])
    time.sleep(1.1)  # so that the talk has a length
    phones.hang_up(leg)
    events = story(phones, caller)

    assert [event.kind for event in events] == ["ringing", "answered", "dialing", "talking", "dialed", "said", "ended"]
    assert events[2].data == {"to": OFFICE, "call": leg, "seconds": 30.0}
    assert events[3].data == {"with": [OFFICE]}
    assert phones.transcript(caller) == ["Good-bye."]
    assert [(event.kind, event.data.get("with")) for event in story(phones, leg)] == [
        ("ringing", None), ("answered", None), ("talking", [CLIENT]), ("ended", None),
    ]  # fmt: skip

    asked = told(application)
    seconds = int(asked.pop("DialCallDuration"))
    assert seconds >= 1
    assert asked == {"DialCallStatus": "completed", "DialCallSid": leg, "DialBridged": "true"}
    assert application.got("/after")[0].form["CallStatus"] == "in-progress"

    fetched = twilio.calls(leg).fetch()
    assert (fetched.direction, fetched._from, fetched.to, fetched.status, fetched.parent_call_sid, fetched.duration) == (
        "outbound-dial", CLIENT, OFFICE, "completed", caller, str(seconds),
    )  # fmt: skip
    assert [call.sid for call in twilio.calls.list(parent_call_sid=caller)] == [leg]
    assert twilio.calls(caller).fetch().parent_call_sid is None
    assert [(call["sid"], call["parent"]) for call in phones.placed()] == [(leg, caller)]


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        ({"answers": "busy"}, "busy"),
        ({"answers": "declines"}, "busy"),
        ({"answers": "never"}, "no-answer"),
        # A phone that was to ring for 5 s rings for 10; the mailbox would pick up after 20.
        ({"answers": "mailbox"}, "no-answer"),
        ({"answers": "unreachable"}, "failed"),
        ({"answers": "invalid"}, "failed"),
    ],
)
def test_who_does_not_pick_up(
    *, application: Application, phones: ControlClient, twilio: Client, behaviour: dict[str, str], status: str
) -> None:
    dialling(application, dial='action="/after" timeout="5"')
    phones.behave(OFFICE, **behaviour)
    caller = phones.call(CLIENT, pace="real")
    story(phones, caller)
    [leg] = twilio.calls.list(parent_call_sid=caller)
    assert (leg.status, leg.duration) == (status, "0")
    assert told(application) == {"DialCallStatus": status, "DialCallSid": leg.sid, "DialBridged": "false"}
    assert phones.transcript(caller) == ["Good-bye."]


def test_a_mailbox_counts_as_somebody(application: Application, phones: ControlClient) -> None:
    dialling(application)
    phones.behave(OFFICE, answers="mailbox", rings=2)
    caller = phones.call(CLIENT, pace="real")
    eventually(lambda: phones.status(caller)["doing"] == "talking")
    story(phones, caller)  # the machine hangs up 120 s later, of the carrier's time
    asked = told(application)
    assert (asked["DialCallStatus"], asked["DialBridged"]) == ("completed", "true")


def test_without_an_action_the_next_verb_follows(application: Application, phones: ControlClient) -> None:
    dialling(application, dial="")
    phones.behave(OFFICE, answers="busy")
    caller = phones.call(CLIENT, pace="real")
    story(phones, caller)
    assert phones.transcript(caller) == ["Nobody."]
    assert [hook.path for hook in application.hooks if hook.path == "/after"] == []


def test_a_number_in_the_verb_itself_is_a_number_too(application: Application, phones: ControlClient) -> None:
    application.answers = {VOICE: '<Response><Dial action="/after">(903) 555-0199</Dial></Response>', "/after": GOODBYE}
    phones.call(CLIENT, pace="real")
    phones.decline(leg_of(phones))
    assert told(application)["DialCallStatus"] == "busy"


def test_a_caller_who_hangs_up_while_it_rings_takes_the_call_away(
    application: Application, phones: ControlClient
) -> None:
    dialling(application)
    caller = phones.call(CLIENT, pace="real")
    leg = leg_of(phones)
    phones.hang_up(caller)
    assert story(phones, leg)[-1].data == {"by": "other side", "status": "canceled", "seconds": 0}
    assert told(application) == {"DialCallStatus": "canceled", "DialCallSid": leg, "DialBridged": "false"}
    assert application.got("/after")[0].form["CallStatus"] == "completed"
    assert story(phones, caller)[-1].data["status"] == "completed"


def test_a_caller_who_hangs_up_ends_the_talk(application: Application, phones: ControlClient) -> None:
    dialling(application)
    phones.behave(OFFICE, answers="at-once")
    caller = phones.call(CLIENT, pace="caller")
    eventually(lambda: phones.status(caller)["doing"] == "talking")
    phones.hang_up(caller)
    asked = told(application)
    assert (asked["DialCallStatus"], asked["DialBridged"]) == ("completed", "true")
    [leg] = phones.placed()
    assert story(phones, leg["sid"])[-1].data["status"] == "completed"


def test_who_loses_the_network_is_off_the_line(application: Application, phones: ControlClient) -> None:
    dialling(application)
    phones.behave(OFFICE, answers="at-once", loses_network_after=20)
    caller = phones.call(CLIENT, pace="real")
    story(phones, caller)
    assert told(application)["DialCallStatus"] == "completed"
    assert phones.transcript(caller) == ["Good-bye."]


def test_the_talk_ends_at_its_longest_time(application: Application, phones: ControlClient) -> None:
    dialling(application, dial='action="/after" timeLimit="20"')
    phones.behave(OFFICE, answers="at-once")
    caller = phones.call(CLIENT, pace="real")
    story(phones, caller)
    assert told(application)["DialCallStatus"] == "completed"
    assert phones.transcript(caller) == ["Good-bye."]
    [leg] = phones.placed()
    assert leg["status"] == "completed"


def test_star_hangs_the_other_up_where_the_dial_says_so(application: Application, phones: ControlClient) -> None:
    dialling(application, dial='action="/after" hangupOnStar="true"')
    phones.behave(OFFICE, answers="at-once")
    caller = phones.call(CLIENT, pace="real")
    eventually(lambda: phones.status(caller)["doing"] == "talking")
    phones.press(caller, "5")
    eventually(lambda: phones.status(caller)["doing"] == "talking")  # once the key has been taken, which is nothing
    phones.press(caller, "*")
    story(phones, caller)
    assert phones.transcript(caller) == ["Good-bye."]
    assert told(application)["DialCallStatus"] == "completed"


def test_without_that_no_key_means_anything(application: Application, phones: ControlClient) -> None:
    dialling(application)
    phones.behave(OFFICE, answers="at-once")
    caller = phones.call(CLIENT, pace="real")
    eventually(lambda: phones.status(caller)["doing"] == "talking")
    with pytest.raises(SandboxError, match="the call is talking, nothing listens for that now"):
        phones.press(caller, "*", wait=0)


@pytest.mark.parametrize(
    ("answers", "before", "kinds"),
    [
        # The caller's own call is answered when the other phone is, or when there is something to be said to the caller.
        ("at-once", "ringing", ["ringing", "dialing", "answered", "talking", "dialed", "said", "ended"]),
        ("busy", "ringing", ["ringing", "dialing", "dialed", "answered", "said", "ended"]),
    ],
)
def test_an_unanswered_caller_hears_it_ring(
    *, application: Application, phones: ControlClient, answers: str, before: str, kinds: list[str]
) -> None:
    dialling(application, dial='action="/after" answerOnBridge="true" timeLimit="20"')
    phones.behave(OFFICE, answers=answers, rings=10)
    caller = phones.call(CLIENT, pace="real")
    eventually(lambda: phones.ringing(OFFICE))
    assert phones.status(caller)["status"] == before
    assert [event.kind for event in story(phones, caller)] == kinds


def test_a_caller_who_was_never_answered_and_hangs_up(application: Application, phones: ControlClient) -> None:
    dialling(application, dial='action="/after" answerOnBridge="true"')
    caller = phones.call(CLIENT, pace="real")
    leg_of(phones)
    phones.hang_up(caller)
    assert application.got("/after")[0].form["CallStatus"] == "no-answer"
    assert story(phones, caller)[-1].data["status"] == "no-answer"


@pytest.mark.parametrize(
    ("attributes", "shown"), [("", CLIENT), (f'callerId="{DESK}"', DESK), (f'callerId="{CLIENT}"', CLIENT)]
)
def test_the_phone_shows_who_calls(
    application: Application, phones: ControlClient, attributes: str, shown: str
) -> None:
    dialling(application, dial=attributes)
    phones.call(CLIENT, pace="real")
    assert phones.status(leg_of(phones))["from"] == shown


@pytest.mark.parametrize(
    ("number", "dial", "noun", "code"),
    [
        ("12", "", "", 13223),
        ("sip:desk@example.org", "", "", 13223),
        (OFFICE, f'callerId="{SAM}"', "", 13214),
        (OFFICE, "", 'url="/screen"', 13200),
    ],
)
def test_what_cannot_be_dialled_fails_at_once(
    *, application: Application, phones: ControlClient, number: str, dial: str, noun: str, code: int
) -> None:
    dialling(application, number=number, dial=f'action="/after" {dial}', noun=noun)
    caller = phones.call(CLIENT, pace="real")
    assert [event.data["code"] for event in story(phones, caller) if event.kind == "error"] == [code]
    assert told(application) == {"DialCallStatus": "failed", "DialBridged": "false"}
    assert phones.placed() == []


@pytest.mark.parametrize(
    "nouns",
    [
        f"<Number>{OFFICE}</Number><Number>{SAM}</Number>",
        f"<Number>{OFFICE}</Number><Conference>1042</Conference>",
        "",
    ],
)
def test_several_numbers_are_not_played(application: Application, phones: ControlClient, nouns: str) -> None:
    application.answers = {VOICE: f'<Response><Dial action="/after">{nouns}</Dial></Response>'}
    caller = phones.call(CLIENT)
    errors = [event.data["text"] for event in story(phones, caller) if event.kind == "error"]
    assert errors == ["Dial without a named Conference or exactly one Number is not played here"]
    assert told(application) == {"DialCallStatus": "failed", "DialBridged": "false"}
    assert phones.placed() == []


def test_the_application_hears_of_the_called_leg_what_it_asked_for(
    application: Application, phones: ControlClient
) -> None:
    dialling(application, noun='statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed"')
    phones.behave(OFFICE, answers="at-once", hangs_up_after=20)
    caller = phones.call(CLIENT, pace="real")
    hooks = application.got("/leg", at_least=4)
    forms = sorted((hook.form for hook in hooks), key=lambda form: int(form["SequenceNumber"]))
    assert [form["CallStatus"] for form in forms] == ["initiated", "ringing", "in-progress", "completed"]
    assert {form["ParentCallSid"] for form in forms} == {caller}
    assert {(form["Direction"], form["From"], form["To"]) for form in forms} == {("outbound-dial", CLIENT, OFFICE)}
    assert all(hook.signed for hook in hooks)


def test_a_caller_who_is_led_elsewhere_leaves_the_other_alone(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    dialling(application)
    application.answers["/elsewhere"] = "<Response><Say>Please leave a message.</Say></Response>"
    phones.behave(OFFICE, answers="at-once")
    caller = phones.call(CLIENT, pace="real")
    eventually(lambda: phones.status(caller)["doing"] == "talking")
    twilio.calls(caller).update(url=application.url + "/elsewhere", method="POST")
    story(phones, caller)
    assert phones.transcript(caller) == ["Please leave a message."]
    assert told(application)["DialCallStatus"] == "completed"
    assert phones.placed()[0]["status"] == "completed"


def test_the_called_one_can_be_led_elsewhere_too(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    dialling(application)
    application.answers["/elsewhere"] = "<Response><Say>You are elsewhere.</Say></Response>"
    phones.behave(OFFICE, answers="at-once")
    caller = phones.call(CLIENT, pace="real")
    eventually(lambda: phones.status(caller)["doing"] == "talking")
    leg = str(phones.placed()[0]["sid"])
    twilio.calls(leg).update(url=application.url + "/elsewhere", method="POST")
    story(phones, caller)
    story(phones, leg)
    assert phones.transcript(leg) == ["You are elsewhere."]
    assert application.got("/elsewhere")[0].form["ParentCallSid"] == caller
    assert told(application) == {"DialCallStatus": "completed", "DialCallSid": leg, "DialBridged": "true"}
    assert phones.transcript(caller) == ["Good-bye."]


@pytest.mark.parametrize(("status", "told_of"), [("canceled", "canceled"), ("completed", "canceled")])
def test_the_application_can_stop_the_ringing(
    *, application: Application, phones: ControlClient, twilio: Client, status: str, told_of: str
) -> None:
    dialling(application)
    caller = phones.call(CLIENT, pace="real")
    twilio.calls(leg_of(phones)).update(status=status)
    story(phones, caller)
    assert told(application)["DialCallStatus"] == told_of


def test_a_sandbox_that_stops_and_starts_ends_both_legs(application: Application, config: SandboxConfig) -> None:
    dialling(application)
    with running(config) as url:
        phones = ControlClient(url)
        phones.behave(OFFICE, answers="at-once")
        caller = phones.call(CLIENT, pace="real")
        eventually(lambda: phones.status(caller)["doing"] == "talking")
        leg = str(phones.placed()[0]["sid"])
    with running(config) as url:
        phones = ControlClient(url)
        ends = [story(phones, call)[-1].data for call in (caller, leg)]
        assert [(end["by"], end["status"]) for end in ends] == [("network", "completed")] * 2
