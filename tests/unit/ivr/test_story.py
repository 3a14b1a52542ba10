"""The main job, in stories: caller does, staff phone receives."""

from tests.world import CLIENT, LEE, ROBIN, SAM, World


def test_a_voicemail_becomes_a_ticket_a_page_and_an_owner(world: World) -> None:
    world.call()
    world.press("1", 1)
    world.recorded(seconds=21)
    world.work()
    page = (
        "URGENT 1001 Hollis & Wade CPA 903-555-0199 (from 903-555-0160): [Emergency or outage] Hi, this is Dana. "
        "The server room is flooded. Call me back at 903-555-0199. Reply ACK 1001 to take it."
    )
    assert [world.texts_to(number) for number in (SAM, LEE, ROBIN)] == [[page], [page], [page]]
    world.text(SAM, "ack")
    world.work()
    assert world.texts_to(SAM)[1:] == [
        "1001 is yours: Hollis & Wade CPA. Call 903-555-0199. Reply DONE 1001 when it is solved."
    ]
    assert world.texts_to(LEE)[1:] == ["1001 is taken by Sam. Nothing to do for you."]
    ticket = world.ticket()
    assert (ticket["state"], ticket["claimed_by"], ticket["channel"]) == ("claimed", "Sam", "voicemail")
    assert ticket["from_number"] == CLIENT
    assert ticket["recordings"][0]["transcript"]["state"] == "done"
    world.text(SAM, "Done 1001!")
    world.work()
    assert world.ticket()["state"] == "resolved"
    world.pass_time(120)
    assert len(world.carrier.sent) == 3 + 1 + 2 + 1
