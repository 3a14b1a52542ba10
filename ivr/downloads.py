"""Giving out a blob: in parts as players ask for it, and never as anything that a browser could run."""

import os
from dataclasses import dataclass

from flask import Response, abort, request, send_file
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from tickets.storage import BlobStore


@dataclass(frozen=True)
class Download:
    """What is given out, and as what. `shown` may be looked at or played in the browser, anything else is saved."""

    blob: str
    name: str
    content_type: str
    shown: bool


#: For sound and films the browser makes a page with a player, which may load the file itself.
POLICY = "default-src 'none'; sandbox"
PLAYER_POLICY = "default-src 'none'; media-src 'self'; sandbox"


def send(blobs: BlobStore, download: Download) -> Response:
    """The content of a blob; 404 when it is not there."""
    try:
        content = blobs.open(download.blob)
    except KeyError:
        abort(404, "This is gone from the blob store.")
    response = send_file(
        content,
        mimetype=download.content_type,
        download_name=download.name,
        as_attachment=not download.shown,
        etag=download.blob,
    )
    # Telephones play only what they can ask for in parts, and parts need a known length.
    response.content_length = content.seek(0, os.SEEK_END)
    content.seek(0)
    response.call_on_close(content.close)
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=response.content_length)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    plays = download.shown and download.content_type.startswith(("audio/", "video/"))
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = PLAYER_POLICY if plays else POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
