"""Work about pages that failed every time it was tried: the ticket says so, and nothing is left without an end."""

from datetime import datetime

from sqlalchemy.orm import Session

from tickets import escalating, legs, work
from tickets.events import note
from tickets.models import Escalation, Message
from tickets.states import EscalationState, WorkKind


def give_up(session: Session, held: work.Claim, *, now: datetime, error: str) -> None:
    """What is left of a piece of work of these kinds when it is given up. The caller ends the work."""
    if held.kind is WorkKind.PLACE_CALL:
        leg = legs.lock(session, held.ref)
        if leg is not None:
            legs.fail(session, leg, code=None, error=error, now=now)
        return
    ticket_id: int | None = held.ref
    if held.kind is WorkKind.OTHER_WAY:
        ticket_id = session.get_one(Message, held.ref).ticket_id
    elif held.kind is WorkKind.ESCALATE:
        ticket_id = session.get_one(Escalation, held.ref).ticket_id
        escalating.lock_ticket(session, ticket_id)
        row = session.get_one(Escalation, held.ref, with_for_update=True, populate_existing=True)
        if row.state == EscalationState.RUNNING:
            row.state, row.next_at, row.ended_at = EscalationState.OVER, None, now
    what = {WorkKind.ESCALATE: "The escalation", WorkKind.OTHER_WAY: "Another way to page"}.get(
        held.kind, "The question to the owner"
    )
    note(
        session, ticket_id=ticket_id, kind="problem", now=now, text=f"{what} was {error}: please look after this ticket"
    )
