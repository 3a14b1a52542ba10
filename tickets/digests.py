"""Many pages of the same minute to one person, in one text. The pages stay: each is where its digest is.

A bad minute (a whole town without power) must not keep a phone ringing for an hour; one text names all the tickets, and
whoever takes one reads its words in the answer."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import paging, work
from tickets.db import insert_once
from tickets.events import note
from tickets.models import Call, Message, Recording, Ticket
from tickets.oncall import Person
from tickets.paging import Entry
from tickets.states import Direction, MessageState, Purpose, TicketState, WorkKind
from tickets.turns import Waiting

#: Pages to one person that may wait at once and still go out one by one.
HANDFUL = 5

#: What counts as the same minute.
MINUTE = timedelta(seconds=60)

#: The pages that announce a ticket. The words that were missing in a page are in no digest: they would be lost with it.
_ANNOUNCES = (Purpose.PAGE, Purpose.MISSED)

_GONE_OUT = (MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED)


def merge(session: Session, page: Message, waiting: list[Waiting], *, now: datetime) -> bool:
    """Put this page and those of the same minute to the same phone into one digest, when tickets of more than a handful of
    them wait in the line. True when there is a digest now; it has work of its own, and its pages have none any more."""
    if Purpose(page.purpose) not in _ANNOUNCES:
        return False
    pages = _same_minute(session, page, [one.message for one in waiting])
    if len({one.ticket_id for one in pages}) <= HANDFUL:
        return False
    key = f"digest:{page.id}"
    insert_once(
        session,
        Message,
        key=key,
        direction=Direction.OUT,
        purpose=Purpose.DIGEST,
        state=MessageState.PENDING,
        by="sms",
        person=page.person,
        from_number=page.from_number,
        to_number=page.to_number,
        body="",
        created_at=page.created_at,  # the place in the line of its oldest page, and its age
        updated_at=now,
    )
    digest = session.scalars(select(Message).where(Message.key == key)).one()
    for one in pages:
        one.merged_into, one.updated_at = digest.id, now
        if one.id != page.id:  # whose worker is here, and ends its work
            work.cancel(session, WorkKind.SEND_TEXT, one.id, now=now)
        text = f"The page to {one.person} goes out in one text with {len(pages) - 1} others"
        note(session, ticket_id=one.ticket_id, kind="page", now=now, text=text)
    session.flush()
    digest.body = _body(
        session, pages
    )  # the line counts its segments; the words are put together again when it goes out
    work.plan(session, WorkKind.SEND_TEXT, digest.id, now=now)
    return True


def _same_minute(session: Session, page: Message, waiting: list[int]) -> list[Message]:
    """Pages in the line whose tickets are open, `page` among them. Locked, tickets first, as those do who claim them."""
    like = select(Message.ticket_id, Message.id).where(
        Message.id.in_(waiting),
        Message.to_number == page.to_number,
        Message.person == page.person,
        Message.purpose.in_(_ANNOUNCES),
        Message.created_at >= page.created_at,
        Message.created_at < page.created_at + MINUTE,
    )
    found = session.execute(like).all()
    if len(found) <= HANDFUL:
        return []
    return _open_pages(session, {row.ticket_id for row in found}, {row.id for row in found})


def _open_pages(session: Session, tickets: set[int], pages: set[int]) -> list[Message]:
    """Those of these pages that still wait, of those of these tickets that are open."""
    opened = session.scalars(
        select(Ticket).where(Ticket.id.in_(tickets)).order_by(Ticket.id).with_for_update(read=True)
    ).all()
    ids = [ticket.id for ticket in opened if ticket.state == TicketState.OPEN]
    return list(
        session.scalars(
            select(Message)
            .where(Message.id.in_(pages), Message.ticket_id.in_(ids), Message.state == MessageState.PENDING)
            .order_by(Message.id)
            .with_for_update()
        )
    )


def compose(session: Session, digest: Message, *, now: datetime) -> bool:
    """Write the words of a digest that is about to go out: its pages whose tickets are still open. The others are withheld.
    False when none is left."""
    carried = session.execute(select(Message.ticket_id, Message.id).where(Message.merged_into == digest.id)).all()
    pages = _open_pages(session, {row.ticket_id for row in carried}, {row.id for row in carried})
    open_ids = {page.id for page in pages}
    for page in _carried(session, digest):
        if page.id not in open_ids and page.state == MessageState.PENDING:
            page.state, page.updated_at = MessageState.WITHHELD, now
    if pages:
        digest.body = _body(session, pages)
    return bool(pages)


def _body(session: Session, pages: list[Message]) -> str:
    if len(pages) == 1:  # a page alone says more
        return pages[0].body
    tickets = session.scalars(
        select(Ticket).where(Ticket.id.in_([page.ticket_id for page in pages])).order_by(Ticket.number)
    )
    return paging.digest_body(
        [Entry(one.number, one.client, one.from_number, urgent=one.priority == "urgent") for one in tickets]
    )


def _carried(session: Session, digest: Message) -> list[Message]:
    """Locked in the order in which those lock them who withhold pages."""
    rows = select(Message).where(Message.merged_into == digest.id).order_by(Message.id).with_for_update()
    return list(session.scalars(rows))


def follow(session: Session, digest: Message, *, now: datetime) -> None:
    """Wherever a digest is, its pages are, but for those that were withheld before."""
    if digest.purpose != Purpose.DIGEST:
        return
    for page in _carried(session, digest):
        if page.state != MessageState.WITHHELD:
            page.state, page.error_code, page.error = digest.state, digest.error_code, digest.error
            page.attempted_at, page.updated_at = digest.attempted_at, now


def carried(session: Session, message: Message) -> list[Message]:
    """The pages that go out in this text; none for any other text than a digest."""
    return _carried(session, message) if message.purpose == Purpose.DIGEST else []


def tickets_of(session: Session, message: Message) -> list[int | None]:
    """The tickets in whose story a text belongs: its own, or those of the pages that went out in it."""
    if message.purpose != Purpose.DIGEST:
        return [message.ticket_id]
    pages = (Message.merged_into == message.id, Message.state != MessageState.WITHHELD)
    return list(session.scalars(select(Message.ticket_id).where(*pages).distinct().order_by(Message.ticket_id)))


def unread_words(session: Session, ticket: Ticket, person: Person) -> str | None:
    """The client's first words, for who knows of the ticket from a digest only: it named no words. None for who has had them
    in a text of their own, and while there are none."""
    texts = select(Message.id).where(Message.ticket_id == ticket.id, Message.person == person.name).limit(1)
    merged = texts.where(Message.merged_into.is_not(None))
    had = texts.where(Message.purpose == Purpose.WORDS, Message.state.in_(_GONE_OUT))
    if session.scalars(merged).first() is None or session.scalars(had).first() is not None:
        return None
    spoken = (
        select(Recording.text)
        .join(Call, Recording.call_id == Call.id)
        .where(Call.ticket_id == ticket.id, Recording.text.is_not(None))
    )
    written = select(Message.body).where(Message.ticket_id == ticket.id, Message.purpose == Purpose.CLIENT)
    first = session.scalars(spoken.order_by(Recording.id).limit(1)).first()
    return first or session.scalars(written.order_by(Message.id).limit(1)).first()
