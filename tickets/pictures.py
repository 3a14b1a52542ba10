"""Pictures and files that come with texts: a row for each, our own copy of it, and a small one to look at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import work
from tickets.events import note
from tickets.models import Media, Message
from tickets.rules import Rules
from tickets.sniffing import DECODABLE
from tickets.states import MediaState, WorkKind


@dataclass(frozen=True)
class Wanted:
    """What is needed to fetch a picture. `sid` is None when the carrier has to be asked for it first."""

    message_id: int
    message_sid: str
    sid: str | None
    declared: str | None


def take(session: Session, message: Message, named: Sequence[tuple[str, str]], *, rules: Rules, now: datetime) -> None:
    """Write down what came with a new text, (declared type, carrier's id) each, and plan to fetch it. What is beyond the
    limit is written down as refused; the ticket says so. The ticket of the text, if there is one, is known by now."""
    rows = [
        Media(
            message_id=message.id,
            position=position,
            sid=sid or None,
            declared=kind or None,
            state=MediaState.PENDING if position <= rules.most_pictures else MediaState.REFUSED,
            problem=None if position <= rules.most_pictures else _too_many(rules.most_pictures),
            created_at=now,
        )
        for position, (kind, sid) in enumerate(_each_once(named), 1)
    ]
    session.add_all(rows)
    session.flush()
    for row in rows[: rules.most_pictures]:
        work.plan(session, WorkKind.FETCH_PICTURE, row.id, now=now)
    if len(rows) > rules.most_pictures:
        text = f"{len(rows)} pictures came with a text: {_too_many(rules.most_pictures)}, the others were not fetched"
        note(session, ticket_id=message.ticket_id, kind="problem", now=now, text=text)


def _too_many(most: int) -> str:
    return f"only the first {most} of a text are kept"


def _each_once(named: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same picture named twice is one; those without a name are as many as they are."""
    kept: list[tuple[str, str]] = []
    for kind, sid in named:
        if not sid or sid not in {known for _, known in kept}:
            kept.append((kind, sid))
    return kept


def to_fetch(session: Session, media_id: int) -> Wanted | None:
    """What is still to be fetched of this picture; None when nothing is."""
    row = session.get_one(Media, media_id)
    if row.state != MediaState.PENDING:
        return None
    message = session.get_one(Message, row.message_id)
    return Wanted(message.id, message.sid or "", row.sid, row.declared)


def name(session: Session, media_id: int, listed: Iterable[tuple[str, str]]) -> str | None:
    """The carrier lists what came with a text, (type, id) each: pictures without an id get one each, in order. Returns the
    id of `media_id`, None when the list is too short for it."""
    wanted = session.get_one(Media, media_id)
    siblings = select(Media).where(Media.message_id == wanted.message_id).order_by(Media.position).with_for_update()
    rows = list(session.scalars(siblings.execution_options(populate_existing=True)))
    taken = {row.sid for row in rows}
    free = [(kind, sid) for kind, sid in _each_once(listed) if sid and sid not in taken]
    for row, (kind, sid) in zip((row for row in rows if row.sid is None), free, strict=False):
        row.sid, row.declared = sid, row.declared or kind or None
    return wanted.sid


def stored(session: Session, media_id: int, *, blob: str, size: int, content_type: str, now: datetime) -> None:
    """We hold it ourselves, and know what it is: on to its thumbnail, if it can have one."""
    row = session.get_one(Media, media_id, with_for_update=True)
    row.state, row.blob, row.size, row.content_type = MediaState.STORED, blob, size, content_type
    declared = (row.declared or "").split(";")[0].strip().lower()
    if declared.startswith("image/") and not content_type.startswith("image/"):
        row.problem = f"announced as {declared}, but it is {content_type}"
        _note(session, row, f"is no picture: {row.problem}. It is kept as a file", now=now)
    if content_type in DECODABLE:
        work.plan(session, WorkKind.MAKE_THUMBNAIL, row.id, now=now)
    elif content_type.startswith("image/"):
        row.problem = f"no preview of {content_type}"


def lost(session: Session, media_id: int, *, state: MediaState, reason: str, now: datetime) -> None:
    """It could not be had after all attempts, or was refused: the row and the ticket say why."""
    row = session.get_one(Media, media_id, with_for_update=True)
    row.state, row.problem = state, reason[:300]
    verb = "was refused" if state is MediaState.REFUSED else "could not be had"
    _note(session, row, f"{verb}: {reason}", now=now)


def has_thumbnail(session: Session, media_id: int, blob: str) -> None:
    """The small copy is there."""
    session.get_one(Media, media_id, with_for_update=True).thumbnail = blob


def no_thumbnail(session: Session, media_id: int, *, reason: str, now: datetime) -> None:
    """There will be no small copy: the file itself stays, for download."""
    row = session.get_one(Media, media_id, with_for_update=True)
    row.problem = reason[:300]
    _note(session, row, f"has {reason}. It is kept as a file", now=now)


def of_text(session: Session, message_id: int) -> list[Media]:
    """What came with a text, in order."""
    return list(session.scalars(select(Media).where(Media.message_id == message_id).order_by(Media.position)))


def _note(session: Session, row: Media, text: str, *, now: datetime) -> None:
    ticket_id = session.get_one(Message, row.message_id).ticket_id
    kind = "picture" if row.state == MediaState.STORED else "problem"
    note(session, ticket_id=ticket_id, kind=kind, now=now, text=f"Picture {row.position} {text}")
