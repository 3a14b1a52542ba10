"""Calling a colleague: through the gate, to the carrier, and what became of it back into the leg."""

from collections.abc import Callable

import structlog

from ivr.carrier.base import CarrierError, NotThere
from ivr.sending import SETTLED
from ivr.twiml import RETRIED
from ivr.wiring import Helpline
from tickets import legs, work
from tickets.legs import Placeable
from tickets.models import Leg
from tickets.outbox import NotSent, OutcomeUnknown, TextRefused
from tickets.states import LegPurpose

log = structlog.get_logger(__name__)

#: Seconds for which a colleague's phone rings: less than most mailboxes wait (docs/carrier.md, ringing colleagues).
RING_SECONDS = 20


def leg_url(desk: Helpline, leg_id: int, turn: int) -> str:
    """Where the carrier goes for the next turn of a leg."""
    return f"{desk.settings.public_url}/twilio/leg/{leg_id}/{turn}"


def place_call(desk: Helpline, held: work.Claim, wanted: dict[LegPurpose, legs.Wanted]) -> None:
    """Do one piece of PLACE_CALL work. `wanted` says for each purpose whether a leg is still needed."""
    with desk.database.unit() as unit:
        purpose = LegPurpose(unit.get_one(Leg, held.ref).purpose)
        placeable = legs.pass_gate(unit, held, wanted=wanted[purpose], now=desk.now())
    if placeable is None:
        return
    structlog.contextvars.bind_contextvars(ticket=placeable.ticket, leg=placeable.id)
    try:
        if placeable.attempted_at is None:
            handed = desk.carrier.place_call(
                to=placeable.to,
                url=leg_url(desk, placeable.id, 0),
                status_url=f"{desk.settings.public_url}/twilio/leg/{placeable.id}/status{RETRIED}",
                ring_seconds=RING_SECONDS,
            )
        else:
            _look_up(desk, held, placeable)
            return
    except TextRefused as refused:
        log.warning("the carrier refused a call", code=refused.code)
        with desk.database.unit() as unit:
            legs.was_refused(unit, held, refused, now=desk.now())
    except NotSent as error:
        _again(desk, held, str(error))
    except OutcomeUnknown as error:
        log.warning("the outcome of a call is unknown; it will be looked up", error=str(error))
        with desk.database.unit() as unit:
            work.retry(unit, held, now=desk.now(), error=str(error))
    else:
        with desk.database.unit() as unit:
            legs.was_placed(unit, held, handed, now=desk.now())
        log.info("call placed", call=handed.sid)


def _look_up(desk: Helpline, held: work.Claim, placeable: Placeable) -> None:
    """An earlier attempt may have made the call: what the carrier has decides."""
    assert placeable.attempted_at is not None  # the caller looked
    found = desk.carrier.find_calls(to=placeable.to, since=placeable.attempted_at)
    with desk.database.unit() as unit:
        known = legs.unclaimed(unit, found)
        if known is not None:
            legs.was_placed(unit, held, known, now=desk.now())
        elif desk.now() - placeable.attempted_at > SETTLED:
            legs.was_not_placed(unit, held, now=desk.now(), error="the carrier never got the earlier attempt")
        else:
            work.retry(unit, held, now=desk.now(), error="not at the carrier yet")


def _again(desk: Helpline, held: work.Claim, error: str) -> None:
    log.warning("the carrier was not reached", error=error)
    with desk.database.unit() as unit:
        legs.was_not_placed(unit, held, now=desk.now(), error=error)


Report = Callable[[int, str, str], None]


def check_call(desk: Helpline, held: work.Claim, report: Report) -> None:
    """Do one piece of CHECK_CALL work: the end of a leg that nobody reported. `report` takes leg, id and status."""
    with desk.database.reading() as session:
        sid = session.get_one(Leg, held.ref).sid
    if sid is not None:
        try:
            status = desk.carrier.call(sid).status
        except NotThere:
            status = "failed"
        except CarrierError as error:
            with desk.database.unit() as unit:
                work.retry(unit, held, now=desk.now(), error=str(error), after=legs.ASK_AFTER, counted=False)
            return
        if status not in legs.ENDED:
            with desk.database.unit() as unit:
                going = "the call is still going on"
                work.retry(unit, held, now=desk.now(), error=going, after=legs.ASK_AFTER, counted=False)
            return
        report(held.ref, sid, status)
    with desk.database.unit() as unit:
        if not work.is_over(unit, held.kind, held.ref):
            work.finish(unit, held, now=desk.now())


def end_call(desk: Helpline, held: work.Claim) -> None:
    """Do one piece of END_CALL work: the phone stops ringing."""
    with desk.database.reading() as session:
        sid = session.get_one(Leg, held.ref).sid
    if sid is not None:
        try:
            desk.carrier.end_call(sid)
        except NotThere:
            log.info("the call is over already", call=sid)
        except CarrierError as error:
            log.warning("a call could not be ended", call=sid, error=str(error))
            with desk.database.unit() as unit:
                work.retry(unit, held, now=desk.now(), error=str(error))
            return
    with desk.database.unit() as unit:
        work.finish(unit, held, now=desk.now())
