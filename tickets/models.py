"""The tables. Every moment is UTC; every telephone number is E.164 or null when withheld or odd."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment. SQLite keeps no zone, so it is put back on reading; a naive value is a bug and raises."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To the database: always converted to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone must not reach the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database: always aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables of the desk."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


class Counter(Base):
    """Numbers by name. `ticket` is handed out in the transaction that uses it, so ticket numbers have no holes and no
    doubles; others are marks (tickets.marks), in seconds since 1970."""

    __tablename__ = "counters"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class Leader(Base):
    """Who may do what only one process at a time may do (the clock)."""

    __tablename__ = "leaders"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(128))
    until: Mapped[datetime]


class Sender(Base):
    """A number or messaging service that texts go out from: the carrier takes its segments one after the other.

    Its row is locked by whoever asks whether a text may go out, so that no two take the same moment."""

    __tablename__ = "senders"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    free_at: Mapped[datetime]


class Ticket(Base):
    """One caller's trouble, and who owns it. What several tell of is an incident: the others name its leading ticket in
    `incident_id`. `apart` means that a colleague took it out of one; `things` are the names in its words that others may
    share (a street, a carrier). A `drill` is none: nobody but who asked for it is told of it."""

    __tablename__ = "tickets"
    __table_args__ = (Index("ix_tickets_opened_at_id", "opened_at", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    priority: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    from_number: Mapped[str | None] = mapped_column(String(64), index=True)
    client: Mapped[str | None] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(300))
    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    paged_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    claimed_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None] = mapped_column(String(100))
    resolved_at: Mapped[datetime | None]
    drill: Mapped[bool] = mapped_column(default=False, server_default=false())
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    apart: Mapped[bool] = mapped_column(default=False, server_default=false())
    things: Mapped[list[Any] | None]


class Drill(Base):
    """One call that the desk places to itself. `number` is the one that it comes from: the first ticket of a call from there
    while the drill runs is the drill's. `page` names who is really paged, null for nobody; `legs` are the results."""

    __tablename__ = "drills"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(64))
    page: Mapped[str | None] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    legs: Mapped[list[Any] | None]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)


class Outage(Base):
    """What a colleague announced to the callers of a client. It is heard while its ticket is not resolved, and a day from
    `said_at` at most; `over_at` is when those who asked were told that it is over."""

    __tablename__ = "outages"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), unique=True)
    client: Mapped[str] = mapped_column(String(200), index=True)
    words: Mapped[str] = mapped_column(String(300))
    said_at: Mapped[datetime]
    over_at: Mapped[datetime | None]


class OutageAsker(Base):
    """A number that pressed 1 to be told when an announced outage is over; `told_at` is when the text was written."""

    __tablename__ = "outage_askers"
    __table_args__ = (UniqueConstraint("outage_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    outage_id: Mapped[int] = mapped_column(ForeignKey("outages.id"))
    number: Mapped[str] = mapped_column(String(64))
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"))
    asked_at: Mapped[datetime]
    told_at: Mapped[datetime | None]


class Call(Base):
    """One call, from its first webhook on. `session` is the flow engine's own; nobody here looks into it.

    `turns` are the answered steps: what came in (`heard`) and the TwiML that went out, by the number of the step. The same
    step again gets the same answer. They stand in the call's row because the first webhook then costs one statement."""

    __tablename__ = "calls"
    __table_args__ = (Index("ix_calls_outcome_updated_at", "outcome", "updated_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    sid: Mapped[str] = mapped_column(String(64), unique=True)
    from_raw: Mapped[str] = mapped_column(String(200))
    from_number: Mapped[str | None] = mapped_column(String(64))
    to_number: Mapped[str | None] = mapped_column(String(64))
    client: Mapped[str | None] = mapped_column(String(200))
    choice: Mapped[str | None] = mapped_column(String(200))
    outcome: Mapped[str] = mapped_column(String(16))
    answered_by: Mapped[str | None] = mapped_column(String(100))
    carrier_status: Mapped[str | None] = mapped_column(String(32))
    flow_version: Mapped[str | None] = mapped_column(String(64))
    session: Mapped[dict[str, Any] | None]
    turns: Mapped[dict[str, Any] | None]
    in_voicemail: Mapped[bool] = mapped_column(default=False)
    callback_number: Mapped[str | None] = mapped_column(String(64))
    wants_callback: Mapped[bool] = mapped_column(default=False, server_default=false())
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)


class Recording(Base):
    """One voicemail: the carrier's word on it, our copy of the sound, and its transcript."""

    __tablename__ = "recordings"
    id: Mapped[int] = mapped_column(primary_key=True)
    sid: Mapped[str] = mapped_column(String(64), unique=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    seconds: Mapped[int | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    media: Mapped[str] = mapped_column(String(16))
    blob: Mapped[str | None] = mapped_column(String(64))
    content_type: Mapped[str | None] = mapped_column(String(100))
    problem: Mapped[str | None] = mapped_column(String(300))
    deleted_at: Mapped[datetime | None]
    transcript: Mapped[str] = mapped_column(String(16))
    text: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(16))
    confidence: Mapped[float | None]
    callback_number: Mapped[str | None] = mapped_column(String(32))
    segments: Mapped[list[Any] | None]
    transcribed_at: Mapped[datetime | None]


class Message(Base):
    """One text, in or out. A page is an outbound text to a person of the team. `key` makes planning it twice impossible.

    A page that is `merged_into` a digest goes out in that text and has no id of the carrier's; its state is the digest's."""

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_number_at", "to_number", "created_at"), Index("ix_messages_state", "state"))
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    sid: Mapped[str | None] = mapped_column(String(64), unique=True)
    direction: Mapped[str] = mapped_column(String(8))
    purpose: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(8), default="sms")
    person: Mapped[str | None] = mapped_column(String(100))
    sender: Mapped[str | None] = mapped_column(String(64))
    from_number: Mapped[str] = mapped_column(String(64))
    to_number: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    error_code: Mapped[str | None] = mapped_column(String(16))
    error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    attempted_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)


class Ring(Base):
    """The team's phones ring for one caller. `number` counts the rings of a call; `taken_by` is the leg that took it. The
    carrier reports when each side comes into the room of the two; with both in it the talk begins (`bridged_at`)."""

    __tablename__ = "rings"
    __table_args__ = (UniqueConstraint("call_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime]
    until: Mapped[datetime]
    taken_by: Mapped[int | None]
    taken_at: Mapped[datetime | None]
    caller_in_at: Mapped[datetime | None]
    colleague_in_at: Mapped[datetime | None]
    bridged_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Leg(Base):
    """One call of ours to a colleague's phone. `key` makes planning it twice impossible; `turns` are its answered steps, as
    those of a call; the page it speaks, or the ring it belongs to, is its reason."""

    __tablename__ = "legs"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    purpose: Mapped[str] = mapped_column(String(8))
    ring_id: Mapped[int | None] = mapped_column(ForeignKey("rings.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    person: Mapped[str] = mapped_column(String(100))
    number: Mapped[str] = mapped_column(String(64))
    sid: Mapped[str | None] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(16))
    turns: Mapped[dict[str, Any] | None]
    error_code: Mapped[str | None] = mapped_column(String(16))
    error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    attempted_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class Escalation(Base):
    """A ticket that was paged and that nobody has taken. `number` counts those of a ticket: each opening has its own. `plan`
    is the one it began with, `step` the position of the next step, `passed` the names of who passed it on."""

    __tablename__ = "escalations"
    __table_args__ = (UniqueConstraint("ticket_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    number: Mapped[int]
    plan: Mapped[dict[str, Any]]
    step: Mapped[int]
    passed: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime]
    next_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Media(Base):
    """One picture or file that came with a text. `sid` is the carrier's id of it, null while the carrier has not said;
    `declared` is the type that was announced, `content_type` the one that it has; `thumbnail` is the blob of a small JPEG,
    null when there is none (yet): `problem` then says why, as it does for what could not be had."""

    __tablename__ = "media"
    __table_args__ = (
        UniqueConstraint("message_id", "position"),
        UniqueConstraint("message_id", "sid", name="uq_media_sid"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"))
    position: Mapped[int]
    sid: Mapped[str | None] = mapped_column(String(64))
    declared: Mapped[str | None] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(16))
    content_type: Mapped[str | None] = mapped_column(String(100))
    blob: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int | None]
    thumbnail: Mapped[str | None] = mapped_column(String(64))
    problem: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]


class DeliveryReport(Base):
    """What the carrier reported of a text, kept as it came: a report may arrive before we know the id of our own text."""

    __tablename__ = "delivery_reports"
    sid: Mapped[str] = mapped_column(String(64), primary_key=True)
    status: Mapped[str] = mapped_column(String(32), primary_key=True)
    error_code: Mapped[str | None] = mapped_column(String(16))
    at: Mapped[datetime]


class ConsentEvent(Base):
    """Append-only evidence of who may be texted. The last event of a number decides, for the sender of ours that it
    concerns; without `sender` it concerns all of them."""

    __tablename__ = "consent_events"
    __table_args__ = (Index("ix_consent_events_number_id", "number", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(64))
    sender: Mapped[str | None] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(32))
    evidence: Mapped[str | None] = mapped_column(String(64))
    words: Mapped[str | None] = mapped_column(String(300))
    at: Mapped[datetime]


class Event(Base):
    """The story of a ticket or call, one line each, for people."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(String(500))


class DutyOverride(Base):
    """A change of who is on duty that a colleague made by text (`tickets.oncall.Handover`). `evidence` is the id of the text;
    `undone_at` and `undone_by` say when it stopped to count before its end, and through whom."""

    __tablename__ = "duty_overrides"
    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[datetime]
    ends: Mapped[datetime] = mapped_column(index=True)
    person: Mapped[str] = mapped_column(String(100))
    also: Mapped[bool]
    place_of: Mapped[str | None] = mapped_column(String(100))
    by: Mapped[str] = mapped_column(String(100))
    evidence: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(100))


class Work(Base):
    """One side effect or timer: due at a time, leased to one worker, tried with growing pauses."""

    __tablename__ = "work"
    __table_args__ = (UniqueConstraint("kind", "ref"), Index("ix_work_state_due_at", "state", "due_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    ref: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    lease: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
