"""The readiness report: when it is due, what it is about, and to whom it goes. Inside the caller's unit of work."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from tickets import consent, marks, outbox, overrides, readiness, voiced
from tickets.escalation import SMS, VOICE
from tickets.handover import when
from tickets.models import Leg, Message
from tickets.oncall import Handover, Person, Stint
from tickets.readiness import Finding, Reach
from tickets.rules import Rules
from tickets.states import Direction, LegState, MessageState, Purpose

#: A report that is later than this is not sent any more; the one after it is.
LATEST = timedelta(hours=12)
WEEK = timedelta(days=7)
#: When the report of a desk goes out on which nobody ever comes or goes, by the clocks of the desk.
DAILY = time(9)

_MARK = "readiness"
_PAGES = (*(purpose for purpose in Purpose if purpose.is_page), Purpose.DIGEST)
_GONE_OUT = (MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED)


@dataclass(frozen=True)
class Shift:
    """Whom a report is about: who is on duty from `begins`; `daily` when nothing changes there."""

    begins: datetime
    people: tuple[Person, ...]
    daily: bool = False


def send_if_due(session: Session, *, rules: Rules, now: datetime) -> int:
    """Write the report that became due since the last look. Returns how many texts are new.

    A report is written once for its shift, however often this is asked and after whatever pause up to LATEST. A desk that
    looks for the first time owes nothing for the time before."""
    since = marks.moment(session, _MARK, default=now)
    marks.set_moment(session, _MARK, now)
    since = max(since, now - LATEST)
    if not rules.ready_before or since >= now:
        return 0
    made = overrides.running(session, now=since)
    shift = _due(rules, made, since=since, now=now)
    if shift is None:
        return 0
    written = 0
    for person in _recipients(session, rules, shift):
        found = look(session, rules, shift, made=made, zone=person.zone, now=now)
        if found or rules.ready_always:
            written += outbox.write(
                session,
                key=f"ready:{int(shift.begins.timestamp())}:{person.number}",
                purpose=Purpose.NOTICE,
                to=person.number,
                body=readiness.text(who_from(shift, rules, zone=person.zone, now=now), found),
                desk=rules.desk_number,
                now=now,
                person=person.name,
            )
    return written


def next_shift(session: Session, rules: Rules, *, now: datetime) -> tuple[Shift, tuple[Handover, ...]]:
    """Who is on duty after the next change within a week, else who is now; and the handovers that hold."""
    made = overrides.running(session, now=now)
    coming = readiness.changes(rules.stints(now, now + WEEK, made))
    if coming:
        return Shift(coming[0].begins, coming[0].people), made
    return Shift(now, rules.stints(now, now + timedelta(seconds=1), made)[0].people, daily=True), made


def look(
    session: Session, rules: Rules, shift: Shift, *, made: tuple[Handover, ...], zone: ZoneInfo, now: datetime
) -> tuple[Finding, ...]:
    """What is wrong with a shift and with the week after it, in words for somebody in `zone`."""
    found = readiness.holes(rules.stints(shift.begins, shift.begins + WEEK, made))
    words = [tuple(when(at, zone, rules=rules, now=now) for at in hole) for hole in found]
    pairs = [(begins, ends) for begins, ends in words]
    return readiness.findings(reaches(session, shift.people, sender=rules.sender), pairs, desk_number=rules.desk_number)


def who_from(shift: Shift, rules: Rules, *, zone: ZoneInfo, now: datetime) -> str:
    """ "On call from Mon 5:00 PM: Sam, Lee"."""
    names = [person.name for person in shift.people]
    listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    start = "" if shift.daily else f" from {when(shift.begins, zone, rules=rules, now=now)}"
    return f"On call{start}: {listed or 'nobody'}"


def reaches(session: Session, people: tuple[Person, ...], *, sender: str) -> tuple[Reach, ...]:
    """What the rows say of the phones of these people."""
    silent = consent.opted_out(session, [person.number for person in people], sender)
    return tuple(_reach(session, person, silent=person.number in silent) for person in people)


def _reach(session: Session, person: Person, *, silent: bool) -> Reach:
    """A person is judged by pages in the way in which they are paged first; one that was not needed any more says nothing. A
    text that arrives does not show that calls are answered; a key that was pressed, and a text from them, show both."""
    first = person.page_by[0] if person.page_by else "sms"
    page = session.scalars(
        select(Message)
        .where(Message.to_number == person.number, Message.purpose.in_(_PAGES), Message.state.in_(_GONE_OUT))
        .where(Message.by == first, or_(Message.error.is_(None), Message.error != voiced.NOT_NEEDED))
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(1)
    ).first()
    failed = ""
    lost = page is not None and (page.state == MessageState.FAILED or page.error == outbox.NO_REPORT)
    alive = _signs(session, person, by=(first,))
    if page is not None and lost and (not alive or max(alive) < page.created_at):
        failed = " ".join(part for part in (page.error_code, page.error) if part) or "no reason given"
    silent = silent and SMS in person.page_by
    return Reach(person, silent=silent, heard=bool(_signs(session, person, by=(SMS, VOICE))), failed=failed)


def _signs(session: Session, person: Person, *, by: tuple[str, ...]) -> list[datetime]:
    """When last a text came from a phone, something of ours arrived there in these ways, and a call of ours was taken."""
    came = select(func.max(Message.created_at)).where(
        Message.direction == Direction.IN, Message.from_number == person.number
    )
    went = select(func.max(Message.updated_at)).where(
        Message.to_number == person.number,
        Message.direction == Direction.OUT,
        Message.state == MessageState.DELIVERED,
        Message.by.in_(by),
    )
    taken = select(func.max(Leg.answered_at)).where(Leg.number == person.number, Leg.state == LegState.ACCEPTED)
    return [moment for one in (came, went, taken) if (moment := session.scalar(one)) is not None]


def _due(rules: Rules, made: tuple[Handover, ...], *, since: datetime, now: datetime) -> Shift | None:
    """The shift whose report became due after `since` and not after `now`; of several the last."""
    ahead = rules.ready_before
    coming = readiness.changes(rules.stints(since + ahead, now + ahead + timedelta(seconds=1), made))
    if coming:
        return Shift(coming[-1].begins, coming[-1].people)
    if readiness.changes(rules.stints(now - WEEK, now + WEEK, made)):
        return None
    today = now.astimezone(rules.zone).date()
    at = rules.moments(datetime.combine(today, DAILY), rules.zone.key)[0]
    if not since < at <= now:
        return None
    stint: Stint = rules.stints(now, now + timedelta(seconds=1), made)[0]
    return Shift(at, stint.people, daily=True)


def _recipients(session: Session, rules: Rules, shift: Shift) -> tuple[Person, ...]:
    """The leads; where none can be texted, those who are on duty; in a hole, everyone."""
    leads = [person for person in rules.team if person.lead]
    silent = consent.opted_out(session, [person.number for person in leads], rules.sender)
    return tuple(lead for lead in leads if lead.number not in silent) or shift.people or rules.team
