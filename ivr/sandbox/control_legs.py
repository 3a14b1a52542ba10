"""The phones, continued: the calls that the application places, and the rooms in which people talk."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, request

from ivr.sandbox.control import arrived, call_json, shown_at, this_machine_only
from ivr.sandbox.rest import carrier
from ivr.sandbox.store import calls

legs = Blueprint("legs", __name__, url_prefix="/sandbox")
legs.before_request(this_machine_only)


@legs.get("/placed")
def placed() -> Response:
    """Calls that the application placed after call `after`, in that order; waits up to `wait` seconds for one."""
    after = request.args.get("after", 0, type=int)
    query = sa.select(calls).where(calls.c.direction != "inbound", calls.c.seq > after).order_by(calls.c.seq)
    return jsonify({"calls": [{"seq": row["seq"], **call_json(row)} for row in arrived(query)]})


@legs.get("/rooms")
def rooms() -> Response:
    """The conference rooms that are open, and who is in them since when."""
    return jsonify(
        {
            "rooms": [
                {
                    "sid": room["sid"],
                    "name": room["name"],
                    "created_at": shown_at(room["created"]),
                    "started_at": shown_at(room["started"]),
                    "people": [
                        {
                            "call": person["call_sid"],
                            "phone": person["phone"],
                            "since": shown_at(person["joined"]),
                            "muted": person["muted"],
                        }
                        for person in room["people"]
                    ],
                }
                for room in carrier().rooms.shown()
            ]
        }
    )
