"""Tidy words, the client's name, and the one line that matters."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.clean import SUMMARY_LENGTH, client_named, summary, tidy

CLIENTS = ("Hollis & Wade CPA", "Sabine River Feed & Seed", "Lakeside Family Dental", "Lakeside Marina", "ABC")


def bare_words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


@pytest.mark.parametrize(
    ("heard", "tidied"),
    [
        ("Um, the, uh, server is down.", "The, server is down."),
        ("Hmm. We are down.", "We are down."),
        ("The drummer hummed under an umbrella.", "The drummer hummed under an umbrella."),
        ("Our server is down. Thanks for watching!", "Our server is down."),
        ("Our server is down. Thank you so much for watching. Please subscribe!", "Our server is down."),
        ("Thank you for watching.", ""),
        ("Servidor caído. Subtítulos realizados por la comunidad de Amara.org", "Servidor caído."),
        ("Thanks for watching the store while I was out.", "Thanks for watching the store while I was out."),
        ("I'm sorry, I'm sorry, I'm sorry, I'm sorry.", "I'm sorry,"),
        ("The mail is down. The mail is down. The mail is down. Bye.", "The mail is down. Bye."),
        ("No, no, it is down.", "No, no, it is down."),
        ("Call 5 5 5 5, five five five five.", "Call 5 5 5 5, five five five five."),
        ("  two   spaces ", "Two spaces"),
    ],
)
def test_fillers_loops_and_invented_endings_go(heard: str, tidied: str) -> None:
    assert tidy(heard) == tidied


@given(st.text(alphabet="abc um,.?5 ", max_size=80))
def test_tidying_adds_no_word_and_is_done_at_once(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once
    rest = iter(bare_words(text))
    assert all(word in rest for word in bare_words(once))


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ("This is Dana at Hollis and Wade, CPA, we lost internet.", "Hollis & Wade CPA"),
        ("This is Dana at Holis and Wade CPA.", "Hollis & Wade CPA"),
        ("Ellen, Lake Side Family Dental.", "Lakeside Family Dental"),
        ("from Sabine River here", "Sabine River Feed & Seed"),
        ("the Sabine River Feed and Seed store", "Sabine River Feed & Seed"),
        ("calling from ABC about email", "ABC"),
        ("I can see the lake side from here.", None),
        ("Our dental plan and our family.", None),
        ("the abacus is broken", None),
        ("Lakeside", None),
        ("", None),
    ],
)
def test_a_client_is_known_by_its_name_and_by_nothing_less(text: str, client: str | None) -> None:
    assert client_named(text, CLIENTS) == client


def test_two_names_said_alike_name_nobody() -> None:
    assert client_named("Smith Dental here", ["Smith Dental", "Smyth Dental"]) is None
    assert client_named("Hollis & Wade CPA and also Lakeside Marina", CLIENTS) is None
    assert client_named("anything", []) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "Hi, this is Monica Brooks at Hollis and Wade CPA. The whole office lost internet. Please call me back at "
            "903-555-0160. Thank you.",
            "Monica Brooks at Hollis and Wade CPA. The whole office lost internet.",
        ),
        (
            "Good morning, Ellen Park. Email is not working. My number is 903-555-0183.",
            "Ellen Park. Email is not working.",
        ),
        ("Hey it's Gus, our printer is offline. Bye.", "Gus, our printer is offline."),
        ("Um, hello, my name is Walter. Could somebody call 903-555-0172?", "Walter."),
        ("Buenos días, soy Lucía. La caja no enciende. Por favor llámeme hoy. Gracias.", "Lucía. La caja no enciende."),
        ("Call me back. Bye.", "Call me back. Bye."),
        ("", ""),
    ],
)
def test_the_one_line_keeps_who_and_what(text: str, line: str) -> None:
    assert summary(text) == line


def test_a_long_story_ends_at_a_word_with_an_ellipsis() -> None:
    line = summary(
        "This is Ann. The printer prints nothing but stars and the fax is on fire. It began when the cleaning crew moved the "
        "desk on Friday, and since then every second page has come out upside down and blue."
    )
    assert len(line) <= SUMMARY_LENGTH
    assert line.startswith("Ann. The printer prints nothing but stars")
    assert line.endswith("…")


@given(st.text(alphabet="hi this is ann. call me 903-555-0147, the server!\n", max_size=300))
def test_the_one_line_is_one_line_and_invents_no_word(text: str) -> None:
    line = summary(text)
    assert "\n" not in line
    assert len(line) <= SUMMARY_LENGTH
    rest = iter(bare_words(text))
    assert all(word in rest for word in bare_words(line.removesuffix("…")))
