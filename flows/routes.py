"""The steps of a call as a graph: where each leads to, by a key or without one."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from flows.fields import shown
from flows.nearest import did_you_mean
from flows.problems import Problem
from flows.schema import Calls, HelpdeskFlow
from flows.source import Document, Place
from flows.steps import (
    AskStep,
    CallbackStep,
    ClientStep,
    HangupStep,
    HoursStep,
    MenuStep,
    RingStep,
    Step,
    TransferStep,
    VoicemailStep,
)

STEPS: Place = ("calls", "steps")
#: Ways of a caller who does nothing that are looked at, at most: branches multiply.
MOST_WAYS = 200


def exits(step: Step) -> dict[Place, str]:
    """Every way on from `step`: where in the step it is written, and the name of the step it leads to."""
    ways: dict[Place, str] = {}
    if isinstance(step, MenuStep):
        ways = {("menu", "keys", key, "next"): option.next for key, option in step.menu.keys.items()}
        for name, miss in (("silence", step.menu.silence), ("wrong", step.menu.wrong)):
            if miss.next is not None:
                ways["menu", name, "next"] = miss.next
    if isinstance(step, HoursStep):
        written = {"open": step.open, "closed": step.closed, "holiday": step.holiday}
        ways = {(name,): target for name, target in written.items() if target is not None}
    if isinstance(step, ClientStep):
        branch = {name: getattr(step.client, name) for name in ("vip", "known", "blocked")}
        ways = {("client", name): target for name, target in branch.items() if target is not None}
    for name in ("next", "otherwise"):
        if (target := getattr(step, name, None)) is not None:
            ways[name,] = target
    return ways


def unknown_steps(flow: HelpdeskFlow, document: Document) -> tuple[Problem, ...]:
    """A problem for every name that is not a step, or not one of the block `hours`."""
    calls = flow.calls
    ways: dict[Place, str] = {("calls", "start"): calls.start}
    hours: dict[Place, str] = {}
    for name, step in calls.steps.items():
        ways |= {(*STEPS, name, *place): target for place, target in exits(step).items()}
        if isinstance(step, HoursStep):
            hours[(*STEPS, name, "hours")] = step.hours
    for index, route in enumerate(flow.texts.routes):
        if route.hours is not None:
            hours["texts", "routes", index, "hours"] = route.hours
    steps = (_unknown(place, target, calls.steps, "step", document) for place, target in ways.items())
    blocks = (_unknown(place, target, flow.hours, "block of hours", document) for place, target in hours.items())
    return tuple(problem for problem in (*steps, *blocks) if problem is not None)


def _unknown(place: Place, target: str, known: Collection[str], what: str, document: Document) -> Problem | None:
    if target in known:
        return None
    names = ", ".join(list(known)[:12])
    hint = did_you_mean(target, known) or (f"the {what}s are: {names}" if known else "write the block `hours` first")
    return Problem(document.file, *document.entry(place).value, f"there is no {what} {shown(target)}", hint)


def reachable(calls: Calls) -> set[str]:
    """The steps that some caller can come to."""
    return closure({name: exits(step).values() for name, step in calls.steps.items()}, [calls.start])


@dataclass(frozen=True)
class Way:
    """The steps that a caller passes who presses nothing, and how it ends: voicemail, hangup, circle or nowhere."""

    steps: tuple[str, ...]
    end: str


def without_keys(calls: Calls, name: str) -> tuple[Way, ...]:
    """The ways from `name` on for a caller who presses nothing: several where a branch depends on the hour or the caller.
    Blocked callers are left out: they may be sent away."""
    found: list[Way] = []
    left: list[tuple[str, ...]] = [(name,)]
    while left and len(found) < MOST_WAYS:
        *before, last = passed = left.pop()  # the newest first: branch after branch is more ways than memory holds
        step = calls.steps.get(last)
        if step is None:
            found.append(Way(tuple(before), "nowhere"))
        elif last in before:
            found.append(Way(passed, "circle"))
        elif isinstance(step, VoicemailStep | HangupStep):
            found.append(Way(passed, "voicemail" if isinstance(step, VoicemailStep) else "hangup"))
        else:
            left.extend((*passed, target) for target in reversed(silent_exits(last, step)))
    return tuple(found)


def silent_graph(calls: Calls) -> dict[str, tuple[str, ...]]:
    """Where a caller who presses nothing goes on from each step, whatever the hour and whoever it is, unless blocked."""
    return {
        name: () if isinstance(step, VoicemailStep | HangupStep) else silent_exits(name, step)
        for name, step in calls.steps.items()
    }


def shortest(graph: Mapping[str, Iterable[str]], begin: str, ends: Collection[str]) -> tuple[str, ...]:
    """The shortest way over at least one edge from `begin` to one of `ends`, both included; () when there is none."""
    left: deque[tuple[str, ...]] = deque([(begin,)])
    seen = set[str]()
    while left:
        way = left.popleft()
        for target in graph.get(way[-1], ()):
            if target in ends:
                return (*way, target)
            if target not in seen:
                seen.add(target)
                left.append((*way, target))
    return ()


def closure(graph: Mapping[str, Iterable[str]], begin: Iterable[str]) -> set[str]:
    """Every step that can be come to from these, themselves included."""
    found, left = set[str](), list(begin)
    while left:
        name = left.pop()
        if name in graph and name not in found:
            found.add(name)
            left.extend(graph[name])
    return found


def silent_exits(name: str, step: Step) -> tuple[str, ...]:
    """Where a caller goes on who presses nothing at `step`. Every miss counts as a try: a silent caller leaves a menu by
    `silence.next` when there is one, else by `otherwise`."""
    if isinstance(step, MenuStep):
        other = step.menu.silence.next if step.menu.tries > 1 else None
        return (other if other not in {None, name} and other is not None else step.otherwise,)
    if isinstance(step, HoursStep):
        return tuple(dict.fromkeys((step.open, step.closed, step.holiday or step.closed)))
    if isinstance(step, ClientStep):
        return tuple(dict.fromkeys(way for place, way in exits(step).items() if place != ("client", "blocked")))
    return tuple(exits(step).values())


def waits(step: Step) -> bool:
    """Whether a caller has to do something at this step, or hears it to its end: what comes later is no greeting."""
    return isinstance(step, MenuStep | RingStep | VoicemailStep | AskStep | CallbackStep | TransferStep)
