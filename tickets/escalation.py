"""Whom a ticket is put before while nobody takes it, how, and when. Pure: a plan, people and a position give the next pages.

A plan is kept with the escalation that began with it; the people of a step are those of the moment at which it comes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tickets.models import Ticket, Work
from tickets.oncall import Person
from tickets.states import TicketState, WorkKind, WorkState

#: The ways to page, as `Person.page_by` and the API name them.
SMS, VOICE = "sms", "voice"

#: Words for whoever they are when the step comes. Anything else in `to` is a person's name.
ON_DUTY, NEXT_PEOPLE, EVERYONE, LEAD = "on duty", "next people", "everyone", "lead"


@dataclass(frozen=True)
class Step:
    """One step: whom to page, in which ways, and how long to wait for an acknowledgement before the next. `people` is how
    many the next people are."""

    by: tuple[str, ...]
    to: tuple[str, ...]
    wait: timedelta
    people: int = 2


@dataclass(frozen=True)
class Plan:
    """The steps of one priority. They begin `begins_after` the first page and are gone through `repeats` times more; after
    the last wait those of `end` are told that nobody took the ticket."""

    begins_after: timedelta
    steps: tuple[Step, ...]
    repeats: int
    end: tuple[str, ...]

    def step(self, position: int) -> Step | None:
        """The step at a position, counted from 0 through all repeats; None behind the last."""
        return self.steps[position % len(self.steps)] if position < len(self.steps) * (self.repeats + 1) else None

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {
            "begins_after": self.begins_after.total_seconds(),
            "steps": [
                {"by": [*one.by], "to": [*one.to], "wait": one.wait.total_seconds(), "people": one.people}
                for one in self.steps
            ],
            "repeats": self.repeats,
            "end": [*self.end],
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> "Plan":
        """The plan that `to_dict` gave."""
        steps = tuple(
            Step(tuple(one["by"]), tuple(one["to"]), timedelta(seconds=one["wait"]), one["people"])
            for one in kept["steps"]
        )
        return cls(timedelta(seconds=kept["begins_after"]), steps, kept["repeats"], tuple(kept["end"]))


@dataclass(frozen=True)
class People:
    """Who there is at this moment. `paged` are the names of those who were paged about the ticket already, `passed` of those
    who passed it on; in `quiet` hours people are left out whose own file says so."""

    team: tuple[Person, ...]
    on_duty: tuple[Person, ...]
    paged: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()
    quiet: frozenset[str] = frozenset()

    def next(self, count: int) -> tuple[Person, ...]:
        """Those whose turn is next: nobody has paged them yet, whoever is on duty first."""
        rest = [one for one in _once((*self.on_duty, *self.team)) if one.name not in self.paged | self.quiet]
        return tuple(rest[:count])

    def of(self, to: Iterable[str], *, count: int = 2) -> tuple[Person, ...]:
        """The people of these words and names, each once. Names of people who are gone from the team are nobody's; without
        a lead, it is everyone."""
        found: list[Person] = []
        for word in to:
            if word == ON_DUTY:
                found += self.on_duty
            elif word == NEXT_PEOPLE:
                found += self.next(count)
            elif word == LEAD:
                found += [one for one in self.team if one.lead] or self.team
            else:
                found += [one for one in self.team if word in (EVERYONE, one.name)]
        return tuple(one for one in _once(found) if one.name not in self.quiet)


def _once(people: Iterable[Person]) -> list[Person]:
    """Each person, and each telephone, once: where they come first."""
    once: list[Person] = []
    for one in people:
        if all(one.name != other.name and one.number != other.number for other in once):
            once.append(one)
    return once


def ways(wanted: Iterable[str], person: Person) -> tuple[str, ...]:
    """How to page a person who is to be paged in these ways: as they allow, and in some way at any rate."""
    allowed = tuple(way for way in person.page_by if way in wanted)
    return allowed or person.page_by[:1] or (SMS,)


def other_way(failed: str, person: Person) -> str | None:
    """How else a person can be paged whom a page did not reach in one way."""
    return next((way for way in person.page_by if way != failed), None)


@dataclass(frozen=True)
class Pages:
    """What a step does: pages, each a person and a way; `position` is where it goes on after `wait`."""

    step: int
    pages: tuple[tuple[Person, str], ...]
    position: int
    wait: timedelta


def due(plan: Plan, position: int, people: People) -> Pages | None:
    """The pages that are due at a position. A step that has nobody is passed over at once; None is the end of the plan."""
    while (step := plan.step(position)) is not None:
        chosen = [one for one in people.of(step.to, count=step.people) if one.name not in people.passed]
        if chosen:
            pages = tuple((one, way) for one in chosen for way in ways(step.by, one))
            return Pages(position, pages, position + 1, step.wait)
        position += 1
    return None


def asleep(plan: Plan, position: int, people: People) -> tuple[Person, ...]:
    """Those whose quiet hours a ticket waits for: everybody who would be paged next, or at the end, when all of them have
    some. Empty when somebody can be paged."""
    everybody = replace(people, quiet=frozenset())
    following = due(plan, position, everybody)
    who = [one for one, _ in following.pages] if following is not None else everybody.of(plan.end)
    return tuple(_once(who)) if all(one.name in people.quiet for one in who) else ()


#: Work that puts a ticket before somebody, or finds out what to put before them.
_LEADS_ON = frozenset(
    {
        WorkKind.ESCALATE, WorkKind.OTHER_WAY, WorkKind.ASK_OWNER, WorkKind.SEND_TEXT, WorkKind.PLACE_CALL,
        WorkKind.PAGE_DEADLINE, WorkKind.TRANSCRIBE, WorkKind.FETCH_RECORDING, WorkKind.LOOK_UP_CALL,
    }
)  # fmt: skip


def next_step(ticket: Ticket, planned: Iterable[Work]) -> datetime | None:
    """When something will happen by itself for a ticket, by the work that is planned for it (`escalating.planned`). None
    for a resolved one, and when nothing will: then a person has to look."""
    if ticket.state == TicketState.RESOLVED:
        return None
    moments = [one.due_at for one in planned if one.state == WorkState.WAITING and one.kind in _LEADS_ON]
    return min(moments, default=None)
