"""Nothing goes to a number that opted out but one confirmation, and that only while it is wanted."""

from tests.world import CLIENT, LEE, ROBIN, SAM, STRANGER, World

CONFIRMED = (
    "Business IT Service Corps, LLC: you are opted out and get no more texts from us. For help call 903-689-2004. "
    "Reply START to opt in."
)


def test_a_confirmation_that_could_not_be_sent_goes_out_when_the_carrier_is_back(world: World) -> None:
    world.carrier.down = True
    world.text(STRANGER, "Stop.")
    world.pass_time(60)
    world.carrier.down = False
    world.pass_time(60)
    assert world.texts_to(STRANGER) == [CONFIRMED]


def test_a_confirmation_that_is_over_five_minutes_late_is_not_sent(world: World) -> None:
    world.carrier.down = True
    world.text(STRANGER, "Stop.")
    world.pass_time(301, step=10)
    world.carrier.down = False
    world.pass_time(900, step=10)
    assert world.texts_to(STRANGER) == []


def test_who_opted_in_again_gets_no_confirmation_of_the_opt_out_before(world: World) -> None:
    world.carrier.down = True
    world.text(STRANGER, "Stop.")
    world.pass_time(5)
    world.text(STRANGER, "START")
    world.carrier.down = False
    world.pass_time(60)
    assert world.texts_to(STRANGER) == []


def test_an_opt_out_that_the_carrier_answered_is_not_confirmed_by_an_older_confirmation(world: World) -> None:
    world.carrier.down = True
    world.text(STRANGER, "Stop.")
    world.pass_time(5)
    world.text(STRANGER, "START")
    world.text(STRANGER, "STOP")
    world.carrier.down = False
    world.pass_time(60)
    assert world.texts_to(STRANGER) == []


def test_a_receipt_that_waits_is_not_sent_after_an_opt_out(world: World) -> None:
    world.carrier.down = True
    world.text(STRANGER, "Server is down")
    world.pass_time(5)
    world.text(STRANGER, "STOP")
    world.carrier.down = False
    world.pass_time(60)
    assert world.texts_to(STRANGER) == []
    assert len(world.texts_to(SAM)) == 1


def test_a_colleague_who_repeats_stop_is_announced_once(world: World) -> None:
    for _ in range(4):
        world.text(SAM, "STOP")
    world.work()
    announced = "Sam has opted out of texts and gets no pages until texting START to this number."
    assert [world.texts_to(number) for number in (SAM, LEE, ROBIN)] == [[], [announced], [announced]]


def test_yes_of_a_client_with_a_ticket_is_an_answer_to_the_team(world: World) -> None:
    world.text(CLIENT, "Server is down")
    world.text(CLIENT, "Yes.")
    world.work()
    assert [message["body"] for message in world.ticket()["messages"] if message["direction"] == "in"] == [
        "Server is down",
        "Yes.",
    ]
    assert world.texts_to(SAM)[1] == "1001 Hollis & Wade CPA 903-555-0160 said: Yes. Reply ACK 1001 to take it."
    assert len(world.texts_to(CLIENT)) == 1


def test_yes_of_a_client_who_opted_out_is_an_opt_in(world: World) -> None:
    world.text(CLIENT, "Server is down")
    world.text(CLIENT, "STOP")
    world.text(CLIENT, "YES")
    world.text(CLIENT, "Are you there?")
    world.work()
    assert len(world.texts_to(CLIENT)) == 1  # the receipt was written before the opt-out and is wanted again


def test_the_first_text_of_a_caller_is_answered_with_the_notice(world: World) -> None:
    world.call()
    world.press("1", 1)
    world.hang_up()
    world.pass_time(15)
    world.text(CLIENT, "Here is the error: 0x80")
    world.text(CLIENT, "And 0x81")
    world.work()
    (receipt,) = world.texts_to(CLIENT)
    assert "ticket 1001" in receipt
    assert "Reply STOP to opt-out" in receipt
