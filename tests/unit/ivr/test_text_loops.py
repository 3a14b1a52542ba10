"""Automata on the other side: nothing answers an automatic reply, and nobody is woken by one."""

from pathlib import Path

import pytest

from tests.world import CLIENT, LEE, SAM, STRANGER, World, edited_flows
from tickets.automatic import is_thanks, sounds_automatic


@pytest.mark.parametrize(
    "body",
    ["I'm driving right now and will see your message when I park", "Auto-reply: out of office until Monday",
     "Out of office", "Thank you for contacting Lakeside Dental. This number is not monitored.",
     "This is an automated message", "I’m not receiving notifications. If this is urgent, reply urgent"],
)  # fmt: skip
def test_an_automatic_reply_to_our_text_is_filed_and_not_answered(world: World, body: str) -> None:
    assert sounds_automatic(body)
    world.text(CLIENT, "Server is down")
    world.work()
    before = len(world.carrier.sent)
    world.text(CLIENT, body)
    world.text(CLIENT, body)
    world.work()
    assert len(world.carrier.sent) == before
    assert [m["body"] for m in world.ticket()["messages"] if m["direction"] == "in"] == ["Server is down", body, body]
    assert "An automatic reply came; nobody was told" in [event["text"] for event in world.ticket()["events"]]


@pytest.mark.parametrize(
    "body", ["Our out of office replies are broken", "automatic backup failed", "the driver of the printer is away"]
)
def test_a_client_who_speaks_of_such_things_is_heard(world: World, body: str) -> None:
    world.text(CLIENT, "Hello")
    world.work()
    world.text(CLIENT, body)
    world.work()
    assert body in world.texts_to(SAM)[-1]


def test_the_words_of_an_automaton_out_of_the_blue_are_a_text_like_any_other(world: World) -> None:
    world.text(STRANGER, "Out of office until Monday")
    world.work()
    assert len(world.tickets()) == 1
    assert len(world.texts_to(SAM)) == 1


def test_the_same_words_again_and_again_are_an_automaton(world: World) -> None:
    for _ in range(20):
        world.text(STRANGER, "Your message has been forwarded to the front desk")
        world.work()
    assert len(world.tickets()) == 1
    assert len(world.texts_to(SAM)) == 3
    assert len(world.texts_to(STRANGER)) == 1


def test_a_colleague_who_is_driving_is_not_answered(world: World) -> None:
    world.text(CLIENT, "Server is down")
    world.work()
    for _ in range(3):
        world.text(SAM, "I'm driving with Do Not Disturb on. I'll see your message when I get there.")
        world.work()
    assert len(world.texts_to(SAM)) == 1
    assert world.ticket()["state"] == "open"


def test_an_unknown_automaton_on_a_colleagues_phone_is_answered_a_bounded_number_of_times(world: World) -> None:
    for number in range(40):
        world.text(SAM, f"ding {number}")
        world.work()
    assert len(world.texts_to(SAM)) == 5


def test_a_machine_opens_tickets_and_is_never_answered(database_url: str, tmp_path: Path) -> None:
    old, new = "  reopen_hours: 12", f'  machines: ["{STRANGER}"]\n  reopen_hours: 12'
    world = World(database_url, tmp_path, FLOWS_DIR=str(edited_flows(tmp_path, "helpdesk.yml", old, new)))
    for words in ("UPS on battery", "UPS on battery", "help"):
        world.text(STRANGER, words)
    world.work()
    assert world.texts_to(STRANGER) == []
    assert len(world.tickets()) == 1
    assert "UPS on battery" in world.texts_to(LEE)[0]
    world.close()


@pytest.mark.parametrize(
    "words", ["thanks", "Thank you so much!", "OK, thanks", "It works now, thank you", "👍", "Gracias"]
)
def test_thanks_wake_nobody(world: World, words: str) -> None:
    assert is_thanks(words)
    world.text(CLIENT, "Server is down")
    world.text(SAM, "ack")
    world.text(SAM, "done")
    world.work()
    before = len(world.carrier.sent)
    world.text(CLIENT, words)
    world.work()
    assert len(world.carrier.sent) == before
    assert world.ticket()["state"] == "resolved"
    assert world.ticket()["messages"][-1]["body"] == words


@pytest.mark.parametrize(
    "words", ["thanks but it is down again", "not working", "ok it is broken", "working on it?", "again", ""]
)
def test_anything_else_is_more_than_thanks(words: str) -> None:
    assert not is_thanks(words)
