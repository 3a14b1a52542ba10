"""STOP, START and HELP: what is recorded, what is answered, and who has to know."""

from tickets import answers, consent
from tickets.arrival import Arrival
from tickets.consent import ConsentKind
from tickets.events import note
from tickets.rules import Wording
from tickets.states import Purpose
from tickets.wish_words import Rule
from tickets.wishes import Wish, answered_by_carrier, read_wish


def wish(arrival: Arrival) -> Wish | None:
    """What a text asks for. What the carrier says it has answered counts, whatever the words. "Yes" of a client who may
    be texted and has a ticket answers somebody of the team: it restores nothing and is a text like any other. So does
    every other START that may be an answer."""
    text = arrival.text
    if text.opt_out_type in ("STOP", "START", "HELP"):
        return Wish(text.opt_out_type.lower())
    reading = read_wish(text.body)
    if reading.rule is Rule.ANSWER and arrival.current_ticket() is not None:
        return reading.wish if not _may_text(arrival) else None
    return reading.wish


def take(arrival: Arrival, asked: Wish) -> None:
    """Record and answer. The ticket that the sender has shows the text as well."""
    ticket = arrival.current_ticket()
    if ticket is not None and arrival.person is None:
        arrival.attach(ticket)
    answered = answered_by_carrier(
        arrival.text.body,
        keywords_by_carrier=arrival.rules.keywords_by_carrier,
        opt_out_type=arrival.text.opt_out_type,
    )
    match asked:
        case Wish.STOP:
            _stop(arrival, answered)
        case Wish.START:
            if arrival.person is not None and not _may_text(arrival):
                _tell_others(arrival, f"{arrival.person.name} can get texts and pages again.")
            _record(arrival, ConsentKind.OPT_IN, answered)
            if not answered:
                arrival.answer(Wording.OPTED_IN, key=f"start:{arrival.text.sid}", purpose=Purpose.RECEIPT)
        case _ if not answered and arrival.person:
            arrival.reply(answers.STAFF_HELP, key=f"help:{arrival.text.sid}", purpose=Purpose.RECEIPT)
        case _ if not answered:
            arrival.answer(Wording.HELP, key=f"help:{arrival.text.sid}", purpose=Purpose.RECEIPT)


def _may_text(arrival: Arrival) -> bool:
    return consent.may_text(arrival.session, arrival.number, arrival.rules.sender)


def _record(arrival: Arrival, kind: ConsentKind, answered: bool) -> None:
    consent.record(
        arrival.session,
        arrival.number,
        kind,
        source=consent.ANSWERED if answered else "text",
        evidence=arrival.text.sid,
        words=arrival.text.body,
        now=arrival.now,
    )


def _stop(arrival: Arrival, answered: bool) -> None:
    first = _may_text(arrival)
    _record(arrival, ConsentKind.OPT_OUT, answered)
    if not first:
        return
    if not answered:
        arrival.answer(Wording.OPTED_OUT, key=f"stop:{arrival.text.sid}", purpose=Purpose.CONFIRM)
    if arrival.person is not None and arrival.number != arrival.person.number:
        return  # a second phone gets no pages anyway
    if arrival.person is not None:
        name = arrival.person.name
        _tell_others(arrival, f"{name} has opted out of texts and gets no pages until texting START to this number.")
    elif arrival.message.ticket_id is not None:
        text = "The client opted out of texts; calling still works"
        note(arrival.session, ticket_id=arrival.message.ticket_id, kind="consent", now=arrival.now, text=text)


def _tell_others(arrival: Arrival, body: str) -> None:
    for other in arrival.rules.team:
        if other != arrival.person:
            arrival.tell(other, body, key=f"optout:{arrival.text.sid}:{other.number}")
