"""The number to call back, as people say it and as Whisper writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.clean import callback_number

DIGIT_WORDS = ("oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.mark.parametrize(
    "text",
    [
        "Please call me back at 903-555-0147.",
        "(903) 555-0147",
        "+1 903 555 0147",
        "1-903-555-0147",
        "9035550147",
        "903.555.0147",
        "903. 555. 0147.",
        "903, 555, 0147",
        "my number is 903 555 01 47",
        "area code 903, 555-0147",
        "903-555-0147, again, 903-555-0147",
        "903-555-0147, extension 12",
        "nine oh three five five five oh one four seven",
        "Nine zero three, five five five, zero one four seven.",
        "nine oh three, triple five, oh one four seven",
        "nine oh three, five fifty-five, oh one forty-seven",
        "area code nine zero three, uh, 555, 0147",
        "nueve cero tres cinco cinco cinco cero uno cuatro siete",
        "At 7:30 this morning. 903-555-0147.",
        "It is 2026. 903-555-0147 is my number.",
        "About 200 people, 903-555-0147",
        "Suite 12. Call 903-555-0147 before 5.",
    ],
)
def test_one_number_however_it_is_said(text: str) -> None:
    assert callback_number(text) == "+19035550147"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("A man called me from 214-555-0111. My number is 903-555-0147.", "+19035550147"),
        ("My number is 903-555-0147. The scammer called from 214-555-0111.", "+19035550147"),
        ("Our fax is 903-555-0101, call me at 903-555-0102.", "+19035550102"),
        ("903-555-0101, no wait, my cell is 903-555-0102", "+19035550102"),
        ("Call me at 903-555-0101, or reach me at 430-555-0102.", "+14305550102"),
        ("nine oh three, five five five, one thousand", "+19035551000"),
        ("toll free 1-800-555-0199", "+18005550199"),
    ],
)
def test_of_several_numbers_the_callers_own_and_latest(text: str, number: str) -> None:
    assert callback_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Call me back when you get this.",
        "903-555-125",
        "903-555-01477",
        "555-0147",
        "123-555-0147",
        "903-055-0147",
        "My account number is 9035550147.",
        "The ticket number is 9035550147.",
        "A man called me from 214-555-0111.",
        "the one at 903 two people saw",
        "1 2 3 4 5 6 7 8 9",
        "0000000000",
    ],
)
def test_what_is_no_plausible_number_is_none(text: str) -> None:
    assert callback_number(text) is None


@given(
    area=st.sampled_from(["903", "430", "469", "214", "817"]),
    exchange=st.sampled_from(["236", "555", "689", "984"]),
    line=st.text(alphabet="0123456789", min_size=4, max_size=4),
    spoken=st.booleans(),
    before=st.sampled_from(["Call me at ", "My number is ", "you can reach me on my cell, "]),
)
def test_every_number_is_found_said_or_written(area: str, exchange: str, line: str, spoken: bool, before: str) -> None:
    digits = area + exchange + line
    said = " ".join(DIGIT_WORDS[int(digit)] for digit in digits) if spoken else f"{area}-{exchange}-{line}"
    assert callback_number(f"Our server is down. {before}{said}. Thank you.") == f"+1{digits}"


@given(st.text(max_size=200))
def test_whatever_the_text_the_answer_is_a_whole_number_or_none(text: str) -> None:
    number = callback_number(text)
    assert number is None or (len(number) == 12 and number.startswith("+1") and number[1:].isdecimal())
