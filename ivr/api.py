"""The JSON API: tickets, the sound of their recordings and their pictures, for a bearer of HELPLINE_API_TOKEN."""

import base64
import binascii
import hmac
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NoReturn

from flask import Blueprint, Response, abort, jsonify, make_response, request
from werkzeug.exceptions import HTTPException

from ivr.duty import answer
from ivr.handovers import holding
from ivr.listen import audio
from ivr.look import original, small
from ivr.openapi import document
from ivr.wiring import Latest
from tickets import queries
from tickets.models import Media
from tickets.queries import Cursor
from tickets.states import TicketState

#: Most tickets of one answer, which is also how many there are unless fewer are asked for.
MOST = 100
#: Larger numbers are no ticket numbers, and PostgreSQL refuses to compare them.
LARGEST = 2**31 - 1


def _problem(status: int, detail: str) -> Response:
    """RFC 9457."""
    response = jsonify(type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail)
    response.status_code, response.mimetype = status, "application/problem+json"
    return response


def refuse(status: int, detail: str) -> NoReturn:
    """End the request with a problem document."""
    response = _problem(status, detail)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="helpline"'
    abort(response)


def encode(cursor: Cursor) -> str:
    """A cursor as text without meaning to its bearer."""
    return base64.urlsafe_b64encode(f"{cursor.opened_at.isoformat()}|{cursor.number}".encode()).decode().rstrip("=")


def decode(text: str) -> Cursor:
    """Raises ValueError for anything that encode did not make."""
    try:
        moment, number = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("|")
        cursor = Cursor(moment_of(moment), int(number))
    except (binascii.Error, UnicodeDecodeError, OverflowError) as error:
        raise ValueError(text) from error
    if not 0 <= cursor.number <= LARGEST:
        raise ValueError(text)
    return cursor


def moment_of(text: str) -> datetime:
    """An ISO 8601 moment; without a zone it is UTC. In an address a bare + arrives as a space. Raises ValueError."""
    moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _arguments() -> dict[str, Any]:
    wanted: dict[str, Any] = {"limit": MOST}
    given = request.args
    if "state" in given:
        if given["state"] not in set(TicketState):
            refuse(400, f"state must be one of {', '.join(TicketState)}")
        wanted["state"] = given["state"]
    if "limit" in given:
        if not (
            given["limit"].isascii() and given["limit"].isdecimal() and len(given["limit"]) < 9 and int(given["limit"])
        ):
            refuse(400, f"limit must be a whole number from 1 to {MOST}")
        wanted["limit"] = min(int(given["limit"]), MOST)
    for name, key, read, what in (
        ("since", "since", moment_of, "a moment as ISO 8601, like 2026-11-23T14:05:11Z"),
        ("cursor", "after", decode, "the `next` of an earlier answer"),
    ):
        if name in given:
            try:
                wanted[key] = read(given[name])
            except (ValueError, OverflowError):
                refuse(400, f"{name} must be {what}")
    return wanted


def blueprint(latest: Latest) -> Blueprint:
    """The views, bound to the latest Helpline."""
    views = Blueprint("api", __name__, url_prefix="/api/v1")
    _guard(views, latest)
    _tickets(views, latest)
    _files(views, latest)

    @views.get("/openapi.json")
    def openapi() -> Response:
        """The description of this API."""
        return jsonify(document(latest().settings.public_url))

    @views.get("/oncall")
    def oncall() -> Response:
        """Who is on call now, or at a moment."""
        desk = latest()
        try:
            at = moment_of(request.args["at"]) if "at" in request.args else desk.now()
            return jsonify(answer(desk.flows.oncall, at, holding(desk.database, at)))
        except (ValueError, OverflowError):
            refuse(400, "at must be a moment as ISO 8601 in the years 2000 to 2098, like 2026-11-23T14:05:11Z")

    @views.route("/", defaults={"path": ""})
    @views.route("/<path:path>")
    def nothing(path: str) -> Response:
        """Any other path."""
        refuse(404, f"There is nothing at /api/v1/{path}")

    return views


def _guard(views: Blueprint, latest: Latest) -> None:
    """Who may ask, and how a refusal looks."""
    token = latest().settings.helpline_api_token
    expected = token.get_secret_value().encode() if token else None

    @views.before_request
    def authenticate() -> None:
        """Every view of the API, but for its description, which tells nothing about anybody."""
        if request.endpoint == "api.openapi":
            return
        if expected is None:
            refuse(404, "The API is off. Set HELPLINE_API_TOKEN to switch it on.")
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), expected):
            refuse(401, "Send the header Authorization: Bearer HELPLINE_API_TOKEN")

    @views.app_errorhandler(HTTPException)
    def failed(error: HTTPException) -> Response | HTTPException:
        """Also for what no view was found for, such as a wrong method; pages outside the API keep their own form."""
        if not request.path.startswith("/api/"):
            return error
        if error.response is not None:
            return make_response(error.response)
        return _problem(error.code or 500, error.description or "")


def _tickets(views: Blueprint, latest: Latest) -> None:
    @views.get("/tickets")
    def tickets() -> Response:
        """The newest tickets first."""
        arguments, desk = _arguments(), latest()
        with desk.database.reading() as session:
            found, following = queries.newest(session, sender=desk.rules.sender, **arguments)
        return jsonify(tickets=found, next=encode(following) if following else None)

    @views.get("/tickets/<int:number>")
    def ticket(number: int) -> Response:
        """One ticket."""
        found, desk = None, latest()
        if number <= LARGEST:
            with desk.database.reading() as session:
                found = queries.find(session, number, sender=desk.rules.sender)
        if found is None:
            refuse(404, f"Ticket {number} does not exist")
        return jsonify(found)


def _files(views: Blueprint, latest: Latest) -> None:
    """Sound and pictures."""

    @views.get("/recordings/<sid>")
    def recording(sid: str) -> Response:
        """The sound of a recording."""
        return audio(latest(), sid)

    def picture(number: int) -> Media:
        found = None
        if number <= LARGEST:
            with latest().database.reading() as session:
                found = session.get(Media, number)
        if found is None:
            refuse(404, f"There is no picture {number}")
        return found

    @views.get("/media/<int:number>")
    def media(number: int) -> Response:
        """A picture or file that came with a text."""
        return original(latest(), picture(number))

    @views.get("/media/<int:number>/thumbnail")
    def thumbnail(number: int) -> Response:
        """The same, small."""
        return small(latest(), picture(number))
