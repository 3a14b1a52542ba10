"""The link in a page: hear the recording by a tap, without logging in, for as long as the link is good."""

import os

from flask import Blueprint, Response, abort, request, send_file
from sqlalchemy import select
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from ivr.wiring import Helpline
from tickets.models import Recording


def audio(desk: Helpline, sid: str) -> Response:
    """The sound of a recording; 404 while we do not have it. Parts of it can be asked for, as players do."""
    if "\x00" in sid:
        abort(404, "This recording is not here.")
    with desk.database.reading() as session:
        recording = session.scalars(select(Recording).where(Recording.sid == sid)).one_or_none()
    if recording is None or recording.blob is None:
        abort(404, "This recording is not here (yet).")
    try:
        sound = desk.blobs.open(recording.blob)
    except KeyError:
        abort(404, "The sound of this recording is gone from the blob store.")
    # The carrier's word for the type is not trusted with a browser: anything but sound is offered as a download.
    declared = (recording.content_type or "").split(";")[0].strip().lower()
    kind = {"audio/wav": "audio/wav", "audio/x-wav": "audio/wav", "audio/mpeg": "audio/mpeg"}.get(declared)
    response = send_file(
        sound,
        mimetype=kind or "application/octet-stream",
        download_name=f"{sid}.{'mp3' if kind == 'audio/mpeg' else 'wav'}",
        as_attachment=kind is None,
        etag=recording.blob,
    )
    # Telephones play only what they can ask for in parts, and parts need a known length.
    response.content_length = sound.seek(0, os.SEEK_END)
    sound.seek(0)
    response.call_on_close(sound.close)
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=response.content_length)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; media-src 'self'"
    return response


def blueprint(desk: Helpline) -> Blueprint:
    """The view, bound to one Helpline."""
    views = Blueprint("listen", __name__)

    @views.get("/listen/<token>")
    def listen(token: str) -> Response:
        """A link from a page."""
        sid = desk.links.read(token, desk.now())
        if sid is None:
            abort(404, "This link is wrong or too old. The ticket in the API has the recording.")
        return audio(desk, sid)

    return views
