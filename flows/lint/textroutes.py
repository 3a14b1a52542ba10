"""Advice about text routes: ones that no text ever comes to."""

from collections.abc import Iterator

from flows.hours import State
from flows.problems import Problem
from flows.schema import HelpdeskFlow, TextRoute
from flows.source import Document
from flows.textroutes import says_one_of

_STATES = {
    "open": {State.OPEN},
    "closed": {State.CLOSED, State.HOLIDAY},
    "holiday": {State.HOLIDAY},
}


def textroute_problems(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """The first route that fits counts, so one whose texts all fit an earlier one is never used."""
    routes = flow.texts.routes
    for index, route in enumerate(routes):
        hours = flow.hours.get(route.hours) if route.hours is not None else None
        if (
            route.when == "holiday"
            and hours is not None
            and hours.holidays is None
            and not _taken(routes[:index], route)
        ):
            message = f"this route is never used: the hours '{route.hours}' have no holidays"
            hint = "give them `holidays`, or write when: closed"
            yield document.problem(("texts", "routes", index, "when"), message, hint=hint, note=True)
        if (before := _taken(routes[:index], route)) is not None:
            line = document.entry(("texts", "routes", before)).value[0]
            message = f"this route is never used: the one in line {line} takes its texts first"
            hint = "the first route that fits counts: put this one before it, or delete it"
            yield document.problem(("texts", "routes", index), message, hint=hint)


def _taken(earlier: tuple[TextRoute, ...], route: TextRoute) -> int | None:
    """The last of the earlier routes that are needed to take every text of `route`; None when some text is left to it."""
    needed = -1
    for word in route.words or (None,):
        last = _takes(earlier, word, route)
        if last is None:
            return None
        needed = max(needed, last)
    return needed


def _takes(earlier: tuple[TextRoute, ...], word: str | None, route: TextRoute) -> int | None:
    """The earlier route with which every text that says `word` (None: any text) is taken, whatever the hour."""
    taken: dict[str | None, set[State]] = {}
    for index, one in enumerate(earlier):
        if one.words and (word is None or not says_one_of(word, one.words)):
            continue
        states = taken.setdefault(one.hours, set())
        states |= _STATES[one.when] if one.hours is not None else set(State)
        wanted = _STATES[route.when] if one.hours is not None and one.hours == route.hours else set(State)
        if states >= wanted:
            return index
    return None
