"""Callers and colleagues of one incident in the same moment. On PostgreSQL only, as in test_races."""

import pytest
from test_races import COMMIT, meet, texting

from tests import databases
from tests.world import CLIENT, LEE, SAM, World

COLLEAGUE, LAKESIDE = "+19035550161", "+19035550183"

pytestmark = pytest.mark.skipif(
    not databases.SERVER, reason="needs PostgreSQL: set TEST_DATABASE_URL to the address of a server"
)
MOMENTS = pytest.mark.parametrize("moment", ["INSERT INTO tickets", "UPDATE tickets", "INSERT INTO messages", COMMIT])


def leaders(world: World) -> list[int | None]:
    """By ticket, the number of the one that leads."""
    return [ticket["incident"] and ticket["incident"]["leader"] for ticket in world.tickets()]


@MOMENTS
def test_two_callers_of_one_client_in_the_same_moment_are_one_incident(world: World, moment: str) -> None:
    one, other = texting(world, CLIENT, "internet down", "SM1"), texting(world, COLLEAGUE, "no internet", "SM2")
    meet(world, one, other, before=moment)
    world.work()
    first = min(ticket["number"] for ticket in world.tickets())
    assert len(set(leaders(world))) == 1, first
    assert len(world.texts_to(LEE)) == 2
    assert sum("2 callers now" in body for body in world.texts_to(LEE)) == 1


@MOMENTS
def test_two_clients_who_name_the_same_carrier_in_the_same_moment_are_one_incident(world: World, moment: str) -> None:
    one = texting(world, CLIENT, "Suddenlink is down", "SM1")
    other = texting(world, LAKESIDE, "no internet, Suddenlink again", "SM2")
    meet(world, one, other, before=moment)
    assert len(set(leaders(world))) == 1
    assert None not in leaders(world)


@pytest.mark.parametrize("moment", ["UPDATE tickets", "INSERT INTO events", COMMIT])
@pytest.mark.parametrize("first", ["ack", "caller"])
def test_a_caller_who_comes_while_the_incident_is_taken_is_taken_too(world: World, moment: str, first: str) -> None:
    world.text(CLIENT, "internet down")
    world.work()
    acts = [texting(world, SAM, "ACK 1001", "SM1"), texting(world, COLLEAGUE, "no internet here", "SM2")]
    meet(world, *(acts if first == "ack" else acts[::-1]), before=moment)
    world.work()
    assert [(ticket["state"], ticket["claimed_by"]) for ticket in world.tickets()] == [("claimed", "Sam")] * 2
    assert leaders(world) == [1001, 1001]


@pytest.mark.parametrize("first", ["join", "ack"])
def test_tickets_that_are_joined_while_one_is_taken_have_one_owner(world: World, first: str) -> None:
    world.text(CLIENT, "the printer is on fire")
    world.text(LAKESIDE, "nothing works")
    world.work()
    acts = [texting(world, LEE, "JOIN 1002 1001", "SM1"), texting(world, SAM, "ACK 1001", "SM2")]
    meet(world, *(acts if first == "join" else acts[::-1]), before="UPDATE tickets")
    world.work()
    assert [(ticket["state"], ticket["claimed_by"]) for ticket in world.tickets()] == [("claimed", "Sam")] * 2


def test_a_caller_who_asks_while_it_is_over_is_told_or_has_a_ticket_of_their_own(world: World) -> None:
    world.text(SAM, "OUTAGE Hollis & Wade CPA internet down")
    world.call("CA1", CLIENT)
    over = texting(world, SAM, "OVER 1001", "SM1")
    meet(world, over, lambda: world.press("1", 1, "CA1", CLIENT), before="UPDATE tickets")
    world.hang_up("CA1", CLIENT)
    world.pass_time(30)
    told = any("is over" in body for body in world.texts_to(CLIENT))
    paged = any("chose Asked to be told when it is over" in body for body in world.texts_to(LEE))
    assert told != paged
