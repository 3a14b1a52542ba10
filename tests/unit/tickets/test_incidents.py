"""Which tickets are one incident, which client is meant, and what pages of incidents say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.schema import Incidents
from tickets.client_names import client_meant
from tickets.commands import Command, Verb, parse
from tickets.grouping import Told, is_step, leader_for, same_client, things_in
from tickets.paging import Facts, Several, update_body, update_to_owner
from tickets.sms import segments

AT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
HOUR = timedelta(minutes=60)
THINGS = Incidents().things
DENTAL, CPA = "Piney Woods Dental", "Hollis & Wade CPA"


def told(
    number: int,
    client: str | None = None,
    *,
    minutes: int = 0,
    caller: str | None = None,
    words: str = "",
    leads: int | None = None,
    announced: bool = False,
) -> Told:
    at = AT + timedelta(minutes=minutes)
    return Told(number, at, leads or number, client, caller, things_in(words, THINGS), announced)


# -- one client ----------------------------------------------------------------------------------------------------------


def test_the_second_ticket_of_a_client_within_the_hour_belongs_to_the_first() -> None:
    assert leader_for(told(1002, DENTAL, minutes=59), [told(1001, DENTAL)], window=HOUR) == 1001
    assert leader_for(told(1002, DENTAL, minutes=61), [told(1001, DENTAL)], window=HOUR) is None


def test_a_ticket_belongs_to_the_one_that_leads_also_when_only_a_member_is_recent() -> None:
    others = [told(1001, DENTAL), told(1002, DENTAL, minutes=50, leads=1001)]
    assert leader_for(told(1003, DENTAL, minutes=100), others, window=HOUR) == 1001


def test_the_same_telephone_without_a_known_client_is_the_same_caller() -> None:
    first = told(1001, caller="+19035550147")
    assert leader_for(told(1002, caller="+19035550147"), [first], window=HOUR) == 1001
    assert leader_for(told(1002, caller="+19035550148"), [first], window=HOUR) is None


def test_callers_who_withhold_their_numbers_are_not_one() -> None:
    assert leader_for(told(1002), [told(1001)], window=HOUR) is None


def test_a_window_of_nothing_groups_only_with_what_was_announced() -> None:
    assert leader_for(told(1002, DENTAL), [told(1001, DENTAL)], window=timedelta(0)) is None
    announced = told(1001, DENTAL, announced=True)
    assert leader_for(told(1002, DENTAL, minutes=600), [announced], window=timedelta(0)) == 1001


def test_what_was_announced_leads_before_an_older_ticket() -> None:
    others = [told(1001, DENTAL), told(1005, DENTAL, announced=True)]
    assert leader_for(told(1006, DENTAL), others, window=HOUR) == 1005


# -- several clients -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Suddenlink is down at our office", "we have no internet, sudden link says there is an outage"),
        ("The power is out on Oak Street", "No phones here, everybody on oak st is offline"),
        ("internet down along Highway 69", "Our phones are dead, we are on hwy 69"),
        ("Office 365 is down", "we cannot open office 365"),
    ],
)
def test_two_clients_who_say_that_the_same_thing_is_down_are_one_incident(one: str, other: str) -> None:
    assert leader_for(told(1002, CPA, words=other), [told(1001, DENTAL, words=one)], window=HOUR) == 1001


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("our internet is down", "our internet is down too"),
        ("Suddenlink is down", "please send the Suddenlink invoice again"),
        ("how do I print from Office 365?", "Office 365 is down"),
        ("the power is out on Oak Street", "the power is out on Elm Street"),
        ("the server is down across the street", "our printer is out on the street"),
        ("", ""),
    ],
)
def test_two_clients_without_a_shared_name_of_a_thing_that_is_down_are_two(one: str, other: str) -> None:
    assert leader_for(told(1002, CPA, words=other), [told(1001, DENTAL, words=one)], window=HOUR) is None


clients = st.sampled_from([None, DENTAL, CPA, "Lakeside Family Dental"])
numbers = st.sampled_from([None, "+19035550147", "+19035550148"])
words = st.sampled_from(
    ["", "Suddenlink is down", "power out on Oak Street", "hello", "Oncor lost power on Oak Street"]
)


@st.composite
def tickets(draw: st.DrawFn) -> list[Told]:
    """Some tickets, each with a number of its own."""
    size = draw(st.integers(1, 7))
    return [
        told(
            1001 + place,
            draw(clients),
            minutes=draw(st.integers(0, 150)),
            caller=draw(numbers),
            words=draw(words),
            announced=draw(st.booleans()),
        )
        for place in range(size)
    ]


@given(tickets(), st.randoms())
def test_the_order_in_which_tickets_are_looked_at_changes_nothing(known: list[Told], chance: st.DataObject) -> None:
    ticket, *others = known
    mixed = list(others)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert leader_for(ticket, others, window=HOUR) == leader_for(ticket, mixed, window=HOUR)


@given(tickets())
def test_two_known_clients_are_never_one_incident_without_a_shared_thing(known: list[Told]) -> None:
    ticket, *others = known
    leader = leader_for(ticket, others, window=HOUR)
    if leader is not None:
        (found,) = [one for one in others if one.number == leader]
        assert same_client(ticket, found) or ticket.things & found.things
        assert abs(ticket.at - found.at) <= HOUR or found.announced


@given(tickets())
def test_a_ticket_that_leads_is_never_made_part_of_its_own_incident(known: list[Told]) -> None:
    ticket, *others = known
    mine = [Told(one.number, one.at, ticket.number, one.client, one.caller, one.things) for one in others]
    assert leader_for(ticket, mine, window=HOUR) is None


def test_the_counts_that_are_news() -> None:
    assert [count for count in range(1, 1001) if is_step(count)] == [2, 3, 5, 10, 20, 50, 100, 200, 500, 1000]


# -- what pages say ------------------------------------------------------------------------------------------------------


def test_an_updated_page_says_how_many_callers_and_what_the_last_one_said() -> None:
    facts = Facts(number=1044, client=DENTAL, caller="+19035550161", words="Nothing works")
    assert update_body(facts, Several(1042, DENTAL, 3, 3)) == (
        "URGENT 1042 Piney Woods Dental, 3 callers now. Last 903-555-0161 (1044): Nothing works. Reply ACK 1042 to take it."
    )


def test_an_updated_page_names_the_client_that_is_another() -> None:
    facts = Facts(number=1044, client=CPA, caller="+19035550160", words="Suddenlink is down")
    assert update_body(facts, Several(1042, DENTAL, 2, 2)) == (
        "URGENT 1042 Piney Woods Dental, 2 callers now. Last Hollis & Wade CPA 903-555-0160 (1044): Suddenlink is down. "
        "Reply ACK 1042 to take it."
    )


def test_one_caller_who_calls_again_is_not_two() -> None:
    facts = Facts(number=1043, caller="+19035550147", about="Emergency or outage")
    assert update_body(facts, Several(1042, None, 2, 1)) == (
        "URGENT 1042, the same caller, 2 times now. Last 903-555-0147 (1043): chose Emergency or outage, left no message. "
        "Reply ACK 1042 to take it."
    )


def test_the_owner_reads_who_else_called() -> None:
    facts = Facts(number=1043, client=DENTAL, caller="+19035550161", words="Our phones are dead")
    assert update_to_owner(facts, Several(1042, DENTAL, 2, 2)) == (
        "1042: 2nd caller of Piney Woods Dental, 903-555-0161: Our phones are dead. (1043)"
    )


@given(st.text(max_size=2000), st.integers(2, 999))
def test_an_updated_page_takes_two_segments_and_keeps_how_to_take_it(said: str, count: int) -> None:
    facts = Facts(number=1044, client=DENTAL, caller="+19035550161", words=said)
    body = update_body(facts, Several(1042, DENTAL, count, count))
    assert segments(body) <= 2
    assert body.endswith("Reply ACK 1042 to take it.")


# -- which client a colleague means --------------------------------------------------------------------------------------

NAMES = (DENTAL, CPA, "Lakeside Family Dental", "Piney Woods Vet", "The Law Firm", "Tyler Internet Cafe")


@pytest.mark.parametrize(
    ("text", "client", "rest"),
    [
        ("Piney Woods Dental internet down", DENTAL, "internet down"),
        ("piney woods dental: internet down", DENTAL, "internet down"),
        ("Pinewoods Dental internet down", DENTAL, "internet down"),
        ("Piney Wods Dental internet down", DENTAL, "internet down"),
        ("Lakeside phones are out", "Lakeside Family Dental", "phones are out"),
        ("Hollis & Wade CPA server down", CPA, "server down"),
        ("Hollis and Wade server down", CPA, "server down"),
        ("hollis wade: the server is down", CPA, "the server is down"),
        ("Hollis CPA server down", CPA, "server down"),
        ("Lakeside Dental phones are out", "Lakeside Family Dental", "phones are out"),
        ("Piney Woods Dental dental software down", DENTAL, "dental software down"),
        ("Piney Woods Dental", DENTAL, ""),
    ],
)
def test_the_client_is_what_the_text_begins_with(text: str, client: str, rest: str) -> None:
    meant = client_meant(text, NAMES)
    assert (meant.clients, meant.rest) == ((client,), rest)


def test_a_name_that_two_clients_begin_with_is_asked_back() -> None:
    assert client_meant("Piney Woods internet down", NAMES).clients == (DENTAL, "Piney Woods Vet")


def test_a_later_word_of_a_name_says_which_of_two_is_meant() -> None:
    assert client_meant("Lakeside Vet internet down", (*NAMES, "Lakeside Animal Vet")).clients == (
        "Lakeside Animal Vet",
    )


@pytest.mark.parametrize("text", ["", "internet down", "the internet is down", "everything", "Tyler"])
def test_words_that_name_nobody_mean_nobody(text: str) -> None:
    assert client_meant(text, (DENTAL, CPA, "The Law Firm")).clients == ()


# -- commands ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("OUTAGE Piney Woods Dental internet down", Command(Verb.OUTAGE, None, "Piney Woods Dental internet down")),
        ("outage: Lakeside phones", Command(Verb.OUTAGE, None, "Lakeside phones")),
        ("Outage 1042 the fiber is cut", Command(Verb.OUTAGE, 1042, "the fiber is cut")),
        ("OUTAGE", Command(Verb.OUTAGE)),
        ("OVER 1042", Command(Verb.OVER, 1042)),
        ("Over 1042 the carrier has mended it", Command(Verb.OVER, 1042, "the carrier has mended it")),
        ("over", Command(Verb.OVER)),
        ("SPLIT 1043", Command(Verb.SPLIT, 1043)),
        ("JOIN 1043 1042", Command(Verb.JOIN, 1043, "1042")),
        ("1042 outage is being worked on", Command(Verb.REPLY, 1042, "outage is being worked on")),
    ],
)
def test_what_staff_write_about_incidents(text: str, command: Command) -> None:
    assert parse(text) == command
