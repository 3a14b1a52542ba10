"""TAKE, GIVE and UNDO in the spellings of people, and whom a name means."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.commands import parse as command
from tickets.handover_words import Ask, Request, parse, who
from tickets.wishes import read_wish

ASKED = [
    ("TAKE 4h", Request(Ask.TAKE, "4h")),
    ("take4h", Request(Ask.TAKE, "4h")),
    (" Take: until 8am!! ", Request(Ask.TAKE, "until 8am")),
    ("TAKE", Request(Ask.TAKE)),
    ("take over for 4h", Request(Ask.TAKE, "for 4h")),
    ("TAKE ALONE until Fri 17:00", Request(Ask.TAKE, "until fri 17:00", alone=True)),
    ("take 4h alone.", Request(Ask.TAKE, "4h", alone=True)),
    ("GIVE Sam until 8am", Request(Ask.GIVE, "until 8am", "sam")),
    ("give, Sam: 4h", Request(Ask.GIVE, "4h", "sam")),
    ("Give it to Sam for 4 hours", Request(Ask.GIVE, "for 4 hours", "sam")),
    ("give Mary Ann until Fri 17:00", Request(Ask.GIVE, "until fri 17:00", "mary ann")),
    ("GIVE Sam", Request(Ask.GIVE, "", "sam")),
    ("GIVE", Request(Ask.GIVE)),
    ("UNDO", Request(Ask.UNDO)),
    ("undo that, please", Request(Ask.UNDO)),
]


@pytest.mark.parametrize(("body", "request_"), ASKED)
def test_what_is_a_request(body: str, request_: Request) -> None:
    assert parse(body) == request_
    assert command(body) is None  # and nothing else
    assert read_wish(body).wish is None  # nor a wish about texts


@pytest.mark.parametrize(
    "body", ["taken", "ACK 1042", "1042 take it easy", "given up", "undo 1042", "Undo the last change to it", ""]
)
def test_what_is_none(body: str) -> None:
    assert parse(body) is None


CARRIER = [
    "STOP",
    "STOPALL",
    "UNSUBSCRIBE",
    "CANCEL",
    "END",
    "QUIT",
    "REVOKE",
    "OPTOUT",
    "START",
    "YES",
    "UNSTOP",
    "HELP",
    "INFO",
]


@pytest.mark.parametrize("word", CARRIER)
def test_no_word_of_the_carrier_is_a_request(word: str) -> None:
    assert parse(word) is None
    assert word.casefold() not in set(Ask)


@given(body=st.text(max_size=60), start=st.sampled_from(["TAKE ", "GIVE ", "UNDO ", ""]))
def test_any_text_is_taken_apart(body: str, start: str) -> None:
    found = parse(start + body)
    assert found is None or found.ask in Ask


@given(st.lists(st.text(string.ascii_letters, min_size=2, max_size=12), min_size=1, max_size=6, unique_by=str.casefold))
def test_a_name_as_it_stands_in_the_file_means_that_person(names: list[str]) -> None:
    for name in names:
        assert who(name.upper(), names) == (name,)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("sam", ("Sam",)),
        ("robin", ("Robin Hill",)),
        ("rob", ("Robin Hill", "Robert Hill")),
        ("Hill", ("Robin Hill", "Robert Hill")),
        ("Robyn", ("Robin Hill",)),
        ("samm", ("Sam",)),
        ("Zoe", ()),
        ("", ()),
    ],
)
def test_names_are_known_by_their_parts_and_beginnings_and_in_spite_of_slips(
    written: str, found: tuple[str, ...]
) -> None:
    assert who(written, ["Sam", "Samir", "Robin Hill", "Robert Hill"]) == found
