"""The REST API: the pictures of texts, and the address from which their bytes come."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from ivr.sandbox import wire
from ivr.sandbox.behaviour import Behaviour
from ivr.sandbox.rest import ACCOUNT, ApiError, carrier, find, not_found, page
from ivr.sandbox.store import Row, media, messages

pictures_api = Blueprint("rest_pictures", __name__)
# Seconds for which a signed address works.
SIGNED_FOR = 4 * 3600
# This machine has two names, so the bytes can come from another host than the API, as in life.
_OTHER_NAME = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}
_CHUNK = 64 * 1024
# A slow picture comes in so many pieces.
_PIECES = 10


@pictures_api.get(f"{ACCOUNT}/Messages/<parent>/Media.json")
def list_media(parent: str) -> Response:
    """The pictures of a text."""
    find(messages, parent)
    return page("media_list", media, where=[media.c.message_sid == parent], shape=wire.media_json)


def _picture(parent: str, sid: str) -> Row:
    item = find(media, sid)
    if item["message_sid"] != parent or item["ready_at"] > time.time():
        raise not_found()
    return item


def _rules(item: Row) -> Behaviour:
    """How the carrier treats pictures of whoever sent this one."""
    return carrier().rules.of(find(messages, item["message_sid"])["from_number"])


@pictures_api.get(f"{ACCOUNT}/Messages/<parent>/Media/<sid>.json")
def fetch_media(parent: str, sid: str) -> Response:
    """What a picture is."""
    return jsonify(wire.media_json(_picture(parent, sid), carrier().config.account_sid))


@pictures_api.delete(f"{ACCOUNT}/Messages/<parent>/Media/<sid>.json")
def delete_media(parent: str, sid: str) -> tuple[str, int]:
    """Delete one picture."""
    _picture(parent, sid)
    store = carrier().store
    store.file(sid).unlink(missing_ok=True)
    store.delete(media, media.c.sid == sid)
    store.update(messages, messages.c.sid == parent, num_media=messages.c.num_media - 1)
    return "", 204


def _signature(sid: str, expires: str) -> str:
    return hmac.new(carrier().config.auth_token.encode(), f"{sid} {expires}".encode(), hashlib.sha256).hexdigest()


@pictures_api.get(f"{ACCOUNT}/Messages/<parent>/Media/<sid>")
def media_bytes(parent: str, sid: str) -> BaseResponse:
    """The way to a picture: a redirect to a signed address on another host that takes no credentials, as in life."""
    item = _picture(parent, sid)
    refused = _rules(item).picture_refuse
    if refused is not None:
        raise ApiError(20500, status=refused)
    expires = str(int(time.time()) + SIGNED_FOR)
    here = urlsplit(request.host_url)
    name = _OTHER_NAME.get(here.hostname or "")
    host = f"{here.scheme}://{name}:{here.port or 80}" if name else ""
    return redirect(f"{host}/cdn/{sid}?Expires={expires}&Signature={_signature(sid, expires)}", 307)


@pictures_api.get("/cdn/<sid>")
def cdn(sid: str) -> Response:
    """A picture's bytes for whoever holds a signed address and shows nothing else."""
    if "Authorization" in request.headers:
        raise ApiError(20400, text="Only one way of authentication is allowed: the signature of the address")
    expires = request.args.get("Expires", "")
    good = hmac.compare_digest(request.args.get("Signature", "").encode(), _signature(sid, expires).encode())
    if not good or int(expires) < time.time():
        raise ApiError(20403, status=403, text="The signature of this address is wrong or too old")
    item = find(media, sid)
    file, rules = carrier().store.file(sid), _rules(item)
    size = max(file.stat().st_size, rules.picture_bytes or 0)
    response = Response(_pieces(file, size, seconds=rules.picture_slow), mimetype=item["content_type"])
    if rules.picture_bytes is None:
        response.content_length = size
    return response


def _pieces(file: Path, size: int, *, seconds: float) -> Iterator[bytes]:
    """The bytes of a file and zeros behind them up to `size`, over so many seconds."""
    piece = max(1, min(_CHUNK, -(-size // _PIECES))) if seconds else _CHUNK
    pause, left = seconds / max(1, -(-size // piece)), size
    with file.open("rb") as source:
        while left > 0:
            time.sleep(pause)
            data = source.read(min(piece, left))
            data += bytes(min(piece, left) - len(data))
            left -= len(data)
            yield data
