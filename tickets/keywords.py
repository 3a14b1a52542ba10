"""STOP, START and HELP: what is recorded, what is answered, and who has to know."""

from tickets import answers, consent
from tickets.arrival import Arrival
from tickets.consent import ConsentKind, Wish
from tickets.events import note
from tickets.rules import Wording
from tickets.states import Purpose


def wish(arrival: Arrival) -> Wish | None:
    """What a text asks for. What the carrier says it has answered counts, whatever the words. "Yes" of a client who may
    be texted and has a ticket answers somebody of the team: it restores nothing and is a text like any other."""
    text = arrival.text
    if text.opt_out_type in ("STOP", "START", "HELP"):
        return Wish(text.opt_out_type.lower())
    asked = consent.wish_of(text.body)
    if asked is Wish.START and consent.is_yes(text.body) and arrival.current_ticket() is not None:
        return asked if not consent.may_text(arrival.session, arrival.number) else None
    return asked


def take(arrival: Arrival, asked: Wish) -> None:
    """Record and answer. The ticket that the sender has shows the text as well."""
    ticket = arrival.current_ticket()
    if ticket is not None and arrival.person is None:
        arrival.attach(ticket)
    answered = consent.answered_by_carrier(
        arrival.text.body,
        keywords_by_carrier=arrival.rules.keywords_by_carrier,
        opt_out_type=arrival.text.opt_out_type,
    )
    match asked:
        case Wish.STOP:
            _stop(arrival, answered)
        case Wish.START:
            _record(arrival, ConsentKind.OPT_IN, answered)
            if not answered:
                body = arrival.rules.wording(Wording.OPTED_IN, None)
                arrival.reply(body, key=f"start:{arrival.text.sid}", purpose=Purpose.RECEIPT)
        case _ if not answered:
            body = answers.STAFF_HELP if arrival.person else arrival.rules.wording(Wording.HELP, None)
            arrival.reply(body, key=f"help:{arrival.text.sid}", purpose=Purpose.RECEIPT)


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
    first = consent.may_text(arrival.session, arrival.number)
    _record(arrival, ConsentKind.OPT_OUT, answered)
    if not first:
        return
    if not answered:
        body = arrival.rules.wording(Wording.OPTED_OUT, None)
        arrival.reply(body, key=f"stop:{arrival.text.sid}", purpose=Purpose.CONFIRM)
    if arrival.person is None:
        if arrival.message.ticket_id is not None:
            text = "The client opted out of texts; calling still works"
            note(arrival.session, ticket_id=arrival.message.ticket_id, kind="consent", now=arrival.now, text=text)
        return
    if arrival.number != arrival.person.number:  # a second phone gets no pages anyway
        return
    body = f"{arrival.person.name} has opted out of texts and gets no pages until texting START to this number."
    for other in arrival.rules.team:
        if other != arrival.person:
            arrival.tell(other, body, key=f"optout:{arrival.text.sid}:{other.number}")
