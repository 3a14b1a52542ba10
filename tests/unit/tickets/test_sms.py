"""Segments as the carrier counts them, and cutting that never touches what must be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.sms import fit, is_gsm, segments, to_gsm


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 134, 2),
        ("я" * 135, 3),
        ("\U0001f525" * 35, 1),
        ("\U0001f525" * 36, 2),
        ("x" * 152 + "€" + "x" * 152, 3),  # a two-unit character is never split between segments
        ("é" * 160, 1),
        ("Ç" * 160, 1),
        ("ç" * 70, 1),
        ("ç" * 71, 2),
        ("it\u2019s", 1),
        ("\u2019" * 71, 2),
    ],
)
def test_known_counts(text: str, count: int) -> None:
    assert segments(text) == count


def test_typography_and_accents_become_gsm() -> None:
    assert to_gsm(
        "\u201cIt\u2019s down\u201d \u2013 qué pasó\u2026 mañana\u00a0ç"
    ) == '"It\'s down" - qué pasó... mañana ç'.replace("ó", "o").replace("ç", "c")


def test_other_scripts_and_emoji_stay() -> None:
    assert to_gsm("сервер \U0001f525") == "сервер \U0001f525"


def test_the_free_text_is_cut_at_a_word() -> None:
    text = fit("URGENT 1042 Hollis: ", "the server room is flooded " * 30, " Reply ACK 1042 to take it.")
    assert segments(text) == 2
    assert text.endswith("flooded... Reply ACK 1042 to take it.") or text.endswith("... Reply ACK 1042 to take it.")
    assert "floo..." not in text


@given(st.text(max_size=400), st.text(max_size=60))
def test_a_fitted_text_has_two_segments_at_most_and_keeps_its_ends(free: str, client: str) -> None:
    before, after = f"URGENT 1042 {client[:30]}: ", " Reply ACK 1042 to take it."
    text = fit(before, free, after)
    assert segments(text) <= 2
    assert text.startswith(to_gsm(before))
    assert text.endswith(after)


@given(st.text(max_size=200))
def test_conversion_never_makes_a_text_longer_in_segments_than_it_was_in_ucs2(text: str) -> None:
    assert to_gsm(to_gsm(text)) == to_gsm(text)
    if is_gsm(text):
        assert to_gsm(text) == text
