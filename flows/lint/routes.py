"""Advice about the ways of a call: steps nobody comes to, and callers who come to nobody."""

from collections.abc import Iterator

from flows.problems import Problem
from flows.routes import STEPS, closure, exits, reachable, shortest, silent_graph, waits
from flows.schema import Calls
from flows.source import Document
from flows.steps import (
    CallbackStep,
    HangupStep,
    MenuStep,
    Miss,
    RingStep,
    TransferStep,
    VoicemailStep,
)

#: Where a caller is with somebody, can leave words, or has asked for the end.
_SOMEWHERE = VoicemailStep | RingStep | TransferStep | CallbackStep | HangupStep


def route_problems(calls: Calls, document: Document) -> Iterator[Problem]:
    """Steps out of reach, circles, callers who are hung up on, and keys that lead nowhere."""
    if not any(isinstance(step, VoicemailStep) for step in calls.steps.values()):
        hint = "a caller who reaches nobody has to be able to leave words"
        yield document.problem(STEPS, "there is no voicemail step", hint=hint, key=True)
        return
    found = reachable(calls)
    for name in calls.steps:
        if name not in found:
            hint = "lead a key, `next` or `otherwise` to it, or delete it"
            yield document.problem((*STEPS, name), f"no caller ever comes to step '{name}'", hint=hint, key=True)
    names = [name for name in calls.steps if name in found]
    yield from _circles(calls, names, document)
    yield from _hung_up_on(calls, names, document)
    yield from _keys_to_nowhere(calls, names, document)
    for name in names:
        yield from _never_heard(calls, name, document)


def _circles(calls: Calls, names: list[str], document: Document) -> Iterator[Problem]:
    """Circles in which nobody has to press a key. One that several steps lead to is told at the first of them."""
    graph = silent_graph(calls)
    cyclic = {name: shortest(graph, name, {name}) for name in calls.steps}
    round_of = {name: frozenset(closure(graph, [name])) for name, circle in cyclic.items() if circle}
    told = set[str]()
    for name in names:
        way = (name,) if name in round_of else shortest(graph, name, round_of)
        if way and way[-1] not in told:
            circle = cyclic[way[-1]]
            told |= {one for one in round_of[way[-1]] if one in round_of and way[-1] in round_of[one]}
            message = f"a caller who presses nothing goes in circles: {' > '.join((*way, *circle[1:]))}"
            hint = "let one of them lead to the voicemail"
            yield document.problem((*STEPS, name), message, hint=hint, key=True)


def _hung_up_on(calls: Calls, names: list[str], document: Document) -> Iterator[Problem]:
    """Who pressed a key that leads to a goodbye has chosen it; who pressed nothing has not."""
    graph, steps = silent_graph(calls), calls.steps
    if isinstance(steps[calls.start], HangupStep):
        hint = "begin with a say or menu step"
        yield document.problem(("calls", "start"), "every call is hung up on at once", hint=hint)
    unasked = [name for name in names if name == calls.start or waits(steps[name])]
    silent = closure(graph, unasked)
    for name in names:
        goodbye = next((target for target in graph[name] if isinstance(steps[target], HangupStep)), None)
        if name in silent and goodbye is not None:
            message = f"a caller who presses nothing is hung up on by '{goodbye}' without leaving a message"
            hint = "a hangup step is for callers who chose it with a key, or are blocked"
            yield document.problem((*STEPS, name), message, hint=hint, key=True)


def _keys_to_nowhere(calls: Calls, names: list[str], document: Document) -> Iterator[Problem]:
    """Menus from which keys alone lead to other menus for ever; `calls.limits` ends that with the voicemail."""
    graph = {
        name: [one.next for one in step.menu.keys.values()]
        if isinstance(step, MenuStep)
        else list(exits(step).values())
        for name, step in calls.steps.items()
    }
    for name in names:
        step = calls.steps[name]
        if isinstance(step, MenuStep):
            ahead = closure(graph, graph[name])
            if not any(isinstance(calls.steps[one], _SOMEWHERE) for one in ahead):
                message = f"no key of '{name}' leads to a person or to the voicemail, however often one is pressed"
                hint = "let a key lead there: who presses keys goes on pressing them until the call is over its limits"
                yield document.problem((*STEPS, name, "menu", "keys"), message, hint=hint, key=True, note=True)


def _never_heard(calls: Calls, name: str, document: Document) -> Iterator[Problem]:
    """With one try, a miss leads to `otherwise` at once."""
    step = calls.steps[name]
    if not isinstance(step, MenuStep) or step.menu.tries > 1:
        return
    for word in ("silence", "wrong"):
        place = (*STEPS, name, "menu", word)
        miss: Miss = getattr(step.menu, word)
        if document.has(place):
            what = "these words are never said" + (f", and nobody goes to '{miss.next}'" if miss.next else "")
            message = f"{what}: with `tries: 1` the first miss leads to `otherwise`"
            yield document.problem(place, message, hint="delete them, or let there be 2 tries", key=True, note=True)
