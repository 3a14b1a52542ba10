"""Claims that nothing is heard of: the owner is asked, asked once more, and then the ticket is open again for everyone.

A ticket that is being worked on must page nobody, so each sign of work puts the question off, and each one that is answered
makes the next come twice as late."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import consent, desk, escalating, known, outbox, paging, work
from tickets.events import note
from tickets.models import Call, Message, Ticket
from tickets.oncall import Person
from tickets.rules import Rules
from tickets.states import Direction, Purpose, TicketState

#: However often an owner has kept a ticket, the next question comes after this at the latest.
LONGEST_PAUSE = timedelta(hours=8)

_FIRST = ":first"


@dataclass(frozen=True)
class Wait:
    """Nothing to do until a moment."""

    until: datetime


@dataclass(frozen=True)
class Ask:
    """Ask the owner now; `first` is False for the last question before the ticket is open again."""

    first: bool


@dataclass(frozen=True)
class OpenAgain:
    """The owner has not answered since `sign`."""

    sign: datetime


def decide(
    sign: datetime, unanswered: Sequence[datetime], *, kept: int, now: datetime, after: timedelta, over: timedelta
) -> Wait | Ask | OpenAgain:
    """What to do about a claim whose last sign of work was at `sign`, which was `kept` so many times after a question, and
    about which its owner was asked at `unanswered` since. Two questions lie between a sign and the end of a claim, and
    `over` between the first of them and the end."""
    if not unanswered:
        due = sign + min(after * 2 ** min(kept, 10), max(after, LONGEST_PAUSE))
        return Ask(first=True) if now >= due else Wait(due)
    if len(unanswered) == 1:
        due = unanswered[0] + over / 2
        return Ask(first=False) if now >= due else Wait(due)
    due = max(unanswered[0] + over, unanswered[-1] + over / 2)
    return OpenAgain(sign) if now >= due else Wait(due)


def look(session: Session, held: work.Claim, *, rules: Rules, now: datetime) -> None:
    """Do one piece of ASK_OWNER work. Nothing for a ticket that is not claimed, or while nobody is to be asked."""
    ticket = escalating.lock_ticket(session, held.ref)
    if ticket.state != TicketState.CLAIMED or not rules.ask_owner_after:
        work.finish(session, held, now=now)
        return
    owner = next((one for one in rules.team if one.name == ticket.claimed_by), None)
    sign, asked = _last_sign(session, ticket, now=now), _asked(session, ticket)
    unanswered = [moment for moment, _ in asked if moment > sign]
    kept = sum(first for moment, first in asked if moment <= sign)
    after, over = rules.ask_owner_after, rules.open_again_after
    decided = decide(sign, unanswered, kept=kept, now=now, after=after, over=over)
    if isinstance(decided, Ask) and owner is not None and not _can_be_asked(session, owner, rules):
        decided = Wait(now + rules.ask_owner_after)  # silence of somebody who was not asked says nothing
    match decided:
        case Ask(first=first) if owner is not None:
            _ask(session, ticket, owner, first=first, rules=rules, now=now)
            work.retry(session, held, now=now, error="asked", after=rules.open_again_after / 2, counted=False)
        case Wait(until=until):
            work.retry(session, held, now=now, error="looks again", after=until - now, counted=False)
        case _:  # no answer, or an owner who is not in the team any more
            work.finish(session, held, now=now)  # before it: an incident that takes the ticket in ends this work too
            _open_again(session, ticket, owner, sign=sign, rules=rules, now=now)


def is_asked(session: Session, ticket: Ticket, *, now: datetime) -> bool:
    """Whether the owner of a ticket was asked and has given no sign since."""
    asked = _asked(session, ticket)
    return bool(asked) and asked[-1][0] > _last_sign(session, ticket, now=now)


def _key(ticket: Ticket) -> str:
    assert ticket.claimed_at is not None  # it has an owner
    return f"ask:{ticket.number}:{int(ticket.claimed_at.timestamp())}:"


def _asked(session: Session, ticket: Ticket) -> list[tuple[datetime, bool]]:
    """When the owner of this claim was asked, the oldest first, and whether each was the first question of two."""
    rows = select(Message.created_at, Message.key).where(Message.key.startswith(_key(ticket), autoescape=True))
    return sorted((moment, key.endswith(_FIRST)) for moment, key in session.execute(rows))


def _last_sign(session: Session, ticket: Ticket, *, now: datetime) -> datetime:
    """When the owner was last heard of about a ticket: took it, texted about it, or talked to its client."""
    assert ticket.claimed_at is not None  # it has an owner
    texts = select(Message.created_at).where(
        Message.ticket_id == ticket.id, Message.direction == Direction.IN, Message.person == ticket.claimed_by
    )
    calls = select(Call).where(Call.ticket_id == ticket.id, Call.answered_by == ticket.claimed_by)
    ended = [now if call.ended_at is None else call.ended_at for call in session.scalars(calls)]
    signs: list[datetime] = [ticket.claimed_at, *session.scalars(texts), *ended]
    return max(signs)


def _can_be_asked(session: Session, owner: Person, rules: Rules) -> bool:
    return "sms" in owner.page_by and consent.may_text(session, owner.number, rules.sender)


def _ask(session: Session, ticket: Ticket, owner: Person, *, first: bool, rules: Rules, now: datetime) -> None:
    minutes = int((rules.open_again_after / 2).total_seconds() // 60)
    outbox.write(
        session,
        key=f"{_key(ticket)}{int(now.timestamp())}{_FIRST if first else ''}",
        purpose=Purpose.NOTICE,
        to=owner.number,
        body=paging.still_yours(ticket.number, minutes=minutes, first=first),
        desk=rules.desk_number,
        now=now,
        ticket=ticket,
        person=owner.name,
    )
    text = f"{owner.name} was asked whether the ticket is still theirs"
    note(session, ticket_id=ticket.id, kind="claim", now=now, text=text)


def _open_again(
    session: Session, ticket: Ticket, owner: Person | None, *, sign: datetime, rules: Rules, now: datetime
) -> None:
    who, minutes = ticket.claimed_by, int((now - sign).total_seconds() // 60)
    why = f"{who} has not answered for {minutes} min" if owner else f"{who} is not on the team any more"
    desk.open_again(session, ticket, why=why, now=now)
    told = known.of(session, ticket, rules=rules)
    facts, about = replace(told.facts, again=why), f"claim{int(now.timestamp())}"
    desk.page(session, ticket, told.purpose, facts, about=about, rules=rules, now=now)
    if owner is not None and owner not in rules.paged(now):
        outbox.write(
            session,
            key=f"lost-claim:{ticket.number}:{about}",
            purpose=Purpose.NOTICE,
            to=owner.number,
            body=f"{ticket.number} is open again, because nothing was heard of you. ACK {ticket.number} takes it back.",
            desk=rules.desk_number,
            now=now,
            ticket=ticket,
            person=owner.name,
        )


def asked_of(session: Session, person: Person, *, now: datetime) -> list[Ticket]:
    """The tickets of a person about which they were asked and have not answered: what a bare ACK may mean."""
    mine = select(Ticket).where(Ticket.state == TicketState.CLAIMED, Ticket.claimed_by == person.name)
    return [one for one in session.scalars(mine.order_by(Ticket.number)) if is_asked(session, one, now=now)]
