"""Drills: a call that the desk places to itself, through everything that a client's call goes through.

The ticket of a drill is one in all but its consequences: nobody who did not ask for it is paged, it stands in no list of
open tickets, and it is resolved when the drill ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import outbox
from tickets.events import note
from tickets.models import Call, Drill, Message, Recording, Ticket
from tickets.oncall import Person
from tickets.states import (
    CallOutcome,
    DrillState,
    MediaState,
    MessageState,
    Purpose,
    RecordingState,
    TicketState,
    TranscriptState,
)

#: Who claims and resolves the ticket of a drill, its client, and its subject.
NAME = "Drill"

#: Why a page of a drill did not go out.
WITHHELD = "a drill pages only who asked for it"

#: A ticket that is opened later than this after the drill began is not the drill's.
EXPECTED = timedelta(minutes=15)


class Leg(StrEnum):
    """One part of the way from a caller to a colleague's phone, in the order in which they are gone."""

    ANSWERED = "call answered"
    MENU = "menu"
    KEY = "key"
    RECORDED = "message recorded"
    FETCHED = "recording fetched"
    WORDS = "words"
    TICKET = "ticket"
    READY = "page ready"
    SENT = "page sent"
    DELIVERED = "page delivered"


#: What has to be there before a leg can begin.
AFTER = {
    Leg.MENU: Leg.ANSWERED,
    Leg.KEY: Leg.MENU,
    Leg.RECORDED: Leg.MENU,
    Leg.FETCHED: Leg.RECORDED,
    Leg.WORDS: Leg.FETCHED,
    Leg.TICKET: Leg.MENU,
    Leg.READY: Leg.RECORDED,
    Leg.SENT: Leg.READY,
    Leg.DELIVERED: Leg.SENT,
}


@dataclass(frozen=True)
class Seen:
    """What is known of a leg: it came, or (`problem`) it never will."""

    came: bool = False
    problem: str | None = None


def begin(session: Session, number: str, *, page: str | None, now: datetime) -> Drill:
    """A drill whose call will come from `number`; `page` names who is really paged."""
    drill = Drill(number=number, page=page, state=DrillState.RUNNING, started_at=now)
    session.add(drill)
    session.flush()
    return drill


def recognise(session: Session, ticket: Ticket, caller: str, *, now: datetime) -> None:
    """Make a ticket that was just opened the drill's, when its call comes from where a drill is expected from."""
    recent = (Drill.number == caller, Drill.started_at > now - EXPECTED)
    waiting = select(Drill).where(Drill.ticket_id.is_(None), *recent)
    drill = session.scalars(waiting.order_by(Drill.id.desc()).limit(1).with_for_update()).one_or_none()
    if drill is None:
        return
    drill.ticket_id = ticket.id
    ticket.drill, ticket.subject, ticket.client = True, NAME, NAME
    told = f"{drill.page} is" if drill.page else "nobody is"
    note(session, ticket_id=ticket.id, kind="drill", now=now, text=f"This is a drill: {told} paged")
    if drill.state != DrillState.RUNNING:  # it was given up while its call went on
        _resolve(session, ticket, now=now)


def comes_from(session: Session, caller: str, *, now: datetime) -> bool:
    """Whether a call from this caller is a drill's: no phone of the team rings for one."""
    recent = (Drill.number == caller, Drill.started_at > now - EXPECTED)
    return session.scalars(select(Drill.id).where(*recent).limit(1)).first() is not None


def asked_for(session: Session, ticket: Ticket) -> tuple[str, ...] | None:
    """Who is really paged about the ticket of a drill; None for every other ticket."""
    if not ticket.drill:
        return None
    page = session.scalars(select(Drill.page).where(Drill.ticket_id == ticket.id)).first()
    return (page,) if page else ()


def people(on_duty: Iterable[Person], team: Iterable[Person], asked: Iterable[str]) -> tuple[Person, ...]:
    """Whom pages of a drill are written for: those on duty, and who asked."""
    duty = tuple(on_duty)
    return duty + tuple(person for person in team if person.name in set(asked) and person not in duty)


def call_of(session: Session, drill: Drill) -> Call | None:
    """The call of a drill, once its first webhook came."""
    if drill.ticket_id is not None:
        return session.scalars(select(Call).where(Call.ticket_id == drill.ticket_id).limit(1)).one_or_none()
    recent = (Call.outcome.in_(list(CallOutcome)), Call.updated_at >= drill.started_at)  # as the index has them
    coming = select(Call).where(Call.from_raw == drill.number, Call.started_at >= drill.started_at, *recent)
    return session.scalars(coming.order_by(Call.id).limit(1)).one_or_none()


def look(session: Session, drill_id: int) -> dict[Leg, Seen]:
    """How far the drill has come. Reads only."""
    drill = session.get_one(Drill, drill_id)
    call = call_of(session, drill)
    seen = dict.fromkeys(Leg, Seen())
    if call is None:
        return seen
    seen[Leg.ANSWERED] = Seen(True)
    seen[Leg.MENU] = Seen(bool(call.turns))
    seen[Leg.KEY] = Seen(call.choice is not None)
    seen[Leg.TICKET] = Seen(drill.ticket_id is not None)
    rows = session.scalars(select(Recording).where(Recording.call_id == call.id).order_by(Recording.id.desc()).limit(1))
    if (recording := rows.one_or_none()) is not None:
        seen |= _recording(recording)
    if drill.ticket_id is not None:
        seen |= _pages(session, drill)
    return seen


def _recording(row: Recording) -> dict[Leg, Seen]:
    gone = row.state in (RecordingState.ABSENT, RecordingState.FAILED)
    lost = row.media in (MediaState.NONE, MediaState.MISSING, MediaState.REFUSED)
    unheard = row.transcript in (TranscriptState.SILENT, TranscriptState.FAILED)
    why = row.problem or "no words could be made out"
    return {
        Leg.RECORDED: Seen(row.state in (RecordingState.ENDED, RecordingState.COMPLETED), why if gone else None),
        Leg.FETCHED: Seen(row.media == MediaState.STORED, why if lost else None),
        Leg.WORDS: Seen(row.transcript == TranscriptState.DONE, why if unheard else None),
    }


def _pages(session: Session, drill: Drill) -> dict[Leg, Seen]:
    purposes = [purpose for purpose in Purpose if purpose.is_page]
    of_ticket = select(Message).where(Message.ticket_id == drill.ticket_id, Message.purpose.in_(purposes))
    pages = list(session.scalars(of_ticket.order_by(Message.id)))
    real = next((page for page in pages if page.person == drill.page), None)
    seen = {Leg.READY: Seen(bool(pages))}
    if real is not None:
        failed = real.state == MessageState.FAILED
        why = (real.error_code and f"{real.error_code}: {real.error}") or real.error or "not delivered"
        seen[Leg.SENT] = Seen(real.sid is not None, why if failed and real.sid is None else None)
        seen[Leg.DELIVERED] = Seen(real.state == MessageState.DELIVERED, why if failed else None)
    return seen


def finish(session: Session, drill_id: int, *, passed: bool, legs: list[Any], words: str, now: datetime) -> int | None:
    """The drill is over: its result, and the end of its ticket, whose number is returned. The second time nothing happens."""
    drill = session.get_one(Drill, drill_id, with_for_update=True)
    ticket = session.get(Ticket, drill.ticket_id, with_for_update=True) if drill.ticket_id is not None else None
    if drill.state != DrillState.RUNNING:
        return ticket.number if ticket else None
    drill.state, drill.legs, drill.finished_at = DrillState.PASSED if passed else DrillState.FAILED, legs, now
    if ticket is None:
        return None
    note(session, ticket_id=ticket.id, kind="drill" if passed else "problem", now=now, text=words)
    if ticket.state != TicketState.RESOLVED:
        _resolve(session, ticket, now=now)
    return ticket.number


def _resolve(session: Session, ticket: Ticket, *, now: datetime) -> None:
    outbox.withhold_pages(session, ticket, now=now)
    ticket.claimed_by, ticket.claimed_at = ticket.claimed_by or NAME, ticket.claimed_at or now
    ticket.state, ticket.resolved_by, ticket.resolved_at, ticket.updated_at = TicketState.RESOLVED, NAME, now, now
    note(session, ticket_id=ticket.id, kind="resolved", now=now, text="The drill is over")


def abandon(session: Session, drill_id: int, *, now: datetime) -> None:
    """Nobody watches this drill any more: it counts as failed, and its ticket is over."""
    words = "The drill failed: whoever started it did not see it to its end"
    finish(session, drill_id, passed=False, legs=[], words=words, now=now)
