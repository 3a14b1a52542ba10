"""The link in a page: hear the recording by a tap, without logging in, for as long as the link is good."""

from flask import Blueprint, Response, abort
from sqlalchemy import select

from ivr.downloads import Download, send
from ivr.wiring import Helpline, Latest
from tickets.models import Recording


def audio(desk: Helpline, sid: str) -> Response:
    """The sound of a recording; 404 while we do not have it. Parts of it can be asked for, as players do."""
    if "\x00" in sid:
        abort(404, "This recording is not here.")
    with desk.database.reading() as session:
        recording = session.scalars(select(Recording).where(Recording.sid == sid)).one_or_none()
    if recording is None or recording.blob is None:
        abort(404, "This recording is not here (yet).")
    # The carrier's word for the type is not trusted with a browser: anything but sound is offered as a download.
    declared = (recording.content_type or "").split(";")[0].strip().lower()
    kind = {"audio/wav": "audio/wav", "audio/x-wav": "audio/wav", "audio/mpeg": "audio/mpeg"}.get(declared)
    name = f"{sid}.{'mp3' if kind == 'audio/mpeg' else 'wav'}"
    shown = kind is not None
    return send(desk.blobs, Download(recording.blob, name, kind or "application/octet-stream", shown=shown))


def blueprint(latest: Latest) -> Blueprint:
    """The view, bound to the latest Helpline."""
    views = Blueprint("listen", __name__)

    @views.get("/listen/<token>")
    def listen(token: str) -> Response:
        """A link from a page."""
        desk = latest()
        sid = desk.links.read(token, desk.now())
        if sid is None:
            abort(404, "This link is wrong or too old. The ticket in the API has the recording.")
        return audio(desk, sid)

    return views
