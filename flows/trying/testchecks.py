"""What a test expects of a point of its walk: each check says what was expected, and what happened instead."""

from collections.abc import Callable

from flows.speech import same_language
from flows.steps import kind_name
from flows.trying.testfile import EVERYONE, NOBODY, NOTHING
from flows.trying.walk import Walk

#: How much of what was heard a message shows.
SHOWN = 300
#: What was expected, and what happened instead.
Missed = tuple[str, str] | None


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 4]} ..."


def _hears(wanted: tuple[str, ...], walk: Walk) -> Missed:
    words = walk.point.words
    missing = next((part for part in wanted if _plain(part) not in _plain(words)), None)
    if missing is None:
        return None
    return f"expected to hear '{missing}'", f"heard: '{_cut(words)}'" if words else "nothing was heard"


def _hears_not(wanted: tuple[str, ...], walk: Walk) -> Missed:
    found = next((part for part in wanted if _plain(part) in _plain(walk.point.words)), None)
    return (f"expected not to hear '{found}'", f"heard: '{_cut(walk.point.words)}'") if found is not None else None


def _language(wanted: str, walk: Walk) -> Missed:
    spoken = walk.point.language or ""
    same = spoken == wanted or ("-" not in wanted and same_language(spoken, wanted))
    return None if same else (f"expected the language {wanted}", f"it is {spoken or 'none: there is no call'}")


def is_at(walk: Walk, step: str | None, wanted: str) -> bool:
    """Whether a step is meant by its name, or by its kind where no step has that name."""
    steps = walk.flows.helpdesk.calls.steps
    if step is None or step == wanted or wanted in steps or step not in steps:
        return step is not None and step == wanted
    return kind_name(steps[step]) == wanted


def _step(wanted: str, walk: Walk) -> Missed:
    point = walk.point
    return None if is_at(walk, point.step, wanted) else (f"expected to be at '{wanted}'", walk.stands(point))


def _ends(wanted: str, walk: Walk) -> Missed:
    point = walk.point
    if point.ended_at is not None and is_at(walk, point.ended_at, wanted):
        return None
    at = "the caller is still on the way: " if point.ended_at is None else f"it ends at '{point.ended_at}': "
    return f"expected the call to end at '{wanted}'", at + walk.stands(point)


def _people(wanted: tuple[str, ...], walk: Walk) -> frozenset[str]:
    if wanted == (NOBODY,):
        return frozenset()
    team = [person.name for person in walk.flows.oncall.team]
    return frozenset(name for one in wanted for name in (team if one == EVERYONE else [one]))


def _rings(wanted: tuple[str, ...], walk: Walk) -> Missed:
    return _told("to ring", _people(wanted, walk), walk.point.rings, "rung")


def _pages(wanted: tuple[str, ...], walk: Walk) -> Missed:
    return _told("to page", _people(wanted, walk), walk.point.pages, "paged")


def _told(what: str, wanted: frozenset[str], found: tuple[str, ...], was: str) -> Missed:
    if wanted == frozenset(found):
        return None
    names = ", ".join(sorted(wanted)) or NOBODY
    return f"expected {what} {names}", f"{was}: {', '.join(found) or NOBODY}"


def _ticket(wanted: str, walk: Walk) -> Missed:
    ticket = walk.point.ticket
    if wanted == NOTHING:
        return (f"expected no ticket, there is '{ticket.subject}'", "") if ticket else None
    if ticket is None:
        return f"expected a ticket '{wanted}'", "there is no ticket"
    return (
        None
        if _plain(wanted) in _plain(ticket.subject)
        else (f"expected a ticket '{wanted}'", f"it is '{ticket.subject}'")
    )


def _priority(wanted: str, walk: Walk) -> Missed:
    ticket = walk.point.ticket
    found = f"it is {ticket.priority}" if ticket else "there is no ticket"
    return None if ticket and ticket.priority == wanted else (f"expected the priority {wanted}", found)


def _note(wanted: tuple[str, ...], walk: Walk) -> Missed:
    return _lines("a note", wanted, walk.point.notes, "notes")


def _gets(wanted: tuple[str, ...], walk: Walk) -> Missed:
    texts = walk.point.gets
    if wanted == (NOTHING,):
        return ("expected that the caller gets no text", f"sent: '{_cut(texts[0])}'") if texts else None
    return _lines("a text", wanted, texts, "sent")


def _lines(what: str, wanted: tuple[str, ...], found: tuple[str, ...], were: str) -> Missed:
    missing = next((part for part in wanted if not any(_plain(part) in _plain(one) for one in found)), None)
    if missing is None:
        return None
    shown = "; ".join(f"'{_cut(one)}'" for one in found)
    return f"expected {what} with '{missing}'", f"{were}: {shown or 'nothing'}"


def _means(wanted: str, walk: Walk) -> Missed:
    means = walk.point.means
    return None if means == wanted else (f"expected a text that counts as {wanted}", f"it counts as {means or 'none'}")


CHECKS: dict[str, Callable[..., Missed]] = {
    "hears": _hears, "hears not": _hears_not, "language": _language, "step": _step, "rings": _rings, "ticket": _ticket,
    "priority": _priority, "note": _note, "gets": _gets, "means": _means, "pages": _pages, "ends": _ends,
}  # fmt: skip
