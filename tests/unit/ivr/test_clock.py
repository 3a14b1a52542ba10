"""The clock: one leads, and nothing that is away stops its sweep for longer than it is away."""

import threading
from datetime import timedelta

from ivr.clock import Clock
from tests.world import CLIENT, DESK, SAM, World
from tickets import leader, work
from tickets.arrival import InboundText


def leave_message(world: World) -> None:
    """A message whose hint gets lost: from HINTED seconds later on the sweep queues it again."""
    world.call()
    world.press("1", 1)
    world.recorded()
    world.hang_up()
    world.queue.jobs.clear()
    world.now.moment += timedelta(seconds=work.HINTED)


def end_asides() -> None:
    """Wait for all that the clock does in threads of their own."""
    for thread in threading.enumerate():
        if thread.name in ("audit", "drill", "reconcile"):
            thread.join()


def test_one_clock_leads_and_another_takes_over_when_it_dies(world: World) -> None:
    first, second = Clock(world.desk), Clock(world.desk)

    def leads(clock: Clock) -> bool:
        with world.desk.database.unit() as unit:
            return leader.lead(unit, "clock", clock.holder, now=world.now())

    assert (leads(first), leads(second)) == (True, False)
    for _ in range(10):
        world.now.moment += timedelta(seconds=5)
        assert (leads(first), leads(second)) == (True, False)
    world.now.moment += timedelta(seconds=leader.LEASE + 1)
    assert (leads(second), leads(first)) == (True, False)
    second.resign()
    assert leads(first)


def test_a_clock_outlives_a_broker_and_a_carrier_that_are_away(world: World) -> None:
    clock = Clock(world.desk)
    world.carrier.down = world.queue.down = True
    leave_message(world)
    clock.tick()
    end_asides()
    world.carrier.down = world.queue.down = False
    clock.tick()
    world.work()
    assert len(world.texts_to(SAM)) == 1


def test_a_clock_outlives_a_database_that_is_away(world: World) -> None:
    clock = Clock(world.desk)
    leave_message(world)
    with world.without_database():
        clock.tick()
    assert world.queue.jobs == {}
    clock.tick()
    end_asides()
    world.work()
    assert len(world.texts_to(SAM)) == 1


def test_a_carrier_that_hangs_does_not_hold_up_the_sweep(world: World) -> None:
    clock = Clock(world.desk)
    world.carrier.texts = [InboundText("SM1", CLIENT, DESK, "Server is down")]
    world.carrier.answers.clear()
    clock.tick()
    leave_message(world)
    clock.tick()
    assert len(world.queue.jobs) == 1
    assert world.carrier.timed_out == []
    world.carrier.answers.set()
    end_asides()
    assert [message["body"] for message in world.ticket()["messages"]][:1] == ["Server is down"]
