"""One text that came in, with all that is needed to act on it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tickets import outbox
from tickets.models import Message, Ticket
from tickets.oncall import Person
from tickets.rules import Rules
from tickets.sms import fit
from tickets.states import Purpose, TicketState

#: Automatic answers to one number in an hour; beyond that something is answering us automatically. Staff are exempt: in a
#: bad hour one person may take more tickets than an automaton would send texts.
ANSWERS_PER_HOUR = 12

#: The sender of a text that came without one. There is nobody to answer, to recognise, or to ask for consent.
UNKNOWN_SENDER = "unknown"


@dataclass(frozen=True)
class InboundText:
    """A text as the carrier delivered it. `from_number` is E.164 where possible, else as it came (short codes, names), or
    UNKNOWN_SENDER. `media` are (content type, carrier's media id) pairs; `opt_out_type` says which keyword the carrier has
    answered."""

    sid: str
    from_number: str
    to_number: str
    body: str
    opt_out_type: str | None = None
    media: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Arrival:
    """A text in the unit of work that takes it in. `person` is the team member whose phone sent it."""

    session: Session
    text: InboundText
    message: Message
    person: Person | None
    rules: Rules
    now: datetime

    @property
    def number(self) -> str:
        """Who sent it."""
        return self.text.from_number

    @property
    def withheld(self) -> bool:
        """True when nobody knows who sent it."""
        return self.number == UNKNOWN_SENDER

    def reply(self, body: str, *, key: str, purpose: Purpose, ticket: Ticket | None = None) -> None:
        """Answer the sender, once for the key; nobody when there is no sender."""
        if self.withheld:
            return
        if self.person is not None:
            body = fit("", body, "")
        elif purpose is not Purpose.CONFIRM and self._answers_in_the_last_hour() >= ANSWERS_PER_HOUR:
            return
        self._write(self.number, body, key=key, purpose=purpose, ticket=ticket, person=self.person)

    def tell(self, person: Person, body: str, *, key: str, ticket: Ticket | None = None) -> None:
        """Tell somebody of the team."""
        self._write(person.number, body, key=key, purpose=Purpose.NOTICE, ticket=ticket, person=person)

    def _write(
        self, to: str, body: str, *, key: str, purpose: Purpose, ticket: Ticket | None, person: Person | None
    ) -> None:
        outbox.write(
            self.session,
            key=key,
            purpose=purpose,
            to=to,
            body=body,
            desk=self.rules.desk_number,
            now=self.now,
            ticket=ticket,
            person=person.name if person else None,
        )

    def _answers_in_the_last_hour(self) -> int:
        answers = select(func.count()).where(
            Message.to_number == self.number,
            Message.created_at > self.now - timedelta(hours=1),
            Message.purpose.in_([Purpose.ANSWER, Purpose.RECEIPT]),
        )
        return self.session.scalar(answers) or 0

    def attach(self, ticket: Ticket) -> None:
        """The text belongs to this ticket."""
        self.message.ticket_id = ticket.id

    def current_ticket(self) -> Ticket | None:
        """The ticket that this number's texts belong to: its newest one that is not resolved, within the window. Locked.
        Texts without a sender may be of different people: each is a ticket of its own."""
        if self.withheld:
            return None
        rows = (
            select(Ticket)
            .where(
                Ticket.from_number == self.number,
                Ticket.state != TicketState.RESOLVED,
                Ticket.updated_at > self.now - self.rules.join_window,
            )
            .order_by(Ticket.number.desc())
            .limit(1)
            .with_for_update(key_share=True)
        )
        return self.session.scalars(rows).one_or_none()
