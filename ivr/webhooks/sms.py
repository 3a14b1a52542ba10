"""Webhooks of texts: the number's Messaging URL and the reports about our own texts."""

import structlog
from flask import Blueprint, Response

from ivr.forms import delivery_form, text_form
from ivr.twiml import EMPTY
from ivr.webhooks.guard import fields, twiml
from ivr.wiring import Latest
from tickets import inbox, outbox
from tickets.inbox import Taken

log = structlog.get_logger(__name__)


def blueprint(latest: Latest) -> Blueprint:
    """The views, bound to the latest Helpline. Every reply goes through the outbox, so the answer here is always empty."""
    views = Blueprint("sms", __name__, url_prefix="/twilio")

    @views.post("/sms")
    def sms() -> Response:
        """A text came in."""
        text, desk = text_form(fields()), latest()
        with desk.database.unit() as unit:
            taken = inbox.receive(unit, text, rules=desk.rules, now=desk.now())
        say = log.warning if taken is Taken.CONFLICT else log.info
        say("text received", message=text.sid, media=len(text.media), taken=taken.value)
        return twiml(EMPTY)

    @views.post("/sms/status")
    def sms_status() -> Response:
        """The carrier reports about a text of ours."""
        form, desk = delivery_form(fields()), latest()
        with desk.database.unit() as unit:
            outbox.report(unit, sid=form.sid, status=form.status, error_code=form.error_code, now=desk.now())
        return twiml(EMPTY)

    return views
