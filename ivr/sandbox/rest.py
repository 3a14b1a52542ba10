"""The REST API: what every resource shares, and texts and numbers."""

from __future__ import annotations

import hmac
import socket
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, g, jsonify, request
from werkzeug.exceptions import HTTPException

from ivr.sandbox import wire
from ivr.sandbox.behaviour import PostAnswer
from ivr.sandbox.carrier import Carrier
from ivr.sandbox.messaging import Draft, Refused
from ivr.sandbox.store import Row, media, messages

ACCOUNT = f"/{wire.API_VERSION}/Accounts/<account>"
# HTTP status of the error numbers that are not a plain 400.
_STATUS = {20003: 401, 20404: 404, 20429: 429, 20500: 500, 20503: 503}
_FINAL = frozenset({"delivered", "undelivered", "failed", "received", "canceled", "read", "sent"})

api = Blueprint("rest", __name__)


def carrier() -> Carrier:
    """The carrier that this application serves."""
    found: Carrier = current_app.extensions["sandbox"]
    return found


class ApiError(Exception):
    """A refusal, as the error document of the API."""

    def __init__(
        self, code: int, *, status: int | None = None, text: str | None = None, names: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.status = status or _STATUS.get(code, 400)
        self.body = wire.error_body(code, self.status, text=text, **(names or {}))


def not_found() -> ApiError:
    """The resource of this request does not exist."""
    return ApiError(20404, text=f"The requested resource {request.path} was not found")


@api.app_errorhandler(ApiError)
def _refused(error: ApiError) -> tuple[Response, int]:
    return jsonify(error.body), error.status


@api.app_errorhandler(HTTPException)
def _unknown(error: HTTPException) -> tuple[Response, int]:
    status = error.code or 500
    if request.path.startswith("/sandbox"):
        return jsonify({"error": f"{request.method} {request.path}: {error.description}"}), status
    code = {404: 20404, 405: 20004}.get(status, 20500)
    return jsonify(wire.error_body(code, status, text=f"The requested resource {request.path} was not found")), status


@api.app_url_value_preprocessor
def _take_account(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """The account stands in every path; views need not repeat it."""
    g.account = values.pop("account", None) if values else None


@api.before_app_request
def _authenticate() -> None:
    """Basic auth with the account's id and token, on the whole API and on media."""
    if not request.path.startswith(f"/{wire.API_VERSION}/"):
        return
    config, given = carrier().config, request.authorization
    good = (
        given is not None
        and given.type == "basic"
        and hmac.compare_digest((given.username or "").encode(), config.account_sid.encode())
        and hmac.compare_digest((given.password or "").encode(), config.auth_token.encode())
    )
    if not good:
        raise ApiError(20003)
    if g.account not in {None, config.account_sid}:
        raise not_found()


# -- lists -----------------------------------------------------------------------------------------------------------


def _moment(text: str) -> tuple[float, float]:
    """First second of what a date filter names, and the first one after it. Raises ApiError for nonsense."""
    for layout, length in (("%Y-%m-%dT%H:%M:%SZ", timedelta(seconds=1)), ("%Y-%m-%d", timedelta(days=1))):
        try:
            start = datetime.strptime(text, layout).replace(tzinfo=UTC)
        except ValueError:
            continue
        return start.timestamp(), (start + length).timestamp()
    raise ApiError(20001, text=f"'{text}' is not a valid date")


def dated(name: str, column: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
    """The conditions of a date filter: `name=`, `name<=` and `name>=`, all inclusive.

    What has no date yet matches none.
    """
    found: list[sa.ColumnElement[bool]] = []
    if request.args.get(f"{name}>"):
        found.append(column >= _moment(request.args[f"{name}>"])[0])
    if request.args.get(f"{name}<"):
        found.append(column < _moment(request.args[f"{name}<"])[1])
    if request.args.get(name):
        start, end = _moment(request.args[name])
        found += [column >= start, column < end]
    return found


def same(name: str, column: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
    """The condition of a plain filter."""
    return [column == request.args[name]] if request.args.get(name) else []


def page(
    key: str, table: sa.Table, *, where: list[sa.ColumnElement[bool]], shape: Callable[[Row, str], wire.Json]
) -> Response:
    """One page of a list, newest first (pictures: as they stand in the text), with the API's paging fields."""
    size = min(1000, max(1, request.args.get("PageSize", 50, type=int)))
    number = max(0, request.args.get("Page", 0, type=int))
    order = table.c.seq.desc() if "seq" in table.c else table.c.created
    query = sa.select(table).where(*where).order_by(order).limit(size + 1).offset(number * size)
    rows = carrier().store.rows(query)
    shown = rows[:size]

    def uri(which: int) -> str:
        kept = {k: v for k, v in request.args.items() if k not in {"Page", "PageSize", "PageToken"}}
        return f"{request.path}?{urlencode({**kept, 'PageSize': size, 'Page': which})}"

    return jsonify(
        {
            key: [shape(row, carrier().config.account_sid) for row in shown],
            "page": number,
            "page_size": size,
            "start": number * size,
            "end": number * size + max(0, len(shown) - 1),
            "uri": uri(number),
            "first_page_uri": uri(0),
            "next_page_uri": uri(number + 1) if len(rows) > size else None,
            "previous_page_uri": uri(number - 1) if number else None,
        }
    )


def find(table: sa.Table, sid: str) -> Row:
    """The row with this id. Raises ApiError 404."""
    row = carrier().store.one(table, table.c.sid == sid)
    if row is None:
        raise not_found()
    return row


def taken(number: str, answer: wire.Json) -> tuple[Response, int]:
    """The answer to a text or call to this number, which is on its way already: at once, late, as an error or never.

    Whoever asked does not learn its id then: the ambiguous time-out.
    """
    rules = carrier().rules
    if slow := rules.of(number).slow_post:
        time.sleep(slow)
    gets = rules.post_answer(number)
    if gets is PostAnswer.ERROR:
        raise ApiError(20500)
    if gets is PostAnswer.LOST:
        line: socket.socket | None = request.environ.get("werkzeug.socket")
        if line is not None:
            line.shutdown(socket.SHUT_RDWR)
    return jsonify(answer), 201


# -- texts -----------------------------------------------------------------------------------------------------------


@api.post(f"{ACCOUNT}/Messages.json")
def create_message() -> tuple[Response, int]:
    """Send a text."""
    form = request.form
    draft = Draft(
        to=form.get("To", ""),
        body=form.get("Body", ""),
        sender=form.get("From", ""),
        service=form.get("MessagingServiceSid", ""),
        media_urls=tuple(form.getlist("MediaUrl")),
        status_callback=form.get("StatusCallback", ""),
    )
    try:
        message = carrier().messaging.create(draft)
    except Refused as refusal:
        raise ApiError(refusal.code, names=refusal.names) from refusal
    return taken(draft.to, wire.message_json(message, carrier().config.account_sid))


@api.get(f"{ACCOUNT}/Messages.json")
def list_messages() -> Response:
    """Texts in both directions."""
    where = [
        *same("To", messages.c.to_number),
        *same("From", messages.c.from_number),
        *dated("DateSent", messages.c.sent_at),
    ]
    return page("messages", messages, where=where, shape=wire.message_json)


@api.get(f"{ACCOUNT}/Messages/<sid>.json")
def fetch_message(sid: str) -> Response:
    """One text."""
    return jsonify(wire.message_json(find(messages, sid), carrier().config.account_sid))


@api.post(f"{ACCOUNT}/Messages/<sid>.json")
def update_message(sid: str) -> Response:
    """Redact: an empty Body takes the words away for good. Only texts that are through."""
    message = find(messages, sid)
    if request.form.get("Body", None) == "":
        _must_be_final(message)
        carrier().store.update(messages, messages.c.sid == sid, body="", updated=time.time())
    return jsonify(wire.message_json(find(messages, sid), carrier().config.account_sid))


@api.delete(f"{ACCOUNT}/Messages/<sid>.json")
def delete_message(sid: str) -> tuple[str, int]:
    """Delete a text that is through, with its pictures."""
    _must_be_final(find(messages, sid))
    store = carrier().store
    for item in store.rows(sa.select(media).where(media.c.message_sid == sid)):
        store.file(item["sid"]).unlink(missing_ok=True)
    store.write(media.delete().where(media.c.message_sid == sid), messages.delete().where(messages.c.sid == sid))
    return "", 204


def _must_be_final(message: Row) -> None:
    if message["status"] not in _FINAL:
        raise ApiError(20009, status=409, text="Cannot delete or redact this resource before it is complete")


# -- numbers and the account -----------------------------------------------------------------------------------------


@api.get(f"/{wire.API_VERSION}/Accounts/<account>.json")
def fetch_account() -> Response:
    """The account; its token is not shown here."""
    account = carrier().config.account_sid
    return jsonify(
        {
            "sid": account,
            "owner_account_sid": account,
            "friendly_name": "Sandbox carrier",
            "status": "active",
            "type": "Full",
            "auth_token": "",
            "date_created": None,
            "date_updated": None,
            "subresource_uris": {},
            "uri": f"/{wire.API_VERSION}/Accounts/{account}.json",
        }
    )


@api.get(f"{ACCOUNT}/IncomingPhoneNumbers.json")
def list_numbers() -> Response:
    """The account's numbers: one."""
    number = carrier().numbers.json()
    wanted = request.args.get("PhoneNumber", number["phone_number"])
    found = [number] if wanted == number["phone_number"] else []
    uri = f"{request.path}?PageSize=50&Page=0"
    return jsonify(
        {
            "incoming_phone_numbers": found,
            "page": 0,
            "page_size": 50,
            "start": 0,
            "end": 0,
            "uri": uri,
            "first_page_uri": uri,
            "next_page_uri": None,
            "previous_page_uri": None,
        }
    )


@api.route(f"{ACCOUNT}/IncomingPhoneNumbers/<sid>.json", methods=["GET", "POST"])
def one_number(sid: str) -> Response:
    """One number; POST changes where its webhooks go."""
    numbers = carrier().numbers
    if sid != numbers.sid:
        raise not_found()
    if request.method == "POST":
        numbers.update(request.form)
    return jsonify(numbers.json())
