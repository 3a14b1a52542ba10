"""The desk at one moment, as the audit looks at it. Reads only, and one consistent view: rows of two moments would seem to
contradict each other."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from tickets.audit import (
    DEAD_SHOWN,
    CallRow,
    Kind,
    NeedRow,
    RecordingRow,
    Snapshot,
    TextRow,
    TicketRow,
    WorkRow,
)
from tickets.models import Call, Drill, Escalation, Event, Leg, Message, Recording, Ring, Ticket, Work
from tickets.states import (
    CallOutcome,
    Direction,
    DrillState,
    EscalationState,
    LegState,
    MediaState,
    MessageState,
    Purpose,
    RecordingState,
    RingState,
    TicketState,
    TranscriptState,
    WorkKind,
    WorkState,
)

#: A drill that has not ended after this has lost whoever watched it.
DRILL_LASTS = timedelta(minutes=15)

#: A call in progress is a next step of its ticket for so long after the last sign of it; then it is looked up.
CALL_SPEAKS = timedelta(minutes=5)

_OF_CALL = (WorkKind.LOOK_UP_CALL,)
_OF_RECORDING = (WorkKind.FETCH_RECORDING, WorkKind.TRANSCRIBE, WorkKind.PAGE_DEADLINE, WorkKind.DELETE_RECORDING)
_OF_TEXT = (WorkKind.SEND_TEXT, WorkKind.CHECK_DELIVERY)

#: Work that ends in somebody being told, should nothing come between.
_LEADS_ON = (WorkKind.FETCH_RECORDING, WorkKind.TRANSCRIBE, WorkKind.PAGE_DEADLINE, WorkKind.LOOK_UP_CALL)


@dataclass
class _Ties:
    """Which ticket a piece of work belongs to, by its kind and reference."""

    calls: dict[int, int | None] = field(default_factory=dict)
    recordings: dict[int, int | None] = field(default_factory=dict)
    texts: dict[int, int | None] = field(default_factory=dict)

    def ticket(self, kind: str, ref: int) -> int | None:
        if kind in _OF_CALL:
            return self.calls.get(ref)
        if kind in _OF_RECORDING:
            return self.recordings.get(ref)
        return self.texts.get(ref) if kind in _OF_TEXT else None


def next_steps(session: Session, now: datetime) -> dict[int, datetime]:
    """When the next step of a ticket comes that ends in somebody being told, by the ticket's id: work that waits, a page that
    is planned, a call that goes on, an escalation. Whatever else plans steps belongs here."""
    steps: dict[int, datetime] = {}

    def add(rows: Iterable[tuple[int | None, datetime]]) -> None:
        for ticket, at in rows:
            if ticket is not None:
                steps[ticket] = min(steps.get(ticket, at), at)

    waiting = select(Work.kind, Work.ref, Work.due_at).where(Work.state == WorkState.WAITING, Work.kind.in_(_LEADS_ON))
    planned = session.execute(waiting).all()
    ties = _ties(session)
    add((ties.ticket(kind, ref), due_at) for kind, ref, due_at in planned)
    going_on = select(Call.ticket_id, Call.updated_at).where(
        Call.outcome == CallOutcome.IN_PROGRESS, Call.ended_at.is_(None), Call.updated_at > now - CALL_SPEAKS
    )
    add((ticket, now) for ticket, _ in session.execute(going_on))
    running = select(Escalation.ticket_id, Escalation.next_at).where(Escalation.state == EscalationState.RUNNING)
    add((ticket, next_at or now) for ticket, next_at in session.execute(running))
    return steps


def snapshot(session: Session, now: datetime) -> Snapshot:
    """Everything that may be wrong. The session must not have been used before."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    return Snapshot(
        tickets=tuple(_tickets(session, now)),
        texts=tuple(_texts(session)),
        recordings=tuple(_recordings(session)),
        calls=tuple(_calls(session, now)),
        work=tuple(_work(session, now)),
        needs=tuple(_needs(session)),
        drills=tuple(
            session.scalars(
                select(Drill.id).where(Drill.state == DrillState.RUNNING, Drill.started_at < now - DRILL_LASTS)
            )
        ),
    )


def _tickets(session: Session, now: datetime) -> Iterable[TicketRow]:
    odd = or_(
        and_(Ticket.state == TicketState.CLAIMED, Ticket.claimed_by.is_(None)),
        and_(Ticket.state == TicketState.CLAIMED, Ticket.resolved_by.is_not(None)),
        and_(Ticket.state == TicketState.RESOLVED, or_(Ticket.resolved_by.is_(None), Ticket.claimed_by.is_(None))),
    )
    urgent = and_(Ticket.state == TicketState.OPEN, Ticket.priority == "urgent", Ticket.incident_id.is_(None))
    rows = list(session.scalars(select(Ticket).where(~Ticket.drill, or_(urgent, odd)).order_by(Ticket.id)))
    ids = [row.id for row in rows]
    reopened = dict(
        session.execute(
            select(Event.ticket_id, func.max(Event.at))
            .where(Event.ticket_id.in_(ids), Event.kind == "reopened")
            .group_by(Event.ticket_id)
        ).all()
    )
    pages: dict[int, list[tuple[str, datetime]]] = {}
    of_pages = (Message.ticket_id.in_(ids), Message.purpose.in_([purpose for purpose in Purpose if purpose.is_page]))
    for ticket, state, at in session.execute(
        select(Message.ticket_id, Message.state, Message.created_at).where(*of_pages)
    ):
        pages.setdefault(ticket or 0, []).append((state, at))
    steps = next_steps(session, now)
    for row in rows:
        since = reopened.get(row.id) or row.opened_at
        yield TicketRow(
            id=row.id,
            number=row.number,
            state=row.state,
            claimed_by=row.claimed_by,
            resolved_by=row.resolved_by,
            since=since,
            pages=tuple(state for state, at in pages.get(row.id, ()) if at >= since),
            ahead=row.id in steps,
        )


def _texts(session: Session) -> Iterable[TextRow]:
    rows = select(Message).where(
        Message.state.in_((MessageState.PENDING, MessageState.SENDING)),
        Message.direction == Direction.OUT,
        Message.by == "sms",
    )
    for row in session.scalars(rows.order_by(Message.id)):
        yield TextRow(
            id=row.id,
            purpose=row.purpose,
            state=row.state,
            person=row.person,
            created_at=row.created_at,
            sid=row.sid,
            error=row.error,
            merged=row.merged_into is not None,
            ticket=row.ticket_id,
        )


def _recordings(session: Session) -> Iterable[RecordingRow]:
    awaited = or_(
        Recording.state == RecordingState.IN_PROGRESS,
        Recording.media == MediaState.PENDING,
        Recording.transcript == TranscriptState.PENDING,
    )
    rows = select(Recording, Call, Ticket).join(Call, Recording.call_id == Call.id)
    for recording, call, ticket in session.execute(rows.outerjoin(Ticket, Call.ticket_id == Ticket.id).where(awaited)):
        yield RecordingRow(
            id=recording.id,
            call=call.id,
            state=recording.state,
            media=recording.media,
            transcript=recording.transcript,
            call_ended=call.ended_at is not None,
            told=ticket is not None and (ticket.paged_at is not None or ticket.state != TicketState.OPEN),
            ticket=call.ticket_id,
        )


def _calls(session: Session, now: datetime) -> Iterable[CallRow]:
    over = [outcome for outcome in CallOutcome if outcome is not CallOutcome.IN_PROGRESS]
    recent = and_(Call.outcome.in_(over), Call.updated_at > now - DEAD_SHOWN, Call.in_voicemail)
    rows = list(session.scalars(select(Call).where(or_(Call.outcome == CallOutcome.IN_PROGRESS, recent))))
    ids = [row.id for row in rows]
    counted = select(Recording.call_id, func.count()).where(Recording.call_id.in_(ids)).group_by(Recording.call_id)
    count = dict(session.execute(counted).all())
    asked = set(session.scalars(select(Work.ref).where(Work.kind == WorkKind.LOOK_UP_CALL, Work.ref.in_(ids))))
    for row in rows:
        yield CallRow(
            id=row.id,
            outcome=row.outcome,
            updated_at=row.updated_at,
            ended=row.ended_at is not None,
            in_voicemail=row.in_voicemail,
            recordings=count.get(row.id, 0),
            asked=row.id in asked,
            ticket=row.ticket_id,
        )


def _needs(session: Session) -> Iterable[NeedRow]:
    running = select(Escalation.id, Escalation.ticket_id).where(Escalation.state == EscalationState.RUNNING)
    for escalation in session.execute(running):
        yield NeedRow(Kind.ESCALATION_STOPPED, *escalation)
    going_on = (LegState.CALLING, LegState.RINGING, LegState.PICKED_UP, LegState.ACCEPTED)
    legs = select(Leg.id, Leg.ticket_id, Leg.sid).where(
        Leg.ended_at.is_(None), Leg.state.in_((LegState.PENDING, *going_on))
    )
    for leg in session.execute(legs):
        yield NeedRow(Kind.COLLEAGUE_NOT_CALLED if leg.sid is None else Kind.COLLEAGUE_UNWATCHED, leg.id, leg.ticket_id)
    rings = select(Ring.id, Call.ticket_id).join(Call, Ring.call_id == Call.id).where(Ring.state == RingState.RINGING)
    for ring in session.execute(rings):
        yield NeedRow(Kind.RING_UNWATCHED, *ring)


def _work(session: Session, now: datetime) -> Iterable[WorkRow]:
    dead = and_(Work.state == WorkState.DEAD, Work.finished_at > now - DEAD_SHOWN)
    rows = list(session.scalars(select(Work).where(or_(Work.state == WorkState.WAITING, dead)).order_by(Work.id)))
    ties = _ties(session)
    for row in rows:
        yield WorkRow(
            id=row.id,
            kind=row.kind,
            ref=row.ref,
            dead=row.state == WorkState.DEAD,
            due_at=row.due_at,
            lease_until=row.lease_until,
            ticket=ties.ticket(row.kind, row.ref),
        )


def _ties(session: Session) -> _Ties:
    """Of all work that is not done. Joined, not listed: a bad hour may have more of it than a statement has room for."""

    def tied(table: Any, ticket: Any, kinds: tuple[WorkKind, ...]) -> Any:
        of_kind = (Work.kind.in_(kinds), Work.state != WorkState.DONE)
        return select(Work.ref, ticket).join(table, Work.ref == table.id).where(*of_kind)

    recordings = tied(Recording, Call.ticket_id, _OF_RECORDING).join(Call, Recording.call_id == Call.id)
    return _Ties(
        calls=dict(session.execute(tied(Call, Call.ticket_id, _OF_CALL)).all()),
        recordings=dict(session.execute(recordings).all()),
        texts=dict(session.execute(tied(Message, Message.ticket_id, _OF_TEXT)).all()),
    )
