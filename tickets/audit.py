"""What must not be: pure findings from the rows of the desk at one moment.

A desk at rest has none. Each finding says what would otherwise be found hours later by somebody who waits: a ticket that
nobody hears of, a text, a recording or a call that no work is planned for, work that nobody does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tickets.calls import STALE_AFTER
from tickets.states import (
    CallOutcome,
    MediaState,
    MessageState,
    Purpose,
    RecordingState,
    TicketState,
    TranscriptState,
    WorkKind,
)
from tickets.work import LEASE

#: An open ticket may be without a next step for so long: what makes one has this much time.
SETTLE = timedelta(seconds=60)

#: A text to staff that has not left after this is late; one to a client after the other.
STAFF_WAITS, CLIENT_WAITS = timedelta(minutes=5), timedelta(minutes=30)

#: Work that is due for so long and that nobody has taken: its workers are gone.
OVERDUE = timedelta(minutes=3)

#: The same for transcripts: in a bad hour they form an honest line.
WORDS_OVERDUE = timedelta(minutes=15)

#: A worker that has one piece in hand for so long hangs, however alive its lease is.
HELD = timedelta(minutes=30)

#: A lease that ends later than this was written by a clock that is wrong.
FAR_LEASE = timedelta(seconds=10 * LEASE)

#: Work that was given up is reported for so long.
DEAD_SHOWN = timedelta(hours=1)

#: A call that should have ended by all we know is looked up by then.
CALL_WAITS = STALE_AFTER + timedelta(seconds=90)


class Kind(StrEnum):
    """What is wrong."""

    NOT_PAGED = "not-paged"  # an open ticket that nobody has been told of, and nothing will tell
    UNREACHED = "unreached"  # an open ticket whose pages all failed
    OWNER = "owner"  # a ticket whose state and owner contradict each other
    TEXT_WITHOUT_WORK = "text-without-work"
    TEXT_LATE = "text-late"
    TEXT_UNCHECKED = "text-unchecked"  # handed over, no report, and nobody will ask
    NOT_FETCHED = "not-fetched"
    NOT_TRANSCRIBED = "not-transcribed"
    NO_DEADLINE = "no-deadline"  # a message without words that no timer would page about
    CALL_UNWATCHED = "call-unwatched"
    ESCALATION_STOPPED = "escalation-stopped"  # its next step would never come
    COLLEAGUE_NOT_CALLED = "colleague-not-called"  # a call to a colleague was written and nothing would place it
    COLLEAGUE_UNWATCHED = "colleague-unwatched"  # a call to a colleague whose end nobody would notice
    RING_UNWATCHED = "ring-unwatched"  # a caller on hold whom nothing would move on
    WORK_OVERDUE = "work-overdue"  # nobody does work of this kind
    WORK_HELD = "work-held"  # somebody has it in hand and does not come to an end
    LEASE_WRONG = "lease-wrong"
    WORK_DEAD = "work-dead"
    DRILL_OPEN = "drill-open"  # a drill that whoever started it did not see to its end


#: Its remedy is applied at once; only when it does not help do people hear of it.
MENDABLE = frozenset(Kind) - {
    Kind.UNREACHED,
    Kind.OWNER,
    Kind.TEXT_LATE,
    Kind.WORK_OVERDUE,
    Kind.WORK_HELD,
    Kind.WORK_DEAD,
    Kind.DRILL_OPEN,
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `ref` is the row it is about; `what` is a sentence without a name, number or word of anyone;
    `ticket` is the id of the ticket whose story gets it, `number` that ticket's number."""

    kind: Kind
    ref: int
    what: str
    ticket: int | None = None
    number: int | None = None


@dataclass(frozen=True)
class TicketRow:
    """A ticket that is open, or whose owner is odd. `since` is when it became open; `pages` are the states of the pages
    written since then; `ahead` is True when a next step is planned."""

    id: int
    number: int
    state: str
    claimed_by: str | None
    resolved_by: str | None
    since: datetime
    pages: tuple[str, ...] = ()
    ahead: bool = False


@dataclass(frozen=True)
class TextRow:
    """An outbound text that is not over."""

    id: int
    purpose: str
    state: str
    person: str | None
    created_at: datetime
    sid: str | None = None
    error: str | None = None
    merged: bool = False
    ticket: int | None = None


@dataclass(frozen=True)
class RecordingRow:
    """A recording whose sound or words are still awaited. `told` is True when its ticket has paged or has an owner."""

    id: int
    call: int
    state: str
    media: str
    transcript: str
    call_ended: bool
    told: bool = False
    ticket: int | None = None


@dataclass(frozen=True)
class CallRow:
    """A call in progress, or one that ended within the hour. `recordings` is how many it has; `asked` is True when the
    carrier was asked about it."""

    id: int
    outcome: str
    updated_at: datetime
    ended: bool
    in_voicemail: bool
    recordings: int = 0
    asked: bool = False
    ticket: int | None = None


@dataclass(frozen=True)
class WorkRow:
    """A piece of work that waits, or that was given up within the hour."""

    id: int
    kind: str
    ref: int
    dead: bool
    due_at: datetime
    lease_until: datetime | None = None
    ticket: int | None = None


#: Rows that go on only by work of a kind, and what it is called when there is none.
NEEDS = {
    Kind.ESCALATION_STOPPED: (WorkKind.ESCALATE, "The next step of the escalation was not planned"),
    Kind.COLLEAGUE_NOT_CALLED: (WorkKind.PLACE_CALL, "A call to a colleague was written and nothing would place it"),
    Kind.COLLEAGUE_UNWATCHED: (WorkKind.CHECK_CALL, "Nobody would notice the end of a call to a colleague"),
    Kind.RING_UNWATCHED: (WorkKind.WATCH_RING, "Phones ring for a caller and nothing would end it"),
}


@dataclass(frozen=True)
class NeedRow:
    """A row that goes on only by work (`NEEDS`)."""

    kind: Kind
    ref: int
    ticket: int | None = None


@dataclass(frozen=True)
class Snapshot:
    """The desk at one moment. `drills` are the ids of drills that should have ended long ago."""

    tickets: tuple[TicketRow, ...] = ()
    texts: tuple[TextRow, ...] = ()
    recordings: tuple[RecordingRow, ...] = ()
    calls: tuple[CallRow, ...] = ()
    work: tuple[WorkRow, ...] = ()
    needs: tuple[NeedRow, ...] = ()
    drills: tuple[int, ...] = ()


def findings(desk: Snapshot, now: datetime) -> tuple[Finding, ...]:
    """Everything that is wrong at `now`, tickets first."""
    waits = {(row.kind, row.ref) for row in desk.work if not row.dead}
    numbers = {row.id: row.number for row in desk.tickets}
    found = [
        *_tickets(desk.tickets, now),
        *_texts(desk.texts, waits, now),
        *_recordings(desk.recordings, waits),
        *_calls(desk.calls, waits, now),
        *_needs(desk.needs, waits),
        *_work(desk.work, now),
        *(Finding(Kind.DRILL_OPEN, id_, "A drill was not seen to its end") for id_ in desk.drills),
    ]
    return tuple(_numbered(one, numbers) for one in found)


def _numbered(finding: Finding, numbers: Mapping[int, int]) -> Finding:
    number = numbers.get(finding.ticket) if finding.ticket is not None else None
    return Finding(finding.kind, finding.ref, finding.what, finding.ticket, number)


#: A page in one of these is with a person, or on its way there: work without which it cannot go on is a finding of its own.
_UNDER_WAY = (MessageState.PENDING, MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED)


def _tickets(rows: Iterable[TicketRow], now: datetime) -> Iterable[Finding]:
    for row in rows:
        if _contradicts_itself(row):
            yield Finding(Kind.OWNER, row.id, f"The ticket is {row.state}, and its owner says otherwise", row.id)
        if row.state != TicketState.OPEN or row.ahead or now - row.since < SETTLE:
            continue
        if not row.pages:
            yield Finding(Kind.NOT_PAGED, row.id, "Nobody was told of this ticket", row.id)
        elif not any(state in _UNDER_WAY for state in row.pages):
            yield Finding(Kind.UNREACHED, row.id, "No page of this ticket reached anybody", row.id)


def _needs(rows: Iterable[NeedRow], waits: set[tuple[str, int]]) -> Iterable[Finding]:
    for row in rows:
        kind, what = NEEDS[row.kind]
        # A call that is just being placed is watched by that.
        placing = row.kind is Kind.COLLEAGUE_UNWATCHED and (WorkKind.PLACE_CALL, row.ref) in waits
        if (kind, row.ref) not in waits and not placing:
            yield Finding(row.kind, row.ref, what, row.ticket)


def _contradicts_itself(row: TicketRow) -> bool:
    if row.state == TicketState.OPEN:
        return row.claimed_by is not None or row.resolved_by is not None
    return row.claimed_by is None or (row.state == TicketState.RESOLVED) != (row.resolved_by is not None)


def _texts(rows: Iterable[TextRow], waits: set[tuple[str, int]], now: datetime) -> Iterable[Finding]:
    for row in rows:
        handed_over = row.sid is not None
        if handed_over:
            checked = (WorkKind.CHECK_DELIVERY, row.id) in waits or row.error is not None
            if row.state == MessageState.SENDING and not checked:
                yield Finding(Kind.TEXT_UNCHECKED, row.id, "Nobody would notice if a text did not arrive", row.ticket)
            continue
        if row.state not in (MessageState.PENDING, MessageState.SENDING):
            continue
        if not row.merged and (WorkKind.SEND_TEXT, row.id) not in waits:
            yield Finding(Kind.TEXT_WITHOUT_WORK, row.id, "A text was written and nothing would send it", row.ticket)
        elif now - row.created_at > (CLIENT_WAITS if row.person is None else STAFF_WAITS):
            what = "A page" if Purpose(row.purpose).is_page else "A text"
            yield Finding(Kind.TEXT_LATE, row.id, f"{what} has waited too long to be sent", row.ticket)


def _recordings(rows: Iterable[RecordingRow], waits: set[tuple[str, int]]) -> Iterable[Finding]:
    for row in rows:
        if row.state == RecordingState.IN_PROGRESS:
            if row.call_ended and (WorkKind.LOOK_UP_CALL, row.call) not in waits:
                what = "Nobody would notice the end of a recording"
                yield Finding(Kind.CALL_UNWATCHED, row.call, what, row.ticket)
            continue
        if row.transcript != TranscriptState.PENDING:
            continue
        if row.media == MediaState.PENDING and (WorkKind.FETCH_RECORDING, row.id) not in waits:
            yield Finding(Kind.NOT_FETCHED, row.id, "A voicemail was left and nothing would fetch it", row.ticket)
        if row.media == MediaState.STORED and (WorkKind.TRANSCRIBE, row.id) not in waits:
            yield Finding(Kind.NOT_TRANSCRIBED, row.id, "A voicemail was kept and nothing would hear it", row.ticket)
        if not row.told and (WorkKind.PAGE_DEADLINE, row.id) not in waits:
            yield Finding(Kind.NO_DEADLINE, row.id, "A voicemail waits for its words without an end", row.ticket)


def _calls(rows: Iterable[CallRow], waits: set[tuple[str, int]], now: datetime) -> Iterable[Finding]:
    for row in rows:
        if (WorkKind.LOOK_UP_CALL, row.id) in waits:
            continue
        if row.outcome == CallOutcome.IN_PROGRESS and not row.ended and now - row.updated_at > CALL_WAITS:
            yield Finding(Kind.CALL_UNWATCHED, row.id, "Nobody would notice the end of a call", row.ticket)
        elif row.ended and row.in_voicemail and not row.recordings and not row.asked:
            yield Finding(Kind.CALL_UNWATCHED, row.id, "Nobody would look for a caller's message", row.ticket)


def _work(rows: Iterable[WorkRow], now: datetime) -> Iterable[Finding]:
    overdue: dict[str, list[WorkRow]] = {}
    for row in rows:
        held = row.lease_until is not None and row.lease_until >= now
        if row.dead:
            yield Finding(Kind.WORK_DEAD, row.id, f"Work was given up: {row.kind}", row.ticket)
        elif row.lease_until is not None and row.lease_until > now + FAR_LEASE:
            yield Finding(
                Kind.LEASE_WRONG, row.id, f"Work is promised to a worker for too long: {row.kind}", row.ticket
            )
        elif held and now - row.due_at > HELD:
            yield Finding(Kind.WORK_HELD, row.id, f"A worker does not come to an end: {row.kind}", row.ticket)
        elif not held and now - row.due_at > (WORDS_OVERDUE if row.kind == WorkKind.TRANSCRIBE else OVERDUE):
            overdue.setdefault(row.kind, []).append(row)
    for kind, waiting in overdue.items():
        yield Finding(Kind.WORK_OVERDUE, min(row.id for row in waiting), f"No worker does what is due: {kind}")
