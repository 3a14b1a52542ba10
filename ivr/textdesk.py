"""The desk's side of a tried text: the real desk, on a database in memory that is thrown away. Nothing is sent."""

import weakref
from datetime import datetime

from sqlalchemy import create_engine, insert, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from flows.loader import Flows
from flows.session import Caller
from flows.trying.texting import Texted, Ticket
from ivr.links import Links
from ivr.settings import Settings
from ivr.wiring import rules_of
from tickets import inbox
from tickets.arrival import UNKNOWN_SENDER, InboundText
from tickets.consent import ConsentKind
from tickets.models import Base, ConsentEvent, Counter, Event, Leg, Message
from tickets.models import Ticket as TicketRow
from tickets.rules import Rules
from tickets.states import Direction
from tickets.wishes import Wish, answered_by_carrier, read_wish

#: The number before that of the first ticket.
FIRST_TICKET = 1041


class TextDesk:
    """A desk without tickets, for the texts of one number. As in the default of SMS_KEYWORDS, the carrier answers the
    bare words STOP, START and HELP itself."""

    def __init__(self, flows: Flows, caller: Caller) -> None:
        self._flows, self._sender = flows, caller.number or UNKNOWN_SENDER
        # What a desk is set to on its machine does not matter for what its flow files do.
        self._settings = Settings(twilio_number=flows.helpdesk.desk.number)
        self._engine = create_engine("sqlite://", poolclass=StaticPool)
        Base.metadata.create_all(self._engine)
        with Session(self._engine) as session, session.begin():
            session.execute(insert(Counter).values(name="ticket", value=FIRST_TICKET))
        self._texts = 0
        weakref.finalize(self, self._engine.dispose)

    def receive(self, words: str, *, at: datetime) -> Texted:
        """Take a text in, and say what became of it."""
        self._texts += 1
        sid = f"SM{self._texts:032x}"
        text = InboundText(sid, self._sender, self._flows.helpdesk.desk.number, words)
        with Session(self._engine) as session, session.begin():
            last: dict[type[Base], int] = {
                of: session.scalar(select(of.id).order_by(of.id.desc()).limit(1)) or 0 for of in _ROWS
            }
            inbox.receive(session, text, rules=self._rules(at), now=at)
            session.flush()
            return self._what_came(session, sid, last)

    def _rules(self, at: datetime) -> Rules:
        links = Links("tried", self._settings.public_url)
        return rules_of(self._flows, self._settings, links=links, now=lambda: at)

    def _what_came(self, session: Session, sid: str, last: dict[type[Base], int]) -> Texted:
        came = session.scalars(select(Message).where(Message.sid == sid)).one()
        sent = session.scalars(
            select(Message).where(Message.id > last[Message], Message.direction == Direction.OUT).order_by(Message.id)
        ).all()
        notes = session.scalars(select(Event.text).where(Event.id > last[Event]).order_by(Event.id)).all()
        ticket = session.get(TicketRow, came.ticket_id) if came.ticket_id is not None else None
        texted = [one.person for one in sent if one.person and one.to_number != self._sender]
        called = session.scalars(select(Leg.person).where(Leg.id > last[Leg]).order_by(Leg.id)).all()
        return Texted(
            means=self._means(session, came, last[ConsentEvent]),
            gets=tuple(one.body for one in sent if one.to_number == self._sender),
            ticket=Ticket(ticket.subject, ticket.priority) if ticket else None,
            pages=tuple(dict.fromkeys((*texted, *called))),
            notes=tuple(notes),
            by_carrier=answered_by_carrier(came.body, keywords_by_carrier=True, opt_out_type=None),
        )

    def _means(self, session: Session, came: Message, last: int) -> str | None:
        """What the text counted as: by the ledger of consent where it stands there, else as it is read."""
        kinds = session.scalars(
            select(ConsentEvent.kind).where(ConsentEvent.id > last, ConsentEvent.source != "first text")
        ).all()
        if kinds:
            return Wish.STOP.value if kinds[-1] == ConsentKind.OPT_OUT else Wish.START.value
        wish = read_wish(came.body).wish
        if self._sender == UNKNOWN_SENDER:  # nobody to do it for: a person reads what may be an opt-out
            wish = Wish.UNCLEAR if wish in (Wish.STOP, Wish.UNCLEAR) else None
        return wish.value if wish in (Wish.HELP, Wish.UNCLEAR, Wish.STOP) else None


_ROWS: tuple[type[Message | Event | ConsentEvent | Leg], ...] = (Message, Event, ConsentEvent, Leg)
