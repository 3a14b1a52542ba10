"""The other link in a page: see what came with a text, without logging in, for as long as the link is good."""

import base64
import hashlib
from typing import Any

from flask import Blueprint, Response, abort
from markupsafe import Markup

from ivr.downloads import Download, send
from ivr.wiring import Helpline, Latest
from tickets import pictures
from tickets.models import Media, Message, Ticket
from tickets.sniffing import ENDINGS, PLAYABLE, UNKNOWN
from tickets.states import MediaState

# Without a character that would have to be escaped: its hash is of what stands in the page.
_STYLE = "body{font:16px sans-serif;margin:1em}img{max-width:100%;height:auto}li{margin:0 0 1.5em}"
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: Nothing is loaded but the small pictures, and nothing runs. No sandbox: from inside one, nothing could be saved.
POLICY = (
    f"default-src 'none'; img-src 'self'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_PAGE = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title><style>{style}</style>'
    "</head><body><h1>{title}</h1><ol>{items}</ol></body></html>"
)


def original(desk: Helpline, picture: Media) -> Response:
    """The file as it came; 404 while we do not have it. It is shown in the browser only when it is a picture that we could
    decode ourselves, or sound or film; everything else is saved."""
    if picture.blob is None or picture.content_type is None:
        abort(404, _what_became_of(picture))
    kind = picture.content_type
    shown = picture.thumbnail is not None or kind in PLAYABLE
    # Pages and drawings that may hold scripts do not even get their own name.
    given = UNKNOWN if kind in ("text/html", "text/xml") else kind
    name = f"picture-{picture.id}.{ENDINGS.get(kind, 'bin')}"
    return send(desk.blobs, Download(picture.blob, name, given, shown=shown))


def small(desk: Helpline, picture: Media) -> Response:
    """The thumbnail; 404 when there is none."""
    if picture.thumbnail is None:
        abort(404, picture.problem or "There is no thumbnail of this (yet).")
    return send(desk.blobs, Download(picture.thumbnail, f"picture-{picture.id}-small.jpg", "image/jpeg", shown=True))


def _size(picture: Media) -> str:
    size = picture.size or 0
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{size / 1000:.0f} kB"


def _what_became_of(picture: Media) -> str:
    if picture.state == MediaState.PENDING:
        return "This is being fetched. Please try again in a moment."
    return f"This is not here: {picture.problem or picture.state}"


def _item(picture: Media, token: str) -> Markup:
    if picture.blob is None:
        return Markup("<li>{}</li>").format(_what_became_of(picture))
    address = f"/look/{token}/{picture.position}"
    shown: Any = Markup("{} {}").format(picture.content_type, _size(picture))
    if picture.thumbnail is not None:
        shown = Markup('<img src="{}/small" alt="Picture {}">').format(address, picture.position)
    problem = Markup("<br>{}").format(picture.problem) if picture.problem else ""
    return Markup('<li><a href="{}">{}</a>{}</li>').format(address, shown, problem)


def _of_text(desk: Helpline, token: str) -> list[Media]:
    message_id = desk.links.read_pictures(token, desk.now())
    if message_id is None:
        abort(404, "This link is wrong or too old. The ticket in the API has the pictures.")
    with desk.database.reading() as session:
        return pictures.of_text(session, message_id)


def _found(desk: Helpline, token: str, position: int) -> Media:
    for picture in _of_text(desk, token):
        if picture.position == position:
            return picture
    abort(404, "There is no such picture.")


def blueprint(latest: Latest) -> Blueprint:
    """The views, bound to the latest Helpline."""
    views = Blueprint("look", __name__, url_prefix="/look")

    @views.get("/<token>")
    def look(token: str) -> Response:
        """A link from a page: everything that came with one text."""
        desk = latest()
        shown = _of_text(desk, token)
        with desk.database.reading() as session:
            message = session.get(Message, shown[0].message_id) if shown else None
            ticket = session.get(Ticket, message.ticket_id) if message and message.ticket_id else None
        title = f"Ticket {ticket.number}" if ticket else "Pictures"
        items = Markup("").join(_item(picture, token) for picture in shown)
        response = Response(_PAGE.format(title=title, style=_STYLE, items=items))
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @views.get("/<token>/<int:position>")
    def whole(token: str, position: int) -> Response:
        """One of them, as it came."""
        desk = latest()
        return original(desk, _found(desk, token, position))

    @views.get("/<token>/<int:position>/small")
    def thumbnail(token: str, position: int) -> Response:
        """One of them, small."""
        desk = latest()
        return small(desk, _found(desk, token, position))

    return views
