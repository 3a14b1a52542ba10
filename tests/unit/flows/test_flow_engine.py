"""One call through the shipped flow, as the caller and the desk experience it."""

from dataclasses import replace

import pytest
from flow_phone import NOON, Phone

from flows.engine import (
    Caller,
    Digits,
    Event,
    Flow,
    HungUp,
    Known,
    Recorded,
    Session,
    Silence,
    Waiting,
    advance,
    begin,
    voicemail_only,
)
from flows.instructions import Choose, Gather, Hangup, Pause, Play, Record, Say, TellWhenOver
from flows.schema import HelpdeskFlow

OPTIONS = (
    "For an emergency or outage, press 1. For other help, press 2. For other ways to reach us, press 3. "
    "To repeat, press 9. Or stay on the line to leave a message."
)
SPANISH = "Para español, oprima el 8."
NOTICE = (
    "By messaging us, you consent to receive texts from Business I.T. Service Corps. Reply STOP to opt out, HELP for "
    "support. Message and data rates may apply. Messaging frequency may vary. See our privacy policy at bitscorps dot com "
    "slash privacy policy, and our terms at bitscorps dot com slash terms and conditions."
)
LEAVE = (
    "After the tone, please say your name, your office, what is wrong, and your call back number. "
    "Then press pound, or hang up."
)
AGAIN = "I did not hear a message. Please speak after the tone."
THANKS = "Thank you. Your message goes to our whole team now. Goodbye."
GOODBYE = "I still did not hear a message. You can also text this number. Goodbye."
RECORD = Record(max_seconds=180, silence_seconds=6, finish_on_key="*#", beep=True)


def test_the_greeting_names_the_desk_says_that_messages_are_recorded_and_then_offers_the_menu(phone: Phone) -> None:
    voice = {"language": "en-US", "voice": "Polly.Joanna"}
    assert phone.instructions == (
        Say("Business I.T. Service Corps help desk. Messages are recorded.", **voice),
        Gather(
            prompts=(Say(OPTIONS, **voice), Say(SPANISH, "es-US", "Polly.Lupe"), Say(NOTICE, **voice)),
            digits=1,
            timeout=5,
            finish_on_key="",
        ),
    )
    assert phone.session.waiting is Waiting.KEYS
    assert phone.session.steps == 1


def test_a_caller_in_an_emergency_chooses_it_and_leaves_a_message(phone: Phone) -> None:
    phone.press("1")
    assert phone.choices == [Choose("main", "1", "Emergency or outage", "urgent")]
    assert phone.hears == [LEAVE]
    assert phone.last == RECORD
    assert phone.session.choice == "Emergency or outage"

    thanked = phone.speaks(21, "#")
    assert thanked.hears == [THANKS]
    assert thanked.last == Hangup()
    assert thanked.session.ended


def test_other_help_opens_a_ticket_with_its_own_words(phone: Phone) -> None:
    phone.press("2")
    assert [choice.label for choice in phone.choices] == ["Other help"]
    assert phone.last == RECORD


def test_other_ways_are_told_without_a_ticket_and_lead_back_to_the_menu_without_the_long_notice(phone: Phone) -> None:
    phone.press("3")
    assert phone.choices == []
    assert phone.hears == [
        "For requests that can wait, e-mail help at bitscorps dot com, go to portal dot bitscorps dot com, "
        "or use the help desk app in your taskbar.",
        OPTIONS,
        SPANISH,
    ]
    assert phone.session.choice is None
    assert phone.press("1").last == RECORD


@pytest.mark.parametrize("key", ["9", "*"])
def test_the_menu_is_repeated_without_a_ticket_and_without_the_notice(phone: Phone, key: str) -> None:
    phone.press(key)
    assert phone.hears == [OPTIONS, SPANISH]
    assert phone.choices == []
    assert phone.session.tries == 0


def test_a_silent_caller_hears_the_menu_once_more_and_then_comes_to_the_voicemail(phone: Phone) -> None:
    assert phone.is_silent().hears == ["I did not hear a key.", OPTIONS, SPANISH]
    assert phone.session.tries == 1
    phone.is_silent()
    assert phone.hears == [LEAVE]
    assert phone.last == RECORD
    assert phone.session.choice is None


def test_a_wrong_key_has_words_of_its_own_and_counts_as_a_try(phone: Phone) -> None:
    assert phone.press("7").hears == ["That key is not in the menu.", OPTIONS, SPANISH]
    assert phone.press("#").last == RECORD


def test_a_right_key_after_a_wrong_one_is_taken(phone: Phone) -> None:
    assert phone.press("0").press("1").session.choice == "Emergency or outage"


def test_no_key_at_all_is_silence(phone: Phone) -> None:
    assert phone.press("").hears == ["I did not hear a key.", OPTIONS, SPANISH]


@pytest.mark.parametrize("key", ["*", "#", ""])
def test_a_message_is_accepted_whatever_ended_it(phone: Phone, key: str) -> None:
    phone.press("1").speaks(4, key)
    assert phone.hears == [THANKS]
    assert phone.session.ended


@pytest.mark.parametrize("seconds", [None, 0])
def test_an_empty_recording_gets_a_second_chance_and_then_a_goodbye(phone: Phone, seconds: int | None) -> None:
    phone.press("1").speaks(seconds)
    assert phone.hears == [AGAIN]
    assert phone.last == RECORD
    released = phone.speaks(seconds)
    assert released.hears == [GOODBYE]
    assert released.last == Hangup()
    assert released.session.ended


def test_the_second_chance_can_be_taken(phone: Phone) -> None:
    assert phone.press("1").speaks(0).speaks(12, "#").hears == [THANKS]


def test_a_carrier_that_asks_on_after_an_absent_recording_counts_as_an_empty_one(phone: Phone) -> None:
    assert phone.press("1").is_silent().hears == [AGAIN]


def test_hanging_up_ends_the_call_and_keeps_the_choice(phone: Phone) -> None:
    phone.press("2").hangs_up()
    assert phone.instructions == ()
    assert phone.session.ended
    assert phone.session.choice == "Other help"


def test_hanging_up_while_recording_tells_nobody_anything(phone: Phone) -> None:
    phone.press("1").speaks(9, "hangup")
    assert phone.instructions == ()
    assert phone.session.ended


def test_after_the_end_there_is_only_the_hang_up_and_nothing_changes(phone: Phone) -> None:
    ended = phone.press("1").speaks(9).session
    for event in (Digits("1"), Silence(), Recorded(5, ""), Recorded(None, "hangup")):
        assert phone.does(event).instructions == (Hangup(),)
        assert phone.session == ended
    assert phone.hangs_up().instructions == ()


def test_a_message_that_arrives_at_the_menu_is_not_lost(phone: Phone) -> None:
    assert phone.speaks(14, "#").hears == [THANKS]


def test_a_key_that_arrives_at_the_voicemail_asks_for_the_message(phone: Phone) -> None:
    assert phone.press("1").press("1").hears == [AGAIN]
    assert phone.choices == []


def test_a_caller_who_only_plays_with_the_menu_is_at_the_voicemail_after_twenty_turns(phone: Phone) -> None:
    for _ in range(19):
        phone.press("9")
        assert phone.session.waiting is Waiting.KEYS
    phone.press("9")
    assert phone.hears == [LEAVE]
    assert phone.last == RECORD


def test_an_emergency_chosen_in_the_last_turn_still_opens_its_ticket(phone: Phone) -> None:
    for _ in range(19):
        phone.press("3")
    assert [choice.label for choice in phone.press("1").choices] == ["Emergency or outage"]


def test_a_call_of_ten_minutes_goes_to_the_voicemail(phone: Phone) -> None:
    assert phone.waits(minutes=9).press("9").session.waiting is Waiting.KEYS
    assert phone.waits(minutes=1).press("9").hears == [LEAVE]


def test_a_step_that_an_edit_removed_in_the_middle_of_a_call_leads_to_the_voicemail(phone: Phone) -> None:
    phone.flow = voicemail_only(phone.flow.desk)
    phone.press("1")
    assert phone.session.step == "message"
    assert phone.session.waiting is Waiting.RECORDING


def test_a_message_recorded_while_the_flow_was_replaced_is_thanked_for(phone: Phone) -> None:
    phone.press("1")
    phone.flow = voicemail_only(phone.flow.desk)
    assert phone.speaks(8, "#").hears == ["Thank you. Your message goes to the whole team now. Goodbye."]


def test_without_any_flow_there_is_still_a_greeting_and_a_voicemail() -> None:
    phone = Phone(voicemail_only()).call()
    assert phone.hears[0].startswith("Business I.T. Service Corps help desk. Messages are recorded.")
    assert isinstance(phone.last, Record)
    assert phone.speaks(10).last == Hangup()


def test_prompts_name_the_client_and_spell_the_number(shipped: Flow) -> None:
    flow = _flow({"hello": {"say": "Hello {client} on {caller}, {hours}.", "next": "message"}}, start="hello")
    known = Phone(flow, Caller("+19035550160", "Hollis & Wade CPA")).call()
    assert known.hears[0] == "Hello Hollis & Wade CPA on 9 0 3, 5 5 5, 0 1 6 0, all day."
    for odd in (None, "anonymous", "266696687", "+1 903", ""):
        assert Phone(flow, Caller(odd, None)).call().hears[0] == "Hello your office on your number, all day."
    abroad = Phone(flow, Caller("+442079460000", None)).call()
    assert abroad.hears[0] == "Hello your office on 4 4 2 0 7 9 4 6 0 0 0 0, all day."


def test_a_client_whose_name_looks_like_a_placeholder_is_spoken_as_it_is() -> None:
    flow = _flow({"hello": {"say": "Hello {client}.", "next": "message"}}, start="hello")
    assert Phone(flow, Caller(None, "{caller}")).call().hears[0] == "Hello {caller}."


def test_prompts_can_be_sounds_pauses_and_other_languages() -> None:
    say = ["Hello.", {"pause": 2}, {"play": "https://example.com/a.wav"}, {"say": "Hola.", "language": "es-US"}]
    first = Phone(_flow({"hello": {"say": say, "next": "message"}}, start="hello")).call().instructions[:4]
    assert first == (
        Say("Hello.", "en-US", None),
        Pause(2),
        Play("https://example.com/a.wav"),
        Say("Hola.", "es-US", None),
    )


def test_silence_and_wrong_keys_can_have_steps_of_their_own() -> None:
    menu = {
        "say": "Press 1.",
        "keys": {"1": {"next": "message"}},
        "silence": {"say": "Too quiet.", "next": "message"},
        "wrong": {"say": "Not that one.", "next": "help"},
    }
    steps = {"menu": {"menu": menu, "otherwise": "message"}, "help": {"say": "Listen.", "next": "menu"}}
    phone = Phone(_flow(steps, start="menu")).call()
    assert phone.press("5").hears == ["Not that one.", "Listen.", "Press 1."]
    assert phone.is_silent().hears == ["Too quiet.", "Speak."]


def test_a_hangup_step_says_goodbye_and_ends_the_call() -> None:
    flow = _flow({"bye": {"hangup": "Bye."}}, start="bye")
    phone = Phone(flow).call()
    assert (phone.hears, phone.last, phone.session.ended) == (["Bye."], Hangup(), True)


def test_words_that_lead_in_a_circle_end_at_the_voicemail() -> None:
    flow = _flow({"a": {"say": "A.", "next": "b"}, "b": {"say": "B.", "next": "a"}}, start="a")
    assert Phone(flow).call().hears == ["A.", "B.", "Speak."]


def test_a_flow_without_a_voicemail_gets_the_built_in_one() -> None:
    flow = _flow({"a": {"say": "A.", "next": "nowhere"}}, start="a", message=False)
    phone = Phone(flow).call()
    assert isinstance(phone.last, Record)
    assert phone.speaks(3).last == Hangup()


def test_of_two_voicemails_the_one_on_the_callers_way_is_taken() -> None:
    spanish = {"voicemail": {"say": "Hable.", "again": "Otra vez.", "thanks": "Gracias.", "goodbye": "Adios."}}
    steps = {"hola": {"say": "Hola.", "next": "mensaje"}, "mensaje": spanish}
    phone = Phone(_flow({"a": {"say": "A.", "next": "hola"}, **steps}, start="a")).call()
    assert phone.hears == ["A.", "Hola.", "Hable."]
    assert phone.speaks(0).speaks(4).hears == ["Gracias."]


def test_a_session_survives_json_and_odd_json_goes_to_the_voicemail(phone: Phone) -> None:
    session = phone.press("3").press("8").session
    assert Session.from_dict(session.to_dict()) == session
    odd = {"step": 7, "waiting": "tea", "steps": -3, "tries": True, "choice": [], "ended": "no", "began": 10**400}
    for data in ({}, odd, {**session.to_dict(), "step": "gone"}):
        turn = advance(phone.flow, Session.from_dict(data), Digits("1"), caller=phone.caller, now=NOON)
        assert turn.instructions[-1] == RECORD


def test_whoever_presses_another_key_at_a_known_outage_hears_the_whole_menu(shipped: Flow) -> None:
    phone = Phone(shipped, known=Known("internet down.", offer=True)).call()
    assert phone.hears[1] == "We know of a problem at Hollis & Wade CPA: internet down."
    menu = Phone(shipped).call().hears[1:]
    assert phone.press("2").hears == menu
    assert TellWhenOver() not in phone.instructions


def test_a_known_outage_is_offered_once_and_the_key_1_counts_there_only(shipped: Flow) -> None:
    phone = Phone(shipped, known=Known("internet down", offer=True)).call().press("1")
    assert TellWhenOver() in phone.instructions
    assert phone.choices == []
    assert [choice.label for choice in phone.press("1").choices] == ["Emergency or outage"]


def test_a_known_outage_is_said_before_a_voicemail_too(shipped: Flow) -> None:
    flow = shipped.model_copy(update={"calls": shipped.calls.model_copy(update={"start": "message"})})
    phone = Phone(flow, known=Known("internet down", offer=True)).call()
    assert phone.hears[0] == "We know of a problem at Hollis & Wade CPA: internet down."
    assert phone.is_silent().instructions[-1] == RECORD


def test_the_engine_changes_nothing_it_was_given(phone: Phone, shipped: Flow) -> None:
    before = begin(shipped, caller=phone.caller, now=NOON).session
    kept = replace(before)
    events: tuple[Event, ...] = (Digits("1"), Silence(), Recorded(3, ""), HungUp())
    first = [advance(shipped, before, event, caller=phone.caller, now=NOON) for event in events]
    assert [advance(shipped, before, event, caller=phone.caller, now=NOON) for event in events] == first
    assert before == kept


def _flow(steps: dict[str, object], *, start: str, message: bool = True) -> HelpdeskFlow:
    words = {"voicemail": {"say": "Speak.", "again": "Again.", "thanks": "Thanks.", "goodbye": "Goodbye."}}
    texts = {"first_reply": "1", "help": "2", "opted_out": "3", "opted_in": "4"}
    return HelpdeskFlow.model_validate(
        {
            "desk": {"name": "Corner Desk", "number": "+19036892004", "hours": "all day"},
            "consent": "consent",
            "calls": {"start": start, "steps": {**steps, **({"message": words} if message else {})}},
            "texts": texts,
        }
    )
