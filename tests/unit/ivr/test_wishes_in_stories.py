"""Wishes that are not a keyword alone: what a client says on a voicemail, in other words, or as an answer."""

import pytest

from tests.world import CLIENT, STRANGER, World
from tickets.models import ConsentEvent
from tickets.states import TranscriptState
from tickets.voicemails import Heard, transcribed

LISTEN = "The caller may want no more texts: please listen and decide. NOTEXTS 1001 and a reason stops them"
READ = "The client may want no more texts: please read and decide. NOTEXTS 1001 and a reason stops them"


def consent_notes(world: World) -> list[str]:
    return [event["text"] for event in world.ticket()["events"] if event["kind"] == "consent"]


def leave(world: World, words: str) -> None:
    world.engine.words = words
    world.call()
    world.press("2", 1)
    world.recorded()
    world.hang_up()
    world.pass_time(30)


def test_a_voicemail_that_asks_for_no_more_texts_is_put_before_a_person_once(world: World) -> None:
    leave(world, "Hi, this is Dana. The printer works again. And please stop texting me, I get enough of those.")
    world.recorded()
    world.pass_time(30)
    again = Heard(TranscriptState.DONE, "Stop texting me.")
    with world.desk.database.unit() as session:
        transcribed(session, 1, again, now=world.now(), rules=world.desk.rules)

    assert consent_notes(world) == [LISTEN]
    assert world.rows(ConsentEvent) == []


def test_the_words_of_an_earlier_recording_do_not_ask_again(world: World) -> None:
    leave(world, "Please don't text me anymore.")
    world.engine.words = "It is Dana again, the server is down."
    world.recorded("RE2")
    world.pass_time(30)

    assert consent_notes(world) == [LISTEN]


@pytest.mark.parametrize("words", ["My computer stopped and will not start.", "Our texts are not arriving. Text me."])
def test_a_voicemail_about_something_else_asks_nobody(world: World, words: str) -> None:
    leave(world, words)

    assert consent_notes(world) == []


def test_a_text_that_may_be_an_opt_out_is_put_before_a_person_and_opts_nobody_out(world: World) -> None:
    world.text(CLIENT, "STOP but keep the ticket open")
    world.work()

    assert consent_notes(world) == [READ]
    assert world.rows(ConsentEvent) == []
    assert world.texts_to(CLIENT) == []


@pytest.mark.parametrize("words", ["STOP 12345", "ＳＴＯＰ", "S T O P", "stop 🛑", "Alto", "no me manden más mensajes"])
def test_opt_outs_that_the_carrier_does_not_know_are_recorded_and_confirmed_once(world: World, words: str) -> None:
    world.text(STRANGER, words)
    world.work()

    assert len(world.texts_to(STRANGER)) == 1
    assert [(event.kind, event.words) for event in world.rows(ConsentEvent)] == [("opt-out", words)]
    assert world.tickets() == []


@pytest.mark.parametrize("words", ["yes", "text me again", "Iniciar"])
def test_an_answer_of_a_client_with_a_ticket_is_a_text_like_any_other(world: World, words: str) -> None:
    world.text(CLIENT, "Server is down")
    world.text(CLIENT, words)
    world.work()

    assert [event.words for event in world.rows(ConsentEvent)] == ["Server is down"]
    assert len(world.texts_to(CLIENT)) == 1
    assert [said["body"] for said in world.ticket()["messages"] if said["direction"] == "in"] == [
        "Server is down",
        words,
    ]


@pytest.mark.parametrize("words", ["Yes", "text me again", "iniciar", "opt me back in", "START."])
def test_whoever_has_opted_out_comes_back_with_the_same_words(world: World, words: str) -> None:
    world.text(CLIENT, "Server is down")
    world.text(CLIENT, "opt out")
    world.text(CLIENT, words)

    assert [event.kind for event in world.rows(ConsentEvent)] == ["opt-in", "opt-out", "opt-in"]


@pytest.mark.parametrize("words", ["please start", "restart", "subscribe", "How do I opt in to MFA"])
def test_a_false_start_brings_nobody_back(world: World, words: str) -> None:
    world.text(CLIENT, "stop")
    world.text(CLIENT, words)

    assert [event.kind for event in world.rows(ConsentEvent)] == ["opt-out"]
