"""Sending one text: through the gate, to the carrier, and what became of it back into the outbox."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from ivr.wiring import Helpline
from tickets import outbox, work
from tickets.outbox import NotSent, OutcomeUnknown, Sendable, TextRefused

log = structlog.get_logger(__name__)

#: After so long the carrier is certainly not at work any more on a request that we got no answer to: the client's own
#: time-out twice over. Only then may a text that is not found there be sent again.
SETTLED = timedelta(seconds=20)


def send_text(desk: Helpline, held: work.Claim) -> None:
    """Do one piece of SEND_TEXT work."""
    with desk.database.unit() as unit:
        sendable = outbox.pass_gate(unit, held, now=desk.now(), pace=desk.rules.pace)
    if sendable is None:
        return
    structlog.contextvars.bind_contextvars(ticket=sendable.ticket)
    try:
        if sendable.attempted_at is None:
            _send(desk, held, sendable)
        else:
            _look_up(desk, held, sendable)
    except TextRefused as refused:
        log.warning("the carrier refused a text", code=refused.code, refusal=refused.kind.value)
        with desk.database.unit() as unit:
            outbox.was_refused(unit, held, refused, now=desk.now())
            _expect(unit, desk, held)
    except NotSent as error:
        log.warning("the carrier was not reached", error=str(error))
        with desk.database.unit() as unit:
            outbox.was_not_sent(unit, held, now=desk.now(), error=str(error))
            _expect(unit, desk, held)
    except OutcomeUnknown as error:
        log.warning("the outcome of a text is unknown; it will be looked up", error=str(error))
        with desk.database.unit() as unit:
            outbox.is_unknown(unit, held, now=desk.now(), error=str(error))
            _expect(unit, desk, held)


def _expect(unit: Session, desk: Helpline, held: work.Claim) -> None:
    outbox.expect(unit, held, now=desk.now(), report_within=desk.rules.delivery_report)


def _send(desk: Helpline, held: work.Claim, sendable: Sendable) -> None:
    began = desk.now()
    try:
        handed = desk.carrier.send_text(to=sendable.to, body=sendable.body)
    except OutcomeUnknown as error:
        if not error.answered:
            raise
        found = _find(desk, sendable, began)
        with desk.database.unit() as unit:
            known = outbox.unclaimed(unit, found)
            if known is None:
                outbox.was_not_sent(unit, held, now=desk.now(), error=str(error))
                _expect(unit, desk, held)
                return
        handed = known
    _handed_over(desk, held, handed)


def _find(desk: Helpline, sendable: Sendable, since: datetime) -> list[outbox.Handed]:
    """Whatever goes wrong with a look-up, the text's outcome is as unknown as it was."""
    try:
        return desk.carrier.find_texts(to=sendable.to, body=sendable.body, since=since)
    except (TextRefused, NotSent) as error:
        raise OutcomeUnknown(f"the look-up failed: {error}") from error


def _look_up(desk: Helpline, held: work.Claim, sendable: Sendable) -> None:
    assert sendable.attempted_at is not None  # the caller looked
    found = _find(desk, sendable, sendable.attempted_at)
    with desk.database.unit() as unit:
        known = outbox.unclaimed(unit, found)
        if known is None:
            settled = desk.now() - sendable.attempted_at > SETTLED
            outbox.was_not_found(unit, held, now=desk.now(), resend=settled)
            return
    log.info("a text of unknown outcome was found at the carrier")
    _handed_over(desk, held, known)


def _handed_over(desk: Helpline, held: work.Claim, handed: outbox.Handed) -> None:
    with desk.database.unit() as unit:
        outbox.was_handed_over(unit, held, handed, now=desk.now(), report_within=desk.rules.delivery_report)
    log.info("text handed over", message=handed.sid)
