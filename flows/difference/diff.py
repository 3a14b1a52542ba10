"""What people will notice between two versions of the flow files: callers, those who text, and the team.

No comparison of texts: names of steps, comments, order, defaults that are written out and steps that nobody comes to make no
difference. What depends on the time is looked at from a moment on: what is over makes none either."""

from collections.abc import Iterator
from datetime import datetime

from flows.difference.arrivals import View
from flows.difference.calls import of_calls, reached_steps
from flows.difference.hours import of_hours, told_apart
from flows.difference.settings import of_clients, of_desk, of_pages
from flows.difference.team import of_team
from flows.difference.texts import of_texts
from flows.difference.words import Difference, noticed
from flows.loader import Flows
from flows.steps import HoursStep, RingStep

__all__ = ["NOTHING", "Difference", "diff"]

NOTHING = "Nothing that a caller, a client or the team would notice."


def diff(old: Flows, new: Flows, *, now: datetime) -> tuple[Difference, ...]:
    """Everything that somebody will notice from `now` on, callers first, each thing once; () when nobody notices anything."""
    found: dict[str, Difference] = {}
    for one in _all(old, new, now):
        found.setdefault(one.text, one)
    return tuple(found.values())


def _all(old: Flows, new: Flows, now: datetime) -> Iterator[Difference]:
    before, after = old.helpdesk, new.helpdesk
    for text in of_calls(old, new, now=now):
        yield noticed("callers", text)
    steps = [*reached_steps(before), *reached_steps(after)]
    in_calls = sorted({step.hours for step in steps if isinstance(step, HoursStep)})
    in_texts = sorted({route.hours for flow in (before, after) for route in flow.texts.routes if route.hours})
    holidays = told_apart(steps, before) | told_apart(steps, after)
    for text in of_hours(before, after, in_calls, holidays=holidays, now=now):
        yield noticed("callers", text)
    one, other = (View(flow, called=after, languages=(after.desk.language,), now=now) for flow in (before, after))
    for text in of_desk(before, after, one, other):
        yield noticed("callers", text)
    for text in of_texts(old, new, now=now):
        yield noticed("texters", text)
    for text in of_hours(before, after, [one for one in in_texts if one not in in_calls], holidays=holidays, now=now):
        yield noticed("texters", text)
    rings = frozenset(step.ring.team for step in steps if isinstance(step, RingStep))
    for text in (*of_team(old.oncall, new.oncall, rings, now=now), *of_pages(before, after), *of_clients(old, new)):
        yield noticed("team", text)
