"""Talking back: a colleague writes to the client of a ticket through the desk's number, and hears when it did not arrive."""

from tickets import consent, outbox
from tickets.arrival import Arrival, can_receive
from tickets.events import note
from tickets.models import Ticket
from tickets.sms import fit, spoken_number
from tickets.states import Purpose, TicketState

#: The longest text that the carrier takes (error 21617 beyond).
LONGEST = 1600


def call_hint(ticket: Ticket) -> str:
    """How the client can be reached all the same."""
    number = ticket.from_number
    return f" Calling works: {spoken_number(number)}." if number and can_receive(number) else ""


def send(arrival: Arrival, ticket: Ticket, words: str) -> str:
    """Pass `words` on to the client of a ticket, and say what became of it."""
    assert arrival.person is not None  # only the team has commands
    number, client = ticket.number, ticket.client or "the client"
    if not words:
        return f"{number}: what should the client read? Write {number} and your words behind it."
    if ticket.from_number is None:
        return f"{number}: not sent, the client's number is withheld."
    if not can_receive(ticket.from_number) or ticket.from_number in arrival.rules.machines:
        return f"{number}: not sent, {ticket.from_number} cannot receive texts."
    if len(words) > LONGEST:
        return f"{number}: not sent, {len(words)} characters are more than the {LONGEST} of a text. Send it in parts."
    standing = consent.of(arrival.session, ticket.from_number, arrival.rules.sender)
    if not standing.may_text:
        return f"{number}: not sent, {standing.why}.{call_hint(ticket)}"
    outbox.write(
        arrival.session,
        key=f"reply:{arrival.text.sid}",
        purpose=Purpose.REPLY,
        to=ticket.from_number,
        body=words,
        desk=arrival.rules.desk_number,
        now=arrival.now,
        ticket=ticket,
    )
    ticket.updated_at = arrival.now
    text = f"{arrival.person.name} wrote to the client"
    note(arrival.session, ticket_id=ticket.id, kind="reply", now=arrival.now, text=text)
    _tell_owner(arrival, ticket, words)
    unowned = f" Nobody has it yet: ACK {number} takes it." if ticket.state == TicketState.OPEN else ""
    return f"{number}: passed on to {client}.{unowned}"


def _tell_owner(arrival: Arrival, ticket: Ticket, words: str) -> None:
    """The owner knows what the client was told."""
    assert arrival.person is not None  # send looked
    if ticket.state != TicketState.CLAIMED or ticket.claimed_by == arrival.person.name:
        return
    for owner in arrival.rules.team:
        if owner.name == ticket.claimed_by:
            body = fit(f"{ticket.number} {arrival.person.name} wrote to the client: ", words, "")
            arrival.tell(owner, body, key=f"wrote:{arrival.text.sid}:{owner.number}", ticket=ticket)
