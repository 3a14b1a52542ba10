"""The words of pages, letter by letter."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tickets.oncall import Person, person_of
from tickets.paging import Facts, missed_body, page_body, plan, spoken_number, words_body, words_to_owner
from tickets.sms import segments
from tickets.states import Purpose

SAM, LEE = Person("Sam", "+19035550111"), Person("Lee", "+19035550112")


def test_a_page_says_ticket_who_what_and_how_to_take_it() -> None:
    facts = Facts(1042, "Hollis & Wade CPA", "+19035550160", "+19035550160", None, "The server is down.")
    assert page_body(facts) == (
        "URGENT 1042 Hollis & Wade CPA 903-555-0160: The server is down. Reply ACK 1042 to take it."
    )


def test_a_page_without_words_says_how_to_hear_them() -> None:
    facts = Facts(
        1042, None, "+19035550147", about="Other help", seconds=21, link="https://d.example/listen/x", waiting=True
    )
    assert page_body(facts) == (
        "URGENT 1042 903-555-0147: Other help. Voicemail, 21 s, words follow. Listen: https://d.example/listen/x "
        "Reply ACK 1042 to take it."
    )


def with_pictures(words: str, pictures: int = 2) -> Facts:
    return Facts(
        1042, None, "+19035550147", words=words, pictures=pictures, pictures_link="https://d.example/look/1a.5f3.abc"
    )


def test_pictures_are_counted_and_linked() -> None:
    assert page_body(with_pictures("It says this")) == (
        "URGENT 1042 903-555-0147: It says this. 2 pictures: https://d.example/look/1a.5f3.abc Reply ACK 1042 to take it."
    )
    assert words_body(with_pictures("And this!", 1)) == (
        "1042 903-555-0147 said: And this! 1 picture: https://d.example/look/1a.5f3.abc Reply ACK 1042 to take it."
    )
    assert words_to_owner(with_pictures("And this", 1)) == (
        "1042 903-555-0147 says: And this. 1 picture: https://d.example/look/1a.5f3.abc"
    )


def test_beside_a_link_an_emoji_goes_before_the_words_do() -> None:
    long = Facts(
        1042,
        "Hollis & Wade CPA",
        "+19035550160",
        words="\U0001f525 The server room is on fire",
        pictures=2,
        pictures_link="https://helpdesk.example.org/look/1a.5f3c2.abcdefghijklmnop",
    )
    assert page_body(long) == (
        "URGENT 1042 Hollis & Wade CPA 903-555-0160: The server room is on fire. "
        "2 pictures: https://helpdesk.example.org/look/1a.5f3c2.abcdefghijklmnop Reply ACK 1042 to take it."
    )
    russian = page_body(replace(long, words="Серверная горит"))
    assert russian == (
        "URGENT 1042 Hollis & Wade CPA 903-555-0160: Серверная горит. 2 pictures. Reply ACK 1042 to take it."
    )
    assert "(no words) 2 pictures: https://" in page_body(replace(long, words="\U0001f525"))


def test_the_words_come_as_a_second_text() -> None:
    facts = Facts(1042, None, "+19035550147", words="No internet at all.")
    assert words_body(facts) == "1042 903-555-0147 said: No internet at all. Reply ACK 1042 to take it."


def test_a_missed_call_says_what_was_chosen() -> None:
    facts = Facts(1042, None, None, about="Emergency or outage")
    assert missed_body(facts) == (
        "URGENT 1042 missed call, number withheld: chose Emergency or outage, left no message. Reply ACK 1042 to take it."
    )


def test_the_same_plan_again_has_the_same_keys_and_others_have_others() -> None:
    facts = Facts(1042, words="x")
    keys = [text.key for text in plan(Purpose.PAGE, facts, [SAM, LEE], about="re1")]
    assert keys == [text.key for text in plan(Purpose.PAGE, facts, [SAM, LEE], about="re1")]
    assert len(set(keys) | {text.key for text in plan(Purpose.WORDS, facts, [SAM, LEE], about="re1")}) == 4


def test_numbers_of_other_countries_stay_international() -> None:
    assert spoken_number("+442071838750") == "+442071838750"


def test_everybody_is_known_by_number() -> None:
    assert person_of([SAM, LEE], "+19035550112") == LEE
    assert person_of([SAM, LEE], "+19035550199") is None


@given(
    client=st.one_of(st.none(), st.text(max_size=60)),
    about=st.one_of(st.none(), st.sampled_from(["Emergency or outage", "Other help"])),
    words=st.one_of(st.none(), st.text(max_size=2000)),
    pictures=st.integers(0, 500),
)
def test_every_page_fits_into_two_segments_and_ends_with_the_command(
    client: str | None, about: str | None, words: str | None, pictures: int
) -> None:
    facts = Facts(
        104200,
        client,
        "+19035550147",
        "+19035550199",
        about,
        words,
        170,
        "https://d.example/listen/" + "x" * 60,
        pictures=pictures,
        pictures_link="https://d.example/look/" + "x" * 30 if pictures else None,
    )
    for body in (page_body(facts), words_body(facts), missed_body(facts)):
        assert segments(body) <= 2 or client  # a client's name in another script is never cut
        assert body.endswith("Reply ACK 104200 to take it.")
