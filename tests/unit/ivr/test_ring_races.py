"""Two things in the same moment while the team rings. On PostgreSQL only, as in test_races."""

from collections.abc import Callable
from pathlib import Path

import pytest
from test_races import COMMIT, meet

from ivr.carrier.base import CallInfo
from tests import databases
from tests.ringing_story import RingingStory, words
from tests.world import CLIENT, DESK, PUBLIC, SAM, World
from tickets.models import Leg, Ring

pytestmark = pytest.mark.skipif(
    not databases.SERVER, reason="needs PostgreSQL: set TEST_DATABASE_URL to the address of a server"
)


@pytest.fixture
def world(ringing: RingingStory) -> World:
    """A desk with the shipped flow, as it is."""
    return ringing.world


@pytest.fixture
def story(ringing: RingingStory) -> RingingStory:
    """A caller on hold; Sam and Lee have picked up."""
    story = ringing
    story.asks_for_help()
    story.picks_up("Sam")
    story.picks_up("Lee")
    return story


@pytest.mark.parametrize("before", [COMMIT, "UPDATE rings", "UPDATE tickets", "SELECT rings"])
def test_of_two_who_press_in_the_same_moment_exactly_one_has_it_and_the_other_hears_who(
    world: World, story: RingingStory, before: str
) -> None:
    sam, lee = meet(world, lambda: story.key("Sam", "1"), lambda: story.key("Lee", "1"), before=before)
    assert sorted((words(str(sam)), words(str(lee)))) in (
        ["Connecting you.", "Sam has this call. Thank you. Goodbye."],
        ["Connecting you.", "Lee has this call. Thank you. Goodbye."],
    )
    world.work()
    assert "<Conference" in story.is_moved()
    (taken,) = [leg.person for leg in world.rows(Leg) if leg.state == "accepted"]
    assert (world.ticket()["claimed_by"], world.ticket()["calls"][0]["answered_by"]) == (taken, taken)


def _hangs_up(story: RingingStory) -> Callable[[], object]:
    return lambda: story.world.hang_up(story.sid, story.caller)


@pytest.mark.parametrize("before", [COMMIT, "UPDATE rings"])
def test_a_key_and_a_caller_who_hangs_up_in_the_same_moment(world: World, story: RingingStory, before: str) -> None:
    meet(world, lambda: story.key("Sam", "1"), _hangs_up(story), before=before)
    world.work()
    assert "The caller has hung up. Ticket 1001 is yours." in words(story.is_told("Sam"))
    assert world.ticket()["claimed_by"] == "Sam"


def test_a_caller_who_hangs_up_in_the_moment_of_a_key(world: World, story: RingingStory) -> None:
    _, answer = meet(world, _hangs_up(story), lambda: story.key("Sam", "1"), before="UPDATE rings")
    assert "The caller has hung up. Ticket 1001 is yours." in words(str(answer))


def test_a_key_and_the_callers_own_turn(world: World, story: RingingStory) -> None:
    answer, on_hold = meet(world, lambda: story.key("Sam", "1"), lambda: story.presses("1"), before="UPDATE rings")
    assert "Connecting you." in str(answer)
    assert "<Conference" in str(on_hold)


def test_key_1_of_the_caller_and_a_colleagues(world: World, story: RingingStory) -> None:
    leave, answer = meet(world, lambda: story.presses("1"), lambda: story.key("Sam", "1"), before="UPDATE rings")
    assert "<Record" in str(leave)
    assert "The caller is leaving a message now." in str(answer)
    assert world.ticket()["claimed_by"] is None


def test_the_redirect_and_the_end_of_the_sounds_get_the_same_answer(world: World, story: RingingStory) -> None:
    story.key("Sam", "1")
    turn = story.turn + 1
    one, other = meet(world, lambda: world.press("", turn), lambda: world.press("1", turn), before=COMMIT)
    assert one == other
    assert "<Conference" in str(one)


def test_a_phone_is_not_rung_in_the_moment_somebody_takes_the_call(database_url: str, tmp_path: Path) -> None:
    world = World(database_url, tmp_path, rings=True)
    story = RingingStory(world)
    story.calls()
    story.presses("1")
    jobs = sorted(job for job in world.queue.jobs if job.startswith("place-call"))
    for job in jobs[:2]:
        world.hands.do(world.queue.jobs.pop(job))
    story.world.work = lambda: None  # type: ignore[method-assign]
    first = story.rung()[0]
    story.picks_up(first)
    last = world.queue.jobs.pop(jobs[2])
    meet(world, lambda: story.key(first, "1"), lambda: world.hands.do(last), before="UPDATE rings")
    assert len(story.rung()) == 2
    world.close()


def test_two_sides_come_in_in_the_same_moment(world: World, story: RingingStory) -> None:
    story.key("Sam", "1")
    world.work()
    story.is_moved()
    first, second = (lambda who=who: story.room("participant-join", who) for who in ("caller", "Sam"))
    meet(world, first, second, before=COMMIT)
    assert [ring.bridged_at is not None for ring in world.rows(Ring)] == [True]


@pytest.mark.parametrize("before", [COMMIT, "UPDATE rings"])
def test_two_sides_come_out_in_the_same_moment(world: World, story: RingingStory, before: str) -> None:
    story.key("Sam", "1")
    world.work()
    story.is_moved()
    world.pass_time(9)
    sam, turn = story.placed("Sam"), story.legs["Sam"] + 1
    colleague = f"{sam.url.removeprefix(PUBLIC).rsplit('/', 1)[0]}/{turn}"
    bridged = {"CallStatus": "in-progress", "DialCallStatus": "answered", "DialBridged": "true"}
    heard, told = meet(
        world,
        lambda: world.post(f"/twilio/voice/{story.turn + 1}", CallSid="CA1", From=CLIENT, To=DESK, **bridged).text,
        lambda: world.post(colleague, CallSid=sam.sid, From=DESK, To=SAM, **bridged).text,
        before=before,
    )
    assert words(str(heard)) == "Thank you for calling. Goodbye."
    assert words(str(told)) == "Ticket 1001 is yours. Text DONE 1001 when it is solved. Goodbye."
    assert story.events().count("Sam talks to the caller") == 1
    assert story.call_of_ticket()["talked_seconds"] == 9


def test_a_colleague_is_gone_in_the_moment_in_which_the_carrier_is_asked_about_both(
    world: World, story: RingingStory
) -> None:
    story.key("Sam", "1")
    world.work()
    story.is_moved()
    ask = world.carrier.call

    def call(sid: str) -> CallInfo:
        info = ask(sid)
        if sid == story.placed("Sam").sid:  # by the time of the answer it is not so any more
            story.reports(story.placed("Sam"), "completed")
        return info

    world.carrier.call = call  # type: ignore[method-assign]
    world.pass_time(11)
    assert world.ticket()["claimed_by"] is None
    assert "After the tone" in words(story.is_moved())
