"""The words of a page that is spoken, in both languages."""

import pytest

from ivr import page_words


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("Call 903-555-0199 now", "Call 9 0 3, 5 5 5, 0 1 9 9 now"),
        ("Call (903) 555 0199.", "Call 9 0 3, 5 5 5, 0 1 9 9."),
        ("  two\n lines ", "two lines"),
        ("3 of 12 phones, 192.168.10.20 is away", "3 of 12 phones, 192.168.10.20 is away"),
        ("word " * 100, "word " * 63 + "word ..."),
    ],
)
def test_words_are_read_so_that_they_are_understood(words: str, read: str) -> None:
    assert page_words.readable(words) == read


def test_both_languages_have_the_same_blanks() -> None:
    for name in ("page", "menu", "yours", "call", "kept", "taken", "resolved", "passed", "nobody", "goodbye"):
        one, other = getattr(page_words.ENGLISH, name), getattr(page_words.SPANISH, name)
        blanks = [sorted(part.partition("}")[0] for part in words.split("{")[1:]) for words in (one, other)]
        assert blanks[0] == blanks[1], name
