"""Segments as the carrier counts them, and cutting that never touches what must be read."""

import pytest
from hypothesis import example, given
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
        ("\t" * 71, 2),
        ("`" * 71, 2),
        ("\u00a0" * 71, 2),
        ("x" * 160 + "\u2019", 3),  # one curly quote, and 161 plain characters are three segments
        ("x" * 69 + "\U0001f525", 2),  # one emoji
        ("^{}\\[~]|\f€" * 8, 1),
        ("x" * 305 + "€", 3),
        ("x" * 152 + "€" + "x" * 151, 2),
        ("ж" * 66 + "\U0001f525" + "ж" * 66, 3),  # nor are the halves of an emoji
        ("ж" * 66 + "e\u0301" + "ж" * 66, 3),  # nor an accent and its letter
        ("ж" * 65 + "\U0001f44d\U0001f3fd" + "ж" * 65, 3),  # nor a thumb and the colour of its skin
        ("ж" * 65 + "\U0001f1fa\U0001f1f8" + "ж" * 65, 3),  # nor the halves of a flag
        ("ж" * 62 + "\U0001f468\u200d\U0001f469\u200d\U0001f467" + "ж" * 64, 3),  # nor a family
        ("e" + "\u0301" * 200, 3),  # but what no segment can hold
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


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("\u2018\u2019\u201a\u201b`\u00b4", "''''''"),
        ("\u201c\u201d\u201e\u00ab\u00bb", '"""""'),
        ("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-------"),
        ("\u2026", "..."),
        ("\t|\u00a0|\u202f|\u2009|", " | | | |"),
        ("\u200b\ufeff", ""),
        ("ç", "c"),
        ("Çéñ", "Çéñ"),
        ("e\u0301", "é"),  # letter and accent in one
    ],
)
def test_typography_travels_in_gsm(typed: str, sent: str) -> None:
    assert to_gsm(typed) == sent
    assert is_gsm(to_gsm(typed))


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


@example("\U0001f3fb")
@given(st.text(max_size=700))
def test_no_text_takes_fewer_segments_than_its_units_need(text: str) -> None:
    units = len(text.encode("utf-16-be", "surrogatepass")) // 2
    if not is_gsm(text):
        assert segments(text) >= (1 if units <= 70 else -(-units // 67))
    assert segments(text) <= segments(text + "x") <= segments(text) + 1 or is_gsm(text)


@given(st.text(max_size=400), st.text(max_size=400), st.text(max_size=400))
def test_a_fitted_text_is_too_long_only_when_its_fixed_parts_are(before: str, free: str, after: str) -> None:
    text = fit(before, free, after)
    assert segments(text) <= max(2, segments(to_gsm(before) + "..." + to_gsm(after)))
    assert text.startswith(to_gsm(before))
    assert text.endswith(to_gsm(after))
