"""What stands before every webhook: size, signature, shape. A rejected request leaves a log line and a count, nothing else."""

from collections.abc import Mapping
from typing import cast

import structlog
from flask import Flask, Response, request
from prometheus_client import Counter
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.local import LocalProxy

from ivr.body import LIMIT, WebhookRequest
from ivr.forms import Malformed
from ivr.signature import Rejection, SignatureCheck

log = structlog.get_logger(__name__)

REJECTED = Counter("helpline_webhooks_rejected", "Webhooks that were not taken.", ["reason"])
for _reason in Rejection:
    REJECTED.labels(reason=_reason.value)

#: Answers to webhooks whose reply the carrier ignores, and to texts that are answered by the outbox.
TWIML = "text/xml"


def reject(reason: Rejection, status: int, detail: str = "") -> Response:
    """Count it, say why in the log, tell the sender nothing."""
    REJECTED.labels(reason=reason.value).inc()
    log.warning("webhook rejected", reason=reason.value, path=request.path, detail=detail or None)
    return Response(f"rejected: {reason.value}\n", status=status, mimetype="text/plain")


def protect(app: Flask, check: SignatureCheck) -> None:
    """Guard every path below /twilio/, also those that do not exist: an unsigned request learns nothing from them."""
    app.request_class = WebhookRequest

    @app.before_request
    def verify() -> Response | None:
        # What the last request of this thread was about. Here, and not in a hook of its own after each request.
        structlog.contextvars.unbind_contextvars("call", "turn", "recording", "leg", "ring")
        this = _this_request()
        if not this.path.startswith("/twilio/"):
            return None
        if (this.content_length or 0) > LIMIT:
            return reject(Rejection.TOO_LARGE, 413)
        try:
            reason = check.reject(this)
        except RequestEntityTooLarge:
            return reject(Rejection.TOO_LARGE, 413)
        except (HTTPException, ValueError):
            return reject(Rejection.MALFORMED, 400)
        return None if reason is None else reject(reason, 403)

    @app.errorhandler(Malformed)
    def malformed(error: Malformed) -> Response:
        return reject(Rejection.MALFORMED, 400, str(error))


def _this_request() -> WebhookRequest:
    """Flask's own name for it looks it up at each touch of an attribute."""
    return cast("LocalProxy[WebhookRequest]", request)._get_current_object()


def fields() -> Mapping[str, str]:
    """The parameters of the webhook that has passed the guard."""
    return _this_request().sent.fields


def twiml(body: str) -> Response:
    """An answer for the carrier."""
    return Response(body, mimetype=TWIML)
