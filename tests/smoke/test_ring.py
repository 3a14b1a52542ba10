"""The team is rung, on real parts: two calls of the sandbox carrier meet in a room, whatever is killed meanwhile."""

import time
from typing import Any

import pytest

from tests.smoke.desk import LEE, ROBIN, SAM, Desk, until

pytestmark = [pytest.mark.smoke, pytest.mark.xdist_group("ring")]
CLIENT = "+19035550160"
LEE_ACCEPTS = {"answers": "at-once", "rings": 6, "presses": [{"after": 2, "keys": "1"}], "hangs_up_after": 20}


def rung(desk: Desk) -> str:
    """A client chooses an emergency and holds the line; returns the call's id."""
    desk.phones.behave(SAM, answers="mailbox", rings=0)
    desk.phones.behave(LEE, **LEE_ACCEPTS)
    desk.phones.behave(ROBIN, answers="busy")
    call = desk.phones.call(CLIENT, pace="real")
    desk.phones.press(call, "1", wait=60)
    return call


def talking(desk: Desk, call: str) -> bool:
    return str(desk.phones.status(call)["doing"]) == "talking"


def answered(desk: Desk, call: str) -> dict[str, Any] | None:
    found = [one for one in desk.tickets() if one["calls"] and one["calls"][0]["sid"] == call]
    return found[0] if found and found[0]["calls"][0]["ended_at"] is not None else None


def test_a_mailbox_picks_up_at_once_and_the_second_person_talks_to_the_caller(desk: Desk) -> None:
    call = rung(desk)
    until(lambda: talking(desk, call), within=60, what="the caller talks to somebody")
    [room] = desk.phones.rooms()
    assert {person["phone"] for person in room["people"]} == {CLIENT, LEE}
    until(lambda: desk.phones.status(call)["status"] == "completed", within=60, what="the end of the call")
    assert desk.phones.transcript(call)[-1] == "Thank you for calling. Goodbye."
    ticket = until(lambda: answered(desk, call), within=20, what="the end of the call in its ticket")
    assert (ticket["state"], ticket["claimed_by"], ticket["pages"]) == ("claimed", "Lee", [])
    one = ticket["calls"][0]
    assert (one["outcome"], one["answered_by"]) == ("answered", "Lee")
    assert 15 <= one["talked_seconds"] <= 30
    outcomes = {leg["person"]: leg["outcome"] for leg in one["rung"]}
    assert (outcomes["Lee"], outcomes["Robin"]) == ("accepted", "busy")


@pytest.mark.parametrize("role", ["worker", "clock", "web", "broker"])
def test_killing_a_role_during_a_ring_loses_neither_caller_nor_ticket(desk: Desk, role: str) -> None:
    call = rung(desk)
    time.sleep(2)
    desk.kill(role)
    until(lambda: desk.phones.status(call)["status"] == "completed" or talking(desk, call), within=90, what="a way on")
    desk.phones.hang_up(call)
    ticket = until(lambda: answered(desk, call), within=120, what="the ticket of the call")
    assert ticket["state"] == "claimed" or until(lambda: desk.texts(ROBIN), within=90, what="a page")
