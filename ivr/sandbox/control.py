"""The phones: a JSON API for this machine only, with which people and tests call, listen, speak and text.

docs/sandbox.md has it all.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, abort, jsonify, request

from ivr.sandbox import audio, behaviour, wire
from ivr.sandbox.account import KeywordHandling
from ivr.sandbox.config import SandboxError
from ivr.sandbox.line import FOR_KEYS, FOR_SILENCE, FOR_WORDS, Action, Answer, Decline, HungUp, Key, Silence, Speech
from ivr.sandbox.rest import carrier
from ivr.sandbox.store import Row, calls, events, media, messages

control = Blueprint("control", __name__, url_prefix="/sandbox")
MAX_WAIT = 60.0
# What a withheld caller id looks like on the wire.
WITHHELD = "anonymous"


@control.before_request
def this_machine_only() -> None:
    """Neither another machine nor a web page that resolves its own name to this one may hold our phones."""
    host = request.host.rpartition(":")[0].strip("[]") or request.host
    try:
        local = ip_address(request.remote_addr or "").is_loopback and (
            host == "localhost" or ip_address(host).is_loopback
        )
    except ValueError:
        local = False
    if not local or "X-Forwarded-For" in request.headers:
        abort(403, "the phones of the sandbox are for programs on this machine; use http://127.0.0.1:PORT")


@control.app_errorhandler(SandboxError)
def _explain(error: SandboxError) -> tuple[Response, int]:
    return jsonify({"error": str(error)}), 400


def _body() -> dict[str, Any]:
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise SandboxError(f"{request.method} {request.path} takes a JSON object.")
    return found


def _seconds(value: Any) -> float:
    try:
        return min(MAX_WAIT, max(0.0, float(value)))
    except (TypeError, ValueError):
        raise SandboxError(f"'wait' is a number of seconds up to {MAX_WAIT:.0f}, not '{value}'.") from None


def shown_at(moment: float | None) -> str | None:
    """Seconds since the epoch as the control API writes them."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")


@control.get("/info")
def info() -> Response:
    """The desk's number and how this sandbox is set up."""
    config, accounts = carrier().config, carrier().accounts
    keywords = accounts.get().keywords is not KeywordHandling.OFF
    return jsonify(
        {
            "number": config.number,
            "public_url": config.public_url,
            "keywords": keywords,
            "speed": accounts.tempo.speed,
        }
    )


@control.get("/account")
def show_account() -> Response:
    """What is switched on for the account now."""
    return jsonify(asdict(carrier().accounts.get()))


@control.put("/account")
def set_account() -> Response:
    """Replace what is switched on for the account; `{}` is back to how the sandbox was started."""
    return jsonify(asdict(carrier().accounts.put(_body())))


@control.get("/webhooks")
def webhooks() -> Response:
    """The last asynchronous webhooks and what became of them."""
    names = ("id", "kind", "url", "method", "params", "state", "attempts", "note")
    return jsonify({"webhooks": [{name: row[name] for name in names} for row in carrier().dispatcher.recent()]})


# -- calls -----------------------------------------------------------------------------------------------------------


def _call(sid: str) -> Row:
    row = carrier().store.one(calls, calls.c.sid == sid)
    if row is None:
        abort(404, "there is no such call")
    return row


@control.post("/calls")
def dial() -> tuple[Response, int]:
    """A phone calls the desk: `{"from", "withheld", "pace": "real" | "caller", "forwarded_from"}`."""
    body = _body()
    phone, pace = str(body.get("from") or ""), body.get("pace", "real")
    if not phone:
        raise SandboxError("A call needs 'from', the number of the phone.")
    if pace not in {"real", "caller"}:
        raise SandboxError(f"'pace' is real or caller, not '{pace}'.")
    shown = WITHHELD if body.get("withheld") else phone
    sid = carrier().calls.dial_desk(phone, shown=shown, pace=pace, forwarded_from=body.get("forwarded_from"))
    return jsonify({"sid": sid}), 201


@control.get("/calls/<sid>")
def call_status(sid: str) -> Response:
    """One call and what its line is doing."""
    return jsonify(call_json(_call(sid)))


def call_json(row: Row) -> dict[str, Any]:
    """One call as the phones see it."""
    line = carrier().calls.line(row["sid"])
    return {
        "sid": row["sid"],
        "status": row["status"],
        "doing": line.doing if line else "over",
        "from": row["from_number"],
        "to": row["to_number"],
        "phone": row["phone"],
        "direction": row["direction"],
        "parent": row["parent_sid"],
        "pace": row["pace"],
        "started_at": shown_at(row["started"]),
        "ended_at": shown_at(row["ended"]),
        "seconds": wire.call_seconds(row),
    }


@control.get("/calls/<sid>/events")
def call_events(sid: str) -> Response:
    """What happened in the call after event number `after`; waits up to `wait` seconds for something new."""
    _call(sid)
    store = carrier().store
    after, until = request.args.get("after", 0, type=int), time.monotonic() + _seconds(request.args.get("wait", 0))
    query = sa.select(events).where(events.c.call_sid == sid, events.c.id > after).order_by(events.c.id)
    # The last event that the phone knows already: when that was the end, nothing will follow.
    known = (
        sa.select(events).where(events.c.call_sid == sid, events.c.id <= after).order_by(events.c.id.desc()).limit(1)
    )
    while True:
        _touch(sid)
        seen, rows = store.version, store.rows(query)
        last = rows or store.rows(known)
        ended = bool(last) and last[-1]["kind"] == "ended"
        left = until - time.monotonic()
        if rows or ended or left <= 0:
            break
        store.wait(seen, min(left, 5.0))
    shown = [{"seq": row["id"], "at": shown_at(row["at"]), "kind": row["kind"], "data": row["data"]} for row in rows]
    return jsonify({"events": shown, "ended": ended, "status": _call(sid)["status"]})


def _touch(sid: str) -> None:
    line = carrier().calls.line(sid)
    if line is not None:
        line.touch()


def _act(sid: str, actions: list[Action], *, when: frozenset[str], wait: float) -> Response:
    _call(sid)
    line = carrier().calls.line(sid)
    for action in actions:
        _touch(sid)
        if line is None or line.doing == "over":
            abort(409, "the call has ended")
        if not line.post(action, when=when, wait=wait):
            what = (
                "the call has ended"
                if line.doing == "over"
                else f"the call is {line.doing}, nothing listens for that now"
            )
            abort(409, what)
    return jsonify({"ok": True})


@control.post("/calls/<sid>/keys")
def press(sid: str) -> Response:
    """Press `keys`, each as soon as the call listens; `wait` is how many seconds to wait for that."""
    body = _body()
    keys = str(body.get("keys", ""))
    if not keys or set(keys) - set("0123456789*#"):
        raise SandboxError(f"Keys are 0-9, * and #, not '{keys}'.")
    return _act(sid, [Key(key) for key in keys], when=FOR_KEYS, wait=_seconds(body.get("wait", 15)))


@control.post("/calls/<sid>/silence")
def silence(sid: str) -> Response:
    """The caller says and presses nothing until the time-out that runs (or is next) has passed; it passes at once."""
    return _act(sid, [Silence()], when=FOR_SILENCE, wait=_seconds(_body().get("wait", 15)))


@control.post("/calls/<sid>/speech")
def speak(sid: str) -> Response:
    """Speak the uploaded file `wav`; with `raw_seconds` its bytes become the recording as they are."""
    upload = request.files.get("wav")
    if upload is None:
        raise SandboxError("Speech needs a file 'wav' in a multipart form.")
    data, raw = upload.read(), request.form.get("raw_seconds", type=float)
    sound = data if raw is not None else audio.to_pcm(data)
    return _act(sid, [Speech(sound, raw)], when=FOR_WORDS, wait=_seconds(request.form.get("wait", 15)))


@control.post("/calls/<sid>/answer")
def answer(sid: str) -> Response:
    """Pick up a ringing phone."""
    return _act(sid, [Answer()], when=frozenset({"ringing"}), wait=_seconds(_body().get("wait", 5)))


@control.post("/calls/<sid>/decline")
def decline(sid: str) -> Response:
    """Do not pick up a ringing phone: the application hears `busy`."""
    return _act(sid, [Decline()], when=frozenset({"ringing"}), wait=_seconds(_body().get("wait", 5)))


@control.post("/calls/<sid>/hangup")
def hang_up(sid: str) -> Response:
    """The phone hangs up."""
    _call(sid)
    line = carrier().calls.line(sid)
    if line is not None:
        line.order(HungUp("caller"))
    return jsonify({"ok": True})


# -- phones ----------------------------------------------------------------------------------------------------------


@control.get("/phones/<number>/ringing")
def ringing(number: str) -> Response:
    """Calls that ring on this phone."""
    where = (calls.c.to_number == number, calls.c.status == "ringing", calls.c.direction != "inbound")
    return jsonify({"calls": [call_json(row) for row in carrier().store.rows(sa.select(calls).where(*where))]})


def arrived(query: sa.Select[Any]) -> list[Row]:
    """The rows of a query; waits up to the request's `wait` seconds for the first."""
    store, until = carrier().store, time.monotonic() + _seconds(request.args.get("wait", 0))
    while True:
        seen, rows = store.version, store.rows(query)
        left = until - time.monotonic()
        if rows or left <= 0:
            return rows
        store.wait(seen, min(left, 5.0))


@control.get("/texts")
def handed_over() -> Response:
    """Texts that the application handed over after text `after`, in the order in which the carrier took them."""
    after = request.args.get("after", 0, type=int)
    query = sa.select(messages).where(messages.c.turn.is_not(None), messages.c.seq > after).order_by(messages.c.seq)
    shown = ("seq", "sid", "status", "error_code", "direction", "body", "segments")
    return jsonify(
        {
            "texts": [
                {
                    **{name: row[name] for name in shown},
                    "to": row["to_number"],
                    "media": row["media_urls"] or [],
                    "at": shown_at(row["created"]),
                    "sent_at": shown_at(row["sent_at"]),
                }
                for row in arrived(query)
            ]
        }
    )


@control.get("/phones/<number>/texts")
def texts(number: str) -> Response:
    """Texts that this phone received after `after`; waits up to `wait` seconds for one."""
    after = request.args.get("after", 0, type=int)
    query = sa.select(messages).where(messages.c.to_number == number, messages.c.received > after)
    return jsonify(
        {
            "texts": [
                {
                    "seq": row["received"],
                    "sid": row["sid"],
                    "from": row["from_number"],
                    "to": row["to_number"],
                    "body": row["body"],
                    "media": row["media_urls"] or [],
                    "at": shown_at(row["received_at"]),
                    "segments": wire.segments(row["body"]),
                }
                for row in arrived(query.order_by(messages.c.received))
            ]
        }
    )


@control.post("/phones/<number>/send")
def send_text(number: str) -> tuple[Response, int]:
    """This phone texts the desk: form field `body`, files `media`."""
    body = request.form.get("body", "")
    pictures = [(file.mimetype or "application/octet-stream", file.read()) for file in request.files.getlist("media")]
    if not body and not pictures:
        raise SandboxError("A text needs words ('body') or a file ('media').")
    if len(pictures) > 10:
        raise SandboxError("A text carries at most 10 files.")
    return jsonify({"sid": carrier().messaging.receive(number, body, pictures=pictures)}), 201


@control.get("/phones/<number>/sent")
def sent(number: str) -> Response:
    """Texts that this phone sent, oldest first."""
    query = sa.select(messages).where(messages.c.from_number == number).order_by(messages.c.seq)
    counted = sa.select(media.c.message_sid)
    found = {row["message_sid"] for row in carrier().store.rows(counted)}
    return jsonify(
        {
            "texts": [
                {
                    "sid": row["sid"],
                    "body": row["body"],
                    "at": shown_at(row["created"]),
                    "pictures": row["sid"] in found,
                }
                for row in carrier().store.rows(query)
            ]
        }
    )


@control.get("/phones/<number>/behaviour")
def show_behaviour(number: str) -> Response:
    """How the carrier treats this number now."""
    return jsonify(asdict(carrier().rules.of(number)))


@control.put("/phones/<number>/behaviour")
def set_behaviour(number: str) -> Response:
    """Replace how the carrier treats this number ("*": every number without a rule of its own).

    `{}` is back to normal.
    """
    rules = behaviour.parse(_body())
    carrier().rules.put(number, rules)
    return jsonify(asdict(rules))
