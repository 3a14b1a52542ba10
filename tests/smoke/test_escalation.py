"""Until somebody owns it, on real parts: pages, calls and rings through the sandbox carrier, whatever is killed meanwhile.

A step of an escalation comes a whole minute after the page at the earliest, as an admin may write it. One test waits for it;
the others begin with pages that do not arrive, which are followed by a call at once."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.smoke.desk import LEE, PATIENT, ROBIN, SAM, TEAM, Desk, flows_with, running, until

pytestmark = pytest.mark.smoke
waits = pytest.mark.xdist_group("escalation")
answers = pytest.mark.xdist_group("answered")

NAMES = {SAM: "Sam", LEE: "Lee", ROBIN: "Robin"}
SABINE = "+19035550172"
STRANGER = "+19035550147"
HOLLIS = "+19035550160"
FASTER = {
    **PATIENT,
    "escalate_after_minutes: 5}": "escalate_after_minutes: 1}",
    "  reopen_hours: 12": "  segments_per_second: 100\n  reopen_hours: 12",
}
DECLINES = {"answers": "declines", "rings": 1}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk whose admin wants the first step of an escalation after a minute, and whose number is fast."""
    folder = tmp_path_factory.mktemp("escalation")
    with running(folder, FLOWS_DIR=str(flows_with(FASTER, folder))) as started:
        yield started


@pytest.fixture
def phones(desk: Desk) -> Iterator[None]:
    """The phones of the team as they were before."""
    yield
    for number in TEAM:
        desk.phones.behave(number)


def asks_for_help(desk: Desk, client: str, words: str) -> int:
    """A client texts; returns the number of the ticket."""
    desk.phones.text(client, words)
    return until(lambda: _ticket_of(desk, client), within=20, what=f"a ticket of {client}")


def _ticket_of(desk: Desk, client: str) -> int | None:
    return next((one["number"] for one in desk.tickets() if one["from_number"] == client), None)


def called(desk: Desk, *, after: int = 0) -> list[dict[str, Any]]:
    """The calls that the carrier was asked to place to the team."""
    return [one for one in desk.phones.placed(after=after) if one["to"] in TEAM]


def last_placed(desk: Desk) -> int:
    """The number of the last call that was placed, for what comes after it."""
    placed = desk.phones.placed()
    return int(placed[-1]["seq"]) if placed else 0


def voice_pages(desk: Desk, number: int) -> list[dict[str, Any]]:
    return [page for page in desk.ticket(number)["pages"] if page["by"] == "voice"]


def _reported(desk: Desk, number: int) -> dict[tuple[str, str], str] | None:
    """The state of each page, once none of them is on its way any more."""
    states = {(page["person"], page["by"]): page["state"] for page in desk.ticket(number)["pages"]}
    return None if {"pending", "sending", "sent"} & set(states.values()) else states


def spelled(number: int) -> str:
    return " ".join(str(number))


# -- a page that does not arrive, and the page that is spoken ------------------------------------------------------------


@answers
@pytest.mark.usefixtures("phones")
def test_who_gets_no_text_is_called_at_once_and_4_takes_the_ticket(desk: Desk) -> None:
    before = last_placed(desk)
    desk.phones.behave(SAM, outcome="undelivered", answers="mailbox", rings=0)
    desk.phones.behave(LEE, outcome="undelivered", answers="at-once", rings=4)
    desk.phones.behave(ROBIN, outcome="undelivered", answers="never")
    number = asks_for_help(desk, SABINE, "The server is down")

    def all_called() -> dict[str, str] | None:
        found = {one["to"]: one["sid"] for one in called(desk, after=before)}
        return found if set(found) == set(TEAM) else None

    legs = until(all_called, within=20, what="a call to everybody")  # escalation begins after a minute only
    words = "The server is down"
    until(lambda: words in desk.phones.transcript(legs[LEE]), within=30, what="Lee hears what it is about")
    desk.phones.press(legs[LEE], "4")
    until(lambda: desk.ticket(number)["state"] == "claimed", within=30, what="an owner")
    ticket = spelled(number)
    until(lambda: desk.phones.status(legs[LEE])["status"] == "completed", within=20, what="the end of Lee's call")
    heard = desk.phones.transcript(legs[LEE])  # as much of the menu as was said before the key
    assert heard[:2] == [f"Help desk page. Ticket {ticket}. Sabine River Feed & Seed, 9 0 3, 5 5 5, 0 1 7 2.", words]
    assert heard[-1] == f"Ticket {ticket} is yours. Call 9 0 3, 5 5 5, 0 1 7 2. Goodbye."
    until(lambda: not desk.phones.ringing(ROBIN), within=10, what="Robin's phone stops ringing")
    assert desk.phones.transcript(legs[ROBIN]) == []
    until(lambda: desk.phones.status(legs[SAM])["status"] == "completed", within=60, what="the end of the mailbox")
    assert desk.phones.transcript(legs[SAM])[-1] == f"Ticket {ticket} is taken by Lee. Nothing to do for you. Goodbye."
    pages = until(lambda: _reported(desk, number), within=20, what="what each phone did")
    assert pages == {
        ("Sam", "sms"): "failed", ("Lee", "sms"): "failed", ("Robin", "sms"): "failed",
        ("Sam", "voice"): "failed", ("Lee", "voice"): "delivered", ("Robin", "voice"): "failed",
    }  # fmt: skip
    assert desk.ticket(number)["claimed_by"] == "Lee"
    assert Counter(one["to"] for one in called(desk, after=before)) == {SAM: 1, LEE: 1, ROBIN: 1}


# -- an escalation during which everything dies --------------------------------------------------------------------------


def _at(desk: Desk, role: str, due: float) -> None:
    """Wait for the worst moment of a role, around the time at which a step is due."""
    time.sleep(max(0.0, due - time.monotonic() - 1))
    before = last_placed(desk)
    if role in ("worker", "web"):  # Sam is being called, and the answer to that is slow
        until(lambda: desk.phones.placed(after=before), within=30, what="a call to somebody")
    else:  # it would tell the workers now that it is time
        time.sleep(max(0.0, due - time.monotonic() - 0.3))


@waits
@pytest.mark.usefixtures("phones")
def test_an_unanswered_page_becomes_calls_once_whatever_is_killed(desk: Desk) -> None:
    roles = ("worker", "broker", "web", "clock")
    before = last_placed(desk)
    tickets, due = [], []
    for place, role in enumerate(roles):
        tickets.append(asks_for_help(desk, f"+1903555020{place}", f"Printer {role} is on fire"))
        due.append(time.monotonic() + 60)
        time.sleep(3)
    assert called(desk, after=before) == []
    for number in TEAM:
        desk.phones.behave(number, **DECLINES)
    desk.phones.behave(SAM, slow_post=3, **DECLINES)
    for role, moment in zip(roles, due, strict=True):
        _at(desk, role, moment)
        for pid in desk.pids(role) if role == "worker" else desk.pids(role)[:1]:
            os.kill(pid, signal.SIGKILL)
        desk.phones.behave(SAM, **DECLINES)

    def everybody_was_called() -> bool:
        return all([page["state"] for page in voice_pages(desk, each)] == ["failed"] * 3 for each in tickets)

    until(everybody_was_called, within=150, what=f"calls about all four\n{desk.log.read_text()[-3000:]}")
    assert Counter(one["to"] for one in called(desk, after=before)) == {SAM: 4, LEE: 4, ROBIN: 4}
    for number in tickets:
        ticket = desk.ticket(number)
        assert ticket["state"] == "open"
        assert sorted(page["person"] for page in voice_pages(desk, number)) == ["Lee", "Robin", "Sam"]
        assert [one["text"] for one in ticket["events"] if one["kind"] == "escalation"] == [
            "Nobody has acknowledged: calling Sam, Lee, Robin"
        ]
        desk.phones.text(LEE, f"ACK {number}")
    until(lambda: all(desk.ticket(each)["claimed_by"] == "Lee" for each in tickets), within=30, what="an owner of all")


# -- two who press in the same moment ------------------------------------------------------------------------------------


@answers
@pytest.mark.usefixtures("phones")
def test_of_two_who_accept_in_the_same_second_one_has_the_caller_and_the_other_hears_who(desk: Desk) -> None:
    desk.phones.behave(SAM, answers="never")
    call = desk.phones.call(STRANGER, pace="real")
    desk.phones.press(call, "1", wait=60)
    legs = {}
    for person in (LEE, ROBIN):
        legs[person] = until(lambda who=person: desk.phones.ringing(who), within=20, what="a ring")[0]["sid"]  # type: ignore[misc]
        desk.phones.answer(legs[person])
    for leg in legs.values():
        until(lambda sid=leg: desk.phones.transcript(sid), within=20, what="who calls")  # type: ignore[misc]
    together = threading.Barrier(2)

    def presses(leg: str) -> None:
        together.wait()
        desk.phones.press(leg, "1")

    hands = [threading.Thread(target=presses, args=(leg,)) for leg in legs.values()]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    until(lambda: desk.phones.status(call)["doing"] == "talking", within=30, what="the caller talks to somebody")
    [room] = desk.phones.rooms()
    (has,) = {person["phone"] for person in room["people"]} & set(TEAM)
    assert {person["phone"] for person in room["people"]} == {STRANGER, has}
    late = LEE if has == ROBIN else ROBIN
    until(lambda: desk.phones.status(legs[late])["status"] == "completed", within=20, what="the end of the late call")
    assert desk.phones.transcript(legs[late])[-1] == f"{NAMES[has]} has this call. Thank you. Goodbye."
    assert desk.phones.transcript(legs[has])[-1] == "Connecting you."
    assert not desk.phones.ringing(SAM)
    desk.phones.hang_up(call)
    ticket = until(
        lambda: next((one for one in desk.tickets() if one["calls"] and one["calls"][0]["ended_at"]), None),
        within=20,
        what="the end of the call in its ticket",
    )
    assert (ticket["state"], ticket["claimed_by"]) == ("claimed", NAMES[has])
    assert ticket["calls"][0]["answered_by"] == NAMES[has]


# -- two callers of one client -------------------------------------------------------------------------------------------


@answers
@pytest.mark.weights
@pytest.mark.usefixtures("phones")
def test_two_callers_of_one_client_are_one_incident_and_one_page_with_the_count(desk: Desk) -> None:
    for number in TEAM:
        desk.phones.behave(number, **DECLINES)
    seen = {phone: len(desk.texts(phone)) for phone in TEAM}

    def new(phone: str) -> list[str]:  # who has the ticket of the test before may still be told
        return [text for text in desk.texts(phone)[seen[phone] :] if text.startswith("URGENT")]

    known = desk.call_and_speak("outage.wav", HOLLIS)
    until(lambda: all(new(phone) for phone in TEAM), within=90, what="a page for everyone")
    stranger = desk.call_and_speak("outage.wav", "+19035550198")
    until(lambda: all(len(new(phone)) > 1 for phone in TEAM), within=90, what="the updated page")
    time.sleep(3)  # for what should not come
    by_call = {one["calls"][0]["sid"]: one for one in desk.tickets() if one["calls"]}
    leader, member = by_call[known]["number"], by_call[stranger]["number"]
    for phone in TEAM:
        pages = new(phone)
        assert len(pages) == 2, pages
        page, update = pages
        assert page.startswith(f"URGENT {leader} Hollis & Wade CPA 903-555-0160: [Emergency or outage] ")
        assert update.startswith(
            f"URGENT {leader} Hollis & Wade CPA, 2 callers now. Last 903-555-0160 (from 903-555-0198) ({member}): "
        )
        assert update.endswith(f"Reply ACK {leader} to take it.")
    incident = {"leader": leader, "members": [member], "callers": 2, "announced": None}
    assert [by_call[sid]["incident"] for sid in (known, stranger)] == [incident, incident]
    desk.phones.text(ROBIN, f"ACK {member}")
    until(lambda: {desk.ticket(one)["claimed_by"] for one in (leader, member)} == {"Robin"}, within=20, what="an owner")
