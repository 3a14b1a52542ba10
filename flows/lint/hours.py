"""The block `hours` and the branches that hang on it: what cannot be meant, and what is worth knowing."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from flows.hours import Except, Hours
from flows.lint.times import is_over, odd_time
from flows.localtime import moment
from flows.problems import Problem
from flows.routes import STEPS, reachable
from flows.schema import HelpdeskFlow
from flows.source import Document, Place
from flows.steps import AnnounceStep, HoursStep
from flows.week import common, in_words, laid_out, left_out


def hours_problems(flow: HelpdeskFlow, document: Document, *, now: datetime | None) -> Iterator[Problem]:
    """Times that end before they begin are problems, and the rest are notes; without `now` none that depends on the day."""
    used = {step.hours for step in flow.calls.steps.values() if isinstance(step, HoursStep)}
    used |= {route.hours for route in flow.texts.routes if route.hours is not None}
    for name, hours in flow.hours.items():
        place: Place = ("hours", name)
        zone = hours.zone or flow.desk.zone
        if name not in used:
            hint = f"a step `hours: {name}` or a text route asks for them; else delete the block"
            yield document.problem(place, f"nothing asks for the hours '{name}'", hint=hint, key=True, note=True)
        yield from _spans(hours, (*place, "open"), document)
        yield from _exceptions(hours, (*place, "exceptions"), document, zone=zone, now=now)
    yield from _branches(flow, document)
    yield from _announcements(flow, document, now=now)


def _spans(hours: Hours, place: Place, document: Document) -> Iterator[Problem]:
    weeks = [laid_out(span.days, span.begins, span.length) for span in hours.open]
    for index, span in enumerate(hours.open):
        where = (*place, index)
        if span.begins == span.ends:
            message = "these hours end when they begin: that is a whole day, into the next one"
            hint = "00:00-24:00 is a day; leave out a day on which it does not open"
            yield document.problem(where, message, hint=hint, note=True)
        for before in range(index):
            if both := common(weeks[before], weeks[index]):
                line = document.entry((*place, before)).value[0]
                message = f"these hours overlap those in line {line}: {in_words(both)}"
                yield document.problem(where, message, hint="it is open in either: write each hour once", note=True)


def _exceptions(
    hours: Hours, place: Place, document: Document, *, zone: str, now: datetime | None
) -> Iterator[Problem]:
    lasting: list[int] = []
    for index, one in enumerate(hours.exceptions):
        where = (*place, index)
        if one.ends <= one.begins:
            hint = "`to` has to be later than `from`; date and time of day in both"
            yield document.problem((*where, "to"), "this exception ends before it begins", hint=hint)
        elif is_over(one.ends, zone, now):
            yield document.problem(where, "this exception is over", hint="delete it", note=True)
        else:
            yield from _contradictions(hours.exceptions, lasting, index, place, document)
            lasting.append(index)
            for key, local in (("from", one.begins), ("to", one.ends)):
                yield from odd_time(local, zone, place=(*where, key), document=document, now=now)


def _contradictions(
    exceptions: tuple[Except, ...], before: Iterable[int], index: int, place: Place, document: Document
) -> Iterator[Problem]:
    one = exceptions[index]
    for earlier in before:
        other = exceptions[earlier]
        if other.open != one.open and one.begins < other.ends and other.begins < one.ends:
            line = document.entry((*place, earlier)).value[0]
            message = f"this exception contradicts the one in line {line}: one is open, the other closed"
            hint = "where both are, this one counts: the later one of the file"
            yield document.problem((*place, index), message, hint=hint, note=True)


def _branches(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """Ways of an hours step that are never taken."""
    found = reachable(flow.calls)
    for name, step in flow.calls.steps.items():
        if not isinstance(step, HoursStep) or name not in found or (hours := flow.hours.get(step.hours)) is None:
            continue
        if step.holiday is not None and hours.holidays is None:
            message = f"nobody is led to '{step.holiday}': the hours '{step.hours}' have no holidays"
            hint = "give them `holidays: {country: US, state: TX}`, or delete `holiday` here"
            yield document.problem((*STEPS, name, "holiday"), message, hint=hint, note=True)
        week = [piece for span in hours.open for piece in laid_out(span.days, span.begins, span.length)]
        closes = hours.holidays is not None or any(not one.open for one in hours.exceptions)
        if not closes and not left_out(week):
            hint = f"say when they are open: mon-fri 08:00-17:00; or lead to '{step.open}' without this step"
            message = f"nobody is led to '{step.closed}': the hours '{step.hours}' are open the whole week"
            yield document.problem((*STEPS, name, "closed"), message, hint=hint, note=True)


def _announcements(flow: HelpdeskFlow, document: Document, *, now: datetime | None) -> Iterator[Problem]:
    zone = flow.desk.zone
    for name, step in flow.calls.steps.items():
        if not isinstance(step, AnnounceStep):
            continue
        place, begins, ends = (*STEPS, name, "announce"), step.announce.begins, step.announce.ends
        if begins is not None and ends is not None and moment(ends, zone) <= moment(begins, zone):
            hint = "`to` has to be later than `from`; date and time of day in both"
            yield document.problem((*place, "to"), "this announcement ends before it begins", hint=hint)
        elif ends is not None and is_over(ends, zone, now):
            hint = "lead the step before it on to the step after it, and delete it; or give it new times"
            yield document.problem(place, "this announcement is over", hint=hint, key=True, note=True)
        else:
            for key, local in (("from", begins), ("to", ends)):
                if local is not None:
                    yield from odd_time(local, zone, place=(*place, key), document=document, now=now)
