"""Texts that come in: consent first, then staff commands, then clients. Each is taken once, by the carrier's id."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tickets import answers, consent, desk, outbox, paging
from tickets.commands import Command, Verb, parse
from tickets.consent import ConsentKind, Wish
from tickets.db import insert_once
from tickets.events import note
from tickets.models import ConsentEvent, Message, Ticket
from tickets.oncall import Person, person_of
from tickets.rules import Rules, Wording
from tickets.states import Channel, Direction, MessageState, Purpose, TicketState

#: Follow-ups of a client page again while nobody has the ticket, at most so often in an hour.
FOLLOW_UP_PAGES = 5

#: Automatic answers to one number in an hour; beyond that something is answering us automatically.
ANSWERS_PER_HOUR = 12

STRANGER = "This number is not on our on-call list, so it cannot take tickets. Need help? Text us what is wrong."


@dataclass(frozen=True)
class InboundText:
    """A text as the carrier delivered it. `from_number` is E.164 where possible, else as it came (short codes, names);
    `media` are (content type, carrier's media id) pairs."""

    sid: str
    from_number: str
    to_number: str
    body: str
    opt_out_type: str | None = None
    media: tuple[tuple[str, str], ...] = ()


def receive(session: Session, text: InboundText, *, rules: Rules, now: datetime) -> bool:
    """Take a text in. False when it has been taken before; then nothing happens again."""
    person = person_of(rules.team, text.from_number)
    new = insert_once(
        session,
        Message,
        key=f"in:{text.sid}",
        sid=text.sid,
        direction=Direction.IN,
        purpose=Purpose.COMMAND if person else Purpose.CLIENT,
        person=person.name if person else None,
        state=MessageState.RECEIVED,
        by="sms",
        from_number=text.from_number,
        to_number=text.to_number,
        body=text.body,
        media=[{"type": kind, "id": id_} for kind, id_ in text.media] or None,
        created_at=now,
        updated_at=now,
    )
    if not new or text.from_number == rules.desk_number:
        return new  # a forwarded text may come back to us: answering it would be talking to ourselves
    wish = consent.wish_of(text.body)
    if wish in (Wish.STOP, Wish.START, Wish.HELP):
        _consent(session, text, wish, person, rules=rules, now=now)
        return True
    command = parse(text.body)
    if person is not None:
        _staff(session, text, command, person, rules=rules, now=now)
    elif command is not None and (command.ticket is not None or command.verb is Verb.ACK):
        hour = f"{now:%Y%m%d%H}"
        _reply(
            session,
            text,
            STRANGER,
            key=f"stranger:{text.from_number}:{hour}",
            purpose=Purpose.ANSWER,
            rules=rules,
            now=now,
        )
    else:
        _client(session, text, unclear=wish is Wish.UNCLEAR, rules=rules, now=now)
    return True


def _reply(
    session: Session,
    text: InboundText,
    body: str,
    *,
    key: str,
    purpose: Purpose,
    rules: Rules,
    now: datetime,
    ticket: Ticket | None = None,
    person: Person | None = None,
) -> None:
    recent = session.scalar(
        select(func.count()).where(
            Message.to_number == text.from_number,
            Message.created_at > now - timedelta(hours=1),
            Message.purpose.in_([Purpose.ANSWER, Purpose.RECEIPT]),
        )
    )
    # Staff are exempt: in a bad hour one person may take more tickets than an automaton would send texts.
    if purpose is not Purpose.CONFIRM and person is None and (recent or 0) >= ANSWERS_PER_HOUR:
        return
    outbox.write(
        session,
        key=key,
        purpose=purpose,
        to=text.from_number,
        body=body,
        desk=rules.desk_number,
        now=now,
        ticket=ticket,
        person=person.name if person else None,
    )


def _consent(
    session: Session, text: InboundText, wish: Wish, person: Person | None, *, rules: Rules, now: datetime
) -> None:
    number = text.from_number
    allowed = consent.may_text(session, number)
    answered = consent.answered_by_carrier(
        text.body, keywords_by_carrier=rules.keywords_by_carrier, opt_out_type=text.opt_out_type
    )
    if wish is Wish.STOP:
        consent.record(session, number, ConsentKind.OPT_OUT, source="text", evidence=text.sid, words=text.body, now=now)
        _show_opt_out(session, text, person, rules=rules, now=now)
        if allowed and not answered:
            _reply(
                session,
                text,
                rules.wording(Wording.OPTED_OUT, None),
                key=f"stop:{text.sid}",
                purpose=Purpose.CONFIRM,
                rules=rules,
                now=now,
            )
    elif wish is Wish.START:
        consent.record(session, number, ConsentKind.OPT_IN, source="text", evidence=text.sid, words=text.body, now=now)
        if not answered:
            _reply(
                session,
                text,
                rules.wording(Wording.OPTED_IN, None),
                key=f"start:{text.sid}",
                purpose=Purpose.RECEIPT,
                rules=rules,
                now=now,
            )
    elif not answered:
        body = answers.STAFF_HELP if person else rules.wording(Wording.HELP, None)
        _reply(
            session, text, body, key=f"help:{text.sid}", purpose=Purpose.RECEIPT, rules=rules, now=now, person=person
        )


def _show_opt_out(session: Session, text: InboundText, person: Person | None, *, rules: Rules, now: datetime) -> None:
    if person is None:
        ticket = _current(session, text, rules=rules, now=now)
        if ticket is not None:
            note(
                session,
                ticket_id=ticket.id,
                kind="consent",
                now=now,
                text="The client opted out of texts; calling still works",
            )
        return
    body = f"{person.name} has opted out of texts and gets no pages until texting START to this number."
    for other in rules.team:
        if other.number != person.number:
            outbox.write(
                session,
                key=f"optout:{text.sid}:{other.number}",
                purpose=Purpose.NOTICE,
                to=other.number,
                body=body,
                desk=rules.desk_number,
                now=now,
                person=other.name,
            )


def _staff(
    session: Session, text: InboundText, command: Command | None, person: Person, *, rules: Rules, now: datetime
) -> None:
    ticket = None
    if command is None:
        body = f"Not understood. {answers.STAFF_HELP}"
    else:
        body, ticket = answers.answer(session, command, person, rules=rules, now=now)
    if ticket is not None:
        session.get_one(Message, _id_of(session, text)).ticket_id = ticket.id
    _reply(
        session,
        text,
        body,
        key=f"answer:{text.sid}",
        purpose=Purpose.ANSWER,
        rules=rules,
        now=now,
        ticket=ticket,
        person=person,
    )


def _id_of(session: Session, text: InboundText) -> int:
    return session.scalars(select(Message.id).where(Message.sid == text.sid)).one()


def _current(session: Session, text: InboundText, *, rules: Rules, now: datetime) -> Ticket | None:
    """The ticket that this number's texts belong to: its newest one that is not resolved, within the window."""
    rows = (
        select(Ticket)
        .where(
            Ticket.from_number == text.from_number,
            Ticket.state != TicketState.RESOLVED,
            Ticket.updated_at > now - rules.join_window,
        )
        .order_by(Ticket.number.desc())
        .limit(1)
        .with_for_update()
    )
    return session.scalars(rows).one_or_none()


def _client(session: Session, text: InboundText, *, unclear: bool, rules: Rules, now: datetime) -> None:
    ticket = _current(session, text, rules=rules, now=now)
    first = ticket is None
    if ticket is None:
        words = " ".join(text.body.split())
        ticket = desk.open_ticket(
            session,
            channel=Channel.TEXT,
            from_number=text.from_number,
            client=rules.client_of(text.from_number),
            subject=words or ("Picture" if text.media else "Empty text"),
            now=now,
        )
    ticket.updated_at = now
    session.get_one(Message, _id_of(session, text)).ticket_id = ticket.id
    note(session, ticket_id=ticket.id, kind="text", now=now, text="The client sent a text")
    if unclear:
        note(
            session,
            ticket_id=ticket.id,
            kind="consent",
            now=now,
            text="The client may want no more texts: please read and decide",
        )
    known = session.scalars(select(ConsentEvent.id).where(ConsentEvent.number == text.from_number).limit(1)).first()
    if known is None:
        consent.record(
            session,
            text.from_number,
            ConsentKind.OPT_IN,
            source="first text",
            evidence=text.sid,
            words=text.body,
            now=now,
        )
    if first:
        body = rules.wording(Wording.FIRST_REPLY, ticket.number)
        _reply(
            session,
            text,
            body,
            key=f"receipt:{ticket.number}",
            purpose=Purpose.RECEIPT,
            rules=rules,
            now=now,
            ticket=ticket,
        )
    _tell_team(session, text, ticket, first=first, rules=rules, now=now)


def _tell_team(
    session: Session, text: InboundText, ticket: Ticket, *, first: bool, rules: Rules, now: datetime
) -> None:
    words = text.body.strip() or ("(a picture)" if text.media else "(an empty text)")
    facts = paging.Facts(number=ticket.number, client=ticket.client, caller=ticket.from_number, words=words)
    if ticket.state == TicketState.OPEN:
        purpose = Purpose.PAGE if first else Purpose.WORDS
        if first or _follow_up_pages(session, ticket, now=now) < FOLLOW_UP_PAGES * len(rules.team):
            desk.page(session, ticket, purpose, facts, about=f"text{_id_of(session, text)}", rules=rules, now=now)
        return
    owner = next((person for person in rules.team if person.name == ticket.claimed_by), None)
    if owner is not None:
        outbox.write(
            session,
            key=f"followup:{text.sid}",
            purpose=Purpose.NOTICE,
            to=owner.number,
            body=paging.words_to_owner(facts),
            desk=rules.desk_number,
            now=now,
            ticket=ticket,
            person=owner.name,
        )


def _follow_up_pages(session: Session, ticket: Ticket, *, now: datetime) -> int:
    pages = select(func.count()).where(
        Message.ticket_id == ticket.id, Message.purpose == Purpose.WORDS, Message.created_at > now - timedelta(hours=1)
    )
    return session.scalar(pages) or 0
