"""One text that came in, with all that is needed to act on it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from tickets import outbox
from tickets.automatic import SAME_WORDS, SOON, sounds_automatic
from tickets.languages import guess
from tickets.models import Message, Ticket
from tickets.oncall import Person
from tickets.rules import Rules, Wording
from tickets.sms import fit
from tickets.states import Direction, Purpose, TicketState

#: Automatic answers to one number in an hour; beyond that something is answering us automatically. Staff are exempt: in a
#: bad hour one person may take more tickets than an automaton would send texts.
ANSWERS_PER_HOUR = 12

#: The sender of a text that came without one. There is nobody to answer, to recognise, or to ask for consent.
UNKNOWN_SENDER = "unknown"


def can_receive(number: str | None) -> bool:
    """Whether a sender can be written to at all: short codes and names cannot."""
    return number is not None and number.startswith("+") and len(number) > 7 and number[1:].isdecimal()


@dataclass(frozen=True)
class InboundText:
    """A text as the carrier delivered it. `from_number` is E.164 where possible, else as it came (short codes, names), or
    UNKNOWN_SENDER. `media` are (content type, carrier's media id) pairs, the id empty where the carrier has not said it;
    `opt_out_type` says which keyword the carrier has answered."""

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

    @property
    def language(self) -> str | None:
        """The language of answers to the sender: as the admins said, else as the text is written, else the desk's own."""
        return self.rules.language_of(self.number) or guess(self.text.body)

    def answer(self, wording: Wording, *, key: str, purpose: Purpose, ticket: Ticket | None = None) -> None:
        """Answer a client in the words of the flow file, once for the key. Nothing goes out where it has none."""
        body = self.rules.wording(wording, ticket.number if ticket else None, self.language)
        if body is not None:
            self.reply(body, key=key, purpose=purpose, ticket=ticket)

    def reply(self, body: str, *, key: str, purpose: Purpose, ticket: Ticket | None = None) -> None:
        """Answer the sender, once for the key. Who cannot receive texts, and machines, are never answered."""
        if not can_receive(self.number) or self.number in self.rules.machines:
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
        """The ticket that this number's texts belong to: its newest one that is not resolved, within the window. Locked."""
        return self._newest(Ticket.state != TicketState.RESOLVED, Ticket.updated_at > self.now - self.rules.join_window)

    def resolved_ticket(self) -> Ticket | None:
        """This number's newest ticket, resolved so shortly ago that another text is about it. Locked."""
        return self._newest(
            Ticket.state == TicketState.RESOLVED, Ticket.resolved_at > self.now - self.rules.reopen_window
        )

    def _newest(self, *conditions: ColumnElement[bool]) -> Ticket | None:
        # Texts without a sender may be of different people: each is a ticket of its own.
        if self.withheld:
            return None
        rows = (
            select(Ticket)
            .where(Ticket.from_number == self.number, *conditions)
            .order_by(Ticket.number.desc())
            .limit(1)
            .with_for_update(key_share=True)
        )
        return self.session.scalars(rows).one_or_none()

    def is_automatic(self) -> bool:
        """Whether a telephone wrote this by itself: the words of an automatic reply soon after a text of ours, or the same
        words again and again."""
        if self.number in self.rules.machines:
            return False
        written_to = select(Message.id).where(
            Message.to_number == self.number, Message.created_at > self.now - SOON, Message.direction == Direction.OUT
        )
        if sounds_automatic(self.text.body):
            return self.session.scalars(written_to.limit(1)).first() is not None
        same = select(func.count()).where(
            Message.from_number == self.number,
            Message.body == self.text.body,
            Message.created_at > self.now - timedelta(hours=1),
        )
        return len(self.text.body) > 12 and (self.session.scalar(same) or 0) >= SAME_WORDS
