"""The planner of escalations, and the questions to owners, for every input."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tickets.claims import LONGEST_PAUSE, Ask, OpenAgain, Wait, decide
from tickets.escalation import (
    EVERYONE,
    LEAD,
    NEXT_PEOPLE,
    ON_DUTY,
    SMS,
    VOICE,
    People,
    Plan,
    Step,
    due,
    next_step,
    other_way,
    ways,
)
from tickets.models import Ticket, Work
from tickets.oncall import Person

START = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
SAM, LEE, ROBIN, ALEX = (Person(name, f"+1903555011{n}") for n, name in enumerate(["Sam", "Lee", "Robin", "Alex"]))
MINUTE = timedelta(minutes=1)

orders = st.sampled_from([(SMS,), (VOICE,), (SMS, VOICE), (VOICE, SMS)])
persons = st.builds(
    Person,
    name=st.sampled_from(["Sam", "Lee", "Robin", "Alex", "Kim"]),
    number=st.sampled_from([f"+1903555011{n}" for n in range(6)]),
    page_by=orders,
    lead=st.booleans(),
)
words = st.sampled_from([ON_DUTY, NEXT_PEOPLE, EVERYONE, LEAD, "Sam", "Lee", "Nobody"])
steps = st.builds(
    Step,
    by=orders,
    to=st.lists(words, min_size=1, max_size=3).map(tuple),
    wait=st.integers(1, 120).map(lambda count: count * MINUTE),
    people=st.integers(1, 4),
)
plans = st.builds(
    Plan,
    begins_after=st.integers(1, 60).map(lambda count: count * MINUTE),
    steps=st.lists(steps, min_size=1, max_size=6).map(tuple),
    repeats=st.integers(0, 5),
    end=st.lists(words, min_size=1, max_size=2).map(tuple),
)
names = st.frozensets(st.sampled_from(["Sam", "Lee", "Robin", "Alex", "Kim"]))


@given(plans)
def test_a_plan_that_was_kept_is_the_same_plan(plan: Plan) -> None:
    assert Plan.from_dict(plan.to_dict()) == plan


@given(plans, st.lists(persons, max_size=5).map(tuple), st.data())
def test_every_plan_goes_forward_and_ends_and_pages_nobody_twice_in_one_step(
    plan: Plan, team: tuple[Person, ...], data: st.DataObject
) -> None:
    now, position, taken = START + plan.begins_after, 0, 0
    paged = data.draw(names)
    while True:
        on_duty = tuple(data.draw(st.lists(st.sampled_from(team), max_size=4))) if team else ()
        people = People(team, on_duty, paged, data.draw(names), data.draw(names))
        pages = due(plan, position, people)
        if pages is None:
            break
        taken += 1
        assert pages.position > position
        assert pages.pages
        assert len({(person.number, way) for person, way in pages.pages}) == len(pages.pages)
        assert len({(person.name, way) for person, way in pages.pages}) == len(pages.pages)
        for person, way in pages.pages:
            assert person.name not in people.passed | people.quiet
            assert way in person.page_by
        paged |= {person.name for person, _ in pages.pages}
        position, now, before = pages.position, now + pages.wait, now
        assert now > before
    assert taken <= len(plan.steps) * (plan.repeats + 1)


def test_the_next_people_are_those_nobody_has_paged_who_is_on_duty_first() -> None:
    people = People((SAM, LEE, ROBIN, ALEX), (ROBIN,), paged=frozenset({"Sam"}))
    assert people.of((NEXT_PEOPLE,), count=2) == (ROBIN, LEE)
    assert people.of((NEXT_PEOPLE,), count=9) == (ROBIN, LEE, ALEX)


def test_without_a_lead_it_is_everyone() -> None:
    assert People((SAM, LEE), (SAM,)).of((LEAD,)) == (SAM, LEE)
    lead = Person("Lee", LEE.number, lead=True)
    assert People((SAM, lead), (SAM,)).of((LEAD,)) == (lead,)


def test_a_step_that_has_nobody_is_passed_over_at_once() -> None:
    plan = Plan(MINUTE, (Step((SMS,), ("Gone",), MINUTE), Step((VOICE,), (ON_DUTY,), 7 * MINUTE)), 0, (LEAD,))
    pages = due(plan, 0, People((SAM,), (SAM,)))
    assert pages is not None
    assert (pages.pages, pages.position, pages.wait) == (((SAM, VOICE),), 2, 7 * MINUTE)
    assert due(plan, 2, People((SAM,), (SAM,))) is None


def test_people_are_paged_as_they_allow_and_in_some_way_at_any_rate() -> None:
    texts_only, calls_first = Person("A", "+1", page_by=(SMS,)), Person("B", "+2", page_by=(VOICE, SMS))
    assert ways((VOICE,), texts_only) == (SMS,)
    assert ways((SMS, VOICE), calls_first) == (VOICE, SMS)
    assert ways((SMS,), Person("C", "+3", page_by=())) == (SMS,)
    assert (other_way(SMS, texts_only), other_way(SMS, calls_first), other_way(VOICE, calls_first)) == (
        None,
        VOICE,
        SMS,
    )


# --- claims -----------------------------------------------------------------------------------------------------

AFTER, OVER = 60 * MINUTE, 30 * MINUTE


@given(st.lists(st.integers(0, 2000), max_size=12), st.integers(0, 20), st.integers(1, 300), st.integers(10, 300))
def test_a_claim_ends_only_after_two_questions_and_the_whole_wait(
    signs: list[int], kept: int, after: int, over: int
) -> None:
    """Look at a claim as its work does, with signs of work at these minutes: it ends, and never too early."""
    now, asked, sign = START, list[datetime](), START
    moments = sorted(START + minute * MINUTE for minute in signs)
    for _ in range(1000):
        heard = [moment for moment in moments if moment <= now]
        if heard and heard[-1] > sign:
            sign = heard[-1]
        unanswered = [moment for moment in asked if moment > sign]
        decided = decide(sign, unanswered, kept=kept, now=now, after=after * MINUTE, over=over * MINUTE)
        match decided:
            case Wait(until=until):
                assert until > now
                assert until - now <= max(after * MINUTE, LONGEST_PAUSE, over * MINUTE)
                now = until
            case Ask(first=first):
                assert first == (not unanswered)
                assert now - sign >= after * MINUTE
                asked.append(now)
            case OpenAgain():
                assert len(unanswered) == 2
                assert now - unanswered[0] >= over * MINUTE
                assert now - unanswered[1] >= over * MINUTE / 2
                return
    raise AssertionError("it never ends")


def test_each_question_that_was_answered_makes_the_next_twice_as_late() -> None:
    waits = [decide(START, (), kept=kept, now=START, after=AFTER, over=OVER) for kept in range(6)]
    assert waits == [Wait(START + hours * AFTER) for hours in (1, 2, 4, 8, 8, 8)]


# --- for the watcher --------------------------------------------------------------------------------------------


def work(kind: str, minutes: int, state: str = "waiting") -> Work:
    return Work(kind=kind, ref=1, state=state, due_at=START + minutes * MINUTE, attempts=0, created_at=START)


def test_the_next_step_is_the_first_work_that_pages_or_asks() -> None:
    planned = [work("escalate", 9), work("send-text", 5, "done"), work("check-delivery", 1), work("place-call", 7)]
    assert next_step(Ticket(state="open"), planned) == START + 7 * MINUTE
    assert next_step(Ticket(state="open"), planned[1:3]) is None
    assert next_step(Ticket(state="resolved"), planned) is None
