"""What becomes of a text that opens a ticket: the first of `texts.routes` that fits its words and the hour."""

import re
from datetime import datetime
from functools import lru_cache

from flows.hours import State, standing
from flows.schema import HelpdeskFlow, TextRoute


def route_of(flow: HelpdeskFlow, text: str, at: datetime) -> TextRoute | None:
    """The route of a text, None for an ordinary one."""
    return next((route for route in flow.texts.routes if _fits(flow, route, text, at)), None)


def _fits(flow: HelpdeskFlow, route: TextRoute, text: str, at: datetime) -> bool:
    return (not route.words or says_one_of(text, route.words)) and _at_the_hour(flow, route, at)


def says_one_of(text: str, words: tuple[str, ...]) -> bool:
    """Whether one of the words, or groups of words, stands in the text as it is: case and spaces do not matter."""
    plain = " ".join(text.casefold().split())
    return any(_form(one).search(plain) for one in words)


@lru_cache(maxsize=8192)
def _form(words: str) -> re.Pattern[str]:
    """A file may have more of them than the cache of `re` holds, and each is looked for in every text."""
    return re.compile(rf"(?<!\w){re.escape(' '.join(words.casefold().split()))}(?!\w)")


def _at_the_hour(flow: HelpdeskFlow, route: TextRoute, at: datetime) -> bool:
    hours = flow.hours.get(route.hours) if route.hours is not None else None
    if hours is None:
        return route.hours is None
    state = standing(hours, at, zone=flow.desk.zone).state
    return state == route.when or (route.when == "closed" and state is State.HOLIDAY)
