"""Webhooks of calls: the number's Voice URL, the steps, the events of recordings, the call's status."""

import structlog
from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from ivr import callflow
from ivr.forms import call_form, recording_form
from ivr.twiml import EMPTY
from ivr.webhooks.guard import fields, twiml
from ivr.wiring import Helpline, Latest

log = structlog.get_logger(__name__)


def _step(desk: Helpline, turn: int) -> Response:
    form = call_form(fields())
    structlog.contextvars.bind_contextvars(call=form.sid, turn=turn)
    try:
        return twiml(callflow.answer(desk, form, turn))
    except SQLAlchemyError:
        # A caller must be heard also while the database is away; the message is found at the carrier later.
        log.exception("the database failed a caller; the built-in voicemail answers")
        return twiml(callflow.without_database(desk, form, 0))


def blueprint(latest: Latest) -> Blueprint:
    """The views, bound to the latest Helpline."""
    views = Blueprint("voice", __name__, url_prefix="/twilio")

    @views.post("/voice")
    def voice() -> Response:
        """The first webhook of a call."""
        return _step(latest(), 0)

    @views.post("/voice/<int:turn>")
    def voice_turn(turn: int) -> Response:
        """Keys, silence or a recording of the caller."""
        return _step(latest(), turn)

    @views.post("/voice/without-database/<int:asked>")
    def voice_without_database(asked: int) -> Response:
        """The end of a call that the built-in voicemail answered."""
        return twiml(callflow.without_database(latest(), call_form(fields()), min(asked, 3)))

    @views.post("/voice/status")
    def voice_status() -> Response:
        """The call began, rang or ended; the answer is ignored by the carrier."""
        form = call_form(fields())
        structlog.contextvars.bind_contextvars(call=form.sid)
        callflow.status_event(latest(), form)
        return twiml(EMPTY)

    @views.post("/recording")
    def recording() -> Response:
        """The carrier records, has recorded, or has nothing."""
        form = recording_form(fields())
        structlog.contextvars.bind_contextvars(call=form.call_sid, recording=form.sid)
        callflow.recording_event(latest(), form)
        log.info("recording event", status=form.status, seconds=form.seconds)
        return twiml(EMPTY)

    return views
