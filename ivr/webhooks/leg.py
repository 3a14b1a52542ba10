"""Webhooks of our calls to colleagues: their steps and their status."""

import structlog
from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from ivr import legflow
from ivr.forms import call_form
from ivr.legflow import Scripts
from ivr.twiml import EMPTY
from ivr.webhooks.guard import fields, twiml
from ivr.wiring import Latest

log = structlog.get_logger(__name__)


def blueprint(latest: Latest, scripts: Scripts) -> Blueprint:
    """The views, bound to the latest Helpline."""
    views = Blueprint("leg", __name__, url_prefix="/twilio/leg")

    @views.post("/<int:leg>/<int:turn>")
    def step(leg: int, turn: int) -> Response:
        """A colleague has picked up, or pressed a key, or nothing."""
        form = call_form(fields())
        structlog.contextvars.bind_contextvars(call=form.sid, leg=leg, turn=turn)
        desk = latest()
        try:
            return twiml(legflow.answer(desk, scripts, form, leg, turn))
        except SQLAlchemyError:
            log.exception("the database failed a colleague")
            return twiml(legflow.without_database(desk))

    @views.post("/<int:leg>/status")
    def status(leg: int) -> Response:
        """A phone of the team rings, was picked up, or the call is over."""
        form = call_form(fields())
        structlog.contextvars.bind_contextvars(call=form.sid, leg=leg)
        legflow.status_event(latest(), scripts, leg, form.sid, form.status)
        return twiml(EMPTY)

    return views
