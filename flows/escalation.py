"""Whom the escalations and rings of the flow file mean: words, or names that have to be those of oncall.yml."""

from collections.abc import Iterator

from flows.fields import shown
from flows.nearest import did_you_mean
from flows.oncall_schema import OnCall
from flows.problems import Problem
from flows.routes import STEPS
from flows.schema import Calls, Escalation, Escalations
from flows.source import Document, Place
from flows.steps import EVERYONE, RingStep

#: Words for whoever they are when a step comes.
WORDS = ("on duty", "next people", "everyone", "lead")


def unknown_people(escalations: Escalations, oncall: OnCall, document: Document) -> tuple[Problem, ...]:
    """A problem for every name that is nobody's."""
    names = [person.name for person in oncall.team]
    return tuple(
        problem
        for priority in Escalations.model_fields
        for place, who in _named(getattr(escalations, priority), ("escalation", priority))
        if (problem := _unknown(who, place, names=names, document=document)) is not None
    )


def unknown_teams(calls: Calls, oncall: OnCall, document: Document) -> tuple[Problem, ...]:
    """A problem for every `ring` of somebody whom oncall.yml does not know."""
    known = [EVERYONE, *oncall.teams, *oncall.rotations, *(person.name for person in oncall.team)]
    return tuple(
        Problem(
            document.file,
            *document.entry((*STEPS, name, "ring", "team")).value,
            f"nobody in oncall.yml is called {shown(step.ring.team)}; allowed: {', '.join(known[:12])}",
            did_you_mean(step.ring.team, known),
        )
        for name, step in calls.steps.items()
        if isinstance(step, RingStep) and step.ring.team not in known
    )


def _named(escalation: Escalation, place: Place) -> Iterator[tuple[Place, str]]:
    blocks = [(("steps", index, "to"), step.to) for index, step in enumerate(escalation.steps)]
    for inner, people in (*blocks, (("end",), escalation.end)):
        for index, who in enumerate(people):
            yield (*place, *inner, index), who


def _unknown(who: str, place: Place, *, names: list[str], document: Document) -> Problem | None:
    known = [*WORDS[:1], *WORDS[2:], *names] if "end" in place else [*WORDS, *names]
    if who in known:
        return None
    where = place if place in document.entries else place[:-1]  # one name alone needs no list
    if where not in document.entries:  # the defaults name nobody
        return None
    allowed = f"nobody in oncall.yml is called '{who}'; allowed: {', '.join(known[:12])}"
    return Problem(document.file, *document.entry(where).value, allowed, did_you_mean(who, known))
