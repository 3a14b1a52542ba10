"""Texts that the carrier does not take at once: pages are spoken after a minute, and nobody is paged for the others."""

import pytest

from tests.escalation_story import Make, asks_for_help, called, make, minutes
from tests.world import LEE, SAM, STRANGER
from tickets.outbox import OutcomeUnknown, Refusal, TextRefused

PAGE = "URGENT 1001 903-555-0147: Server is down. Reply ACK 1001 to take it."
__all__ = ["make"]


@pytest.mark.parametrize(
    "trouble",
    [
        TextRefused(Refusal.RETRY, "20429", "too many requests"),
        OutcomeUnknown("the carrier answered 503", answered=True),
        OutcomeUnknown("the carrier did not answer"),
    ],
    ids=["refused", "broken", "silent"],
)
def test_a_page_that_the_carrier_does_not_take_for_a_minute_is_spoken(make: Make, trouble: Exception) -> None:
    world = make()
    world.carrier.created_although_unknown = False
    world.carrier.refuse = {SAM: [trouble] * 100}
    asks_for_help(world)
    world.pass_time(58)
    assert called(world) == []
    world.pass_time(5)
    assert called(world) == ["Sam"]
    world.carrier.refuse = {}
    minutes(world, 2)
    (sam,) = [page for page in world.ticket()["pages"] if (page["person"], page["by"]) == ("Sam", "sms")]
    assert (sam["state"], sam["error"]) == ("delivered", None)
    assert called(world) == ["Sam"]


def test_a_page_that_the_carrier_took_late_has_a_minute_to_arrive(make: Make) -> None:
    world = make()
    world.carrier.refuse = {SAM: [TextRefused(Refusal.RETRY, "20429", "too many requests")] * 5}
    asks_for_help(world)
    world.pass_time(31)
    assert world.texts_to(SAM) == [PAGE]
    world.pass_time(55)
    assert called(world) == []
    world.pass_time(10)
    assert called(world) == ["Sam"]


def test_a_page_that_waits_for_the_carrier_calls_nobody_once_a_colleague_has_the_ticket(make: Make) -> None:
    world = make()
    world.carrier.refuse = {SAM: [TextRefused(Refusal.RETRY, "20429", "too many requests")] * 100}
    asks_for_help(world)
    world.pass_time(40)
    world.text(LEE, "ACK 1001")
    minutes(world, 3)
    assert called(world) == []


def test_a_text_to_a_client_that_the_carrier_does_not_take_pages_nobody(make: Make) -> None:
    world = make()
    world.carrier.refuse = {STRANGER: [TextRefused(Refusal.RETRY, "20429", "too many requests")] * 100}
    world.text(STRANGER, "Server is down")
    world.work()
    for sent in world.carrier.sent:
        world.delivered(sent.sid, "delivered")
    world.pass_time(70)
    assert called(world) == []
    assert "No delivery report for the text to the client." in [event["text"] for event in world.ticket()["events"]]


def test_a_page_that_the_carrier_took_at_the_second_attempt_has_not_failed(make: Make) -> None:
    world = make()
    world.carrier.refuse = {SAM: [TextRefused(Refusal.RETRY, "20429", "too many requests")]}
    asks_for_help(world)
    world.pass_time(5)
    (sam,) = [page for page in world.ticket()["pages"] if page["person"] == "Sam"]
    assert (sam["state"], sam["error"]) == ("sending", None)
