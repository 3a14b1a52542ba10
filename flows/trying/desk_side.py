"""What the desk would do beside speaking, in a walk: whose phones ring, who is paged, which ticket there is. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flows.instructions import CallBack, Choose, SendText, TellWhenOver
from flows.loader import Flows
from flows.schedule import members, on_duty
from flows.schema import HelpdeskFlow
from flows.session import Turn
from flows.steps import Ring, RingStep
from flows.ticket_notes import note_of
from flows.trying.texting import Ticket

#: The ticket of a caller who pressed 1 to be told: it pages nobody.
ASKED = "Asked to be told when it is over"


@dataclass(frozen=True)
class Done:
    """What a turn brings at the desk: the ticket that there is now, lines of its history, texts to the caller."""

    ticket: Ticket | None
    notes: tuple[str, ...]
    texts: tuple[str, ...]


def rung(flows: Flows, team: str, *, caller: str | None, at: datetime) -> tuple[str, ...]:
    """The names of those whose phones ring: of those on duty the ones of the team, but never the caller's own phone. A team
    that the file does not know is everybody."""
    oncall = flows.oncall
    known = team in oncall.teams or team in oncall.rotations or team in {person.name for person in oncall.team}
    named = members(oncall, [team], at) if known else {person.name for person in oncall.team}
    never = {caller, flows.helpdesk.desk.number}
    people = (person for person in on_duty(oncall, at) if person.name in named and not never & {*person.phones})
    return tuple(person.name for person in people)


def paged(flows: Flows, at: datetime) -> tuple[str, ...]:
    """The names of those whom a page reaches: everyone on duty, and everyone there is when nobody is."""
    return tuple(person.name for person in on_duty(flows.oncall, at) or flows.oncall.team)


def wants_somebody(turn: Turn, *, spoken: bool) -> bool:
    """Whether a call that ends with this turn is one that the team has to hear of: something was chosen or said. Who only asked
    to be told when an outage is over wants nothing else."""
    asked = any(isinstance(one, CallBack) for one in turn.instructions)
    return spoken or asked or turn.session.choice is not None


def ring_of(flow: HelpdeskFlow, name: str | None) -> Ring:
    """The rules of a ring step."""
    step = flow.calls.steps.get(name or "")
    return step.ring if isinstance(step, RingStep) else Ring()


def effects(flows: Flows, turn: Turn, ticket: Ticket | None) -> Done:
    """What a turn brings, with the ticket that there was before it. The last choice is its subject."""
    for one in turn.instructions:
        if isinstance(one, Choose):
            ticket = Ticket(one.label, one.priority)
        elif isinstance(one, CallBack):
            ticket = ticket or Ticket(one.label, "urgent")
        elif isinstance(one, TellWhenOver):
            ticket = ticket or Ticket(ASKED, "urgent")
    texts = tuple(one.text for one in turn.instructions if isinstance(one, SendText))
    return Done(ticket, tuple(_notes(flows, turn)), texts)


def _notes(flows: Flows, turn: Turn) -> Iterator[str]:
    clients = [client.name for client in flows.clients]
    for one in turn.instructions:
        text = ASKED if isinstance(one, TellWhenOver) else note_of(one, clients)
        if text is not None:
            yield text
