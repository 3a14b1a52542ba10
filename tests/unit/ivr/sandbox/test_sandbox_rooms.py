"""A caller and a colleague in one room: who waits, who talks, who hears what when somebody leaves."""

from __future__ import annotations

import pytest
from twilio.rest import Client

from ivr.sandbox.client import ControlClient
from tests.unit.ivr.sandbox.sandbox_helpers import CLIENT, DESK, SAM, Application, eventually, story

VOICE = "/twilio/voice"
LEE = "+19035550102"
NEWS = 'statusCallback="/room" statusCallbackEvent="start end join leave"'


def room(attributes: str = "", *, dial: str = 'action="/after"', name: str = "1042") -> str:
    return f"<Response><Dial {dial}><Conference {attributes}>{name}</Conference></Dial><Say>Nobody.</Say></Response>"


def ring(application: Application, twilio: Client, to: str = SAM, **options: object) -> str:
    """The application calls a colleague; returns the call's id."""
    call = twilio.calls.create(to=to, from_=DESK, url=application.url + "/screen", **options)  # type: ignore[arg-type]
    return str(call.sid)


def a_desk_that_connects(application: Application) -> None:
    """The caller waits in silence; whoever presses 1 comes into the room, whose end is everybody's."""
    application.answers = {
        VOICE: room('waitUrl="" beep="false" ' + NEWS),
        "/screen": '<Response><Gather numDigits="1" action="/key"><Say>A client calls. Press 1.</Say></Gather></Response>',
        "/key": room('startConferenceOnEnter="true" endConferenceOnExit="true" beep="false" waitUrl="" ' + NEWS),
        "/after": "<Response><Say>Good-bye.</Say></Response>",
    }


def test_two_people_talk_and_the_colleague_hangs_up(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    a_desk_that_connects(application)
    phones.behave(SAM, answers="at-once", presses=[{"after": 2, "keys": "1"}])
    caller = phones.call(CLIENT, pace="real")
    eventually(lambda: phones.status(caller)["doing"] == "holding")
    sam = ring(application, twilio)
    eventually(lambda: phones.status(sam)["doing"] == "talking" == phones.status(caller)["doing"])

    [shown] = phones.rooms()
    assert shown["name"] == "1042"
    assert shown["started_at"] is not None
    assert [(person["call"], person["phone"], person["muted"]) for person in shown["people"]] == [
        (caller, CLIENT, False), (sam, SAM, False),
    ]  # fmt: skip

    phones.hang_up(sam)
    events = story(phones, caller)
    assert [event.kind for event in events] == [
        "ringing", "answered", "joined", "holding", "talking", "left", "said", "ended",
    ]  # fmt: skip
    assert events[4].data == {"room": "1042", "with": [SAM]}
    assert events[5].data == {"room": "1042", "reason": "moderator_ended_conference"}
    assert phones.transcript(caller) == ["Good-bye."]
    assert phones.rooms() == []

    # The colleague's leg asks its action although nobody listens any more; the caller's goes on with what it answers.
    after = {hook.form["CallSid"]: hook.form for hook in application.got("/after", at_least=2)}
    assert {sid: (form["CallStatus"], form["DialCallStatus"], form["DialBridged"]) for sid, form in after.items()} == {
        sam: ("completed", "answered", "true"), caller: ("in-progress", "answered", "true"),
    }  # fmt: skip
    assert all(hook.signed for hook in application.hooks)


def test_the_application_hears_of_every_change_in_a_room(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    a_desk_that_connects(application)
    phones.behave(SAM, answers="at-once", presses=[{"after": 0, "keys": "1"}], hangs_up_after=40)
    caller = phones.call(CLIENT, pace="real")
    eventually(lambda: phones.status(caller)["doing"] == "holding")
    sam = ring(application, twilio)
    hooks = application.got("/room", at_least=6)
    forms = sorted((hook.form for hook in hooks), key=lambda form: int(form["SequenceNumber"]))
    assert [(form["StatusCallbackEvent"], form.get("CallSid")) for form in forms] == [
        ("participant-join", caller), ("participant-join", sam), ("conference-start", None),
        ("participant-leave", sam), ("participant-leave", caller), ("conference-end", None),
    ]  # fmt: skip
    assert {form["FriendlyName"] for form in forms} == {"1042"}
    assert len({form["ConferenceSid"] for form in forms}) == 1
    assert (forms[1]["EndConferenceOnExit"], forms[1]["StartConferenceOnEnter"], forms[1]["Muted"]) == (
        "true", "true", "false",
    )  # fmt: skip
    assert (forms[3]["ReasonParticipantLeft"], forms[4]["ReasonParticipantLeft"]) == (
        "participant_hung_up", "moderator_ended_conference",
    )  # fmt: skip
    assert (forms[5]["ReasonConferenceEnded"], forms[5]["CallSidEndingConference"]) == (
        "participant-with-end-conference-on-exit-left", sam,
    )  # fmt: skip
    assert all(hook.signed for hook in hooks)


def test_a_caller_who_gives_up_leaves_an_empty_room(application: Application, phones: ControlClient) -> None:
    a_desk_that_connects(application)
    caller = phones.call(CLIENT, pace="real")
    eventually(lambda: phones.status(caller)["doing"] == "holding")
    phones.hang_up(caller)
    forms = [hook.form for hook in application.got("/room", at_least=3)]
    end = next(form for form in forms if form["StatusCallbackEvent"] == "conference-end")
    assert end["ReasonConferenceEnded"] == "last-participant-left"
    asked = application.got("/after")[0].form
    assert (asked["CallStatus"], asked["DialCallStatus"], asked["DialBridged"]) == ("completed", "answered", "false")


def test_who_loses_the_network_leaves_the_room(application: Application, phones: ControlClient, twilio: Client) -> None:
    a_desk_that_connects(application)
    phones.behave(SAM, answers="at-once", presses=[{"after": 0, "keys": "1"}], loses_network_after=40)
    caller = phones.call(CLIENT, pace="real")
    sam = ring(application, twilio)
    assert story(phones, sam)[-1].data["by"] == "network"
    story(phones, caller)
    assert phones.transcript(caller) == ["Good-bye."]


def test_a_caller_in_a_menu_is_led_into_the_room_by_the_rest_api(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    a_desk_that_connects(application)
    join = application.answers[VOICE]
    application.answers |= {
        VOICE: '<Response><Gather numDigits="1" timeout="500" actionOnEmptyResult="true" action="/turn"/></Response>',
        "/connect": join,
    }
    phones.behave(SAM, answers="at-once", presses=[{"after": 0, "keys": "1"}])
    caller = phones.call(CLIENT, pace="real")
    sam = ring(application, twilio)
    eventually(lambda: phones.status(sam)["doing"] == "holding")
    twilio.calls(caller).update(url=application.url + "/connect", method="POST")
    asked = application.got("/connect")[0]
    assert (asked.method, asked.form["CallStatus"], "Digits" in asked.form) == ("POST", "in-progress", False)
    eventually(lambda: phones.status(sam)["doing"] == "talking" == phones.status(caller)["doing"])
    assert [hook.path for hook in application.hooks if hook.path == "/turn"] == []


def test_a_leg_that_is_led_away_asks_the_action_of_its_dial_in_vain(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    a_desk_that_connects(application)
    application.answers["/elsewhere"] = "<Response><Say>Please leave a message.</Say></Response>"
    caller = phones.call(CLIENT, pace="real")
    eventually(lambda: phones.status(caller)["doing"] == "holding")
    twilio.calls(caller).update(url=application.url + "/elsewhere", method="POST")
    story(phones, caller)
    assert phones.transcript(caller) == ["Please leave a message."]
    paths = [hook.path for hook in application.hooks if hook.path in {"/after", "/elsewhere"}]
    assert paths == ["/after", "/elsewhere"]
    assert application.got("/after")[0].form["CallStatus"] == "in-progress"
    left = next(hook.form for hook in application.got("/room", at_least=2) if "ReasonParticipantLeft" in hook.form)
    assert left["ReasonParticipantLeft"] == "participant_updated_via_api"


@pytest.mark.parametrize(
    ("attributes", "heard"),
    [
        ('waitUrl="/music"', ["Please hold.", "Still trying."]),
        ('waitUrl=""', []),
        ("", []),
    ],
)
def test_what_is_heard_while_nobody_is_there(
    application: Application, phones: ControlClient, attributes: str, heard: list[str]
) -> None:
    application.answers = {
        VOICE: room(attributes, dial='action="/after" timeLimit="30"'),
        "/music": "<Response><Say>Please hold.</Say><Pause length='2'/><Redirect>/more</Redirect></Response>",
        "/more": "<Response><Say>Still trying.</Say><Record/></Response>",
        "/after": "<Response><Hangup/></Response>",
    }
    caller = phones.call(CLIENT, pace="real")
    events = story(phones, caller)
    assert phones.transcript(caller) == heard
    # After 30 s of the carrier's time the Dial is over.
    assert application.got("/after")[0].form["DialBridged"] == "false"
    if heard:
        assert [hook.form["CallSid"] for hook in application.got("/music")] == [caller]
        assert [event.data["what"] for event in events if event.kind == "ignored"] == [
            "<Record> is not played to somebody who waits in a room"
        ]


def test_music_stops_when_somebody_comes_and_the_next_document_is_the_right_one(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    a_desk_that_connects(application)
    application.answers[VOICE] = room('waitUrl="/deep/music"', dial='action="after"')
    application.answers["/deep/music"] = "<Response><Say>Hold. </Say><Redirect></Redirect></Response>"
    application.answers["/twilio/after"] = "<Response><Say>That was all.</Say></Response>"
    phones.behave(SAM, answers="at-once", presses=[{"after": 0, "keys": "1"}], hangs_up_after=60)
    caller = phones.call(CLIENT, pace="real")
    application.got("/deep/music", at_least=3)
    ring(application, twilio)
    story(phones, caller)
    heard = phones.transcript(caller)
    assert (heard[0], heard[-1]) == ("Hold.", "That was all.")


def test_a_wait_document_that_fails_ends_the_dial(application: Application, phones: ControlClient) -> None:
    application.answers = {VOICE: room('waitUrl="/music"'), "/music": "<Response><Say>", "/after": "<Response/>"}
    caller = phones.call(CLIENT, pace="real")
    assert [event.data["code"] for event in story(phones, caller) if event.kind == "error"] == [12100]
    assert application.got("/after")[0].form["DialCallStatus"] == "failed"
    assert phones.rooms() == []


def test_without_an_action_the_next_verb_follows(application: Application, phones: ControlClient) -> None:
    application.answers = {VOICE: room('waitUrl=""', dial='timeLimit="5"')}
    caller = phones.call(CLIENT, pace="real")
    story(phones, caller)
    assert phones.transcript(caller) == ["Nobody."]


def test_without_an_end_of_their_own_the_one_who_stays_is_alone(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    a_desk_that_connects(application)
    application.answers["/screen"] = room('waitUrl=""')
    phones.behave(SAM, answers="at-once", hangs_up_after=40)
    caller = phones.call(CLIENT, pace="real")
    story(phones, ring(application, twilio))
    eventually(lambda: "alone" in [event.kind for event in phones.events(caller, wait=0)[0]])
    eventually(lambda: phones.status(caller)["doing"] == "talking")


def test_a_room_has_room_for_as_many_as_it_says(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    a_desk_that_connects(application)
    application.answers["/screen"] = room('maxParticipants="1" muted="true"')
    phones.behave(SAM, answers="at-once")
    caller = phones.call(CLIENT, pace="real")
    eventually(lambda: phones.status(caller)["doing"] == "holding")
    sam = ring(application, twilio)
    assert [event.data["code"] for event in story(phones, sam) if event.kind == "error"] == [13227]
    assert [hook.form["DialCallStatus"] for hook in application.got("/after")] == ["failed"]
    eventually(lambda: phones.status(caller)["doing"] == "holding")


def test_nobody_is_connected_until_somebody_starts_the_conference(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    a_desk_that_connects(application)
    listening = room('startConferenceOnEnter="false" muted="true" waitUrl=""')
    application.answers |= {VOICE: listening, "/screen": listening}
    phones.behave("*", answers="at-once")
    caller = phones.call(CLIENT, pace="real")
    sam = ring(application, twilio)
    eventually(lambda: len(phones.rooms()[0]["people"]) == 2 if phones.rooms() else False)
    assert phones.rooms()[0]["started_at"] is None
    application.answers["/screen"] = room('waitUrl=""')
    lee = ring(application, twilio, LEE)
    eventually(lambda: {phones.status(call)["doing"] for call in (caller, sam, lee)} == {"talking"})
    assert [person["muted"] for person in phones.rooms()[0]["people"]] == [True, True, False]


def test_whoever_comes_first_says_where_the_news_of_a_room_go(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    a_desk_that_connects(application)
    application.answers["/screen"] = room('statusCallback="/other" statusCallbackEvent="leave"')
    phones.behave(SAM, answers="at-once", hangs_up_after=40)
    phones.call(CLIENT, pace="real")
    application.got("/room")
    events = story(phones, ring(application, twilio))
    assert "statusCallback: whoever came into the room first has set it" in [
        event.data["what"] for event in events if event.kind == "ignored"
    ]
    application.got("/room", at_least=4)
    assert [hook for hook in application.hooks if hook.path == "/other"] == []


def test_who_comes_a_moment_too_late_sits_alone_in_a_new_room(
    application: Application, phones: ControlClient, twilio: Client
) -> None:
    a_desk_that_connects(application)
    phones.behave(SAM, answers="at-once", presses=[{"after": 0, "keys": "1"}], hangs_up_after=20)
    story(phones, ring(application, twilio))
    caller = phones.call(CLIENT, pace="real")
    eventually(lambda: phones.status(caller)["doing"] == "holding")
    assert [len(shown["people"]) for shown in phones.rooms()] == [1]
    rooms = {hook.form["ConferenceSid"] for hook in application.got("/room", at_least=4)}
    assert len(rooms) == 2
