"""Escalations: a ticket that was paged goes from step to step until somebody takes it, or until everybody was paged.

Each step is a piece of work with a row that says where it stands. Whoever acts holds the ticket first, so that an
acknowledgement comes wholly before a step or wholly after it. Order of locks: ticket, escalation, leg, message."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from tickets import escalation, known, outbox, paging, voicepages, work
from tickets.db import insert_once
from tickets.escalation import NEXT_PEOPLE, SMS, VOICE, People, Plan
from tickets.events import note
from tickets.in_line import in_line
from tickets.models import Call, Escalation, Leg, Message, Recording, Ticket, Work
from tickets.oncall import Person
from tickets.rules import Rules
from tickets.states import EscalationState, MessageState, Purpose, TicketState, WorkKind, WorkState

#: The pages that announce a ticket. When the words that follow one do not arrive, nobody has to be woken in another way.
ANNOUNCES = (Purpose.PAGE, Purpose.MISSED)

#: A ticket that waits for the end of quiet hours is looked at so often.
LOOK_AGAIN = timedelta(hours=1)

#: Whoever was texted about a ticket so short a time ago has it before them: a step that came early, because a colleague
#: passed the ticket on, does not wake them once more.
JUST_TEXTED = timedelta(minutes=1)


def begin(session: Session, ticket: Ticket, *, rules: Rules, now: datetime, at: datetime | None = None) -> bool:
    """A ticket was paged: unless somebody takes it, its plan is gone through, from `at` or as the plan says. One that is
    running goes on as it does. True when it is new."""
    plan = rules.plans.get(ticket.priority)
    if plan is None or _running(session, ticket) is not None:
        return False
    first = at or now + plan.begins_after
    number = (session.scalar(select(func.count()).where(Escalation.ticket_id == ticket.id)) or 0) + 1
    new = insert_once(
        session,
        Escalation,
        ticket_id=ticket.id,
        number=number,
        plan=plan.to_dict(),
        step=0,
        passed=[],
        state=EscalationState.RUNNING,
        started_at=now,
        next_at=first,
    )
    row = _running(session, ticket)
    if new and row is not None:
        work.plan(session, WorkKind.ESCALATE, row.id, now=now, due_at=first)
    return new


def begin_anew(session: Session, ticket: Ticket, *, rules: Rules, now: datetime) -> None:
    """An open ticket has become more urgent: it goes the way of its new priority, from the first step."""
    session.flush()
    row = _running(session, ticket, lock=True)
    if row is not None:
        row.state, row.next_at, row.ended_at = EscalationState.STOPPED, None, now
        work.cancel(session, WorkKind.ESCALATE, row.id, now=now)
        session.flush()
    begin(session, ticket, rules=rules, now=now)


def awake(ticket: Ticket, people: tuple[Person, ...], *, now: datetime) -> tuple[Person, ...]:
    """Those of these people whom a ticket may disturb now: what is not urgent leaves people alone in their quiet hours."""
    return people if ticket.priority == "urgent" else tuple(one for one in people if not one.quiet_at(now))


def wake_at(people: Sequence[Person], *, now: datetime) -> datetime:
    """When to look again whether one of them may be paged: others may come on duty before."""
    return min(now + LOOK_AGAIN, *(one.quiet_until(now) for one in people))


def _running(session: Session, ticket: Ticket, *, lock: bool = False) -> Escalation | None:
    found = select(Escalation).where(Escalation.ticket_id == ticket.id, Escalation.state == EscalationState.RUNNING)
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    return session.scalars(found.order_by(Escalation.number.desc()).limit(1)).first()


def _latest(session: Session, ticket: Ticket) -> Escalation | None:
    found = select(Escalation).where(Escalation.ticket_id == ticket.id).order_by(Escalation.number.desc()).limit(1)
    return session.scalars(found).first()


def stop(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """Somebody has the ticket: nothing follows any more. In the transaction of whoever took it."""
    session.flush()
    while (row := _running(session, ticket, lock=True)) is not None:
        row.state, row.next_at, row.ended_at = EscalationState.STOPPED, None, now
        work.cancel(session, WorkKind.ESCALATE, row.id, now=now)
        session.flush()
    voicepages.stop(session, ticket, now=now)
    outbox.withhold_pages(session, ticket, now=now)


def step(session: Session, held: work.Claim, *, rules: Rules, now: datetime) -> None:
    """Do one piece of ESCALATE work: the step that is due, or the end. Nothing for a ticket that has an owner."""
    ticket_id = session.scalars(select(Escalation.ticket_id).where(Escalation.id == held.ref)).one()
    ticket = lock_ticket(session, ticket_id)
    row = session.get_one(Escalation, held.ref, with_for_update=True, populate_existing=True)
    if row.state != EscalationState.RUNNING or ticket.state != TicketState.OPEN:
        if row.state == EscalationState.RUNNING:
            row.state, row.next_at, row.ended_at = EscalationState.STOPPED, None, now
        work.finish(session, held, now=now)
        return
    plan, people = Plan.from_dict(row.plan), _people(session, ticket, row, rules=rules, now=now)
    if sleepers := escalation.asleep(plan, row.step, people):
        row.next_at = wake_at(sleepers, now=now)
        work.retry(session, held, now=now, error="quiet hours", after=row.next_at - now, counted=False)
        return
    pages = escalation.due(plan, row.step, people)
    if pages is None:
        _end(session, ticket, row, plan, rules=rules, now=now)
        work.finish(session, held, now=now)
        return
    told = known.of(session, ticket, rules=rules)
    facts = replace(told.facts, again=f"nobody took it for {_minutes(row, now)} min" if people.paged else None)
    body = paging.body(told.purpose, facts)
    written: dict[str, list[str]] = {SMS: [], VOICE: []}
    for person, way in pages.pages:
        key = f"escalation:{row.id}:{pages.step}:{person.number}:{way}"
        if way == SMS and _just_texted(session, ticket, person, now=now):
            continue
        if page_person(session, ticket, person, way, key=key, body=body, rules=rules, now=now):
            written[way].append(person.name)
    row.step, row.next_at = pages.position, now + pages.wait
    _note_step(session, ticket, written, now=now)
    work.retry(session, held, now=now, error="waits for an acknowledgement", after=pages.wait, counted=False)


def lock_ticket(session: Session, ticket_id: int) -> Ticket:
    """The ticket, locked as those do who claim it."""
    in_line(session)
    found = select(Ticket).where(Ticket.id == ticket_id).with_for_update(key_share=True)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def _minutes(row: Escalation, now: datetime) -> int:
    return int((now - row.started_at).total_seconds() // 60)


def _people(session: Session, ticket: Ticket, row: Escalation | None, *, rules: Rules, now: datetime) -> People:
    since = row.started_at if row is not None else ticket.opened_at
    paged = {page.person for page in _pages(session, ticket, since) if page.person is not None}
    quiet = {one.name for one in rules.team} - {one.name for one in awake(ticket, rules.team, now=now)}
    return People(
        team=rules.team,
        on_duty=rules.paged(now),
        paged=frozenset(paged),
        passed=frozenset(row.passed if row is not None else ()),
        quiet=frozenset(quiet),
    )


def _pages(session: Session, ticket: Ticket, since: datetime) -> Sequence[Message]:
    """Pages that announced the ticket since a moment, and that were not held back."""
    rows = select(Message).where(
        Message.ticket_id == ticket.id,
        Message.purpose.in_(ANNOUNCES),
        Message.state != MessageState.WITHHELD,
        Message.created_at >= since,
    )
    return session.scalars(rows.order_by(Message.id)).all()


def page_person(
    session: Session, ticket: Ticket, person: Person, way: str, *, key: str, body: str, rules: Rules, now: datetime
) -> bool:
    """Page one person about an open ticket in one way, once for the key. Not while an earlier page is still on its way to
    them in the same way. True when it is new."""
    if way == VOICE:
        if voicepages.is_calling(session, ticket, person):
            return False
        return voicepages.write(session, ticket, person, key=key, body=body, rules=rules, now=now)
    waits = select(Message.id).where(
        Message.ticket_id == ticket.id,
        Message.to_number == person.number,
        Message.purpose.in_(ANNOUNCES),
        Message.by == SMS,
        Message.state == MessageState.PENDING,
    )
    if session.scalars(waits.limit(1)).first() is not None:
        return False
    return outbox.write(
        session,
        key=key,
        purpose=Purpose.PAGE,
        to=person.number,
        body=body,
        desk=rules.desk_number,
        now=now,
        ticket=ticket,
        person=person.name,
    )


def _just_texted(session: Session, ticket: Ticket, person: Person, *, now: datetime) -> bool:
    recent = _pages(session, ticket, now - JUST_TEXTED)
    return any(one.to_number == person.number and one.by == SMS and not failed(one) for one in recent)


def _note_step(session: Session, ticket: Ticket, written: dict[str, list[str]], *, now: datetime) -> None:
    what = [f"{verb} {', '.join(written[way])}" for way, verb in ((SMS, "texting"), (VOICE, "calling")) if written[way]]
    text = f"Nobody has acknowledged: {' and '.join(what) or 'earlier pages are still on their way'}"
    note(session, ticket_id=ticket.id, kind="escalation", now=now, text=text)


def _end(session: Session, ticket: Ticket, row: Escalation, plan: Plan, *, rules: Rules, now: datetime) -> None:
    """Everybody was paged. The ticket says so, and so does a last text, which is a page: an owner withholds it."""
    people = _people(session, ticket, row, rules=rules, now=now)
    minutes, names = _minutes(row, now), sorted(people.paged)
    row.state, row.next_at, row.ended_at = EscalationState.OVER, None, now
    text = f"Nobody has acknowledged after {minutes} min. Paged: {', '.join(names)}. Nobody else will be paged"
    note(session, ticket_id=ticket.id, kind="problem", now=now, text=text)
    facts = known.of(session, ticket, rules=rules).facts
    body = paging.unanswered_body(facts, minutes=minutes, paged=names)
    for person in people.of(plan.end):
        for way in escalation.ways((SMS,), person):
            key = f"escalation:{row.id}:end:{person.number}"
            page_person(session, ticket, person, way, key=key, body=body, rules=rules, now=now)


def pass_on(session: Session, ticket: Ticket, person: Person, *, now: datetime) -> bool:
    """A colleague cannot take it: the next step comes now, and passes this person over. False when none will come."""
    row = _running(session, ticket, lock=True)
    if row is None or ticket.state != TicketState.OPEN:
        return False
    row.passed = [*row.passed, person.name]
    row.next_at = now
    note(session, ticket_id=ticket.id, kind="escalation", now=now, text=f"{person.name} passed it on")
    work.plan(session, WorkKind.ESCALATE, row.id, now=now)
    return True


# --- pages that did not arrive ----------------------------------------------------------------------------------


def failed(page: Message) -> bool:
    """Whether a page did not reach its phone, by all we know. A late report may set it right."""
    return page.error is not None and page.state not in (MessageState.DELIVERED, MessageState.WITHHELD)


def other_way(session: Session, held: work.Claim, *, rules: Rules, now: datetime) -> None:
    """Do one piece of OTHER_WAY work: a page that did not arrive. Its person is paged in another way, and when no page to
    anybody else may have arrived, the next person is. Once for each page, and not for a ticket that has an owner."""
    ticket_id = session.scalars(select(Message.ticket_id).where(Message.id == held.ref)).one()
    assert ticket_id is not None  # only pages of tickets have this work
    ticket = lock_ticket(session, ticket_id)
    page = session.get_one(Message, held.ref, with_for_update=True, populate_existing=True)
    row = _latest(session, ticket)
    current = row is not None and row.state != EscalationState.STOPPED and page.created_at >= row.started_at
    if row is not None and current and ticket.state == TicketState.OPEN and failed(page):
        _page_otherwise(session, ticket, page, row, rules=rules, now=now)
    work.finish(session, held, now=now)


def _page_otherwise(
    session: Session, ticket: Ticket, page: Message, row: Escalation, *, rules: Rules, now: datetime
) -> None:
    told = known.of(session, ticket, rules=rules)
    body = paging.body(told.purpose, told.facts)
    pages = _pages(session, ticket, row.started_at)
    reached = []
    person = next((one for one in rules.team if one.name == page.person), None)
    way = escalation.other_way(page.by, person) if person is not None else None
    had = {one.by for one in pages if one.person == page.person}
    if person is not None and way is not None and way not in had:
        key = f"other:{page.id}:{way}"
        if page_person(session, ticket, person, way, key=key, body=body, rules=rules, now=now):
            reached.append(f"{'calling' if way == VOICE else 'texting'} {person.name}")
    if all(failed(one) for one in pages if one.person != page.person):
        people = _people(session, ticket, row, rules=rules, now=now)
        for following in people.of((NEXT_PEOPLE,), count=1):
            first, *_ = escalation.ways((SMS, VOICE), following)
            key = f"next:{page.id}:{following.number}"
            if page_person(session, ticket, following, first, key=key, body=body, rules=rules, now=now):
                reached.append(f"paging {following.name}")
    if reached:
        text = f"The page to {page.person} did not arrive: {' and '.join(reached)}"
        note(session, ticket_id=ticket.id, kind="escalation", now=now, text=text)


# --- for the watcher --------------------------------------------------------------------------------------------


def planned(session: Session, ticket: Ticket) -> Sequence[Work]:
    """The work that waits for a ticket, for `escalation.next_step`: its own, and that of its pages, calls and recordings."""
    calls = select(Call.id).where(Call.ticket_id == ticket.id)
    about = {
        select(Escalation.id).where(Escalation.ticket_id == ticket.id): (WorkKind.ESCALATE,),
        select(Message.id).where(Message.ticket_id == ticket.id, Message.purpose.in_(ANNOUNCES)): (
            WorkKind.SEND_TEXT,
            WorkKind.OTHER_WAY,
        ),
        select(Leg.id).where(Leg.ticket_id == ticket.id): (WorkKind.PLACE_CALL,),
        select(Ticket.id).where(Ticket.id == ticket.id): (WorkKind.ASK_OWNER,),
        select(Recording.id).where(Recording.call_id.in_(calls)): (
            WorkKind.FETCH_RECORDING,
            WorkKind.TRANSCRIBE,
            WorkKind.PAGE_DEADLINE,
        ),
        calls: (WorkKind.LOOK_UP_CALL,),
    }
    concerns = or_(*(and_(Work.kind.in_(kinds), Work.ref.in_(ids)) for ids, kinds in about.items()))
    return session.scalars(select(Work).where(Work.state == WorkState.WAITING, concerns)).all()
