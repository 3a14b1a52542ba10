"""Advice about the telephones that a call rings: numbers that cannot be rung, and people who are never on duty."""

from collections.abc import Iterable, Iterator

from flows.lint.people import callable_number
from flows.oncall_schema import EVERYONE, OnCall
from flows.problems import Problem
from flows.routes import STEPS
from flows.schema import HelpdeskFlow
from flows.source import Document
from flows.steps import RingStep, TransferStep


def ring_problems(flow: HelpdeskFlow, oncall: OnCall, document: Document) -> Iterator[Problem]:
    """Problems, whatever the day: who was ever on duty, also in an override that is over, counts as on duty."""
    for name, step in flow.calls.steps.items():
        if isinstance(step, TransferStep):
            yield from _transfer(step, name, flow, oncall, document)
        elif isinstance(step, RingStep) and not _ever_on_duty(step.ring.team, oncall):
            person = any(one.name == step.ring.team for one in oncall.team)
            who = f"'{step.ring.team}' is never" if person else f"nobody of '{step.ring.team}' is ever"
            message = f"{who} on duty, so no phone rings"
            hint = "a ring reaches those of a team who are on duty: give them a shift in oncall.yml, or ring others"
            yield document.problem((*STEPS, name, "ring", "team"), message, hint=hint)


def _transfer(
    step: TransferStep, name: str, flow: HelpdeskFlow, oncall: OnCall, document: Document
) -> Iterator[Problem]:
    number, place = step.transfer.to, (*STEPS, name, "transfer", "to")
    yield from callable_number(number, place, document=document)
    if number == flow.desk.number:
        hint = "the caller would begin again: write another number, or lead to a step instead"
        yield document.problem(place, "this is the help desk's own number", hint=hint)
    for person in oncall.team:
        if number in person.phones:
            message = f"this is {person.name}'s phone: a mailbox there takes the call, and the ticket is nobody's"
            hint = f"a ring asks for a key first: ring: {{team: {person.name}}}"
            yield document.problem(place, message, hint=hint, note=True)


def _ever_on_duty(team: str, oncall: OnCall) -> bool:
    """Whether somebody of a team is named by any shift, override or holiday. Without shifts everyone always is."""
    if not oncall.shifts or team == EVERYONE:
        return True
    named = [who for shift in oncall.shifts for who in shift.who]
    named += [who for override in oncall.overrides for who in override.who]
    on_duty = _people([*named, *(oncall.holidays.who if oncall.holidays else ())], oncall)
    return bool(_people([team], oncall) & on_duty)


def _people(names: Iterable[str], oncall: OnCall) -> set[str]:
    """Everyone whom these names can mean: of a rotation, whoever comes to have a turn."""
    found = set[str]()
    for name in names:
        if name == EVERYONE:
            found |= {person.name for person in oncall.team}
        elif name in oncall.rotations:
            found |= _people(oncall.rotations[name].people, oncall)
        else:
            found |= set(oncall.teams.get(name, (name,)))
    return found
