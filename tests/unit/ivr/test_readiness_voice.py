"""The readiness report for people who are called: a phone that rang in vain, one that was not needed any more, a key."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivr.readiness import report_if_due
from tests.escalation_story import arrive, minutes
from tests.ringing_story import RingingStory
from tests.unit.ivr.test_readiness import KIM, LEAD, ROBIN_LINE, WHOLE, look
from tests.unit.ivr.test_staff import answer_to, missed_call
from tests.world import ROBIN, World, edited_flows

EIGHT_IN_THE_EVENING = datetime(2026, 11, 24, 2, tzinfo=UTC)  # in Chicago: Robin is on call
NEXT_REPORT = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
NOT_ANSWERED = "Not ready. On call from Tue 5:00 PM: Robin: the last page to Robin did not arrive (no answer)."

Make = Callable[..., World]


@pytest.fixture
def make(database_url: str, tmp_path: Path) -> Iterator[Make]:
    """A desk in the evening whose one colleague on call, Robin, is paged in these ways; the clock has looked once."""
    made: list[World] = []

    def build(page_by: str, *, wrote: bool = True) -> World:
        line = LEAD.replace('"+19035550113"', f'"+19035550113", page_by: [{page_by}]')
        flows = edited_flows(tmp_path, "oncall.yml", ROBIN_LINE, line + WHOLE, rings=not wrote)
        world = World(database_url, tmp_path, escalates=True, rings=not wrote, FLOWS_DIR=str(flows))
        made.append(world)
        if wrote:
            answer_to(world, ROBIN, "WHO")
        world.now.moment = EIGHT_IN_THE_EVENING
        assert report_if_due(world.desk) == 0
        return world

    yield build
    for world in made:
        world.close()


def reports(world: World) -> list[str]:
    """What the lead hears before the next shift of Robin."""
    before = len(world.texts_to(KIM))
    look(world, NEXT_REPORT)
    return [text for text in world.texts_to(KIM)[before:] if text.startswith(("Ready", "Not ready"))]


@pytest.mark.parametrize("page_by", ["voice", "voice, sms"])
def test_a_call_that_nobody_answered_is_named(make: Make, page_by: str) -> None:
    world = make(page_by)
    missed_call(world, "CA1")
    world.phones.leg_is(ROBIN, "no-answer")
    assert answer_to(world, KIM, "DONE 1001")
    arrive(world)  # Robin is texted that it is resolved, which rings no phone
    assert reports(world) == [NOT_ANSWERED]


def test_a_mailbox_is_named(make: Make) -> None:
    world = make("voice")
    missed_call(world, "CA1")
    world.phones.picks_up(ROBIN)
    world.phones.leg_is(ROBIN, "completed")
    assert "(picked up, no key: perhaps a mailbox)" in reports(world)[0]


def test_a_key_that_was_pressed_later_makes_it_good(make: Make) -> None:
    world = make("voice")
    missed_call(world, "CA1")
    world.phones.leg_is(ROBIN, "no-answer")
    minutes(world, 5.2, answered="")
    world.phones.picks_up(ROBIN)
    world.phones.presses(ROBIN, "4")
    assert reports(world) == []


def test_a_text_from_the_phone_makes_it_good(make: Make) -> None:
    world = make("voice")
    missed_call(world, "CA1")
    world.phones.leg_is(ROBIN, "no-answer")
    world.now.moment = world.now.moment.replace(minute=30)
    answer_to(world, ROBIN, "DONE 1001")
    assert reports(world) == []


def test_a_phone_that_stopped_ringing_because_a_colleague_took_it_is_in_order(make: Make) -> None:
    world = make("voice")
    missed_call(world, "CA1")
    assert world.phones.rings(ROBIN)
    answer_to(world, KIM, "DONE 1001")
    assert not world.phones.rings(ROBIN)
    assert reports(world) == []


def test_who_is_texted_first_is_not_judged_by_calls(make: Make) -> None:
    world = make("sms, voice")
    missed_call(world, "CA1")
    arrive(world)
    minutes(world, 6)
    assert [one.to for one in world.carrier.placed] == [ROBIN]
    answer_to(world, KIM, "DONE 1001")
    assert reports(world) == []


def test_who_has_taken_a_caller_is_verified(make: Make) -> None:
    story = RingingStory(make("sms", wrote=False))
    assert "Robin is not verified" in reports(story.world)[0]
    story.world.now.moment = EIGHT_IN_THE_EVENING + timedelta(days=1)
    story.asks_for_help()
    story.talk("Robin")
    story.phone_is("Robin", "completed")
    look(story.world, NEXT_REPORT + timedelta(days=1))
    assert len(story.world.texts_to(KIM)) == 1


def test_an_opt_out_of_texts_is_no_matter_for_who_is_only_called(make: Make) -> None:
    world = make("voice")
    world.text(ROBIN, "STOP", OptOutType="STOP")
    assert reports(world) == []
