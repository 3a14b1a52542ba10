"""What a call to a colleague says of the page that it speaks: the page's state follows the phone's, in one transaction.

Only a key makes a page delivered. A phone that was picked up and pressed none may have been a mailbox (docs/carrier.md)."""

from datetime import datetime

from sqlalchemy.orm import Session

from tickets import work
from tickets.events import note
from tickets.models import Leg, Message
from tickets.states import LegState, MessageState, WorkKind, advance_message

_STATES = {
    LegState.PENDING: MessageState.PENDING,
    LegState.CALLING: MessageState.SENDING,
    LegState.RINGING: MessageState.SENT,
    LegState.PICKED_UP: MessageState.SENT,
    LegState.ACCEPTED: MessageState.DELIVERED,
    LegState.NO_KEY: MessageState.FAILED,
    LegState.NO_ANSWER: MessageState.FAILED,
    LegState.BUSY: MessageState.FAILED,
    LegState.FAILED: MessageState.FAILED,
    LegState.CANCELED: MessageState.FAILED,
}

NO_KEY = "picked up, no key: perhaps a mailbox"
NOT_NEEDED = "stopped ringing, it was not needed any more"
_ERRORS = {
    LegState.NO_KEY: NO_KEY,
    LegState.NO_ANSWER: "no answer",
    LegState.BUSY: "busy",
    LegState.CANCELED: NOT_NEEDED,
}


def follow(session: Session, leg: Leg, *, now: datetime) -> None:
    """Bring the page of a call to where the call is. A final state stays; a phone that cannot be reached starts another
    way, one that nobody answers waits for the next step of the escalation."""
    if leg.message_id is None:
        return
    session.flush()
    page = session.get_one(Message, leg.message_id, with_for_update=True)
    if leg.state == LegState.PENDING and page.state == MessageState.SENDING:  # it certainly was not placed: once more
        page.state, page.attempted_at, page.error, page.updated_at = MessageState.PENDING, None, leg.error, now
        return
    reached = _STATES[LegState(leg.state)]
    if leg.state == LegState.CANCELED and leg.attempted_at is None:
        reached = MessageState.WITHHELD
    state = advance_message(MessageState(page.state), reached)
    if state == page.state:
        return
    page.state, page.attempted_at, page.updated_at = state, leg.attempted_at, now
    page.error_code, page.error = None, None
    if state is MessageState.FAILED:
        page.error_code = leg.error_code
        page.error = _ERRORS.get(LegState(leg.state), leg.error or "the phone could not be reached")
    _tell(session, leg, page, now=now)


def _tell(session: Session, leg: Leg, page: Message, *, now: datetime) -> None:
    if leg.state in (LegState.NO_KEY, LegState.NO_ANSWER, LegState.BUSY):
        text = f"The call to {page.person}: {page.error}"
        note(session, ticket_id=page.ticket_id, kind="page", now=now, text=text)
    elif leg.state == LegState.ACCEPTED:
        note(session, ticket_id=page.ticket_id, kind="page", now=now, text=f"{page.person} answered the call")
    elif leg.state == LegState.FAILED:
        work.plan(session, WorkKind.OTHER_WAY, page.id, now=now)
