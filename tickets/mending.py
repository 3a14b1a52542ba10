"""What the watcher does about a finding. Every remedy may be applied twice: it plans what is missing, once for its kind and
reference, or says in the ticket's story what only a person can mend."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tickets import drills, known, outbox, paging, work
from tickets.audit import NEEDS, Finding, Kind
from tickets.events import note
from tickets.models import Event, Ticket, Work
from tickets.rules import Rules
from tickets.sms import fit
from tickets.states import Purpose, TicketState, WorkKind, WorkState

#: The same finding stands in a ticket's story, and goes to people, at most once in this time.
REPEAT = timedelta(hours=1)

#: Tickets that one text to people names.
MOST_NAMED = 8

#: The work that is missing, by what is wrong.
_PLANS = {
    Kind.TEXT_WITHOUT_WORK: WorkKind.SEND_TEXT,
    Kind.TEXT_UNCHECKED: WorkKind.CHECK_DELIVERY,
    Kind.NOT_FETCHED: WorkKind.FETCH_RECORDING,
    Kind.NOT_TRANSCRIBED: WorkKind.TRANSCRIBE,
    Kind.NO_DEADLINE: WorkKind.PAGE_DEADLINE,
    Kind.CALL_UNWATCHED: WorkKind.LOOK_UP_CALL,
    **{kind: needed for kind, (needed, _) in NEEDS.items()},
}

#: What a text to people says about each kind, and what they can do.
_ADVICE = {
    Kind.NOT_PAGED: "nobody was told of an open ticket",
    Kind.UNREACHED: "no page reached anybody, call each other",
    Kind.OWNER: "a ticket's owner is unclear",
    Kind.TEXT_LATE: "texts are late, the carrier may be away",
    Kind.WORK_OVERDUE: "work is not being done, a worker or the transcriber may be down",
    Kind.WORK_HELD: "a worker hangs, restart it",
    Kind.DRILL_OPEN: "a drill did not come to its end",
    Kind.WORK_DEAD: "work was given up, see the ticket",
}


def mend(session: Session, finding: Finding, *, rules: Rules, now: datetime) -> str | None:
    """Do what can be done about it without harm. Returns what was done, None when there is nothing to do but to tell."""
    if finding.kind in _PLANS:
        work.plan_again(session, _PLANS[finding.kind], finding.ref, now=now, due_at=now)
        return "It is planned again."
    if finding.kind in (Kind.NOT_PAGED, Kind.UNREACHED):
        return _page_everyone(session, finding.ref, rules=rules, now=now)
    if finding.kind is Kind.LEASE_WRONG:
        held = (Work.id == finding.ref, Work.state == WorkState.WAITING)
        session.execute(update(Work).where(*held).values(lease=None, lease_until=None))
        return "Another worker may take it."
    if finding.kind is Kind.DRILL_OPEN:
        drills.abandon(session, finding.ref, now=now)
        return "It counts as failed."
    return None


def _page_everyone(session: Session, ticket_id: int, *, rules: Rules, now: datetime) -> str | None:
    """Page the whole team, on duty or not, once each time that the ticket became open."""
    ticket = session.get_one(Ticket, ticket_id, with_for_update={"key_share": True})
    if ticket.state != TicketState.OPEN or ticket.drill:
        return "It has an owner by now."
    reopened = select(Event.id).where(Event.ticket_id == ticket.id, Event.kind == "reopened")
    about = f"watch{len(session.scalars(reopened).all())}"
    written = 0
    told = known.of(session, ticket, rules=rules)
    for text in paging.plan(told.purpose, told.facts, rules.team, about=about):
        written += outbox.write(
            session,
            key=text.key,
            purpose=text.purpose,
            to=text.number,
            body=text.body,
            desk=rules.desk_number,
            now=now,
            ticket=ticket,
            person=text.person,
        )
    if not written:
        return None
    ticket.paged_at, ticket.updated_at = ticket.paged_at or now, now
    return "A page went to everyone."


def tell_story(session: Session, finding: Finding, done: str | None, *, now: datetime) -> None:
    """Put the finding, and what was done, into the ticket's story, once in REPEAT."""
    if finding.ticket is None:
        return
    text = f"The watcher found: {finding.what}. {done or 'A person has to look.'}"
    known = select(Event.id).where(
        Event.ticket_id == finding.ticket, Event.kind == "problem", Event.text == text, Event.at > now - REPEAT
    )
    if session.scalars(known.limit(1)).first() is None:
        note(session, ticket_id=finding.ticket, kind="problem", now=now, text=text)


def tell_people(session: Session, found: Iterable[Finding], *, rules: Rules, now: datetime) -> int:
    """Text those who lead, or everyone where nobody does: one text for each kind of finding, at most once in REPEAT. Returns
    how many texts are new."""
    kinds: dict[Kind, list[Finding]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one)
    hour = int(now.timestamp() // REPEAT.total_seconds())
    written = 0
    for kind, findings in kinds.items():
        numbers = sorted({one.number for one in findings if one.number is not None})
        more = f" and {len(numbers) - MOST_NAMED} more" if len(numbers) > MOST_NAMED else ""
        named = f" ({', '.join(map(str, numbers[:MOST_NAMED]))}{more})" if numbers else ""
        body = fit("Help desk watcher: ", _ADVICE.get(kind, f"{kind} persists"), f"{named}. See helpline doctor.")
        for person in rules.leads:
            written += outbox.write(
                session,
                key=f"watch:{kind}:{hour}:{person.number}",
                purpose=Purpose.NOTICE,
                to=person.number,
                body=body,
                desk=rules.desk_number,
                now=now,
                person=person.name,
            )
    return written
