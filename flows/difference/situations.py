"""The situations in which a flow may go other ways: how the hours stand, and who calls; and words for a group of them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from flows.hours import Hours, State, changes, standing
from flows.loader import Flows
from flows.session import Who
from flows.steps import ClientStep, HoursStep, Step

#: How far ahead a change counts as one that somebody will notice: a year, with a month to plan in.
AHEAD = timedelta(days=400)
#: As far as dates of the files are followed.
FARTHEST = timedelta(days=5 * 366)
_PHRASES = {State.OPEN: "in {} hours", State.CLOSED: "after {} hours", State.HOLIDAY: "on holidays of {}"}
_ALONE = {State.OPEN: "in opening hours", State.CLOSED: "after hours", State.HOLIDAY: "on holidays"}
_CALLERS = {
    Who.VIP: "VIP clients",
    Who.KNOWN: "known clients",
    Who.BLOCKED: "blocked numbers",
    Who.UNKNOWN: "callers who are no known client",
}

States = tuple[tuple[str, State], ...]


@dataclass(frozen=True)
class Situation:
    """How each block of hours stands, and who calls."""

    hours: States
    who: Who = Who.UNKNOWN

    def state(self, name: str) -> State:
        """How these hours stand."""
        return dict(self.hours).get(name, State.CLOSED)


#: More ways for several hours to stand together than this nobody reads.
_MOST_TIMES = 3


def situations(old: Flows, new: Flows, steps: Collection[Step], *, now: datetime) -> tuple[Situation, ...]:
    """Every situation that occurs with these steps, in one of the two versions, from `now` on."""
    names = sorted({step.hours for step in steps if isinstance(step, HoursStep)})
    hours = [standings(one, other, names, now=now) for one, other in ((new, old), (old, new))]
    who = _who(old, new) if any(isinstance(step, ClientStep) for step in steps) else [Who.UNKNOWN]
    return tuple(Situation(*one) for one in product(dict.fromkeys((*hours[0], *hours[1])), who))


def _who(old: Flows, new: Flows) -> list[Who]:
    found = {Who.UNKNOWN}
    for flows in (old, new):
        found |= {Who.VIP if client.vip else Who.KNOWN for client in flows.clients}
        found |= {Who.BLOCKED} if flows.blocked else set()
    return [who for who in Who if who in found]


def standings(flows: Flows, other: Flows, names: Sequence[str], *, now: datetime) -> list[States]:
    """How the hours with these names stand together at some time; those that `flows` lacks are taken from `other`."""
    blocks = {name: flows.helpdesk.hours.get(name) or other.helpdesk.hours.get(name) for name in names}
    there = {name: block for name, block in blocks.items() if block is not None}
    zone = flows.helpdesk.desk.zone
    points = {now}
    for block in there.values():
        points |= {at for at, _ in changes(block, now, horizon(now, block), zone=zone)}
    found = (
        tuple((name, standing(block, at, zone=zone).state) for name, block in there.items()) for at in sorted(points)
    )
    return list(dict.fromkeys(found))


def horizon(now: datetime, *blocks: Hours) -> datetime:
    """How far ahead to look at these hours: at least to the last date that is written there."""
    dates = [one.ends.date() for block in blocks for one in block.exceptions]
    dates += [day for block in blocks if block.holidays for day in block.holidays.days]
    farthest = max((date - now.date() + timedelta(days=2) for date in dates), default=AHEAD)
    return now + min(max(AHEAD, farthest), FARTHEST)


def in_words(some: Collection[Situation], every: Collection[Situation]) -> str:
    """Which of the situations these are: "after hours, for VIP clients"; "" for all of them."""
    if set(some) == set(every):
        return ""
    by_who: dict[Who, set[States]] = {}
    for one in some:
        by_who.setdefault(one.who, set()).add(one.hours)
    by_hours: dict[tuple[States, ...], list[Who]] = {}
    for who, hours in by_who.items():
        by_hours.setdefault(tuple(sorted(hours)), []).append(who)
    all_hours = {one.hours for one in every}
    all_who = {one.who for one in every}
    parts = []
    for hours_then, callers in by_hours.items():
        times = _times(set(hours_then), all_hours)
        parts.append(" ".join(part for part in (times, _callers(callers, all_who)) if part))
    return ", and ".join(parts)


def _callers(some: Collection[Who], every: Collection[Who]) -> str:
    """Which callers these are; "" for all of them."""
    others = [who for who in Who if who in every and who not in some]
    if not others:
        return ""
    if len(some) > 1 and Who.UNKNOWN in some:
        return f"for all but {listed(_CALLERS[who] for who in others)}"
    return "for " + listed(_CALLERS[who] for who in some)


def _times(some: set[States], every: set[States]) -> str:
    """When that is, block by block where the blocks do not depend on each other."""
    if some == every:
        return ""
    names = [name for name, _ in next(iter(every))]
    kept = {name: {dict(one)[name] for one in some} for name in names}
    if {one for one in every if all(state in kept[name] for name, state in one)} == some:
        parts = [
            _states(name, kept[name], alone=len(names) == 1)
            for name in names
            if kept[name] != {dict(one)[name] for one in every}
        ]
        return listed(parts)
    if len(some) > _MOST_TIMES:
        return f"at some times, depending on the hours {listed(f'“{name}”' for name in names)}"
    return " or ".join(_one(one) for one in sorted(some))


def _one(states: States) -> str:
    return listed(_PHRASES[state].format(f"“{name}”") for name, state in states)


def _states(name: str, states: set[State], *, alone: bool) -> str:
    phrases = (_ALONE[state] if alone else _PHRASES[state].format(f"“{name}”") for state in State if state in states)
    return listed(phrases)


def listed(words: Iterable[str], last: str = "and") -> str:
    """ "a, b and c"."""
    *most, end = [*words] or [""]
    return f"{', '.join(most)} {last} {end}" if most else end
