"""The only way to send a text. A row first, then one gate, then the carrier; the outcome goes back into the row.

No transaction is open while the carrier is asked. What a time-out left unknown is looked up at the carrier before
anything is sent again, so a page is not sent twice by a worker that died or a reply that got lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import consent, digests, work
from tickets.db import insert_once, serialise
from tickets.events import note
from tickets.models import DeliveryReport, Message, Ticket
from tickets.sms import fit, spoken_number, to_gsm
from tickets.states import CARRIER_STATUS, Direction, MessageState, Purpose, TicketState, WorkKind, advance_message
from tickets.turns import Pace, Turns

#: Seconds after which an unknown outcome is looked up the first time, and again before the text is sent once more.
#: The carrier may still be working on a request that we gave up on.
LOOK_UP_AFTER = (2.0, 10.0)

#: The confirmation of an opt-out counts as agreed to when it comes within five minutes (47 CFR 64.1200 (a)(12)).
CONFIRM_WITHIN = timedelta(minutes=5)

#: A text that could not be handed over for so long is given up: by then a person has to act in another way.
GIVE_UP_AFTER = timedelta(hours=4)


#: The error of a text without a final report in time; any report takes it away.
NO_REPORT = "no delivery report"


class Refusal(StrEnum):
    """Why the carrier will not take a text (docs/carrier.md, texts)."""

    OPTED_OUT = "opted-out"  # its own block list: 21610
    PERMANENT = "permanent"  # this number will never get it
    CONFIG = "config"  # our account or number is not allowed to; a person has to mend it
    RETRY = "retry"  # later


class TextRefused(Exception):
    """The carrier answered, and the answer was no."""

    def __init__(self, kind: Refusal, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.kind, self.code, self.message = kind, code, message


class OutcomeUnknown(Exception):
    """The text may exist or not. `answered` is True when the carrier said that it failed, so that nothing is under way
    any more; without an answer it may still be at work on our request."""

    def __init__(self, message: str, *, answered: bool = False) -> None:
        super().__init__(message)
        self.answered = answered


class NotSent(Exception):
    """The request never reached the carrier: sending again is safe."""


@dataclass(frozen=True)
class Handed:
    """The carrier has the text: its id, and its word for the state."""

    sid: str
    status: str


class TextSender(Protocol):
    """What the outbox needs of a carrier. Numbers are E.164, moments UTC."""

    def send_text(self, *, to: str, body: str) -> Handed:
        """Hand a text over. Raises TextRefused, NotSent or OutcomeUnknown."""

    def find_texts(self, *, to: str, body: str, since: datetime) -> list[Handed]:
        """Texts from the desk to this number with this body, created at or after `since`. Raises like send_text."""


@dataclass(frozen=True)
class Sendable:
    """A text that passed the gate. `attempted_at` is set when an earlier attempt has an unknown outcome; `ticket` is the
    number of the ticket it is about."""

    to: str
    body: str
    attempted_at: datetime | None
    ticket: int | None


def write(
    session: Session,
    *,
    key: str,
    purpose: Purpose,
    to: str,
    body: str,
    desk: str,
    now: datetime,
    ticket: Ticket | None = None,
    person: str | None = None,
    withheld: str | None = None,
) -> bool:
    """Put a text into the outbox once for its key. True when it is new. It is sent after the commit, unless it is `withheld`
    for the reason given."""
    new = insert_once(
        session,
        Message,
        key=key,
        direction=Direction.OUT,
        purpose=purpose,
        state=MessageState.PENDING if withheld is None else MessageState.WITHHELD,
        error=withheld,
        by="sms",
        person=person,
        from_number=desk,
        to_number=to,
        body=to_gsm(body),
        created_at=now,
        updated_at=now,
        ticket_id=ticket.id if ticket else None,
    )
    if new and withheld is None:
        id_ = session.scalars(select(Message.id).where(Message.key == key)).one()
        work.plan(session, WorkKind.SEND_TEXT, id_, now=now)
    return new


def withhold_pages(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """Pages of a ticket that has an owner now do not go out any more."""
    waiting = session.scalars(
        select(Message)  # also those that a digest will carry: it goes out without them
        .where(
            Message.ticket_id == ticket.id,
            Message.state == MessageState.PENDING,
            Message.purpose.in_([purpose for purpose in Purpose if purpose.is_page]),
        )
        .order_by(Message.id)
        .with_for_update()
    )
    for message in waiting:
        message.state, message.updated_at = MessageState.WITHHELD, now
        work.cancel(session, WorkKind.SEND_TEXT, message.id, now=now)


def pass_gate(session: Session, held: work.Claim, *, now: datetime, pace: Pace) -> Sendable | None:
    """May this text go out now? The answer and the mark "being sent" are one transaction; None when it must not, or when
    its turn is later.

    A page must not when its ticket has an owner; nothing may go to a number that opted out but the one confirmation. A text
    whose outcome is unknown is looked up, which needs no turn."""
    turns = Turns(session, pace, now=now)
    # An opt-out that is being taken in comes wholly before this text or wholly after it.
    serialise(session, session.scalars(select(Message.to_number).where(Message.id == held.ref)).one())
    # The ticket before its texts, as those do who claim it: an acknowledgement comes wholly before this text or wholly
    # after it.
    ticket = session.scalars(
        select(Ticket)
        .join(Message, Message.ticket_id == Ticket.id)
        .where(Message.id == held.ref)
        .with_for_update(read=True, of=Ticket)
    ).one_or_none()
    message = session.get_one(Message, held.ref, with_for_update=True)
    state = MessageState(message.state)
    number = ticket.number if ticket else None
    if state is MessageState.SENDING and message.sid is None:
        return Sendable(message.to_number, message.body, message.attempted_at, number)
    if message.merged_into is not None:  # its digest has the work now
        return None
    if state is MessageState.PENDING and _may_go(session, message, ticket, sender=pace.sender, now=now):
        if not turns.came(held):
            return None
        if not digests.merge(session, message, turns.waiting, now=now):
            message.state, message.attempted_at, message.updated_at = MessageState.SENDING, now, now
            message.sender = pace.sender
            digests.follow(session, message, now=now)
            turns.take(message.body)
            turns.call_next()
            return Sendable(message.to_number, message.body, None, number)
    work.finish(session, held, now=now)
    turns.call_next()
    return None


def _may_go(session: Session, message: Message, ticket: Ticket | None, *, sender: str, now: datetime) -> bool:
    """Whether a text that waits is still wanted and allowed; when not, it has its end state."""
    purpose = Purpose(message.purpose)
    if message.to_number == message.from_number:
        _fail(session, message, code=None, error="the desk's own number is never texted", now=now)
        return False
    if purpose is Purpose.CONFIRM:
        young = now - message.created_at < CONFIRM_WITHIN
        wanted = young and consent.may_confirm(session, message.to_number, message.key.removeprefix("stop:"))
    elif not (standing := consent.of(session, message.to_number, sender)).may_text:
        _fail(session, message, code=None, error=standing.why, now=now)
        return False
    elif purpose is Purpose.DIGEST:
        wanted = digests.compose(session, message, now=now)
    else:
        wanted = not (purpose.is_page and ticket is not None and ticket.state != TicketState.OPEN)
    if not wanted:
        message.state, message.updated_at = MessageState.WITHHELD, now
    return wanted


def was_handed_over(
    session: Session, held: work.Claim, handed: Handed, *, now: datetime, report_within: timedelta
) -> None:
    """The carrier has it: remember its id, apply reports that came before we knew it, and expect a delivery report."""
    message = session.get_one(Message, held.ref, with_for_update=True)
    message.sid, message.error, message.updated_at = handed.sid, None, now
    digests.follow(session, message, now=now)
    session.flush()
    _apply(session, message, handed.status, None, now=now)
    _apply_reports(session, message, now=now)
    work.cancel(session, WorkKind.CHECK_DELIVERY, message.id, now=now)  # of attempts before: its minute begins now
    work.plan_again(session, WorkKind.CHECK_DELIVERY, message.id, now=now, due_at=now + report_within)
    work.finish(session, held, now=now)


def expect(session: Session, held: work.Claim, *, now: datetime, report_within: timedelta) -> None:
    """The carrier did not take it, or may not have: without a report it counts as not delivered as soon as any other. After
    `was_not_sent` and the like, which lock the text before its work, as everybody does."""
    work.plan(session, WorkKind.CHECK_DELIVERY, held.ref, now=now, due_at=now + report_within)


def was_not_sent(session: Session, held: work.Claim, *, now: datetime, error: str) -> None:
    """It certainly did not go out: back to pending and tried again, until it is too old to be of use."""
    message = session.get_one(Message, held.ref, with_for_update=True)
    if now - message.created_at > GIVE_UP_AFTER:
        _fail(session, message, code=None, error=f"given up: {error}", now=now)
        work.finish(session, held, now=now, error=error)
        return
    message.state, message.attempted_at, message.error = MessageState.PENDING, None, error[:300]
    digests.follow(session, message, now=now)
    work.retry(session, held, now=now, error=error)


def is_unknown(session: Session, held: work.Claim, *, now: datetime, error: str) -> None:
    """It may have gone out: stay "sending" and look it up a little later, until it is too old to be of use."""
    message = session.get_one(Message, held.ref, with_for_update=True)
    if now - message.created_at > GIVE_UP_AFTER:
        _fail(session, message, code=None, error=f"given up, it may have gone out: {error}", now=now)
        work.finish(session, held, now=now, error=error)
        return
    after = max(timedelta(seconds=LOOK_UP_AFTER[0]), work.pause(held.attempts))
    work.retry(session, held, now=now, error=error, after=after)


def was_refused(session: Session, held: work.Claim, refused: TextRefused, *, now: datetime) -> None:
    """The carrier said no: for good, or for now."""
    message = session.get_one(Message, held.ref, with_for_update=True)
    if refused.kind in (Refusal.RETRY, Refusal.CONFIG):  # the page survives until a person has mended the account
        was_not_sent(session, held, now=now, error=str(refused))
        if refused.kind is Refusal.CONFIG:
            _another_way(session, message, now=now)
        return
    if refused.kind is Refusal.OPTED_OUT:
        _carrier_says_opted_out(session, message, refused.code, now=now)
    _fail(session, message, code=refused.code, error=refused.message, now=now)
    work.finish(session, held, now=now)


def unclaimed(session: Session, candidates: list[Handed]) -> Handed | None:
    """The first of the carrier's texts that no other row of ours has as its own."""
    for handed in candidates:
        if session.scalars(select(Message.id).where(Message.sid == handed.sid)).first() is None:
            return handed
    return None


def was_not_found(session: Session, held: work.Claim, *, now: datetime, resend: bool) -> None:
    """The look-up found nothing. The first time it is repeated later; after that the text certainly was not created."""
    if resend:
        was_not_sent(session, held, now=now, error="the carrier never got the earlier attempt")
    else:
        work.retry(session, held, now=now, error="not at the carrier yet", after=timedelta(seconds=LOOK_UP_AFTER[1]))


def give_up(session: Session, held: work.Claim, *, now: datetime, error: str) -> None:
    """The last attempt is over. A text whose outcome stayed unknown says so."""
    message = session.get_one(Message, held.ref, with_for_update=True)
    if MessageState(message.state) in (MessageState.PENDING, MessageState.SENDING):
        _fail(session, message, code=None, error=error, now=now)
    work.finish(session, held, now=now, error=error)


def report(session: Session, *, sid: str, status: str, error_code: str | None, now: datetime) -> bool:
    """A delivery report, in any order, any number of times, also before we know the text. True when it was new."""
    new = insert_once(session, DeliveryReport, sid=sid, status=status, error_code=error_code, at=now)
    message = session.scalars(select(Message).where(Message.sid == sid).with_for_update()).one_or_none()
    if message is not None:
        _apply(session, message, status, error_code, now=now)
    return new


def check_delivery(session: Session, held: work.Claim, *, now: datetime) -> None:
    """No final report in time counts as not delivered: the team's timeline says so. A late report still sets it right."""
    message = session.get_one(Message, held.ref, with_for_update=True)
    _apply_reports(session, message, now=now)  # one that came in the very moment of handing over was seen by neither
    open_end = MessageState(message.state) in (MessageState.PENDING, MessageState.SENDING, MessageState.SENT)
    if open_end and message.merged_into is None:  # a digest has a minute of its own
        if message.state != MessageState.PENDING:  # what was never taken has the carrier's own words, and is tried on
            message.error = NO_REPORT
        digests.follow(session, message, now=now)
        _note(session, message, f"No delivery report for the text to {_to(message)}.", now=now)
        _tell_author(session, message, "has no delivery report yet", now=now)
        _another_way(session, message, now=now)
    work.finish(session, held, now=now)


def _apply_reports(session: Session, message: Message, *, now: datetime) -> None:
    for known in session.scalars(select(DeliveryReport).where(DeliveryReport.sid == message.sid)):
        _apply(session, message, known.status, known.error_code, now=now)


def _apply(session: Session, message: Message, status: str, error_code: str | None, *, now: datetime) -> None:
    reported = CARRIER_STATUS.get(status)
    if reported is None:
        return
    state = advance_message(MessageState(message.state), reported)
    if state == message.state:
        return
    if state is MessageState.FAILED:
        _fail(session, message, code=error_code, error=f"the carrier reports: {status}", now=now)
        return
    message.state, message.updated_at, message.error = state, now, None
    digests.follow(session, message, now=now)


def _fail(session: Session, message: Message, *, code: str | None, error: str, now: datetime) -> None:
    message.state, message.updated_at = MessageState.FAILED, now
    message.error_code, message.error = code, error[:300]
    digests.follow(session, message, now=now)
    if code == "21610" and consent.may_text(session, message.to_number, message.sender or message.from_number):
        _carrier_says_opted_out(session, message, code, now=now)
    reason = f"{code}: {error}" if code else error
    _tell_author(session, message, f"was not delivered ({reason})", now=now)
    _note(session, message, f"The text to {_to(message)} failed: {reason}", now=now)
    _another_way(session, message, now=now)


def _note(session: Session, message: Message, text: str, *, now: datetime) -> None:
    for ticket in digests.tickets_of(session, message):
        note(session, ticket_id=ticket, kind="delivery", now=now, text=text)


def _another_way(session: Session, message: Message, *, now: datetime) -> None:
    """A page of a ticket that did not arrive is looked after, right after this transaction (tickets.escalating); of a digest,
    each of the pages that went out in it."""
    for page in (message, *digests.carried(session, message)):
        announces = Purpose(page.purpose) in (Purpose.PAGE, Purpose.MISSED)
        if announces and page.person is not None and page.ticket_id is not None and page.state != MessageState.WITHHELD:
            work.plan(session, WorkKind.OTHER_WAY, page.id, now=now)


def _carrier_says_opted_out(session: Session, message: Message, code: str, *, now: datetime) -> None:
    consent.record(
        session,
        message.to_number,
        consent.ConsentKind.REFUSED,
        source="carrier",
        sender=message.sender or message.from_number,
        evidence=code,
        now=now,
    )


def _tell_author(session: Session, message: Message, what: str, *, now: datetime) -> None:
    """Who wrote to a client hears that it did not arrive, once, and can call instead."""
    if message.purpose != Purpose.REPLY:
        return
    written = session.scalars(select(Message).where(Message.sid == message.key.removeprefix("reply:"))).one_or_none()
    ticket = session.get(Ticket, message.ticket_id) if message.ticket_id is not None else None
    if written is not None and ticket is not None:
        body = fit(f"{ticket.number}: your text to the client ", what, f". Call {spoken_number(message.to_number)}.")
        write(
            session,
            key=f"undelivered:{message.id}",
            purpose=Purpose.NOTICE,
            to=written.from_number,
            body=body,
            desk=message.from_number,
            now=now,
            ticket=ticket,
            person=written.person,
        )


def _to(message: Message) -> str:
    return message.person or "the client"
