"""Texts that the flow file routes by their words and by the hour: answer, priority, subject, or no ticket at all."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.world import CLIENT, LEE, ROBIN, SAM, STRANGER, World, edited_flows

ROUTES = """  routes:
    - {words: [invoice, past due], ticket: none, reply: "{desk}: billing is at 903-555-0190."}
    - {words: [new laptop], ticket: normal, opens: Order, reply: "{desk}: ticket {ticket}, an order. We answer by tomorrow."}
    - {hours: office, reply: "{desk}: ticket {ticket} is open. Our office is closed; the team on call is told."}
  join_window_hours: 12"""
NOTICE = "By messaging us you consent to receive SMS"

Make = Callable[[], World]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    flows = edited_flows(tmp_path, "helpdesk.yml", "  join_window_hours: 12", ROUTES)
    made = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    yield made
    made.close()


def said(world: World, number: str, words: str) -> list[str]:
    """What a number that writes these words gets."""
    before = len(world.texts_to(number))
    world.text(number, words)
    world.work()
    return world.texts_to(number)[before:]


def test_who_asks_about_an_invoice_is_told_where_and_wakes_nobody(world: World) -> None:
    first, second = said(world, STRANGER, "Where is my INVOICE?")
    assert NOTICE in first  # a number that has never written gets the notice, whatever it asks
    assert second == "Business IT Service Corps, LLC: billing is at 903-555-0190."
    assert world.tickets() == []
    assert said(world, STRANGER, "and the  past\ndue one") == [second]
    assert [world.texts_to(phone) for phone in (SAM, LEE, ROBIN)] == [[], [], []]


@pytest.mark.parametrize("words", ["invoices are down", "our server is past duet"])
def test_a_word_is_a_whole_word(world: World, words: str) -> None:
    said(world, STRANGER, words)
    assert [ticket["priority"] for ticket in world.tickets()] == ["urgent"]


def test_an_order_is_a_normal_ticket_with_a_subject_and_an_answer_of_its_own(world: World) -> None:
    first, second = said(world, STRANGER, "We need a new laptop for Kim")
    assert NOTICE in first
    assert second == "Business IT Service Corps, LLC: ticket 1001, an order. We answer by tomorrow."
    ticket = world.ticket()
    assert (ticket["priority"], ticket["subject"], ticket["state"]) == ("normal", "Order", "open")
    assert said(world, STRANGER, "invoice is attached") == []  # what belongs to an open ticket is no first text
    assert len(world.ticket()["messages"]) == 4


def test_at_office_hours_a_text_is_answered_as_ever_and_after_them_with_the_words_for_it(world: World) -> None:
    assert [NOTICE in text for text in said(world, STRANGER, "Server is down")] == [True]
    world.text(STRANGER, "STOP")  # and back again: the notice is known
    world.text(STRANGER, "START")
    world.pass_time(13 * 3600, step=3600)  # Monday evening
    world.work()
    evening = said(world, CLIENT, "Server is down")
    assert [NOTICE in text for text in evening] == [True, False]
    assert evening[1].endswith("Our office is closed; the team on call is told.")
    assert {ticket["priority"] for ticket in world.tickets()} == {"urgent"}


def test_the_same_text_twice_is_answered_once(world: World) -> None:
    for _ in range(2):
        world.text(STRANGER, "my invoice", sid="SMsame")
        world.work()
    assert len(world.texts_to(STRANGER)) == 2


def test_what_may_be_an_opt_out_is_read_by_a_person_whatever_words_are_in_it(world: World) -> None:
    said(world, STRANGER, "Can you take me off the invoice list?")
    assert [ticket["from_number"] for ticket in world.tickets()] == [STRANGER]


def test_a_picture_is_never_without_a_ticket(world: World) -> None:
    picture = {"MediaUrl0": "https://api.example.org/Media/ME1", "MediaContentType0": "image/png"}
    world.text(STRANGER, "invoice", NumMedia="1", **picture)
    world.work()
    assert len(world.tickets()) == 1
