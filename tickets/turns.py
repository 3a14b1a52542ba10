"""Whose turn it is to be sent: the carrier takes so many segments a second from one sender, and pages go before the rest.

Gates of one sender stand one behind the other in its row. A text that comes too early, or before a better one, is put back
until its turn; whoever passes or leaves calls the next, so that nobody has to ask every second."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from tickets import work
from tickets.db import insert_once
from tickets.models import Message, Sender, Work
from tickets.sms import segments
from tickets.states import MessageState, Purpose, WorkKind, WorkState

#: What stands in the work of a text that was put back. Anything else that puts it off replaces this, and with it the place
#: in the line: a text that waits because the carrier is away is ahead of nobody.
PUT_BACK = "waits for its turn"

#: A text that was put back looks again after this, should those ahead of it have been withheld meanwhile.
LOOK_AGAIN = timedelta(seconds=10)

#: Seconds for which a text that a worker holds counts as on its way to the gate; after that the worker has probably died.
ON_ITS_WAY = 3.0

#: Segments of the longest text that the carrier takes: 1600 characters, 67 in each. A sender that seems to be taken for
#: longer was so by a clock that was ahead.
LONGEST = 24


class Rank(StrEnum):
    """Who goes first; the members stand in this order."""

    PAGE = "page"  # what announces a ticket, and the confirmation of an opt-out, which the law wants within minutes
    STAFF = "staff"  # who has a ticket, answers to staff: they wait for it, phone in hand
    WORDS = "words"  # the words to a page that has been had, one more caller: many must not hold up the page of a new ticket
    CLIENT = "client"  # everything to clients


_ORDER = list(Rank)


def rank(purpose: Purpose, person: str | None) -> Rank:
    """The rank of a text with this purpose to this person of the team, None for others."""
    if purpose in (Purpose.WORDS, Purpose.UPDATE):
        return Rank.WORDS
    if purpose.is_page or purpose in (Purpose.DIGEST, Purpose.CONFIRM):
        return Rank.PAGE
    return Rank.CLIENT if person is None else Rank.STAFF


@dataclass(frozen=True)
class Pace:
    """What the carrier allows: the sender (a messaging service, or the desk's number) and its segments in a second."""

    sender: str
    segments_per_second: float

    def lasts(self, count: int) -> timedelta:
        """For how long so many segments keep the sender."""
        return timedelta(seconds=count / self.segments_per_second)


@dataclass(frozen=True)
class Waiting:
    """A text in the line. `due_at` is when its work looks next; `put_back` that it stood at the gate before; `held` that a
    worker has it in hand."""

    message: int
    rank: Rank
    created_at: datetime
    segments: int
    work: int
    attempts: int
    due_at: datetime
    put_back: bool
    held: bool


def line(session: Session, *, now: datetime, but_surely: int | None = None) -> list[Waiting]:
    """All texts that only wait for their turn, the first one first: those due now, and those that were put back. A text that
    stands at the gate itself is there, however long its worker has held it (`but_surely`: its work)."""
    stuck = and_(Work.lease_until >= now, Work.lease_until < now + timedelta(seconds=work.LEASE - ON_ITS_WAY))
    text = (Message.id, Message.purpose, Message.person, Message.created_at, Message.body)
    piece = (Work.id.label("work"), Work.attempts, Work.due_at, Work.error, Work.lease_until)
    rows = session.execute(
        select(*text, *piece)
        .join(Work, and_(Work.kind == WorkKind.SEND_TEXT, Work.ref == Message.id))
        .where(
            Message.state == MessageState.PENDING,
            Work.state == WorkState.WAITING,
            or_(Work.due_at <= now, Work.error == PUT_BACK),
            or_(Work.lease_until.is_(None), ~stuck, Work.id == but_surely),
        )
    )
    found = [
        Waiting(
            message=row.id,
            rank=rank(Purpose(row.purpose), row.person),
            created_at=row.created_at,
            segments=segments(row.body),
            work=row.work,
            attempts=row.attempts,
            due_at=row.due_at,
            put_back=row.error == PUT_BACK,
            held=row.lease_until is not None and row.lease_until >= now,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (_ORDER.index(one.rank), one.created_at, one.message))


def ahead(line: Iterable[Waiting], message: int) -> list[Waiting]:
    """Those of a line who go before this text."""
    found = []
    for one in line:
        if one.message == message:
            break
        found.append(one)
    return found


class Turns:
    """One sender in one unit of work. Making it locks the sender's row, before anything else is locked: gates stand one
    behind the other, so what one of them sees of the line holds until it has gone through."""

    def __init__(self, session: Session, pace: Pace, *, now: datetime) -> None:
        self._session, self._pace, self._now = session, pace, now
        self.waiting: list[Waiting] = []
        insert_once(session, Sender, name=pace.sender, free_at=now)
        self._sender = session.scalars(select(Sender).where(Sender.name == pace.sender).with_for_update()).one()

    @property
    def free_at(self) -> datetime:
        """When the next text may go out; now at the earliest."""
        known = self._sender.free_at
        return self._now if known > self._now + self._pace.lasts(LONGEST) else max(known, self._now)

    def came(self, held: work.Claim) -> bool:
        """Whether this text may go out now. False: it is put back, its attempt not counted, until about its turn."""
        self.waiting = line(self._session, now=self._now, but_surely=held.id)
        before = ahead(self.waiting, held.ref)
        if not before and self.free_at <= self._now:
            return True
        turn = self.free_at + self._pace.lasts(sum(one.segments for one in before))
        after = min(turn - self._now, LOOK_AGAIN)
        work.retry(self._session, held, now=self._now, error=PUT_BACK, after=after, counted=False)
        if before:
            self._call(before[0])
        else:
            work.announce_at(self._session, held.kind, held.id, held.attempts - 1, now=self._now, at=self.free_at)
        return False

    def take(self, body: str) -> None:
        """A text with this body goes out: the sender belongs to it for as long as the carrier needs for its segments."""
        self._sender.free_at = self._now + self._pace.lasts(segments(body))

    def call_next(self) -> None:
        """Whoever is first in the line now comes as soon as the sender is free."""
        self._session.flush()
        if waiting := line(self._session, now=self._now):
            self._call(waiting[0])

    def _call(self, one: Waiting) -> None:
        if one.held or not one.put_back:  # on its way already
            return
        at = self.free_at
        if one.due_at > at:
            waits = (Work.id == one.work, Work.state == WorkState.WAITING, Work.error == PUT_BACK)
            self._session.execute(update(Work).where(*waits).values(due_at=at))
        work.announce_at(self._session, WorkKind.SEND_TEXT, one.work, one.attempts, now=self._now, at=at)
