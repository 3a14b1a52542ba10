"""What a text asks for: every phrase of tests/unit/tickets/wishes.yml, and what holds for any text."""

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tickets.plain import plain
from tickets.wish_words import Rule
from tickets.wishes import (
    CARRIER_HELP,
    CARRIER_START,
    CARRIER_STOP,
    Reading,
    Wish,
    answered_by_carrier,
    read_wish,
    spoken_wish,
)

TABLE: dict[str, list[dict[str, Any]]] = YAML(typ="safe").load(Path(__file__).with_name("wishes.yml"))
READINGS = [(text, group) for group in TABLE["texts"] for text in group["texts"]]
TEXTS = [text for text, _ in READINGS]
HEARD = [(text, group) for group in TABLE["voicemails"] for text in group["texts"]]


def words(reading: Reading | None) -> tuple[str, str | None]:
    """As in the table."""
    if reading is None or reading.wish is None:
        return "none", None
    return reading.wish.value, reading.rule.value if reading.rule else None


# -- the table ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "group"), READINGS, ids=[repr(text) for text in TEXTS])
def test_texts_are_read_as_the_table_says(text: str, group: dict[str, Any]) -> None:
    assert words(read_wish(text)) == (group["wish"], group.get("rule"))


@pytest.mark.parametrize(("text", "group"), HEARD, ids=[repr(text) for text, _ in HEARD])
def test_voicemails_are_noticed_as_the_table_says(text: str, group: dict[str, Any]) -> None:
    assert words(spoken_wish(text)) == (group["wish"], group.get("rule"))


def test_the_table_shows_every_wish_every_rule_and_no_text_twice() -> None:
    assert {group["wish"] for group in TABLE["texts"]} == {"none", *(wish.value for wish in Wish)}
    assert {group["rule"] for group in TABLE["texts"] if "rule" in group} == {rule.value for rule in Rule}
    assert len(set(TEXTS)) == len(TEXTS) >= 150


# -- de minimis: what changes nothing -----------------------------------------------------------------------------------

UNSEEN = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\ufe0f", "\u034f", "\x00", "\u202e"]
BETWEEN = [" ", "  ", "\n", "\t", "\u00a0", "\u3000", "\u2009", ", ", " - ", "... ", "! ", " / ", " 🛑 ", "\r\n", "_"]
AROUND = [*BETWEEN, ".", "!!", "?", '"', "(", "*", "👍", "¡", "”"]
FORMS = [
    {chr(97 + n): chr(first + n) for n in range(26)}
    for first in (ord("ａ"), ord("Ａ"), 0x1D41A, 0x1D400, 0x1D5EE, 0x1D670, ord("ⓐ"), ord("Ⓐ"), 0x1F130, 0x1F170)
]


@given(text=st.sampled_from(TEXTS), form=st.sampled_from([str.upper, str.lower, str.title, str.swapcase, str.casefold]))
def test_case_changes_nothing(text: str, form: Any) -> None:
    assert read_wish(form(text)) == read_wish(text)


@given(text=st.sampled_from(TEXTS), data=st.data())
def test_spaces_and_punctuation_between_and_around_words_change_nothing(text: str, data: st.DataObject) -> None:
    around = st.lists(st.sampled_from([mark for mark in AROUND if "🛑" not in mark or plain(text)]), max_size=4)
    other = "".join(data.draw(st.sampled_from(BETWEEN)) if char == " " and plain(text) else char for char in text)

    assert read_wish("".join([*data.draw(around), other, *data.draw(around)])) == read_wish(text)


@given(text=st.sampled_from(TEXTS), data=st.data())
def test_other_forms_of_the_same_letters_change_nothing(text: str, data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(FORMS))
    changed = data.draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    other = "".join(form.get(char.lower(), char) if swap else char for char, swap in zip(text, changed, strict=True))

    assert read_wish(other) == read_wish(text)
    for normal in ("NFC", "NFD", "NFKC", "NFKD"):
        assert read_wish(unicodedata.normalize(normal, text)) == read_wish(text)


@given(text=st.sampled_from(TEXTS), data=st.data())
def test_what_nobody_sees_changes_nothing(text: str, data: st.DataObject) -> None:
    unseen = [data.draw(st.sampled_from(["", *UNSEEN])) for _ in text]

    assert read_wish("".join(hidden + char for hidden, char in zip(unseen, text, strict=True))) == read_wish(text)


@given(word=st.sampled_from(sorted(CARRIER_STOP)), data=st.data())
def test_a_word_of_the_carriers_list_cut_anywhere_is_still_that_word(word: str, data: st.DataObject) -> None:
    cuts = [data.draw(st.sampled_from(["", "", " ", ".", "-", "\u200b", " * "])) for _ in word]

    assert words(read_wish("".join(char + cut for char, cut in zip(word, cuts, strict=True)))) == ("stop", "keyword")


@given(
    word=st.sampled_from(sorted(CARRIER_STOP | CARRIER_START | CARRIER_HELP)),
    form=st.sampled_from(FORMS),
    before=st.lists(st.sampled_from([*AROUND, *UNSEEN]), max_size=4),
    after=st.lists(st.sampled_from([*AROUND, *UNSEEN]), max_size=4),
    spaced=st.booleans(),
)
def test_every_keyword_of_the_carrier_is_recognised_in_any_form(
    word: str, form: dict[str, str], before: list[str], after: list[str], spaced: bool
) -> None:
    expected = Wish.STOP if word in CARRIER_STOP else Wish.START if word in CARRIER_START else Wish.HELP
    letters = (" " if spaced else "").join(form[char] for char in word)

    assert read_wish("".join([*before, letters, *after])).wish is expected


# -- sentences that merely contain a word -------------------------------------------------------------------------------

CONTENT = st.sampled_from([
    "server", "printer", "backup", "computer", "outlook", "password", "laptop", "screen", "router", "job", "update", "office",
    "invoice", "restart", "rebooting", "session", "account", "appointment", "meeting", "license", "monitor", "servidor", "cita",
])  # fmt: skip
GLUE = st.sampled_from([
    "the", "a", "an", "my", "our", "your", "it", "this", "that", "will", "not", "does", "can", "could", "you", "we", "i",
    "please", "now", "again", "on", "at", "by", "in", "for", "with", "from", "to", "and", "but", "when", "after", "before",
    "until", "is", "was", "yes", "no", "ok", "thanks", "all", "do", "never", "just", "me", "us", "day", "3", "1042", "pm",
    "ticket", "phone", "email", "el", "la", "mi", "por", "favor", "ya",
])  # fmt: skip
KEYWORDS = st.sampled_from(
    sorted((CARRIER_STOP | {"stops", "alto", "pare", "cancelar", "opt out"}) - {"optout", "stopall"})
)


@st.composite
def sentences(draw: st.DrawFn) -> str:
    """At least six ordinary words of a help desk around a word of the list."""
    around = draw(st.lists(st.one_of(CONTENT, GLUE, KEYWORDS), min_size=4, max_size=12))
    return " ".join(draw(st.permutations([*around, draw(CONTENT), draw(KEYWORDS)])))


@settings(max_examples=500)
@given(sentences())
def test_a_sentence_with_an_ordinary_word_in_it_opts_nobody_out(sentence: str) -> None:
    assert read_wish(sentence).wish not in (Wish.STOP, Wish.START, Wish.HELP)


CLEAR = [text for text, group in READINGS if group["wish"] == "stop" and " or I will " not in text]


@settings(max_examples=500)
@given(text=st.sampled_from(CLEAR), data=st.data())
def test_one_word_that_is_left_over_makes_an_opt_out_none(text: str, data: st.DataObject) -> None:
    parts = text.split()
    parts.insert(data.draw(st.integers(0, len(parts))), data.draw(CONTENT))

    assert read_wish(" ".join(parts)).wish is not Wish.STOP


@given(text=st.sampled_from(TEXTS), before=CONTENT, after=CONTENT)
def test_start_and_help_are_whole_texts_only(text: str, before: str, after: str) -> None:
    assert read_wish(f"{before} {text}").wish not in (Wish.START, Wish.HELP)
    assert read_wish(f"{text} {after}").wish not in (Wish.START, Wish.HELP)


# -- any text -----------------------------------------------------------------------------------------------------------

VOCABULARY = sorted({word for text, _ in READINGS for word in text.split()})


@given(st.one_of(st.text(max_size=4000), st.lists(st.sampled_from(VOCABULARY), max_size=700).map(" ".join)))
def test_any_text_has_a_reading_and_a_voicemail_is_only_noticed(body: str) -> None:
    reading = read_wish(body)
    assert (reading.wish is None) is (reading.rule is None)

    heard = spoken_wish(body)
    assert heard is None or heard.wish is Wish.UNCLEAR


PIECES = [
    "stop ",
    "stop all the ",
    "no me ",
    "a",
    "s t ",
    "remove me from the ",
    "or i will ",
    "\ufdfa",
    "\u200b",
    "한",
    "𝐒",
]


@pytest.mark.parametrize("piece", PIECES)
def test_four_thousand_characters_that_repeat_are_read_to_the_end(piece: str) -> None:
    body = (piece * 4000)[:4000]

    assert read_wish(f"server {body} server").wish is not Wish.STOP
    spoken_wish(body)


@given(st.text())
def test_words_are_plain_after_one_go(body: str) -> None:
    assert plain(plain(body)) == plain(body)


# -- who answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "carrier", "kind", "answered"),
    [
        ("STOP", True, None, True),
        ("stop", True, None, True),
        ("Stop.", True, None, False),
        ("STOP 12345", True, None, False),
        ("ＳＴＯＰ", True, None, False),
        ("opt out", True, None, False),
        ("alto", True, None, False),
        ("STOP", False, None, False),
        ("STOP", False, "STOP", True),
        ("arret", True, "STOP", True),
        ("HELP", True, None, True),
        ("help me", True, None, False),
    ],
)
def test_who_has_answered(body: str, carrier: bool, kind: str | None, answered: bool) -> None:
    assert answered_by_carrier(body, keywords_by_carrier=carrier, opt_out_type=kind) is answered
