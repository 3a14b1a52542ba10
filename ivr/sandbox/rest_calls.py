"""The REST API: calls and recordings."""

from __future__ import annotations

import io
import time

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, request, send_file

from ivr.sandbox import audio, wire
from ivr.sandbox.calls import Outgoing
from ivr.sandbox.messaging import Refused
from ivr.sandbox.rest import ACCOUNT, ApiError, carrier, dated, find, not_found, page, same, taken
from ivr.sandbox.store import Row, calls, recordings

calls_api = Blueprint("rest_calls", __name__)


@calls_api.post(f"{ACCOUNT}/Calls.json")
def create_call() -> tuple[Response, int]:
    """Place a call."""
    form = request.form
    wanted = Outgoing(
        to=form.get("To", ""),
        sender=form.get("From", ""),
        url=form.get("Url", ""),
        method=form.get("Method", "POST"),
        twiml=form.get("Twiml", ""),
        fallback_url=form.get("FallbackUrl", ""),
        fallback_method=form.get("FallbackMethod", "POST"),
        status_url=form.get("StatusCallback", ""),
        status_method=form.get("StatusCallbackMethod", "POST"),
        status_events=tuple(form.getlist("StatusCallbackEvent")) or ("completed",),
        ring_seconds=min(600.0, max(5.0, form.get("Timeout", 60.0, type=float))),
    )
    try:
        call = carrier().calls.place(wanted)
    except Refused as refusal:
        raise ApiError(refusal.code, names=refusal.names) from refusal
    return taken(wanted.to, wire.call_json(call, carrier().config.account_sid))


@calls_api.get(f"{ACCOUNT}/Calls.json")
def list_calls() -> Response:
    """Calls in both directions."""
    where = [
        *same("To", calls.c.to_number),
        *same("From", calls.c.from_number),
        *same("Status", calls.c.status),
        *same("ParentCallSid", calls.c.parent_sid),
        *dated("StartTime", sa.func.coalesce(calls.c.dialed, calls.c.started)),
        *dated("EndTime", calls.c.ended),
    ]
    return page("calls", calls, where=where, shape=wire.call_json)


@calls_api.route(f"{ACCOUNT}/Calls/<sid>.json", methods=["GET", "POST"])
def one_call(sid: str) -> Response:
    """One call; POST ends it (Status=completed or canceled) or gives it new instructions (Url or Twiml)."""
    find(calls, sid)
    if request.method == "POST":
        try:
            carrier().calls.change(sid, request.form)
        except Refused as refusal:
            raise ApiError(refusal.code, names=refusal.names) from refusal
    return jsonify(wire.call_json(find(calls, sid), carrier().config.account_sid))


@calls_api.get(f"{ACCOUNT}/Calls/<call>/Recordings.json")
def list_call_recordings(call: str) -> Response:
    """The recordings of one call."""
    find(calls, call)
    where = [recordings.c.call_sid == call, recordings.c.deleted.is_(None), *dated("DateCreated", recordings.c.started)]
    return page("recordings", recordings, where=where, shape=wire.recording_json)


@calls_api.get(f"{ACCOUNT}/Recordings.json")
def list_recordings() -> Response:
    """The recordings of all calls; deleted ones only when asked for."""
    where = [*same("CallSid", recordings.c.call_sid), *dated("DateCreated", recordings.c.started)]
    if request.args.get("IncludeSoftDeleted", "").lower() != "true":
        where.append(recordings.c.deleted.is_(None))
    return page("recordings", recordings, where=where, shape=wire.recording_json)


@calls_api.get(f"{ACCOUNT}/Recordings/<sid>.json")
def fetch_recording(sid: str) -> Response:
    """One recording's data."""
    row = find(recordings, sid)
    if row["deleted"] and request.args.get("IncludeSoftDeleted", "").lower() != "true":
        raise not_found()
    return jsonify(wire.recording_json(row, carrier().config.account_sid))


@calls_api.delete(f"{ACCOUNT}/Recordings/<sid>.json")
def delete_recording(sid: str) -> tuple[str, int]:
    """Delete the sound for good; the data stays to be seen with IncludeSoftDeleted. Only completed ones."""
    row = find(recordings, sid)
    if row["deleted"]:
        raise not_found()
    if row["status"] != "completed":
        raise ApiError(20409, status=409, text="Only completed recordings can be deleted")
    carrier().store.file(sid, ".wav").unlink(missing_ok=True)
    carrier().store.update(recordings, recordings.c.sid == sid, deleted=time.time(), updated=time.time())
    return "", 204


def _sound(sid: str) -> Row:
    row = find(recordings, sid)
    if row["status"] != "completed" or row["deleted"] or row["ready_at"] > time.time():
        raise not_found()
    if request.args.get("RequestedChannels", "1") != "1":
        raise ApiError(21220, text="The requested number of channels is not available")
    return row


@calls_api.get(f"{ACCOUNT}/Recordings/<sid>")
@calls_api.get(f"{ACCOUNT}/Recordings/<sid>.wav")
def recording_wav(sid: str) -> Response:
    """The sound: WAV, 8 kHz, 16 bit, one channel."""
    _sound(sid)
    return send_file(carrier().store.file(sid, ".wav").resolve(), mimetype="audio/x-wav")


@calls_api.get(f"{ACCOUNT}/Recordings/<sid>.mp3")
def recording_mp3(sid: str) -> Response:
    """The sound as MP3, 32 kbit/s."""
    _sound(sid)
    return send_file(io.BytesIO(audio.to_mp3(carrier().store.file(sid, ".wav").read_bytes())), mimetype="audio/mpeg")
