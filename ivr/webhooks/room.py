"""Webhook of the rooms in which callers and colleagues talk."""

import structlog
from flask import Blueprint, Response

from ivr import ringflow
from ivr.forms import room_form
from ivr.twiml import EMPTY
from ivr.webhooks.guard import fields, twiml
from ivr.wiring import Latest

log = structlog.get_logger(__name__)


def blueprint(latest: Latest) -> Blueprint:
    """The view, bound to the latest Helpline."""
    views = Blueprint("room", __name__, url_prefix="/twilio/room")

    @views.post("/<int:ring>")
    def room(ring: int) -> Response:
        """Somebody came or left, the talk began or ended."""
        form = room_form(fields())
        structlog.contextvars.bind_contextvars(call=form.call_sid, ring=ring)
        ringflow.room_event(latest(), form, ring)
        log.info("room event", event_kind=form.event)
        return twiml(EMPTY)

    return views
