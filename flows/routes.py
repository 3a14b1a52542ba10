"""The steps of a call as a graph: where each leads to, by a key or without one."""

from flows.nearest import did_you_mean
from flows.problems import Problem
from flows.schema import Calls, HangupStep, MenuStep, RingStep, SayStep, Step, VoicemailStep
from flows.source import Document, Place

STEPS: Place = ("calls", "steps")


def exits(step: Step) -> dict[Place, str]:
    """Every way on from `step`: where in the step it is written, and the name of the step it leads to."""
    if isinstance(step, SayStep):
        return {("next",): step.next}
    if isinstance(step, RingStep):
        return {("otherwise",): step.otherwise}
    if not isinstance(step, MenuStep):
        return {}
    ways: dict[Place, str] = {("menu", "keys", key, "next"): option.next for key, option in step.menu.keys.items()}
    for name, miss in (("silence", step.menu.silence), ("wrong", step.menu.wrong)):
        if miss.next is not None:
            ways["menu", name, "next"] = miss.next
    return {**ways, ("otherwise",): step.otherwise}


def unknown_steps(calls: Calls, document: Document) -> tuple[Problem, ...]:
    """A problem for every name that is not a step."""
    ways: dict[Place, str] = {("calls", "start"): calls.start}
    for name, step in calls.steps.items():
        ways |= {(*STEPS, name, *place): target for place, target in exits(step).items()}
    names = ", ".join(list(calls.steps)[:12])
    return tuple(
        Problem(
            document.file,
            *document.entry(place).value,
            f"there is no step '{target}'",
            did_you_mean(target, calls.steps) or f"the steps are: {names}",
        )
        for place, target in ways.items()
        if target not in calls.steps
    )


def reachable(calls: Calls) -> set[str]:
    """The steps that some caller can come to."""
    found: set[str] = set()
    left = [calls.start]
    while left:
        name = left.pop()
        if name in calls.steps and name not in found:
            found.add(name)
            left.extend(exits(calls.steps[name]).values())
    return found


def without_keys(calls: Calls, name: str) -> tuple[tuple[str, ...], str]:
    """The steps from `name` on for a caller who presses nothing, and how it ends: voicemail, hangup, circle or nowhere.

    Every miss counts as a try: a silent caller leaves a menu by `silence.next` when there is one, else by `otherwise`.
    """
    passed: list[str] = []
    while name in calls.steps:
        if name in passed:
            return (*passed, name), "circle"
        passed.append(name)
        step = calls.steps[name]
        if isinstance(step, VoicemailStep | HangupStep):
            return tuple(passed), "voicemail" if isinstance(step, VoicemailStep) else "hangup"
        name = _silent_way(name, step)
    return tuple(passed), "nowhere"


def _silent_way(name: str, step: Step) -> str:
    if isinstance(step, MenuStep):
        other = step.menu.silence.next if step.menu.tries > 1 else None
        return other if other not in {None, name} and other is not None else step.otherwise
    return step.next if isinstance(step, SayStep) else getattr(step, "otherwise", "")
