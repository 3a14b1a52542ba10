"""Calls: a record from the first webhook on, the answer of each turn, and what remains to be done when it is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import desk, drills, paging, rings, work
from tickets.db import insert_once
from tickets.events import adopt, note
from tickets.models import Call, Recording, Ticket
from tickets.rules import Rules
from tickets.states import CallOutcome, Channel, Purpose, RecordingState, TranscriptState, WorkKind

#: After a call ended in the voicemail we wait so long for the recording's own events, then ask the carrier.
LOOK_UP_AFTER = timedelta(seconds=10)

#: A call that nobody heard of for so long is looked up: its last callback may never have come. One that goes on is only
#: asked about again.
STALE_AFTER = timedelta(seconds=90)

#: The carrier's words for a call that is over (docs/carrier.md).
ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


def lock(session: Session, sid: str) -> Call | None:
    """The call, locked against other webhooks of the same call for the rest of the unit of work.

    Locks are taken in one order everywhere, so that they never wait for each other in a ring: call, recording, ticket,
    ring, escalation, leg, message. A ticket is locked by those who change its state or ask for it: commands, texts, steps of
    an escalation, the gates of texts and calls."""
    found = select(Call).where(Call.sid == sid).with_for_update().execution_options(populate_existing=True)
    return session.scalars(found).one_or_none()


def lock_by_id(session: Session, call_id: int) -> Call:
    """The same for a call that is known to be there."""
    return session.get_one(Call, call_id, with_for_update=True)


@dataclass(frozen=True)
class Caller:
    """What the carrier says of the two ends of a call. `number` is E.164, None when withheld or odd; `raw` is as it came."""

    raw: str = ""
    number: str | None = None
    to: str | None = None


def new_row(sid: str, caller: Caller, *, client: str | None, now: datetime) -> dict[str, Any]:
    """The values of the record of a call that begins."""
    return {
        "sid": sid,
        "from_raw": caller.raw[:200],
        "from_number": caller.number,
        "to_number": caller.to,
        "client": client,
        "outcome": CallOutcome.IN_PROGRESS,
        "in_voicemail": False,
        "wants_callback": False,
        "started_at": now,
        "updated_at": now,
    }


UNKNOWN = Caller()


def find_or_open(session: Session, sid: str, caller: Caller = UNKNOWN, *, now: datetime, rules: Rules) -> Call:
    """The record of this call, made now if this is the first that we hear of it, and locked. A caller unknown until now
    is filled in, also in the ticket."""
    call = lock(session, sid)
    if call is None:
        insert_once(session, Call, **new_row(sid, caller, client=rules.client_of(caller.number), now=now))
        call = lock(session, sid)
        assert call is not None  # just made, by us or by a twin of this request
    elif caller.number and call.from_number is None:
        call.from_raw, call.from_number, call.to_number = caller.raw[:200], caller.number, caller.to
        call.client = rules.client_of(caller.number)
        ticket = ticket_of(session, call)
        if ticket is not None and ticket.from_number is None:
            ticket.from_number, ticket.client = caller.number, ticket.client or call.client
    return call


def ticket_of(session: Session, call: Call) -> Ticket | None:
    """The ticket of this call, if it has become one."""
    return session.get(Ticket, call.ticket_id) if call.ticket_id is not None else None


def stored_turn(call: Call, turn: int) -> str | None:
    """The TwiML that this turn was answered with, if it was."""
    answered = (call.turns or {}).get(str(turn))
    return str(answered["twiml"]) if answered else None


@dataclass(frozen=True)
class Answer:
    """How one turn of a call was answered: what was heard ("keys 1"), the TwiML, the flow engine's session after it, the
    version of the flow, and whether the caller is in the voicemail now."""

    heard: str
    twiml: str
    session: dict[str, Any]
    flow_version: str
    in_voicemail: bool

    def values(self, turns: Mapping[str, Any], turn: int) -> dict[str, Any]:
        """The columns of the call that change."""
        return {
            "session": self.session,
            "turns": {**turns, str(turn): {"heard": self.heard[:64], "twiml": self.twiml}},
            "flow_version": self.flow_version,
        }


def store_turn(call: Call, turn: int, answer: Answer, *, now: datetime) -> None:
    """Remember the answer of a turn and where the call stands now."""
    for name, value in answer.values(call.turns or {}, turn).items():
        setattr(call, name, value)
    call.in_voicemail, call.updated_at = answer.in_voicemail or call.in_voicemail, now


def chose(session: Session, call: Call, label: str, *, now: datetime, priority: str = "urgent") -> Ticket:
    """The caller chose an option that asks for help: the ticket exists from here on. The last choice is its subject, and says
    how urgent it is, unless the team knows of it already."""
    call.choice = label
    ticket = ensure_ticket(session, call, now=now)
    if not ticket.drill:
        ticket.subject = label[:300]
        ticket.priority = priority if ticket.paged_at is None else ticket.priority
    note(session, call_id=call.id, ticket_id=call.ticket_id, kind="choice", now=now, text=f"The caller chose: {label}")
    return ticket


def ensure_ticket(session: Session, call: Call, *, now: datetime, subject: str = "Voicemail") -> Ticket:
    """The ticket of a call, opened now if there is none, with its choice or `subject`; what happened in the call so far
    belongs to it."""
    ticket = ticket_of(session, call)
    if ticket is None:
        ticket = desk.open_ticket(
            session,
            channel=Channel.CALL,
            from_number=call.from_number,
            client=call.client,
            subject=call.choice or subject,
            now=now,
        )
        call.ticket_id = ticket.id
        adopt(session, call_id=call.id, ticket_id=ticket.id)
        drills.recognise(session, ticket, call.from_raw, now=now)
    return ticket


def transferred(session: Session, call: Call, *, now: datetime, rules: Rules) -> None:
    """Another number has picked up for the caller, and the talk is over. The ticket stays open, because nobody of the team
    has it; the page goes out now, not when the end of the call is reported."""
    call.outcome = CallOutcome.TRANSFERRED
    missed(session, call, now=now, rules=rules)


def ended(session: Session, call: Call, *, status: str, now: datetime, rules: Rules) -> None:
    """The call is over, as the carrier says. Safe to run many times."""
    if call.ended_at is None:
        _close(session, call, status=status, now=now)
        settle(session, call, now=now, rules=rules)


def _close(session: Session, call: Call, *, status: str, now: datetime) -> None:
    call.carrier_status, call.ended_at, call.updated_at = status, now, now
    if call.outcome not in (CallOutcome.ANSWERED, CallOutcome.TRANSFERRED):
        call.outcome = CallOutcome.ABANDONED if status == "completed" else CallOutcome.FAILED
    rings.caller_gone(session, call, now=now)
    note(session, call_id=call.id, ticket_id=call.ticket_id, kind="ended", now=now, text="The caller is off the line")


def settle(session: Session, call: Call, *, now: datetime, rules: Rules) -> None:
    """When a call is over and so is everything it left: decide its outcome, and page a choice that came without words.

    A recording that began and never ended, and a voicemail without any recording, are looked up at the carrier first. A
    caller who talked to a person is looked after: nothing is missed."""
    if _was_answered(session, call, now=now):
        return
    recordings = list(session.scalars(select(Recording).where(Recording.call_id == call.id)))
    open_end = [recording for recording in recordings if recording.state == RecordingState.IN_PROGRESS]
    if any(_has_message(recording) for recording in recordings):
        call.outcome = CallOutcome.VOICEMAIL
        if not open_end:
            watch_end(session, call, now=now)
        return
    if call.ended_at is None:
        return
    for recording in open_end:  # the end of the call ended it, whether its own end is reported or not
        work.plan(session, WorkKind.PAGE_DEADLINE, recording.id, now=now, due_at=rules.page_due(call.ended_at))
    if open_end or (call.in_voicemail and not recordings):
        work.plan_again(session, WorkKind.LOOK_UP_CALL, call.id, now=now, due_at=now + LOOK_UP_AFTER)
        return
    missed(session, call, now=now, rules=rules)


def watch_end(session: Session, call: Call, *, now: datetime) -> None:
    """The caller has left a message, and no more is expected of the call than its end, which may never be reported."""
    if call.ended_at is None:
        work.plan_again(session, WorkKind.LOOK_UP_CALL, call.id, now=now, due_at=now + STALE_AFTER)
    else:
        work.cancel(session, WorkKind.LOOK_UP_CALL, call.id, now=now)


def looked_up(session: Session, call: Call, *, status: str, now: datetime, rules: Rules) -> None:
    """The carrier was asked: what it does not have does not exist. The call is over and settled."""
    if call.ended_at is None:
        _close(session, call, status=status, now=now)
    if _was_answered(session, call, now=now):
        return
    recordings = session.scalars(select(Recording).where(Recording.call_id == call.id))
    if any(_has_message(recording) for recording in recordings):
        call.outcome = CallOutcome.VOICEMAIL
    else:
        missed(session, call, now=now, rules=rules)


def _was_answered(session: Session, call: Call, *, now: datetime) -> bool:
    if not rings.talked(session, call):
        return False
    call.outcome = CallOutcome.ANSWERED
    if call.ended_at is not None:
        work.cancel(session, WorkKind.LOOK_UP_CALL, call.id, now=now)
    return True


def missed(session: Session, call: Call, *, now: datetime, rules: Rules) -> None:
    """The call left no words. A ticket without a message says what was chosen and pages once."""
    no_message(call)
    ticket = ticket_of(session, call)
    # Who only asked to be told when an outage is over wants nothing else; whoever went on to the menu does.
    if ticket is None or (ticket.paged_at is not None and not _asked_and_chose(ticket, call)):
        return
    facts = paging.Facts(
        number=ticket.number,
        client=ticket.client,
        caller=ticket.from_number,
        callback=call.callback_number,
        about=call.choice,
        rung=rings.rang(session, call),
        call_back=call.wants_callback,
        transferred=call.outcome == CallOutcome.TRANSFERRED,
    )
    desk.page(session, ticket, Purpose.MISSED, facts, about=f"call{call.id}", rules=rules, now=now)


def _asked_and_chose(ticket: Ticket, call: Call) -> bool:
    """Whether a caller who is part of an incident also chose an option of the menu."""
    return ticket.incident_id is not None and call.choice is not None


def no_message(call: Call) -> None:
    """What was taken for a message has no words: the call counts as one that was given up."""
    if call.outcome == CallOutcome.VOICEMAIL:
        call.outcome = CallOutcome.ABANDONED


def _has_message(recording: Recording) -> bool:
    """Words, or words that may still come, or sound that a person has to listen to."""
    gone = (RecordingState.IN_PROGRESS, RecordingState.ABSENT)
    return recording.state not in gone and recording.transcript != TranscriptState.SILENT


def stale(session: Session, *, now: datetime) -> list[int]:
    """Calls that should have ended by now, by all we know."""
    rows = session.scalars(
        select(Call.id).where(Call.outcome == CallOutcome.IN_PROGRESS, Call.updated_at < now - STALE_AFTER).limit(100)
    )
    return list(rows)
