"""What people who text notice: the answers, the tickets, and the routes of texts that say a word."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations, islice

from flows.difference.situations import Situation, States, in_words, listed, standings
from flows.difference.words import fields, says
from flows.hours import State
from flows.loader import Flows
from flows.schema import HelpdeskFlow, TextRoute, Wordings
from flows.textroutes import says_one_of

_ANSWERS = {
    "first_reply": "the answer to a first text",
    "help": "the answer to HELP",
    "opted_out": "the confirmation of an opt-out",
    "opted_in": "the answer to START",
    "follow_up": "the answer to later texts of a ticket",
    "over": "the text that an outage is over",
}
_SENTENCES = {
    "join_window_hours": "texts join the open ticket of their number for {new} hours instead of {old}",
    "reopen_hours": "a text reopens its ticket for {new} hours after it was resolved instead of {old}",
    "segments_per_second": "texts leave at {new} segments a second instead of {old}",
    "machines": "the machines that nobody answers are now {new} instead of {old}",
}
#: A text that no route is looking for by its words.
_ORDINARY = ""
#: Texts that say two words are tried so many times at most.
_MOST_PAIRS = 500


def of_texts(old: Flows, new: Flows, *, now: datetime) -> Iterator[str]:
    """A sentence for everything that people who text notice."""
    one, other = old.helpdesk, new.helpdesk
    if one.desk.name != other.desk.name:
        yield f"the desk is called “{other.desk.name}” instead of “{one.desk.name}” in texts"
    yield from _wordings(one.texts, other.texts, old, new, where="")
    for language in sorted({*old.translations, *new.translations}):
        before, after = old.translations.get(language), new.translations.get(language)
        if after is None:
            yield f"automatic texts no longer come in “{language}”"
        elif before is None:
            yield f"automatic texts can now come in “{language}”"
        else:
            yield from _wordings(before, after, old, new, where=f" in “{language}”")
    yield from fields(one.texts, other.texts, _SENTENCES, leave_out=(*Wordings.model_fields, "routes"))
    yield from _routes(old, new, now=now)


def _wordings(before: Wordings, after: Wordings, old: Flows, new: Flows, *, where: str) -> Iterator[str]:
    for name, info in Wordings.model_fields.items():
        subject = _ANSWERS.get(name, info.description or name) + where
        sentence = says(subject, as_called(getattr(before, name) or "", old, new), getattr(after, name) or "")
        if sentence is not None:
            yield sentence


def as_called(text: str, old: Flows, new: Flows) -> str:
    """An old text with the new name and hours of the desk, which are told by themselves."""
    one, other = old.helpdesk.desk, new.helpdesk.desk
    return text.replace(one.name, other.name).replace(one.hours, other.hours)


def _routes(old: Flows, new: Flows, *, now: datetime) -> Iterator[str]:
    """What becomes of texts that open a ticket: by each word that a route looks for, by two of them together, and by none."""
    routes = [old.helpdesk.texts.routes, new.helpdesk.texts.routes]
    names = sorted({route.hours for side in routes for route in side if route.hours})
    hours = dict.fromkeys((*standings(new, old, names, now=now), *standings(old, new, names, now=now)))
    words = list(dict.fromkeys(word for side in routes for route in side for word in route.words))
    kinds: dict[tuple[object, ...], list[str]] = {}
    for word in words:
        kinds.setdefault(tuple(_found_by(side, word) for side in routes), []).append(word)
    changed: dict[str, list[tuple[str, States]]] = {}
    alone: set[str] = set()
    texts = [_ORDINARY, *(group[0] for group in kinds.values())]
    pairs = [" ".join(pair) for pair in islice(combinations(texts[1:], 2), _MOST_PAIRS)]
    for text in [*texts, *pairs]:
        if text in pairs and alone & set(texts[1:]) & {word for word in texts[1:] if says_one_of(text, (word,))}:
            continue
        for states in hours:
            sentence = _changed(old, new, text, states)
            if sentence is not None:
                alone.add(text)
                changed.setdefault(sentence, []).append((text, states))
    for sentence, found in changed.items():
        yield from _grouped(sentence, found, list(hours), {group[0]: group for group in kinds.values()})


def _found_by(routes: Sequence[TextRoute], text: str) -> tuple[int, ...]:
    return tuple(index for index, route in enumerate(routes) if route.words and says_one_of(text, route.words))


def _grouped(
    sentence: str, found: list[tuple[str, States]], every: list[States], groups: dict[str, list[str]]
) -> Iterator[str]:
    """One sentence for all texts with the same change at the same hours."""
    by_hours: dict[tuple[States, ...], list[str]] = {}
    for text in dict.fromkeys(text for text, _ in found):
        by_hours.setdefault(tuple(states for one, states in found if one == text), []).append(text)
    for states, texts in by_hours.items():
        when_so = in_words([Situation(one) for one in states], [Situation(one) for one in every])
        named = [word for text in texts for word in groups.get(text, [text]) if text != _ORDINARY]
        which = [f"texts with {listed((f'“{word}”' for word in named), 'or')}"] if named else []
        if _ORDINARY in texts:
            which.append("texts with other words" if groups else "texts")
        yield ", ".join(part for part in (when_so, f"{' and '.join(which)} {sentence}") if part)


def _changed(old: Flows, new: Flows, text: str, states: States) -> str | None:
    """What has become of such a text that is otherwise."""
    before, after = _route(old.helpdesk, text, states), _route(new.helpdesk, text, states)
    parts = []
    if (was := _ticket(before)) != (now := _ticket(after)):
        parts.append(f"now open {now} instead of {was}")
    was = as_called(before.reply, old, new) if before and before.reply else ""
    now = after.reply if after and after.reply else ""
    if answer := says("", was, now, verb="get the answer", new="now get the answer", gone="no longer get the answer"):
        parts.append(answer)
    return " and ".join(part.strip() for part in parts).replace(" and now ", " and ") or None


def _route(flow: HelpdeskFlow, text: str, states: States) -> TextRoute | None:
    return next((route for route in flow.texts.routes if _fits(flow, route, text, dict(states))), None)


def _fits(flow: HelpdeskFlow, route: TextRoute, text: str, states: dict[str, State]) -> bool:
    if route.words and not says_one_of(text, route.words):
        return False
    if route.hours is None or route.hours not in flow.hours:
        return route.hours is None
    state = states.get(route.hours, State.CLOSED)
    return state == route.when or (route.when == "closed" and state is State.HOLIDAY)


def _ticket(route: TextRoute | None) -> str:
    if route is None or (route.ticket == "urgent" and route.opens is None):
        return "an urgent ticket"
    if route.ticket == "none":
        return "no ticket"
    return f"{'an' if route.ticket == 'urgent' else 'a'} {route.ticket} ticket" + (
        f" “{route.opens}”" if route.opens else ""
    )
